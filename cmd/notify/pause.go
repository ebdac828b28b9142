package main

import (
	"context"

	"github.com/spf13/cobra"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/view"
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
			"notify pause", e.say("cmd.pause.example-one", nil),
			`notify pause award-2020 --reason `+quoted(e.say("cmd.example.complaints", nil)), "",
			"notify pause --all", "",
		),
		Args: upToOne(aCampaign()),
		RunE: func(c *cobra.Command, args []string) error {
			o.campaign = first(args)
			if o.all && o.campaign != "" {
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
	l, err := e.writable(ctx)
	if err != nil {
		return err
	}
	names, err := e.toPause(ctx, l, o)
	if err != nil {
		return err
	}
	if err := e.pause(ctx, l, names, o.reason); err != nil {
		return err
	}
	if o.reason == "" && len(names) > 0 && !e.flags.yes {
		if err := e.pausedBecause(ctx, l, names); err != nil {
			return err
		}
	}
	said := words.T("cmd.did.pause-none", nil)
	if len(names) > 0 {
		lift := "notify resume CAMPAIGN --lift-pause"
		if len(names) == 1 {
			lift = "notify resume " + words.Typed(names[0]) + " --lift-pause"
		}
		said = words.T("cmd.did.pause", words.A{"campaigns": words.Names(names, 0), "lift": lift})
	}
	return e.did("pause", said, map[string]any{"paused": append([]string{}, names...)})
}

func (e *env) pause(ctx context.Context, l ledger.Ledger, names []string, reason string) error {
	for _, n := range names {
		by, err := e.about(ctx, l, n, e.Act(ledger.ActPause, reason))
		if err != nil {
			return err
		}
		if err := l.Pause(ctx, n, by); err != nil {
			return err
		}
	}
	return nil
}

// pausedBecause asks for the reason, where there is a terminal: afterwards, so that nothing leaves while somebody thinks. Whoever gives none, or
// leaves, has paused all the same.
func (e *env) pausedBecause(ctx context.Context, l ledger.Ledger, names []string) error {
	question := e.say("cmd.ask.pause", words.A{"campaigns": words.Names(names, 0)}) + " "
	if reason, err := e.console.Ask(ctx, view.Prompt(question, e.console.ErrWidth())); err == nil && reason != "" {
		return e.pause(ctx, l, names, reason)
	}
	return nil
}

// toPause are the campaigns that are meant: all that are unfinished, or one.
func (e *env) toPause(ctx context.Context, l ledger.Ledger, o pauseOptions) ([]string, error) {
	if o.campaign != "" {
		return []string{o.campaign}, e.unfinishedCampaign(ctx, l, o.campaign)
	}
	names, err := open(ctx, l)
	if err != nil || o.all || len(names) < 2 {
		return names, err
	}
	return nil, severalUnfinished("notify pause", names)
}

// unfinishedCampaign refuses a campaign of which nothing is left that could be stopped.
func (e *env) unfinishedCampaign(ctx context.Context, l ledger.Ledger, name string) error {
	c, err := e.campaign(ctx, l, name)
	if err != nil {
		return err
	}
	if c.Aborted != nil {
		return ledger.ErrAborted
	}
	counts, err := l.Counts(ctx, name)
	if err != nil {
		return err
	}
	if counts.Done() {
		return usage(words.Err("cmd.error.finished", words.A{"campaign": name, "messages": words.N(counts.Total(), "message")}).
			Do("cmd.do.report", words.A{"campaign": words.Typed(name)}))
	}
	return nil
}

// severalUnfinished asks which one is meant.
func severalUnfinished(command string, names []string) error {
	return usage(words.Err("cmd.error.several-unfinished", words.A{"n": len(names), "campaigns": words.Names(names, 0)}).
		Do("cmd.do.for-example", words.A{"command": command + " " + words.Typed(names[0])}))
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
