package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"notify/pkg/channel"
	"notify/pkg/config"
	"notify/pkg/diag"
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
		Short: "Keep the addresses that are never to be sent to",
		Long: `Keep the addresses that are never to be sent to: opt-outs, hard bounces, complaints. The list holds for every campaign on the
ledger. A preflight FAILs while somebody on it is to be sent to, which cannot be overridden, and a run looks again right before
each message leaves: who opts out while a campaign runs is not reached any more, a few seconds later.

An entry is never rewritten. Putting an address on the list twice keeps the first entry; taking it off needs a reason, and leaves
a trace.`,
	}
	c.AddCommand(newSuppressAdd(e, nil), newSuppressRemove(e, nil), newSuppressImport(e, nil), newSuppressList(e, nil))
	return c
}

func newSuppressAdd(e *env, run func(context.Context, suppressOptions) error) *cobra.Command {
	var o suppressOptions
	if run == nil {
		run = func(ctx context.Context, o suppressOptions) error { return runSuppressAdd(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "add ADDRESS…",
		Short: "Put phone numbers and e-mail addresses on the list",
		Example: `  notify suppress add 13490000001 --reason opt-out --note "replied T"
  notify suppress add wang@example.test li@example.test --reason hard-bounce`,
		Args: addressArgs,
		RunE: func(c *cobra.Command, args []string) error {
			o.addresses = args
			if o.reason == "" {
				return usage("add --reason opt-out, or one of "+reasonWords(), "add wants a reason")
			}
			return run(c.Context(), o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.reason, "reason", "", "`WHY`: "+reasonWords())
	f.StringVar(&o.note, "note", "", "a `NOTE` that is kept with the entry")
	return c
}

func newSuppressRemove(e *env, run func(context.Context, suppressOptions) error) *cobra.Command {
	var o suppressOptions
	if run == nil {
		run = func(ctx context.Context, o suppressOptions) error { return runSuppressRemove(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "remove ADDRESS… --reason WHY",
		Short: "Take addresses off the list, all of them or none",
		Long: `Take addresses off the list, all of them or none: they can be sent to again. The entry and who took it off stay on record:
"notify suppress list ADDRESS --log".`,
		Example: `  notify suppress remove 13490000001 --reason "has signed up again, ticket 4711"`,
		Args:    addressArgs,
		RunE: func(c *cobra.Command, args []string) error {
			o.addresses = args
			if strings.TrimSpace(o.reason) == "" {
				return usage(`add --reason "…"; it stays on record`, "remove wants a reason")
			}
			return run(c.Context(), o)
		},
	}
	c.Flags().StringVar(&o.reason, "reason", "", "`WHY`; it stays on record")
	return c
}

func newSuppressImport(e *env, run func(context.Context, suppressOptions) error) *cobra.Command {
	var o suppressOptions
	if run == nil {
		run = func(ctx context.Context, o suppressOptions) error { return runSuppressImport(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "import FILE",
		Short: "Put the addresses of a spreadsheet or CSV on the list",
		Long: `Put the addresses of a spreadsheet or CSV on the list. The file is read as lists are: its headers say which column holds the
phone and which the e-mail; both are taken where a row has both. A column called reason, and one called note, are taken over.

Rows that cannot be read are named and hold up none of the others; the program then ends with 4. Importing a file again is safe.`,
		Example: `  notify suppress import unsubscribed.csv --reason opt-out
  notify suppress import bounces.xlsx --reason hard-bounce --channel email
  notify suppress import export.csv --reason complaint --columns phone=客户电话`,
		Args: oneArg("a file", "notify suppress import unsubscribed.csv --reason opt-out"),
		RunE: func(c *cobra.Command, args []string) error {
			o.file = args[0]
			return run(c.Context(), o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.reason, "reason", "", "`WHY`, for rows that do not say it: "+reasonWords())
	f.StringVar(&o.note, "note", "", "a `NOTE`, for rows that have none")
	f.StringVar(&o.channel, "channel", "", "take only the addresses of one `CHANNEL`: sms or email")
	f.StringVar(&o.sheet, "sheet", "", "`NAME` of the sheet (default: the first)")
	f.StringToStringVar(&o.columns, "columns", nil, "which `COLUMN=HEADER` is the phone or the email, where that is not seen")
	return c
}

func reasonWords() string {
	var words []string
	for _, r := range suppression.Reasons() {
		words = append(words, string(r))
	}
	return strings.Join(words, ", ")
}

func addressArgs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usage("for example: "+c.CommandPath()+` 13490000001 --reason …`, "%s wants a phone number or an e-mail address", c.CommandPath())
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
			problems.Add(diag.Problem{Code: fault.Code, Value: message.Address(raw).Masked(), Summary: words.Raw(fault.Summary), Hint: words.Raw(fault.Hint)})
		case err != nil:
			return nil, err
		case !cfg.Channels.Of(ch).Suppressible:
			problems.Add(diag.Problem{Code: "not-suppressible", Value: a.Masked(), Summary: words.Raw("nobody can ask to get no more by " + string(ch)), Hint: words.Raw("leave it out")})
		case !slices.Contains(out, a):
			out = append(out, a)
		}
	}
	return out, problems.Err()
}

// opened is the configuration and the ledger.
func (e *env) opened(ctx context.Context) (*config.Config, ledger.Ledger, error) {
	cfg, err := e.Config()
	if err != nil {
		return nil, nil, err
	}
	l, err := e.Ledger(ctx)
	return cfg, l, err
}

// asked is the ledger, and the addresses that were typed.
func (e *env) asked(ctx context.Context, typed []string) (ledger.Ledger, []message.Address, error) {
	cfg, l, err := e.opened(ctx)
	if err != nil {
		return nil, nil, err
	}
	as, err := addresses(cfg, typed)
	return l, as, err
}

func parseReason(s string) (suppression.Reason, error) {
	if s == "" {
		return "", nil
	}
	r, err := suppression.ParseReason(s)
	if err != nil {
		return "", usage("the reasons are "+reasonWords(), "--reason: %v", err)
	}
	return r, nil
}

func kept(e suppression.Entry) ledger.Suppression {
	return ledger.Suppression{Address: e.Address, Channel: e.Channel, Reason: string(e.Reason), Note: e.Note, Who: e.Who, At: e.At}
}

// someOf names addresses in the audit.
func someOf(as []message.Address) string {
	if len(as) == 1 {
		return as[0].Masked()
	}
	return fmt.Sprintf("%d addresses", len(as))
}

func runSuppressAdd(ctx context.Context, e *env, o suppressOptions) error {
	reason, err := parseReason(o.reason)
	if err != nil {
		return err
	}
	l, as, err := e.asked(ctx, o.addresses)
	if err != nil {
		return err
	}
	cfg, err := e.Config()
	if err != nil {
		return err
	}
	by := e.Act("suppress "+someOf(as), string(reason))
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
	return view.ShowSuppress(e.printer(), e.flags.json, view.Suppress{Suppress: sum})
}

func runSuppressRemove(ctx context.Context, e *env, o suppressOptions) error {
	l, as, err := e.asked(ctx, o.addresses)
	if err != nil {
		return err
	}
	if err := l.Unsuppress(ctx, as, e.Act("unsuppress "+someOf(as), o.reason)); err != nil {
		return err
	}
	verb := "are"
	if len(as) == 1 {
		verb = "is"
	}
	return e.did("suppress-remove", fmt.Sprintf("%s %s off the suppression list, and can be sent to again", someOf(as), verb),
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
	by := e.Act("suppress import", "from "+o.file)
	options := suppression.Options{
		Sheet: o.sheet, Columns: o.columns, Country: cfg.Country, Set: cfg.Channels, Reason: reason, Note: o.note, Who: by.Who, At: by.At,
	}
	if o.channel != "" && !cfg.Channels.Has(message.Channel(o.channel)) {
		return usage("--channel "+strings.Join(cfg.Channels.Words(), ", or --channel "), "there is no channel %s", o.channel)
	}
	if o.channel != "" {
		options.Channels = []message.Channel{message.Channel(o.channel)}
	}
	f, err := suppression.Open(o.file, options)
	if err != nil {
		return err
	}
	defer f.Close()
	v := view.Suppress{File: o.file, Problems: &diag.List{}}
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
		return quietly(exitSome)
	}
	return nil
}
