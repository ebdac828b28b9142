package main

import (
	"context"

	"github.com/spf13/cobra"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

type pauseOptions struct {
	campaign string
	all      bool
	reason   string
}

func newPause(e *env, run func(context.Context, pauseOptions) error) *cobra.Command {
	var o pauseOptions
	if run == nil {
		run = func(ctx context.Context, o pauseOptions) error { return runPause(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "pause [CAMPAIGN]",
		Short: e.say("cmd.pause.short", nil),
		Example: examples(
			`notify pause award-2020 --reason "customers complain"`, "",
			"notify pause --all", "",
		),
		Args: upToOne(aCampaign()),
		RunE: func(c *cobra.Command, args []string) error {
			o.campaign = first(args)
			if o.all == (o.campaign != "") {
				return usage(words.Err("cmd.error.pause-what", nil).Do("cmd.do.pause-what", nil))
			}
			return run(c.Context(), o)
		},
	}
	c.Flags().BoolVar(&o.all, "all", false, e.say("cmd.pause.flag-all", nil))
	c.Flags().StringVar(&o.reason, "reason", "", e.say("cmd.pause.flag-reason", nil))
	return c
}

func runPause(ctx context.Context, e *env, o pauseOptions) error {
	l, err := e.Ledger(ctx)
	if err != nil {
		return err
	}
	names := []string{o.campaign}
	if o.all {
		if names, err = open(ctx, l); err != nil {
			return err
		}
	}
	for _, n := range names {
		if _, err := e.campaign(ctx, l, n); err != nil {
			return err
		}
		if err := l.Pause(ctx, n, e.Act("pause", o.reason)); err != nil {
			return err
		}
	}
	said := words.T("cmd.did.pause-none", nil)
	if len(names) > 0 {
		said = words.T("cmd.did.pause", words.A{"campaigns": words.Names(names, 0)})
	}
	return e.did("pause", said, map[string]any{"paused": names})
}

// open are the campaigns that could still send something.
func open(ctx context.Context, l ledger.Ledger) ([]string, error) {
	all, err := l.Campaigns(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, c := range all {
		counts, err := l.Counts(ctx, c.Name)
		if err != nil {
			return nil, err
		}
		if c.Aborted == nil && counts.Of(message.Pending, message.Attempting) > 0 {
			names = append(names, c.Name)
		}
	}
	return names, nil
}
