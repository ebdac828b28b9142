package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

type retryOptions struct {
	campaign string
	codes    []string
}

func newRetry(e *env, run func(context.Context, retryOptions) error) *cobra.Command {
	var o retryOptions
	if run == nil {
		run = func(ctx context.Context, o retryOptions) error { return runRetry(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "retry CAMPAIGN",
		Short: "Put messages that were refused for good back to pending",
		Long: `Put messages that a vendor refused for good back to pending, all of them or those with a code. They certainly did not
arrive, so nobody is told twice. They leave with the next resume.`,
		Example: `  notify retry award-2020
  notify retry award-2020 --code "550 5.1.1" --code NUMBER`,
		Args: oneArg("the name of a campaign", "notify retry award-2020"),
		RunE: func(c *cobra.Command, args []string) error {
			o.campaign = args[0]
			return run(c.Context(), o)
		},
	}
	c.Flags().StringArrayVar(&o.codes, "code", nil, "only messages with this `CODE`; may be given again")
	return c
}

func runRetry(ctx context.Context, e *env, o retryOptions) error {
	l, err := e.Ledger(ctx)
	if err != nil {
		return err
	}
	n, err := l.Retry(ctx, o.campaign, o.codes, e.Act("retry", ""))
	if err != nil {
		return err
	}
	text := fmt.Sprintf("%d messages are pending again; `notify resume %s` sends them", n, o.campaign)
	if n == 0 {
		text = "no message was refused with such a code; `notify report " + o.campaign + "` lists them"
	}
	return e.did("retry", text, map[string]any{"campaign": o.campaign, "pending": n})
}
