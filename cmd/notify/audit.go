package main

import (
	"context"
	"regexp"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"notify/pkg/ledger"
	"notify/pkg/view"
	"notify/pkg/words"
)

type auditOptions struct {
	campaign string
	since    string
}

func newAudit(e *env, run func(context.Context, auditOptions) error) *cobra.Command {
	var o auditOptions
	if run == nil {
		run = func(ctx context.Context, o auditOptions) error { return runAudit(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "audit [CAMPAIGN]",
		Short: e.say("cmd.audit.short", nil),
		Long:  e.say("cmd.audit.long", nil),
		Example: examples(
			"notify audit award-2020", "",
			"notify audit --since 7d", "",
			"notify audit --since 2026-11-01 --json", "",
		),
		Args: upToOne(aCampaign()),
		RunE: func(c *cobra.Command, args []string) error {
			o.campaign = first(args)
			return run(c.Context(), o)
		},
	}
	c.Flags().StringVar(&o.since, "since", "", e.say("cmd.audit.flag-since", nil))
	return c
}

func runAudit(ctx context.Context, e *env, o auditOptions) error {
	cfg, err := e.Config()
	if err != nil {
		return err
	}
	since, err := sinceOf(o.since, e.now(), cfg.Timezone)
	if err != nil {
		return usage(words.Wrap(err, "cmd.error.since", words.A{"value": o.since}).Do("cmd.do.since", nil))
	}
	l, err := e.Ledger(ctx)
	if err != nil {
		return err
	}
	if o.campaign != "" {
		if _, err := e.campaign(ctx, l, o.campaign); err != nil {
			return err
		}
	}
	log, err := l.AuditLog(ctx, o.campaign)
	if err != nil {
		return err
	}
	entries := []ledger.AuditEntry{}
	for _, a := range log {
		if !a.At.Before(since) {
			entries = append(entries, a)
		}
	}
	return view.ShowAudit(e.printer(), e.flags.json, view.Audit{Campaign: o.campaign, Since: since, Entries: entries})
}

// ago is a length of time back from now: 90m, 24h, 7d.
var ago = regexp.MustCompile(`^([0-9]{1,6})([mhd])$`)

// sinceOf is the moment that an operator names: how long ago, or a day of the installation's zone. The zero time where none is named.
func sinceOf(s string, now time.Time, zone *time.Location) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if m := ago.FindStringSubmatch(s); m != nil {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			return time.Time{}, err
		}
		return now.Add(-time.Duration(n) * map[string]time.Duration{"m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}[m[2]]), nil
	}
	return time.ParseInLocation(time.DateOnly, s, zone)
}
