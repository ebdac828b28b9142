package main

import (
	"context"
	"maps"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/receipts"
	"notify/pkg/view"
	"notify/pkg/words"
)

type receiptsGetOptions struct {
	account, mapping, sheet string
	file                    string
	logged                  logged
}

func newReceiptsPull(e *env, run func(context.Context, receiptsGetOptions) error) *cobra.Command {
	var o receiptsGetOptions
	if run == nil {
		run = func(ctx context.Context, o receiptsGetOptions) error { return runReceiptsPull(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "pull",
		Short: e.say("cmd.receipts-pull.short", nil),
		Long:  e.say("cmd.receipts-pull.long", nil),
		Example: examples(
			"notify receipts pull", "",
			"notify receipts pull --account sms-marketing", "",
		),
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return run(c.Context(), o) },
	}
	o.logged.flags(e, c.Flags())
	c.Flags().StringVar(&o.account, "account", "", e.say("cmd.receipts.flag-account", nil))
	return c
}

func runReceiptsPull(ctx context.Context, e *env, o receiptsGetOptions) error {
	cfg, box, err := e.receiptBox(ctx)
	if err != nil {
		return err
	}
	if err := e.writeLog(ctx, o.logged, inputsOf(cfg, nil)); err != nil {
		return err
	}
	settler, err := e.settler(cfg, box)
	if err != nil {
		return err
	}
	names, err := accountsOr(cfg, o.account)
	if err != nil {
		return err
	}
	p := receipts.Puller{Ledger: box, Vendor: settler.Vendor, Now: e.now, Log: e.log, Kind: func(account string) string { return cfg.Accounts[account].Vendor }}
	var pulled receipts.Pulled
	for _, name := range names {
		if err := p.Account(ctx, name, &pulled); err != nil {
			return err
		}
	}
	settled, err := settler.All(ctx)
	if err != nil {
		return err
	}
	return view.ShowPulled(e.printer(), e.flags.json, pulled, settled)
}

// accountsOr are the names of all accounts, or the one that is asked for.
func accountsOr(cfg *config.Config, one string) ([]string, error) {
	all := slices.Sorted(maps.Keys(cfg.Accounts))
	if one == "" {
		return all, nil
	}
	if !slices.Contains(all, one) {
		return nil, noAccount(one, all)
	}
	return []string{one}, nil
}

func newReceiptsImport(e *env, run func(context.Context, receiptsGetOptions) error) *cobra.Command {
	var o receiptsGetOptions
	if run == nil {
		run = func(ctx context.Context, o receiptsGetOptions) error { return runReceiptsImport(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "import FILE --account ACCOUNT",
		Short: e.say("cmd.receipts-import.short", nil),
		Long:  e.say("cmd.receipts-import.long", words.A{"mappings": words.Names(receipts.ShippedMappings(), 0)}),
		Example: examples(
			"notify receipts import sent.xlsx --account sms-marketing", "",
			"notify receipts import log.csv --account sms-backup --mapping generic", "",
			"notify receipts import bounces/ --account edm", e.say("cmd.receipts-import.example-dsn", nil),
		),
		Args: oneArg(words.T("cmd.arg.file", nil), "notify receipts import sent.xlsx --account sms-marketing"),
		RunE: func(c *cobra.Command, args []string) error {
			o.file = args[0]
			return run(c.Context(), o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.account, "account", "", e.say("cmd.receipts-import.flag-account", nil))
	f.StringVar(&o.mapping, "mapping", "", e.say("cmd.receipts-import.flag-mapping", nil))
	f.StringVar(&o.sheet, "sheet", "", e.say("cmd.receipts-import.flag-sheet", nil))
	return c
}

func runReceiptsImport(ctx context.Context, e *env, o receiptsGetOptions) error {
	cfg, box, err := e.receiptBox(ctx)
	if err != nil {
		return err
	}
	if _, known := cfg.Accounts[o.account]; !known {
		return noAccount(o.account, slices.Sorted(maps.Keys(cfg.Accounts)))
	}
	settler, err := e.settler(cfg, box)
	if err != nil {
		return err
	}
	var got receipts.Imported
	if account := settler.Accounts[o.account]; account.Format != nil && account.Format.Name == "dsn" && o.mapping == "" {
		from := receipts.Mails{Path: o.file, In: e.in, Account: account.Name, Now: e.now()}
		got, err = from.Take(ctx, box)
	} else {
		name := o.mapping
		if name == "" {
			name = cfg.Accounts[o.account].Vendor
		}
		if !slices.Contains(receipts.ShippedMappings(), name) && o.mapping == "" {
			name = "generic"
		}
		m, mappingErr := receipts.LoadMapping(name, ".")
		if mappingErr != nil {
			return mappingErr
		}
		im := receipts.Import{File: o.file, Sheet: o.sheet, Account: o.account, Mapping: m, Channels: cfg.Channels, Country: cfg.Country, Now: e.now()}
		got, err = im.Take(ctx, box)
	}
	if err != nil {
		return err
	}
	by := e.said("receipts-import", words.T("act.why-from", words.A{"file": filepath.Base(o.file)}))
	by.Figures = &ledger.Figures{Messages: got.Rows - got.Unread}
	if err := e.ledger.Audit(ctx, "", by); err != nil {
		return err
	}
	settled, err := settler.All(ctx)
	if err != nil {
		return err
	}
	return view.ShowImported(e.printer(), e.flags.json, got, settled)
}
