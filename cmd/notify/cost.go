package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"notify/pkg/bill"
	"notify/pkg/config"
	"notify/pkg/diag"
	"notify/pkg/exit"
	"notify/pkg/report"
	"notify/pkg/view"
	"notify/pkg/words"
)

type costOptions struct {
	by, since, file string
}

func newCost(e *env, run func(context.Context, costOptions) error) *cobra.Command {
	var o costOptions
	if run == nil {
		run = func(ctx context.Context, o costOptions) error { return runCost(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "cost --by month|campaign|team|account|class|country",
		Short: e.say("cmd.cost.short", nil),
		Long:  e.say("cmd.cost.long", nil),
		Example: examples(
			"notify cost --by month", "",
			"notify cost --by team --since 2026-11-01", "",
			"notify cost --by campaign --since 30d -o cost.xlsx", "",
		),
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if !slices.Contains(bill.Bys(), o.by) {
				return usage(near(words.Err("cmd.error.cost-by", words.A{"by": o.by}), diag.Nearest(o.by, bill.Bys()), words.T("cmd.do.there-are", words.A{"names": words.Names(bill.Bys(), 0)})))
			}
			return run(c.Context(), o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.by, "by", string(bill.ByMonth), e.say("cmd.cost.flag-by", nil))
	f.StringVar(&o.since, "since", "", e.say("cmd.cost.flag-since", nil))
	f.StringVarP(&o.file, "output", "o", "", e.say("cmd.cost.flag-output", nil))
	return c
}

// billed is what the configuration says of what accounts ask.
func billed(cfg *config.Config) map[string]bill.Account {
	all := make(map[string]bill.Account, len(cfg.Accounts))
	for name, a := range cfg.Accounts {
		all[name] = bill.Account{Currency: a.Currency, Free: a.Price != nil && *a.Price == 0}
	}
	return all
}

func runCost(ctx context.Context, e *env, o costOptions) error {
	if err := report.CheckTables(o.file); err != nil {
		return &ending{code: exit.Usage, err: err}
	}
	cfg, l, err := e.opened(ctx)
	if err != nil {
		return err
	}
	since, err := sinceOf(o.since, e.now(), cfg.Timezone)
	if err != nil {
		return usage(words.Wrap(err, "cmd.error.since", words.A{"value": o.since}).Do("cmd.do.since", nil))
	}
	costs, err := bill.Costs(ctx, l, bill.By(o.by), billed(cfg), since, cfg.Timezone)
	if err != nil {
		return err
	}
	v := view.Cost{By: o.by, Since: since, Costs: costs, Total: bill.Total(costs)}
	if o.file == "" {
		return view.ShowCost(e.printer(), e.flags.json, v)
	}
	if err := report.WriteTables(ctx, o.file, e.printer().Words(), []report.Table{view.CostTable(v)}, inputsOf(cfg, nil)...); err != nil {
		return err
	}
	return e.did("cost-file", words.T("cmd.did.cost", words.A{"file": o.file}), map[string]any{"file": o.file, "rows": len(costs)})
}
