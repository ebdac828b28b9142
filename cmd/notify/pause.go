package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"notify/pkg/ledger"
	"notify/pkg/message"
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
		Short: "Stop safely, from any terminal; what is under way is finished and recorded",
		Example: `  notify pause award-2020 --reason "customers complain"
  notify pause --all`,
		Args: upToOne("the name of a campaign"),
		RunE: func(c *cobra.Command, args []string) error {
			o.campaign = first(args)
			if o.all == (o.campaign != "") {
				return usage("`notify pause award-2020`, or `notify pause --all`", "pause wants the name of a campaign, or --all")
			}
			return run(c.Context(), o)
		},
	}
	c.Flags().BoolVar(&o.all, "all", false, "every unfinished campaign on the ledger")
	c.Flags().StringVar(&o.reason, "reason", "", "`WHY`, for the audit")
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
		if err := l.Pause(ctx, n, e.Act("pause", o.reason)); err != nil {
			return fmt.Errorf("pause %s: %w", n, err)
		}
	}
	text := "no campaign is unfinished: there is nothing to pause"
	if len(names) > 0 {
		text = "paused: " + strings.Join(names, ", ") + "; what is under way is finished and recorded. `notify resume` goes on"
	}
	return e.did("pause", text, map[string]any{"paused": names})
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
