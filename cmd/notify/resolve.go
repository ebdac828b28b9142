package main

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"notify/pkg/config"
	"notify/pkg/exit"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/report"
	"notify/pkg/send"
	"notify/pkg/vendors"
	"notify/pkg/view"
	"notify/pkg/words"
)

type resolveOptions struct {
	campaign string
	as       string
	reason   string
	keys     []string
}

func newResolve(e *env, run func(context.Context, resolveOptions) error) *cobra.Command {
	var o resolveOptions
	if run == nil {
		run = func(ctx context.Context, o resolveOptions) error { return runResolve(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "resolve CAMPAIGN",
		Short: e.say("cmd.resolve.short", nil),
		Long:  e.say("cmd.resolve.long", nil),
		Example: examples(
			"notify resolve award-2020", "",
			`notify resolve award-2020 --as accepted --reason `+quoted(e.say("cmd.example.in-log", nil)), "",
			`notify resolve award-2020 --as not-sent --key 3f9k2… --reason `+quoted(e.say("cmd.example.asked", nil)), "",
		),
		Args: oneArg(aCampaign(), "notify resolve award-2020"),
		RunE: func(c *cobra.Command, args []string) error {
			o.campaign = args[0]
			return run(c.Context(), o)
		},
	}
	c.Flags().StringVar(&o.as, "as", "", e.say("cmd.resolve.flag-as", nil))
	c.Flags().StringVar(&o.reason, "reason", "", e.say("cmd.resolve.flag-reason", nil))
	c.Flags().StringArrayVar(&o.keys, "key", nil, e.say("cmd.resolve.flag-key", nil))
	return c
}

func runResolve(ctx context.Context, e *env, o resolveOptions) error {
	as, err := decision(o)
	if err != nil {
		return err
	}
	cfg, err := e.Config()
	if err != nil {
		return err
	}
	l, err := e.writable(ctx)
	if err != nil {
		return err
	}
	spec, err := e.stagedSpec(ctx, l, o.campaign)
	if err != nil {
		return err
	}
	r := send.Resolver{Ledger: l, Campaign: o.campaign, By: e.Act("resolve", o.reason), Now: e.now, Spec: spec, Keys: o.keys}
	var got send.Resolved
	if as != "" {
		prompt := e.say("cmd.ask.resolve", words.A{"campaign": o.campaign, "as": o.as}) + " "
		if err := e.agree(ctx, prompt, o.campaign); err != nil {
			return err
		}
		got, err = r.Decide(ctx, as)
	} else {
		r.Vendors, _ = e.Vendors(cfg, spec.Channels())
		got, err = r.Ask(ctx)
	}
	if err != nil {
		return err
	}
	alive, err := runsAtWork(ctx, l, o.campaign, e.now())
	if err != nil {
		return err
	}
	open, err := report.StillUnknown(ctx, l, o.campaign, alive, report.TermsOf(cfg))
	if err != nil {
		return err
	}
	if err := view.ShowResolved(e.printer(), e.flags.json, o.campaign, got, open); err != nil {
		return err
	}
	return quietly(resolvedCode(got, open))
}

// resolvedCode is of what was asked for: of the messages that were named, or else of the whole campaign.
func resolvedCode(got send.Resolved, open report.Unsettled) int {
	switch {
	case len(got.NotUnknown) > 0:
		return exit.Usage
	case got.Left > 0, got.Named == 0 && open.All+open.Lost > 0:
		return exit.Some
	}
	return exit.OK
}

// decision is what --as says.
func decision(o resolveOptions) (message.OutcomeKind, error) {
	switch o.as {
	case "":
		return "", nil
	case "accepted":
		if o.reason == "" {
			break
		}
		return message.OutcomeAccepted, nil
	case "not-sent":
		if o.reason == "" {
			break
		}
		return message.OutcomeUnsent, nil
	default:
		return "", usage(words.Err("cmd.error.resolve-as", words.A{"as": words.Typed(o.as)}).Do("cmd.do.resolve-as", nil))
	}
	return "", usage(words.Err("cmd.error.reason", words.A{"command": "--as"}).Do("cmd.do.resolve-reason", nil))
}

// settleWithin is for how long a resume asks first; what is left stays unknown.
const settleWithin = 2 * time.Minute

// settleFirst asks vendors about what a run that died left, before anything else is sent. Where nobody can be asked, nothing is done.
func (e *env) settleFirst(ctx context.Context, cfg *config.Config, l ledger.Ledger, name string) error {
	counts, err := l.Counts(ctx, name)
	if err != nil || counts.Of(message.Attempting, message.Unknown) == 0 {
		return err
	}
	if alive, err := runsAtWork(ctx, l, name, e.now()); err != nil || alive {
		return err
	}
	spec, err := e.stagedSpec(ctx, l, name)
	if err != nil {
		return err
	}
	all, _ := e.Vendors(cfg, spec.Channels())
	if !slices.ContainsFunc(slices.Collect(maps.Values(all)), func(v vendors.Vendor) bool {
		_, can := vendors.As[vendors.Finder](v)
		return can
	}) {
		return nil
	}
	act := e.Act("resolve", "")
	if counts.Of(message.Attempting) > 0 {
		left := act // what a dead run left open becomes unknown
		left.Said = words.T("act.why-orphans", words.A{"messages": words.N(counts.Of(message.Attempting), "message")})
		left.Figures = &ledger.Figures{Messages: counts.Of(message.Attempting)}
		if _, err := l.Resolve(ctx, name, nil, left); err != nil {
			return err
		}
		e.tell("run.orphans", words.A{"n": counts.Of(message.Attempting)})
	}
	asking, cancel := context.WithTimeout(ctx, settleWithin)
	defer cancel()
	r := send.Resolver{Ledger: l, Vendors: all, Campaign: name, By: act, Now: e.now, Spec: spec}
	got, err := r.Ask(asking)
	if asking.Err() != nil && ctx.Err() == nil {
		err = nil
	}
	if err != nil || got.Accepted+got.NotSent+got.Rejected == 0 {
		return err
	}
	after, err := l.Counts(ctx, name) // where time was up, also those that nobody was asked about
	e.tell("cmd.line.resume-settled", words.A{
		"accepted": got.Accepted, "not_sent": got.NotSent, "rejected": got.Rejected, "left": after.Of(message.Unknown),
	})
	return err
}

// runsAtWork reports whether a run of the campaign is alive, as far as the ledger can tell.
func runsAtWork(ctx context.Context, l ledger.Ledger, name string, now time.Time) (bool, error) {
	w, ok := l.(ledger.Watcher)
	if !ok {
		return false, nil
	}
	runs, err := w.AtWork(ctx, name, now)
	return len(runs) > 0, err
}
