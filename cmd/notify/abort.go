package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"notify/pkg/console"
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
		Use:     "abort CAMPAIGN --reason WHY",
		Short:   "End a campaign for good; what has not left is cancelled",
		Example: `  notify abort award-2020 --reason "wrong amounts"`,
		Args:    oneArg("the name of a campaign", `notify abort award-2020 --reason "wrong amounts"`),
		RunE: func(c *cobra.Command, args []string) error {
			o.campaign = args[0]
			if o.reason == "" {
				return usage(`add --reason "…"; it stands in the audit and in the report`, "abort wants a reason")
			}
			return run(c.Context(), o)
		},
	}
	c.Flags().StringVar(&o.reason, "reason", "", "`WHY`; it stands in the audit and in the report")
	return c
}

func runAbort(ctx context.Context, e *env, o abortOptions) error {
	l, err := e.Ledger(ctx)
	if err != nil {
		return err
	}
	if _, err := l.Campaign(ctx, o.campaign); err != nil {
		return err
	}
	if err := e.agree(ctx, fmt.Sprintf("This ends campaign %s for good. Type its name to confirm: ", o.campaign), o.campaign); err != nil {
		return err
	}
	n, err := l.Abort(ctx, o.campaign, e.Act("abort", o.reason))
	if err != nil {
		return err
	}
	return e.did("abort", fmt.Sprintf("%s is aborted: %d messages that had not left are cancelled", o.campaign, n),
		map[string]any{"campaign": o.campaign, "cancelled": n})
}

// agree asks for a typed word before something that cannot be undone.
func (e *env) agree(ctx context.Context, prompt, want string) error {
	if e.flags.yes {
		return nil
	}
	ok, err := e.console.Confirm(ctx, prompt, want)
	if errors.Is(err, console.ErrNoTerminal) {
		return usage("add --yes where nobody can be asked", "there is no terminal to confirm on")
	}
	if err != nil {
		return err
	}
	if !ok {
		return usage("", "not confirmed: nothing was changed")
	}
	return nil
}
