package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"notify/pkg/channel"
	"notify/pkg/config"
	"notify/pkg/diag"
	"notify/pkg/exit"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/suppression"
	"notify/pkg/view"
	"notify/pkg/words"
)

type suppressOptions struct {
	addresses    []string
	reason, note string
	file         string
	sheet        string
	columns      map[string]string
	channel      string
}

func newSuppress(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "suppress",
		Short: e.say("cmd.suppress.short", nil),
		Long:  e.say("cmd.suppress.long", nil),
	}
	return e.group(c, newSuppressAdd(e, nil), newSuppressRemove(e, nil), newSuppressImport(e, nil), newSuppressPull(e, nil), newSuppressList(e, nil))
}

func newSuppressAdd(e *env, run func(context.Context, suppressOptions) error) *cobra.Command {
	var o suppressOptions
	if run == nil {
		run = func(ctx context.Context, o suppressOptions) error { return runSuppressAdd(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "add ADDRESS…",
		Short: e.say("cmd.suppress-add.short", nil),
		Example: examples(
			`notify suppress add 13490000001 --reason opt-out --note `+quoted(e.say("cmd.example.replied", nil)), "",
			"notify suppress add wang@example.test li@example.test --reason hard-bounce", "",
		),
		Args: addressArgs,
		RunE: func(c *cobra.Command, args []string) error {
			o.addresses = args
			if o.reason == "" {
				return usage(words.Err("cmd.error.reason", words.A{"command": c.CommandPath()}).Do("cmd.do.suppress-reason", words.A{"reasons": reasonWords()}))
			}
			return run(c.Context(), o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.reason, "reason", "", e.say("cmd.suppress-add.flag-reason", words.A{"reasons": reasonWords()}))
	f.StringVar(&o.note, "note", "", e.say("cmd.suppress-add.flag-note", nil))
	return c
}

func newSuppressRemove(e *env, run func(context.Context, suppressOptions) error) *cobra.Command {
	var o suppressOptions
	if run == nil {
		run = func(ctx context.Context, o suppressOptions) error { return runSuppressRemove(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "remove [ADDRESS…] [--file FILE] --reason WHY",
		Short: e.say("cmd.suppress-remove.short", nil),
		Long:  e.say("cmd.suppress-remove.long", nil),
		Example: examples(
			`notify suppress remove 13490000001 --reason `+quoted(e.say("cmd.example.again", nil)), "",
			`notify suppress remove --file mistake.csv --reason `+quoted(e.say("cmd.example.again", nil)), "",
		),
		Args: func(c *cobra.Command, args []string) error {
			if o.file != "" && len(args) == 0 {
				return nil
			}
			if o.file != "" {
				return usage(words.Err("cmd.error.file-and-address", nil))
			}
			return addressArgs(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error {
			o.addresses = args
			if strings.TrimSpace(o.reason) == "" {
				return usage(words.Err("cmd.error.reason", words.A{"command": c.CommandPath()}).Do("cmd.do.reason", nil))
			}
			return run(c.Context(), o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.reason, "reason", "", e.say("cmd.suppress-remove.flag-reason", nil))
	f.StringVar(&o.file, "file", "", e.say("cmd.suppress-remove.flag-file", nil))
	fileFlags(e, f, &o)
	return c
}

func newSuppressImport(e *env, run func(context.Context, suppressOptions) error) *cobra.Command {
	var o suppressOptions
	if run == nil {
		run = func(ctx context.Context, o suppressOptions) error { return runSuppressImport(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "import FILE",
		Short: e.say("cmd.suppress-import.short", nil),
		Long:  e.say("cmd.suppress-import.long", nil),
		Example: examples(
			"notify suppress import unsubscribed.csv --reason opt-out", "",
			"notify suppress import bounces.xlsx --reason hard-bounce --channel email", "",
			"notify suppress import export.csv --reason complaint --columns phone=客户电话", "",
		),
		Args: oneArg(words.T("cmd.arg.file", nil), "notify suppress import unsubscribed.csv --reason opt-out"),
		RunE: func(c *cobra.Command, args []string) error {
			o.file = args[0]
			return run(c.Context(), o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.reason, "reason", "", e.say("cmd.suppress-import.flag-reason", words.A{"reasons": reasonWords()}))
	f.StringVar(&o.note, "note", "", e.say("cmd.suppress-import.flag-note", nil))
	fileFlags(e, f, &o)
	return c
}

// fileFlags say how a file of addresses is read.
func fileFlags(e *env, f *pflag.FlagSet, o *suppressOptions) {
	f.StringVar(&o.channel, "channel", "", e.say("cmd.suppress-import.flag-channel", nil))
	f.StringVar(&o.sheet, "sheet", "", e.say("cmd.suppress-import.flag-sheet", nil))
	f.StringToStringVar(&o.columns, "columns", nil, e.say("cmd.suppress-import.flag-columns", nil))
}

func reasonWords() words.List { return words.Names(suppression.Reasons(), 0) }

func addressArgs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usage(words.Err("cmd.error.address", words.A{"command": c.CommandPath()}).Do("cmd.do.for-example", words.A{"command": c.CommandPath() + " 13490000001 --reason …"}))
	}
	return nil
}

// addresses reads what was typed, all problems at once, and each address once.
func addresses(cfg *config.Config, typed []string) ([]message.Address, error) {
	problems := &diag.List{}
	var out []message.Address
	for _, raw := range typed {
		ch, a, err := cfg.Channels.Parse(raw, cfg.Country)
		var fault *channel.AddressError
		switch {
		case errors.As(err, &fault):
			problems.Add(diag.Problem{Code: fault.Code, Value: message.Address(raw).Masked(), Summary: fault.Summary, Hint: fault.Hint})
		case err != nil:
			return nil, err
		case !cfg.Channels.Of(ch).Suppressible:
			problems.Add(diag.Problem{
				Code: "not-suppressible", Value: cfg.Channels.Masked(ch, a),
				Summary: words.T("suppress.channel-never", words.A{"channel": cfg.Channels.Of(ch).Word}), Hint: words.T("suppress.do.leave-out", nil),
			})
		case !slices.Contains(out, a):
			out = append(out, a)
		}
	}
	return out, problems.Err()
}

// asked is the configuration, the ledger, and the addresses that were typed.
func (e *env) asked(ctx context.Context, typed []string) (*config.Config, ledger.Ledger, []message.Address, error) {
	cfg, l, err := e.opened(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	as, err := addresses(cfg, typed)
	return cfg, l, as, err
}

func parseReason(s string) (suppression.Reason, error) {
	if s == "" {
		return "", nil
	}
	r, err := suppression.ParseReason(s)
	if err != nil {
		return "", usage(near(words.Err("cmd.error.no-reason", words.A{"reason": words.Typed(s)}), string(diag.Nearest(s, suppression.Reasons())),
			words.T("cmd.do.there-are", words.A{"names": reasonWords()})))
	}
	return r, nil
}

func kept(e suppression.Entry) ledger.Suppression {
	return ledger.Suppression{Address: e.Address, Channel: e.Channel, Reason: string(e.Reason), Note: e.Note, Who: e.Who, At: e.At}
}

// someOf names addresses in the audit.
func someOf(channels channel.Set, as []message.Address) string {
	if len(as) == 1 {
		return channels.Masked("", as[0])
	}
	return fmt.Sprintf("%d addresses", len(as))
}

func runSuppressAdd(ctx context.Context, e *env, o suppressOptions) error {
	reason, err := parseReason(o.reason)
	if err != nil {
		return err
	}
	cfg, l, as, err := e.asked(ctx, o.addresses)
	if err != nil {
		return err
	}
	by := e.Act("suppress "+someOf(cfg.Channels, as), string(reason))
	sum, err := l.Suppress(ctx, func(yield func(ledger.Suppression, error) bool) {
		for _, a := range as {
			if !yield(kept(suppression.Entry{Address: a, Channel: cfg.Channels.ChannelOf(a), Reason: reason, Note: o.note, Who: by.Who, At: by.At}), nil) {
				return
			}
		}
	}, by)
	if err != nil {
		return err
	}
	return view.ShowSuppress(e.printer(), e.flags.json, view.Suppress{Suppress: sum, Mask: cfg.Channels.Masked})
}

func runSuppressRemove(ctx context.Context, e *env, o suppressOptions) error {
	if o.file != "" {
		return runSuppressRemoveFile(ctx, e, o)
	}
	cfg, l, as, err := e.asked(ctx, o.addresses)
	if err != nil {
		return err
	}
	if err := l.Unsuppress(ctx, as, e.Act("unsuppress "+someOf(cfg.Channels, as), o.reason)); err != nil {
		return err
	}
	return e.did("suppress-remove", words.T("cmd.did.unsuppress", words.A{"n": len(as)}),
		map[string]any{"removed": len(as)})
}

func runSuppressImport(ctx context.Context, e *env, o suppressOptions) error {
	reason, err := parseReason(o.reason)
	if err != nil {
		return err
	}
	cfg, l, err := e.opened(ctx)
	if err != nil {
		return err
	}
	by := e.said("suppress import", words.T("act.why-from", words.A{"file": o.file}))
	options, err := o.reading(cfg, reason, by)
	if err != nil {
		return err
	}
	if err := e.agreeImport(ctx, o.file, options); err != nil {
		return err
	}
	f, err := suppression.Open(ctx, o.file, options)
	if err != nil {
		return err
	}
	defer f.Close()
	v := view.Suppress{Mask: cfg.Channels.Masked, File: o.file, Problems: &diag.List{}}
	v.Suppress, err = l.Suppress(ctx, func(yield func(ledger.Suppression, error) bool) {
		read, err := f.Each(v.Problems, func(entry suppression.Entry) bool { return yield(kept(entry), nil) })
		if v.Read = read; err != nil {
			yield(ledger.Suppression{}, err)
		}
	}, by)
	if err != nil {
		return err
	}
	if err := view.ShowSuppress(e.printer(), e.flags.json, v); err != nil {
		return err
	}
	if v.Read.Unread > 0 || v.Problems.Errors() > 0 {
		return quietly(exit.Some)
	}
	return nil
}
