package main

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"notify/pkg/ledger"
	"notify/pkg/report"
	"notify/pkg/view"
	"notify/pkg/words"
)

type statusOptions struct {
	campaign string
	watch    bool
	every    time.Duration
	alert    bool
}

func newStatus(e *env, run func(context.Context, statusOptions) error) *cobra.Command {
	var o statusOptions
	if run == nil {
		run = func(ctx context.Context, o statusOptions) error { return runStatus(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "status [CAMPAIGN]",
		Short: e.say("cmd.status.short", nil),
		Example: examples(
			"notify status", "",
			"notify status award-2020 --watch", "",
			"notify status --alert -q", e.say("cmd.status.example-alert", nil),
		),
		Args: upToOne(aCampaign()),
		RunE: func(c *cobra.Command, args []string) error {
			o.campaign = first(args)
			return run(c.Context(), o)
		},
	}
	c.Flags().BoolVar(&o.watch, "watch", false, e.say("cmd.status.flag-watch", nil))
	c.Flags().DurationVar(&o.every, "every", 2*time.Second, e.say("cmd.status.flag-every", nil))
	c.Flags().BoolVar(&o.alert, "alert", false, e.say("cmd.status.flag-alert", nil))
	return c
}

func runStatus(ctx context.Context, e *env, o statusOptions) error {
	l, err := e.Ledger(ctx)
	if err != nil {
		return err
	}
	if err := e.isThere(ctx, l, o.campaign); err != nil {
		return err
	}
	screen := e.printer()
	if screen.Over = o.watch; o.watch {
		e.warnMoved()
	}
	var before []report.Status
	for {
		now, err := e.states(ctx, l, o.campaign)
		switch {
		case o.watch && (errors.Is(err, ledger.ErrUnreachable) || errors.Is(err, ledger.ErrBusy)):
			e.tell("cmd.line.watch-again", words.A{"cause": words.Cause(err)})
		case err != nil:
			return err
		default:
			if err := view.ShowStatus(screen, e.flags.json, report.Rates(before, now)); err != nil {
				return err
			}
			if !o.watch || report.Finished(now) {
				return e.alertOnce(ctx, o)
			}
			before = now
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(max(o.every, 200*time.Millisecond)):
		}
	}
}

// states is how campaigns stand now: all of them, or the one that is named.
func (e *env) states(ctx context.Context, l ledger.Ledger, campaign string) ([]report.Status, error) {
	now, err := report.States(ctx, l, campaign, report.PricesOf(e.cfg), e.now())
	if err != nil {
		return nil, err
	}
	if err := atWork(ctx, l, now, e.now()); err != nil {
		return nil, err
	}
	if err := e.checklistsOf(ctx, l, now); err != nil {
		return nil, err
	}
	if r, ok := l.(ledger.Receipts); ok {
		return now, report.Told(ctx, r, now)
	}
	return now, nil
}

// isThere refuses a campaign that is not on the ledger; without a name, a ledger that has lost all that were.
func (e *env) isThere(ctx context.Context, l ledger.Ledger, campaign string) error {
	if campaign == "" {
		all, err := l.Campaigns(ctx)
		if err != nil {
			return err
		}
		return e.noneForgotten(ctx, l, all)
	}
	if _, err := e.campaign(ctx, l, campaign); err != nil {
		return cmp.Or(e.forgot(ctx, l, campaign), err)
	}
	return nil
}

// atWork keeps only runs that are alive.
func atWork(ctx context.Context, l ledger.Ledger, ss []report.Status, now time.Time) error {
	w, ok := l.(ledger.Watcher)
	if !ok {
		return nil
	}
	for i := range ss {
		runs, err := w.AtWork(ctx, ss[i].Campaign, now)
		if err != nil {
			return err
		}
		ss[i].Running = report.Working(runs)
	}
	return nil
}

// alertOnce tells what there is to tell, as cron would have it: no process need be at work.
func (e *env) alertOnce(ctx context.Context, o statusOptions) error {
	if !o.alert {
		return nil
	}
	w, err := e.watch(ctx)
	if err != nil {
		return err
	}
	return w.Whole(ctx)
}
