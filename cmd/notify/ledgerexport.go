package main

import (
	"context"
	"errors"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"notify/pkg/config"
	"notify/pkg/export"
	"notify/pkg/ledger"
	"notify/pkg/outfile"
	"notify/pkg/words"
)

type exportOptions struct {
	file, campaign string
	mask           bool
}

func newLedgerExport(e *env, run func(context.Context, exportOptions) error) *cobra.Command {
	var o exportOptions
	if run == nil {
		run = func(ctx context.Context, o exportOptions) error { return runLedgerExport(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "export FILE [CAMPAIGN]",
		Short: e.say("cmd.ledger-export.short", nil),
		Long:  e.say("cmd.ledger-export.long", nil),
		Example: examples(
			"notify ledger export notify.jsonl", "",
			"notify ledger export award.csv award-2020 --mask", e.say("cmd.ledger-export.example-mask", nil),
			"notify ledger export notify.sqlite", e.say("cmd.ledger-export.example-sqlite", nil),
		),
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 1 || len(args) == 2 {
				return nil
			}
			return oneArg(words.T("cmd.arg.export", nil), "notify ledger export notify.jsonl")(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error {
			o.file, o.campaign = args[0], first(args[1:])
			return run(c.Context(), o)
		},
	}
	c.Flags().BoolVar(&o.mask, "mask", false, e.say("cmd.ledger-export.flag-mask", nil))
	return c
}

// exporting is a ledger that tells all that it keeps.
type exporting interface {
	ledger.Ledger
	export.Source
}

func runLedgerExport(ctx context.Context, e *env, o exportOptions) error {
	if err := export.Check(o.file); err != nil {
		return usage(words.Err("cmd.error.export-ending", words.A{"file": o.file}).Do("cmd.do.export-ending", nil))
	}
	cfg, opened, err := e.opened(ctx)
	if err != nil {
		return err
	}
	l, ok := opened.(exporting)
	if !ok {
		return words.Err("cmd.error.no-trace", nil)
	}
	names, err := e.exported(ctx, l, o.campaign)
	if err != nil {
		return err
	}
	inputs := inputsOf(cfg, nil)
	var written export.Written
	if err := outfile.Write(ctx, o.file, func(f *os.File) error {
		written, err = export.Write(ctx, l, names, o.file, f, export.Options{
			Mask: o.mask, Channels: cfg.Channels, Currencies: currencies(cfg), Say: e.printer().Words(),
		})
		return err
	}, inputs...); err != nil {
		return err
	}
	why := words.T("act.why-exported", words.A{"file": o.file})
	if o.mask {
		why = words.T("act.why-exported-masked", words.A{"file": o.file})
	}
	by := e.said(ledger.ActExported, why)
	by.Figures = &ledger.Figures{Messages: written.Messages}
	if err := l.Audit(ctx, o.campaign, by); err != nil {
		return errors.Join(err, os.Remove(o.file)) // what nobody knows of has not left
	}
	return e.did("ledger-export", words.T("cmd.did.exported", words.A{
		"file": o.file, "messages": words.N(written.Messages, "message"), "attempts": written.Attempts, "receipts": written.Receipts,
	}), map[string]any{"file": o.file, "campaigns": names, "masked": o.mask, "messages": written.Messages, "attempts": written.Attempts, "receipts": written.Receipts})
}

// exported are the campaigns: the one, or all of them, the oldest first.
func (e *env) exported(ctx context.Context, l ledger.Ledger, name string) ([]string, error) {
	if name != "" {
		_, err := e.campaign(ctx, l, name)
		return []string{name}, err
	}
	all, err := l.Campaigns(ctx)
	names := make([]string, 0, len(all))
	for i := range all {
		names = append(names, all[i].Name)
	}
	slices.Reverse(names)
	return names, err
}

// currencies are those of the accounts.
func currencies(cfg *config.Config) map[string]string {
	all := make(map[string]string, len(cfg.Accounts))
	for name, a := range cfg.Accounts {
		all[name] = a.Currency
	}
	return all
}
