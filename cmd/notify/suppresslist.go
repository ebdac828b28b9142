package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/report"
	"notify/pkg/suppression"
	"notify/pkg/view"
	"notify/pkg/words"
)

// lines is what a listing goes through.
type lines = iter.Seq2[ledger.Found, error]

type suppressListOptions struct {
	addresses []string
	in        string
	output    string
	limit     int
	log       bool
	live      bool
}

func newSuppressList(e *env, run func(context.Context, suppressListOptions) error) *cobra.Command {
	var o suppressListOptions
	if run == nil {
		run = func(ctx context.Context, o suppressListOptions) error { return runSuppressList(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "list [ADDRESS…]",
		Short: e.say("cmd.suppress-list.short", nil),
		Long:  e.say("cmd.suppress-list.long", nil),
		Example: examples(
			"notify suppress list", "",
			"notify suppress list 13490000001 --log", e.say("cmd.suppress-list.example-1", nil),
			"notify suppress list --in award.xlsx", e.say("cmd.suppress-list.example-2", nil),
			"notify suppress list -o suppressed.csv", "",
		),
		RunE: func(c *cobra.Command, args []string) error {
			o.addresses = args
			switch {
			case o.limit < 0:
				return usage(words.Err("cmd.error.limit", words.A{"limit": fmt.Sprint(o.limit)}).Do("cmd.do.limit-all", nil))
			case o.live && len(args) == 0:
				return usage(words.Err("cmd.error.address", words.A{"command": c.CommandPath() + " --live"}).Do("cmd.do.for-example", words.A{"command": c.CommandPath() + " --live wang@example.test"}))
			case o.in != "" && (len(args) > 0 || o.log):
				return usage(words.Err("cmd.error.in-alone", nil).Do("cmd.do.for-example", words.A{"command": "notify suppress list --in " + words.Typed(o.in)}))
			}
			return run(c.Context(), o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.in, "in", "", e.say("cmd.suppress-list.flag-in", nil))
	f.StringVarP(&o.output, "output", "o", "", e.say("cmd.suppress-list.flag-output", nil))
	f.IntVar(&o.limit, "limit", 20, e.say("cmd.suppress-list.flag-limit", nil))
	f.BoolVar(&o.live, "live", false, e.say("cmd.suppress-list.flag-live", nil))
	f.BoolVar(&o.log, "log", false, e.say("cmd.suppress-list.flag-log", nil))
	return c
}

func runSuppressList(ctx context.Context, e *env, o suppressListOptions) error {
	cfg, l, err := e.opened(ctx)
	if err != nil {
		return err
	}
	as, err := addresses(cfg, o.addresses)
	if err != nil {
		return err
	}
	found, done, err := e.suppressed(ctx, l, as, o)
	if err != nil {
		return err
	}
	defer done()
	if o.output != "" {
		n, err := report.WriteSuppressed(ctx, o.output, found, cfg.Timezone, cfg.Channels, inputsOf(cfg, nil, o.in)...)
		if errors.Is(err, report.ErrEnding) {
			return usage(words.Err("cmd.error.list-ending", words.A{"file": o.output}).Do("cmd.do.list-ending", nil))
		}
		if err != nil {
			return err
		}
		return e.did("suppress-list-file", words.T("cmd.did.suppress-list", words.A{"file": o.output, "n": n}), map[string]any{"file": o.output, "lines": n})
	}
	if len(as) > 0 {
		o.limit = 0
	}
	sum, err := report.CountSuppressed(found, o.limit)
	if err != nil {
		return err
	}
	v := view.SuppressionList{Suppressed: sum, Mask: cfg.Channels.Masked, In: o.in}
	for _, a := range as {
		if !sum.Holds(a) {
			v.Free = append(v.Free, a)
		}
	}
	if o.live {
		if v.Asked, err = e.askedLists(ctx, cfg, as); err != nil {
			return err
		}
	}
	return view.ShowSuppressionList(e.printer(), e.flags.json, v)
}

// suppressed is what was asked for: the whole list, its log, some addresses, or the rows of a list. done closes that.
func (e *env) suppressed(ctx context.Context, l ledger.Ledger, as []message.Address, o suppressListOptions) (found lines, done func(), err error) {
	done = func() {}
	switch {
	case o.in != "":
		return e.suppressedIn(ctx, l, o.in)
	case o.log:
		return linesOf(l.SuppressionLog(ctx, 0), as), done, nil
	case len(as) > 0:
		return l.Suppressed(ctx, func(yield func(ledger.Asked) bool) {
			for _, a := range as {
				if !yield(ledger.Asked{Address: a}) {
					return
				}
			}
		}), done, nil
	}
	return linesOf(l.Suppressions(ctx), nil), done, nil
}

// linesOf are the lines of these addresses; none means all.
func linesOf(all iter.Seq2[ledger.Suppression, error], of []message.Address) lines {
	return func(yield func(ledger.Found, error) bool) {
		for s, err := range all {
			ours := len(of) == 0 || slices.ContainsFunc(of, func(a message.Address) bool { return strings.EqualFold(string(a), string(s.Address)) })
			if (ours || err != nil) && !yield(ledger.Found{Suppression: s}, err) {
				return
			}
		}
	}
}

// suppressedIn are the rows of a campaign's list that are on the suppression list.
func (e *env) suppressedIn(ctx context.Context, l ledger.Ledger, path string) (lines, func(), error) {
	cfg, c, err := e.inputs(ctx, path)
	if err != nil {
		return nil, nil, err
	}
	r, err := e.openList(ctx, path, cfg, c)
	if err != nil {
		return nil, nil, err
	}
	var failed error
	asked := suppression.Addresses(r, c.Channels(), &failed)
	found := l.Suppressed(ctx, func(yield func(ledger.Asked) bool) {
		for row, a := range asked {
			if !yield(ledger.Asked{Row: row, Address: a}) {
				return
			}
		}
	})
	return func(yield func(ledger.Found, error) bool) {
		for f, err := range found {
			if !yield(f, err) {
				return
			}
		}
		if failed != nil {
			yield(ledger.Found{}, failed)
		}
	}, func() { _ = r.Close() }, nil
}
