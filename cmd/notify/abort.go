package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"notify/pkg/console"
	"notify/pkg/words"
)

type abortOptions struct {
	campaign string
	reason   string
}

func newAbort(e *env, run func(context.Context, abortOptions) error) *cobra.Command {
	var o abortOptions
	if run == nil {
		run = func(ctx context.Context, o abortOptions) error { return runAbort(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "abort CAMPAIGN --reason WHY",
		Short: e.say("cmd.abort.short", nil),
		Example: examples(
			`notify abort award-2020 --reason `+quoted(e.say("cmd.example.wrong-amounts", nil)), "",
		),
		Args: func(c *cobra.Command, args []string) error {
			return oneArg(aCampaign(), `notify abort award-2020 --reason `+quoted(e.say("cmd.example.wrong-amounts", nil)))(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error {
			o.campaign = args[0]
			if o.reason == "" {
				return usage(words.Err("cmd.error.reason", words.A{"command": "notify abort"}).Do("cmd.do.reason", nil))
			}
			return run(c.Context(), o)
		},
	}
	c.Flags().StringVar(&o.reason, "reason", "", e.say("cmd.abort.flag-reason", nil))
	return c
}

func runAbort(ctx context.Context, e *env, o abortOptions) error {
	l, err := e.writable(ctx)
	if err != nil {
		return err
	}
	if err := e.unfinishedCampaign(ctx, l, o.campaign); err != nil {
		return err
	}
	if err := e.agree(ctx, e.say("cmd.ask.abort", words.A{"campaign": o.campaign})+" ", o.campaign); err != nil {
		return err
	}
	n, err := l.Abort(ctx, o.campaign, e.Act("abort", o.reason))
	if err != nil {
		return err
	}
	return e.did("abort", words.T("cmd.did.abort", words.A{"campaign": o.campaign, "messages": words.N(n, "message")}),
		map[string]any{"campaign": o.campaign, "cancelled": n})
}

// agree asks for a typed word before something that cannot be undone.
func (e *env) agree(ctx context.Context, prompt, want string) error {
	if e.flags.yes {
		return nil
	}
	ok, err := e.ask(ctx, prompt, want)
	if errors.Is(err, console.ErrNoTerminal) {
		return usage(words.Err("cmd.error.no-terminal", nil).Do("cmd.do.yes", nil))
	}
	if err != nil {
		return err
	}
	if !ok {
		return usage(words.Err("cmd.error.not-confirmed", nil))
	}
	return nil
}
