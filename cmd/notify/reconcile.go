package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/send"
	"notify/pkg/view"
	"notify/pkg/witness"
	"notify/pkg/words"
)

type reconcileOptions struct {
	campaign string
	reason   string
	forget   bool
	ask      bool
	without  []string // machines that cannot be asked any more
}

func newLedgerReconcile(e *env, run func(context.Context, reconcileOptions) error) *cobra.Command {
	var o reconcileOptions
	if run == nil {
		run = func(ctx context.Context, o reconcileOptions) error { return runLedgerReconcile(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "reconcile CAMPAIGN",
		Short: e.say("cmd.ledger-reconcile.short", nil),
		Long:  e.say("cmd.ledger-reconcile.long", nil),
		Example: examples(
			"notify ledger reconcile award-2020", "",
			"notify ledger reconcile award-2020 --ask", e.say("cmd.ledger-reconcile.example-ask", nil),
			`notify ledger reconcile award-2020 --forget --reason `+quoted(e.say("cmd.example.on-purpose", nil)), "",
		),
		Args: oneArg(aCampaign(), "notify ledger reconcile award-2020"),
		RunE: func(c *cobra.Command, args []string) error {
			o.campaign = args[0]
			if (o.forget || len(o.without) > 0) && o.reason == "" {
				return usage(words.Err("cmd.error.forget-reason", nil).Do("cmd.do.forget-reason", nil))
			}
			return run(c.Context(), o)
		},
	}
	c.Flags().BoolVar(&o.ask, "ask", false, e.say("cmd.ledger-reconcile.flag-ask", nil))
	c.Flags().BoolVar(&o.forget, "forget", false, e.say("cmd.ledger-reconcile.flag-forget", nil))
	c.Flags().StringSliceVar(&o.without, "without", nil, e.say("cmd.ledger-reconcile.flag-without", nil))
	c.Flags().StringVar(&o.reason, "reason", "", e.say("cmd.ledger-reconcile.flag-reason", nil))
	return c
}

func runLedgerReconcile(ctx context.Context, e *env, o reconcileOptions) error {
	cfg, l, err := e.opened(ctx)
	if err != nil {
		return err
	}
	if _, err := e.campaign(ctx, l, o.campaign); err != nil {
		return err
	}
	got, err := e.reconcile(ctx, cfg, l, o)
	if err != nil {
		return err
	}
	return view.ShowReconciled(e.printer(), e.flags.json, got)
}

// reconcile brings the ledger to know what left of a campaign: what a witness remembers, and, where none is complete, what the vendors have.
func (e *env) reconcile(ctx context.Context, cfg *config.Config, l ledger.Ledger, o reconcileOptions) (view.Reconciled, error) {
	got := view.Reconciled{Campaign: o.campaign}
	p, err := e.witnessPlace(ctx, l, o.campaign)
	if err != nil {
		return got, err
	}
	v, err := witness.Judge(ctx, l, p)
	if err != nil {
		return got, e.damagedWitness(err)
	}
	if err := e.without(ctx, l, o); err != nil {
		return got, err
	}
	since, ask, err := e.mustAsk(ctx, l, o, v)
	if err != nil {
		return got, err
	}
	f, err := e.askable(ctx, cfg, l, o.campaign, since)
	if err != nil {
		return got, err
	}
	if !ask && !v.Behind() {
		found, err := f.Probe(ctx)
		if err != nil {
			return got, err
		}
		ask = len(found) > 0
	}
	if !v.Behind() && !ask {
		return got, e.reconciledHere(ctx, l, o.campaign)
	}
	var told send.Told
	if ask && !o.forget {
		if told, err = f.Ask(ctx, keysOf(v.Lost)); err != nil {
			return got, err
		}
	}
	got.Asked, got.Clear, got.CannotAsk = ask, told.Clear, told.CannotAsk
	return got, e.takeUp(ctx, l, p, v, told, o, &got)
}

// mustAsk is whether the vendors must be asked, because nothing here remembers all that left; and since when something may have.
func (e *env) mustAsk(ctx context.Context, l ledger.Ledger, o reconcileOptions, v witness.Verdict) (since time.Time, must bool, err error) {
	c, err := e.blindCopy(ctx, l, o.campaign)
	switch {
	case err != nil:
		return since, false, err
	case c != nil:
		return c.Made.Add(-time.Hour), true, nil
	case v.Elsewhere:
		return v.At.Add(-time.Hour), true, nil
	}
	return since, o.ask, nil
}

func keysOf(lost []ledger.Lost) map[message.Key]bool {
	keys := make(map[message.Key]bool)
	for _, l := range lost {
		for _, k := range l.Keys {
			keys[k] = true
		}
	}
	return keys
}

// takeUp writes into the ledger, and into what this machine remembers, what was found.
func (e *env) takeUp(ctx context.Context, l ledger.Ledger, p witness.Place, v witness.Verdict, told send.Told, o reconcileOptions, got *view.Reconciled) error {
	lost := append(v.Lost, told.Lost...)
	if o.forget {
		lost, got.Forgot = nil, v.Messages
	} else {
		got.NotOnTheList = v.Unstaged
	}
	act := e.Act(ledger.ActForgotten, o.reason)
	n, err := l.Doubt(ctx, p.Campaign, lost, act)
	if err != nil {
		return err
	}
	c, err := l.Campaign(ctx, p.Campaign)
	if err != nil {
		return err
	}
	runs, err := l.Runs(ctx, p.Campaign)
	if err != nil {
		return err
	}
	// Also where this machine remembers nothing: from now on it does.
	if err := witness.Settle(p, c, runs[0].ID, v); err != nil {
		return e.damagedWitness(err)
	}
	if err := e.reconciledHere(ctx, l, p.Campaign); err != nil {
		return err
	}
	var r ledger.Resolved
	if len(told.Accepted) > 0 {
		if r, err = l.Resolve(ctx, p.Campaign, told.Accepted, act); err != nil {
			return err
		}
	}
	got.Accepted, got.Unknown = r.Accepted, n-r.Accepted
	if b, ok := l.(ledger.Backuper); ok {
		return b.SettleCopies(ctx, p.Campaign, e.now())
	}
	return nil
}
