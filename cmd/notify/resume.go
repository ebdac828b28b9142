package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"notify/pkg/ledger"
)

type resumeOptions struct {
	campaign string
	wait     bool
	join     bool
}

func newResume(e *env, run func(context.Context, resumeOptions) error) *cobra.Command {
	var o resumeOptions
	if run == nil {
		run = func(ctx context.Context, o resumeOptions) error { return runResume(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "resume [CAMPAIGN]",
		Short: "Go on where a campaign stopped",
		Long: `Go on where a campaign stopped: after Ctrl-C, a pause, a crash, a power loss, an empty balance, a vendor that was down.
The list is not needed any more. Without a name, the one unfinished campaign.`,
		Example: `  notify resume
  notify resume award-2020 --wait
  notify resume award-2020 --join`,
		Args: upToOne("the name of a campaign"),
		RunE: func(c *cobra.Command, args []string) error {
			o.campaign = first(args)
			return run(c.Context(), o)
		},
	}
	c.Flags().BoolVar(&o.wait, "wait", false, "wait for the window, the quota or the budget of the next day instead of ending")
	c.Flags().BoolVar(&o.join, "join", false, "take part in a run of the campaign that is alive: both send, nobody is told twice")
	return c
}

func runResume(ctx context.Context, e *env, o resumeOptions) error {
	cfg, err := e.Config()
	if err != nil {
		return err
	}
	l, err := e.Ledger(ctx)
	if err != nil {
		return err
	}
	name := o.campaign
	if name == "" {
		if name, err = unfinished(ctx, l); err != nil {
			return err
		}
		if name == "" {
			return e.did("resume", "nothing to resume: every campaign on this ledger is finished", nil)
		}
	}
	c, err := l.Campaign(ctx, name)
	if err != nil {
		return err
	}
	if c.Paused != nil && (!o.join || len(c.Holders) == 0) {
		if err := l.Unpause(ctx, name, e.Act("unpause", "resume")); err != nil {
			return err
		}
	}
	return e.deliver(ctx, cfg, name, delivery{wait: o.wait, join: o.join})
}

// unfinished is the one campaign that has messages left; empty where there is none. Of several, the operator chooses.
func unfinished(ctx context.Context, l ledger.Ledger) (string, error) {
	names, err := open(ctx, l)
	if err != nil {
		return "", err
	}
	switch len(names) {
	case 0:
		return "", nil
	case 1:
		return names[0], nil
	}
	return "", usage("`notify resume "+names[0]+"`", "%d campaigns are unfinished: %s", len(names), strings.Join(names, ", "))
}
