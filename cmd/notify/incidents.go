package main

import (
	"context"

	"github.com/spf13/cobra"

	"notify/pkg/report"
	"notify/pkg/view"
	"notify/pkg/words"
)

type incidentsOptions struct {
	by, since string
}

func newIncidents(e *env, run func(context.Context, incidentsOptions) error) *cobra.Command {
	var o incidentsOptions
	if run == nil {
		run = func(ctx context.Context, o incidentsOptions) error { return runIncidents(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "incidents",
		Short: e.say("cmd.incidents.short", nil),
		Long:  e.say("cmd.incidents.long", nil),
		Example: examples(
			"notify incidents --since 7d", "",
			"notify incidents --by month", "",
		),
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.by != "" && o.by != "month" {
				return usage(words.Err("cmd.error.cost-by", words.A{"by": o.by}).Do("cmd.do.there-are", words.A{"names": words.Names([]string{"month"}, 0)}))
			}
			return run(c.Context(), o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.by, "by", "", e.say("cmd.incidents.flag-by", nil))
	f.StringVar(&o.since, "since", "", e.say("cmd.incidents.flag-since", nil))
	return c
}

func runIncidents(ctx context.Context, e *env, o incidentsOptions) error {
	cfg, l, err := e.opened(ctx)
	if err != nil {
		return err
	}
	since, err := sinceOf(o.since, e.now(), cfg.Timezone)
	if err != nil {
		return usage(words.Wrap(err, "cmd.error.since", words.A{"value": o.since}).Do("cmd.do.since", nil))
	}
	all, err := report.Incidents(ctx, l, since, e.now())
	if err != nil {
		return err
	}
	v := view.Incidents{Since: since, Incidents: append([]report.Incident{}, all...)}
	if o.by == "" {
		return view.ShowIncidents(e.printer(), e.flags.json, v)
	}
	vendors := make(map[string]string, len(cfg.Accounts))
	for name, a := range cfg.Accounts {
		vendors[name] = a.Vendor
	}
	if v.Months, err = report.Months(ctx, l, all, vendors, since, e.now().In(cfg.Timezone)); err != nil {
		return err
	}
	return view.ShowIncidents(e.printer(), e.flags.json, v)
}
