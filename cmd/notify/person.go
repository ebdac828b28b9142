package main

import (
	"context"
	"encoding/json"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"notify/pkg/config"
	"notify/pkg/exit"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/outfile"
	"notify/pkg/trace"
	"notify/pkg/view"
	"notify/pkg/words"
)

type personOptions struct {
	address, what    string
	file             string
	reason, as, with string
}

func newPerson(e *env, run func(context.Context, personOptions) error) *cobra.Command {
	var o personOptions
	if run == nil {
		run = func(ctx context.Context, o personOptions) error { return runPerson(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "person ADDRESS show|export|forget",
		Short: e.say("cmd.person.short", nil),
		Long:  e.say("cmd.person.long", nil),
		Example: examples(
			"notify person 13490000001 show", "",
			"notify person wang@example.test export -o wang.json", "",
			`notify person 13490000001 forget --reason `+quoted(e.say("cmd.example.forget", nil)), "",
		),
		ValidArgs: []string{"show", "export", "forget"},
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 || !slices.Contains([]string{"show", "export", "forget"}, args[1]) {
				return usage(words.Err("cmd.error.person", nil).Do("cmd.do.for-example", words.A{"command": "notify person 13490000001 show"}))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			o.address, o.what = args[0], args[1]
			switch {
			case o.what == "export" && o.file == "":
				return usage(words.Err("cmd.error.person-file", nil).Do("cmd.do.for-example", words.A{"command": "notify person " + words.Typed(o.address) + " export -o person.json"}))
			case o.what == "forget" && strings.TrimSpace(o.reason) == "":
				return usage(words.Err("cmd.error.reason", words.A{"command": c.CommandPath()}).Do("cmd.do.reason", nil))
			}
			return run(c.Context(), o)
		},
	}
	f := c.Flags()
	f.StringVarP(&o.file, "output", "o", "", e.say("cmd.person.flag-output", nil))
	f.StringVar(&o.reason, "reason", "", e.say("cmd.person.flag-reason", nil))
	f.StringVar(&o.as, "as", "", e.say("cmd.person.flag-as", nil))
	f.StringVar(&o.with, "with", "", e.say("cmd.person.flag-with", nil))
	return c
}

func runPerson(ctx context.Context, e *env, o personOptions) error {
	cfg, err := e.Config()
	if err != nil {
		return err
	}
	as, err := addresses(cfg, []string{o.address})
	if err != nil {
		return err
	}
	l, err := e.tracer(ctx)
	if err != nil {
		return err
	}
	if o.what == "forget" {
		if err := e.mayForget(cfg, o); err != nil {
			return err
		}
	}
	p, err := personOf(ctx, l, cfg, as[0])
	if err != nil {
		return err
	}
	by := e.said("person "+o.what, words.T("act.why-person", words.A{"address": cfg.Channels.Masked("", as[0]), "messages": words.N(p.Messages, "message")}))
	by.Figures = &ledger.Figures{Messages: p.Messages}
	if by.As = o.as; o.what == "forget" {
		by.Said = words.T("act.why-forgot", words.A{
			"address": cfg.Channels.Masked("", as[0]), "messages": words.N(p.Messages, "message"), "names": e.forgetters(o), "reason": o.reason,
		})
	}
	switch o.what {
	case "show":
		if err := l.Audit(ctx, "", by); err != nil {
			return err
		}
		return view.ShowPerson(e.printer(), e.flags.json, p)
	case "export":
		return exportPerson(ctx, e, l, p, by, o.file)
	}
	return forgetPerson(ctx, e, l, as[0], p, by)
}

// forgetters are who asks for it: the system's user where no name is given.
func (e *env) forgetters(o personOptions) words.List {
	names := slices.DeleteFunc([]string{o.as, o.with}, func(n string) bool { return n == "" })
	if len(names) == 0 {
		user, _ := e.who()
		names = []string{user}
	}
	return words.Names(names, 0)
}

// mayForget wants as many people as the installation says.
func (e *env) mayForget(cfg *config.Config, o personOptions) error {
	if cfg.ForgetPeople < 2 {
		return nil
	}
	switch {
	case o.as == "" || o.with == "" || strings.EqualFold(o.as, o.with):
		return usage(words.Err("cmd.error.two-people", nil).Do("cmd.do.two-people", nil))
	case !cfg.Signs(o.as):
		return usage(words.Err("cmd.error.nobody", words.A{"name": o.as}).Do("cmd.do.two-people", nil))
	case !cfg.Signs(o.with):
		return usage(words.Err("cmd.error.nobody", words.A{"name": o.with}).Do("cmd.do.two-people", nil))
	}
	return nil
}

// personOf is all that the ledger keeps on somebody.
func personOf(ctx context.Context, l tracing, cfg *config.Config, a message.Address) (*view.Person, error) {
	q := trace.Query{Kind: trace.ByAddress, Channel: cfg.Channels.ChannelOf(a), Address: a}
	r, err := trace.Find(ctx, l, q, trace.Options{Channels: cfg.Channels, Full: true, Rows: true})
	if err != nil {
		return nil, err
	}
	p := &view.Person{Result: *r, Suppressions: []view.PersonLine{}, Others: []string{}}
	for f, err := range l.Suppressed(ctx, func(yield func(ledger.Asked) bool) { yield(ledger.Asked{Address: a}) }) {
		if err != nil {
			return nil, err
		}
		p.Suppressions = append(p.Suppressions, view.PersonLine{Reason: f.Reason, Note: f.Note, Who: f.Who, At: f.At})
	}
	for _, c := range r.Campaigns {
		for _, m := range c.Messages {
			if !m.Forgotten && !strings.EqualFold(m.Address, string(a)) && !slices.Contains(p.Others, m.Address) {
				p.Others = append(p.Others, m.Address)
			}
		}
	}
	return p, nil
}

func exportPerson(ctx context.Context, e *env, l tracing, p *view.Person, by ledger.Act, file string) error {
	inputs := inputsOf(e.cfg, nil)
	write := func(f *os.File) error {
		enc := json.NewEncoder(f)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(struct {
			Schema string `json:"schema"`
			*view.Person
		}{view.PersonSchema, p})
	}
	if err := outfile.Write(ctx, file, write, inputs...); err != nil {
		return err
	}
	if err := l.Audit(ctx, "", by); err != nil {
		return err
	}
	return e.did("person-export", words.T("cmd.did.person-export", words.A{"file": file, "messages": words.N(p.Messages, "message")}),
		map[string]any{"file": file, "messages": p.Messages})
}

// forgetPerson forgets an address, and the rows of lists that it stands in.
func forgetPerson(ctx context.Context, e *env, l tracing, a message.Address, p *view.Person, by ledger.Act) error {
	f, ok := l.(ledger.Forgetter)
	if !ok {
		return words.Err("cmd.error.no-trace", nil)
	}
	if err := e.agree(ctx, e.say("cmd.ask.forget", words.A{"messages": words.N(p.Messages, "message"), "address": string(a)})+" ", string(a)); err != nil {
		return err
	}
	var sum ledger.Forgotten
	for _, c := range p.Campaigns {
		var ids []int64
		for _, m := range c.Messages {
			ids = append(ids, m.ID)
		}
		if len(ids) == 0 {
			continue
		}
		part, err := f.Forget(ctx, c.Name, ids, by)
		if sum.Add(part); err != nil {
			return err
		}
	}
	part, err := f.ForgetAddress(ctx, a, by)
	if sum.Add(part); err != nil {
		return err
	}
	if err := view.ShowForgotten(e.printer(), e.flags.json, view.Forgotten{
		Address: e.cfg.Channels.Masked("", a), Campaigns: len(p.Campaigns), Others: masked(e.cfg, p.Others), By: by.Who, At: by.At, Forgotten: sum,
	}); err != nil {
		return err
	}
	if sum.UnderWay+sum.Waiting > 0 {
		return quietly(exit.Some)
	}
	return nil
}

func masked(cfg *config.Config, as []string) []string {
	out := []string{}
	for _, a := range as {
		out = append(out, cfg.Channels.Masked("", message.Address(a)))
	}
	return out
}
