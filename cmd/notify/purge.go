package main

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"notify/pkg/config"
	"notify/pkg/diag/yamldoc"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/words"
)

type purgeOptions struct {
	olderThan, class string
	dryRun           bool
}

func newLedgerPurge(e *env, run func(context.Context, purgeOptions) error) *cobra.Command {
	var o purgeOptions
	if run == nil {
		run = func(ctx context.Context, o purgeOptions) error { return runLedgerPurge(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "purge",
		Short: e.say("cmd.ledger-purge.short", nil),
		Long:  e.say("cmd.ledger-purge.long", nil),
		Example: examples(
			"notify ledger purge --older-than 365d --dry-run", "",
			"notify ledger purge --older-than 90d --class marketing --yes", "",
			"notify ledger purge --yes", e.say("cmd.ledger-purge.example-keep", nil),
		),
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return run(c.Context(), o) },
	}
	c.Flags().StringVar(&o.olderThan, "older-than", "", e.say("cmd.ledger-purge.flag-older-than", nil))
	c.Flags().StringVar(&o.class, "class", "", e.say("cmd.ledger-purge.flag-class", nil))
	c.Flags().BoolVar(&o.dryRun, "dry-run", false, e.say("cmd.ledger-purge.flag-dry-run", nil))
	return c
}

// keeps is for how long campaigns of each class are kept: as the operator says, else as the configuration does.
func (o *purgeOptions) keeps(cfg *config.Config) (map[string]time.Duration, error) {
	if o.class != "" && o.class != config.Notice && o.class != config.Marketing {
		return nil, usage(words.Err("cmd.error.purge-class", words.A{"class": words.Typed(o.class)}).Do("cmd.do.purge-class", nil))
	}
	keep := make(map[string]time.Duration)
	for _, class := range []string{config.Notice, config.Marketing} {
		if o.class != "" && o.class != class {
			continue
		}
		if d := cfg.Keep[class]; d > 0 {
			keep[class] = d
		}
		if o.olderThan == "" {
			continue
		}
		d, err := yamldoc.ParseDuration(o.olderThan)
		if err != nil || d <= 0 {
			return nil, usage(words.Err("cmd.error.purge-age", words.A{"age": words.Typed(o.olderThan)}).Do("cmd.do.purge-age", nil))
		}
		keep[class] = d
	}
	if len(keep) == 0 {
		return nil, usage(words.Err("cmd.error.purge-none", nil).Do("cmd.do.purge-none", nil))
	}
	return keep, nil
}

func runLedgerPurge(ctx context.Context, e *env, o purgeOptions) error {
	cfg, err := e.Config()
	if err != nil {
		return err
	}
	keep, err := o.keeps(cfg)
	if err != nil {
		return err
	}
	l, err := e.writable(ctx)
	if err != nil {
		return err
	}
	old, open, err := e.tooOld(ctx, l, keep)
	if err != nil {
		return err
	}
	figures := map[string]any{"campaigns": old, "unfinished": open, "dry_run": o.dryRun}
	if len(old) == 0 {
		return e.did("ledger-purge", nothingOld(keep, len(open)), figures)
	}
	if o.dryRun {
		return e.did("ledger-purge", words.T("cmd.did.purge-would", words.A{
			"n": len(old), "campaigns": words.Names(old, 10), "unfinished": len(open),
		}), figures)
	}
	if err := e.agree(ctx, e.say("cmd.ask.purge", words.A{"n": len(old), "campaigns": words.Names(old, 10)})+" ", "purge"); err != nil {
		return err
	}
	gone, freed, err := e.purge(ctx, l, old, keep)
	if err != nil {
		return err
	}
	figures["forgotten"], figures["freed"] = gone, freed
	return e.did("ledger-purge", words.T("cmd.did.purge", words.A{
		"n": len(old), "messages": words.N(gone.Messages, "message"), "receipts": gone.Receipts, "freed": words.Size(max(0, freed)), "unfinished": len(open),
	}), figures)
}

// nothingOld says so, and of which class, where that of the other one was not asked for.
func nothingOld(keep map[string]time.Duration, open int) words.Text {
	if len(keep) > 1 {
		return words.T("cmd.did.purge-nothing", words.A{"unfinished": open})
	}
	return words.T("cmd.did.purge-nothing-of", words.A{
		"class": words.Of("class", slices.Collect(maps.Keys(keep))[0]), "unfinished": open,
	})
}

// tooOld are the campaigns of which nothing happened for as long as their class is kept; open are those that are old and not finished: what is
// pending, under way or unknown still needs its address.
func (e *env) tooOld(ctx context.Context, l ledger.Ledger, keep map[string]time.Duration) (old, open []string, err error) {
	old, open = []string{}, []string{}
	all, err := l.Campaigns(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, c := range all {
		spec, err := plan.DecodeSpec(c.Spec)
		if err != nil {
			return nil, nil, err
		}
		kept, ok := keep[spec.Class]
		if !ok {
			continue
		}
		last := c.Staged
		runs, err := l.Runs(ctx, c.Name)
		if err != nil {
			return nil, nil, err
		}
		for _, r := range runs {
			last = ledger.Latest(last, r.Beat)
		}
		if last.After(e.now().Add(-kept)) {
			continue
		}
		counts, err := l.Counts(ctx, c.Name)
		if err != nil {
			return nil, nil, err
		}
		if counts.Of(message.Pending, message.Attempting, message.Unknown) > 0 {
			open = append(open, c.Name)
			continue
		}
		old = append(old, c.Name)
	}
	slices.Sort(old)
	return old, open, nil
}

// purge forgets the people of campaigns, and what receipts say that are older than anything that is kept.
func (e *env) purge(ctx context.Context, l ledger.Ledger, old []string, keep map[string]time.Duration) (gone ledger.Forgotten, freed int64, err error) {
	forgetter, ok := l.(ledger.Forgetter)
	if !ok {
		return gone, 0, words.Err("cmd.error.no-purge", nil)
	}
	for _, name := range old {
		part, err := forgetter.Forget(ctx, name, nil, e.said(ledger.ActPurged, words.T("act.why-purged", nil)))
		gone.Add(part)
		if err != nil {
			return gone, 0, err
		}
	}
	var longest time.Duration
	for _, d := range keep {
		longest = max(longest, d)
	}
	if p, ok := l.(ledger.Purger); ok {
		if gone.Receipts, err = p.DropReceipts(ctx, e.now().Add(-longest)); err != nil {
			return gone, 0, err
		}
	}
	if c, ok := l.(ledger.Compacter); ok {
		freed, err = c.Compact(ctx)
	}
	return gone, freed, err
}
