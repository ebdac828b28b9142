package main

import (
	"context"

	"github.com/spf13/cobra"

	"notify/pkg/message"
	"notify/pkg/words"
)

type retryOptions struct {
	campaign string
	codes    []string
	reason   string
}

func newRetry(e *env, run func(context.Context, retryOptions) error) *cobra.Command {
	var o retryOptions
	if run == nil {
		run = func(ctx context.Context, o retryOptions) error { return runRetry(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "retry CAMPAIGN",
		Short: e.say("cmd.retry.short", nil),
		Long:  e.say("cmd.retry.long", nil),
		Example: examples(
			"notify retry award-2020", "",
			`notify retry award-2020 --code "550 5.1.1" --code NUMBER`, "",
		),
		Args: oneArg(aCampaign(), "notify retry award-2020"),
		RunE: func(c *cobra.Command, args []string) error {
			o.campaign = args[0]
			return run(c.Context(), o)
		},
	}
	c.Flags().StringArrayVar(&o.codes, "code", nil, e.say("cmd.retry.flag-code", nil))
	c.Flags().StringVar(&o.reason, "reason", "", e.say("cmd.retry.flag-reason", nil))
	return c
}

func runRetry(ctx context.Context, e *env, o retryOptions) error {
	l, err := e.writable(ctx)
	if err != nil {
		return err
	}
	if _, err := e.campaign(ctx, l, o.campaign); err != nil {
		return err
	}
	by := e.Act("retry", o.reason)
	by.Said = because(words.T("act.why-retried-all", nil), o.reason)
	if len(o.codes) > 0 {
		by.Said = because(words.T("act.why-retried", words.A{"codes": words.Names(o.codes, 0)}), o.reason)
	}
	n, err := l.Retry(ctx, o.campaign, o.codes, by)
	if err != nil {
		return err
	}
	after, err := l.Counts(ctx, o.campaign)
	if err != nil {
		return err
	}
	left := after.Of(message.Rejected)
	return e.did("retry", retried(o, n, left), map[string]any{"campaign": o.campaign, "pending": n, "rejected": left})
}

// retried says how many are pending again, and how many are rejected as before: of other codes, or not on the newest list any more.
func retried(o retryOptions, n, left int) words.Text {
	name := words.Typed(o.campaign)
	a := words.A{"n": n, "left": left, "campaign": o.campaign, "resume": "notify resume " + name, "report": "notify report " + name}
	switch {
	case n > 0 && left > 0:
		return words.T("cmd.did.retry-some", a)
	case n > 0:
		return words.T("cmd.did.retry", a)
	case left > 0 && len(o.codes) > 0:
		return words.T("cmd.did.retry-none", a)
	case left > 0:
		return words.T("cmd.did.retry-off-list", a)
	}
	return words.T("cmd.did.retry-nothing", a)
}
