package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"notify/pkg/bill"
	"notify/pkg/config"
	"notify/pkg/exit"
	"notify/pkg/report"
	"notify/pkg/view"
	"notify/pkg/words"
)

type billOptions struct {
	file, account, month, mapping, output string
}

func newReconcile(e *env, run func(context.Context, billOptions) error) *cobra.Command {
	var o billOptions
	if run == nil {
		run = func(ctx context.Context, o billOptions) error { return runReconcile(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "reconcile FILE --account A --month YYYY-MM",
		Short: e.say("cmd.reconcile.short", nil),
		Long:  e.say("cmd.reconcile.long", nil),
		Example: examples(
			"notify reconcile bill.xlsx --account sms --month 2026-11", "",
			"notify reconcile records.zip --account sms --month 2026-11 -o differences.xlsx", "",
			"notify reconcile bill.csv --account sms --month 2026-11 --mapping generic", "",
		),
		Args: oneArg(words.T("cmd.arg.file", nil), "notify reconcile bill.xlsx --account sms --month 2026-11"),
		RunE: func(c *cobra.Command, args []string) error {
			o.file = args[0]
			return run(c.Context(), o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.account, "account", "", e.say("cmd.reconcile.flag-account", nil))
	f.StringVar(&o.month, "month", "", e.say("cmd.reconcile.flag-month", nil))
	f.StringVar(&o.mapping, "mapping", "", e.say("cmd.reconcile.flag-mapping", words.A{"names": words.Names(bill.Shipped(), 0)}))
	f.StringVarP(&o.output, "output", "o", "", e.say("cmd.reconcile.flag-output", nil))
	return c
}

func runReconcile(ctx context.Context, e *env, o billOptions) error {
	if err := report.CheckTables(o.output); err != nil {
		return &ending{code: exit.Usage, err: err}
	}
	cfg, l, err := e.opened(ctx)
	if err != nil {
		return err
	}
	from, err := time.ParseInLocation(bill.MonthForm, o.month, cfg.Timezone)
	if err != nil {
		return usage(words.Err("cmd.error.month", words.A{"month": o.month}).Do("cmd.do.month", nil))
	}
	a, told, err := o.read(cfg)
	if err != nil {
		return err
	}
	ours, err := bill.Debited(ctx, l, o.account, from, from.AddDate(0, 1, 0))
	if err != nil {
		return err
	}
	res := bill.Compare(ours, told, from)
	if res.Currency == "" {
		res.Currency = a.Currency
	}
	v := view.Bill{Account: o.account, Month: o.month, Result: res, Mask: cfg.Channels.Masked}
	if o.output != "" {
		if err := report.WriteTables(ctx, o.output, e.printer().Words(), view.BillTables(v), inputsOf(cfg, nil)...); err != nil {
			return err
		}
	}
	if err := view.ShowBill(e.printer(), e.flags.json, v); err != nil {
		return err
	}
	if len(res.Differences) > 0 {
		return quietly(exit.Some)
	}
	return nil
}

// read reads what the vendor says, and finds the account that it is about.
func (o billOptions) read(cfg *config.Config) (a config.Account, told *bill.Told, err error) {
	if a, err = configured(cfg, o.account); err != nil {
		return a, nil, err
	}
	if o.mapping == "" {
		o.mapping = bill.ForVendor(a.Vendor)
	}
	m, err := bill.LoadMapping(o.mapping, cfg.Dir)
	if err != nil {
		return a, nil, &ending{code: exit.Usage, err: err}
	}
	told, err = (&bill.Reading{Mapping: m, Channels: cfg.Channels, Country: cfg.Country}).Read(o.file)
	if err != nil {
		return a, nil, &ending{code: exit.Usage, err: err}
	}
	if told.Currency != "" && a.Currency != "" && told.Currency != a.Currency {
		return a, nil, usage(words.Err("cmd.error.bill-currency", words.A{"file": o.file, "theirs": told.Currency, "account": o.account, "ours": a.Currency}))
	}
	return a, told, nil
}
