package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"notify/pkg/message"
	"notify/pkg/send"
	"notify/pkg/view"
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
		Short: "Settle messages that may or may not have been taken",
		Long: `Settle unknown messages: those that may have left, with no answer to prove it. Without --as, the vendor is asked by our
own id, where it can be asked. With --as, a person decides, with a reason: accepted (it arrived), or not-sent (it certainly
did not; it leaves with the next resume). Nothing is sent by this command.`,
		Example: `  notify resolve award-2020
  notify resolve award-2020 --as accepted --reason "all 16 are in the gateway's log"
  notify resolve award-2020 --as not-sent --key 3f9k2… --reason "asked her on the phone"`,
		Args: oneArg("the name of a campaign", "notify resolve award-2020"),
		RunE: func(c *cobra.Command, args []string) error {
			o.campaign = args[0]
			return run(c.Context(), o)
		},
	}
	c.Flags().StringVar(&o.as, "as", "", "what a person found out: `accepted|not-sent`")
	c.Flags().StringVar(&o.reason, "reason", "", "`WHY`, with --as")
	c.Flags().StringArrayVar(&o.keys, "key", nil, "only the message with this `KEY` (see `notify report`); may be given again")
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
	l, err := e.Ledger(ctx)
	if err != nil {
		return err
	}
	channels, err := stagedChannels(ctx, l, o.campaign)
	if err != nil {
		return err
	}
	r := send.Resolver{Ledger: l, Campaign: o.campaign, By: e.Act("resolve", o.reason), Now: e.now, Keys: o.keys}
	var got send.Resolved
	if as != "" {
		prompt := fmt.Sprintf("Settle unknown messages of %s as %s. Type the campaign's name to confirm: ", o.campaign, o.as)
		if err := e.agree(ctx, prompt, o.campaign); err != nil {
			return err
		}
		got, err = r.Decide(ctx, as)
	} else {
		r.Vendors, _ = e.Vendors(cfg, channels)
		got, err = r.Ask(ctx)
	}
	if err != nil {
		return err
	}
	if err := view.ShowResolved(e.printer(), e.flags.json, o.campaign, got); err != nil {
		return err
	}
	if len(got.NotUnknown) > 0 {
		return quietly(exitUsage)
	}
	if got.Left > 0 {
		return quietly(exitSome)
	}
	return nil
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
		return "", usage("--as accepted, or --as not-sent", "--as %s is neither accepted nor not-sent", o.as)
	}
	return "", usage(`add --reason "…": who decides says how he knows; it stands in the audit`, "--as wants a reason")
}
