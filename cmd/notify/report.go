package main

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"notify/pkg/diag"
	"notify/pkg/message"
	"notify/pkg/outfile"
	"notify/pkg/preflight"
	"notify/pkg/report"
	"notify/pkg/view"
	"notify/pkg/words"
)

type reportOptions struct {
	campaign string
	file     string
	states   []string
	against  string
	mask     bool
}

func newReport(e *env, run func(context.Context, reportOptions) error) *cobra.Command {
	var o reportOptions
	if run == nil {
		run = func(ctx context.Context, o reportOptions) error { return runReport(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "report CAMPAIGN",
		Short: e.say("cmd.report.short", nil),
		Long:  e.say("cmd.report.long", nil),
		Example: examples(
			"notify report award-2020", "",
			"notify report award-2020 -o told.csv", "",
			"notify report award-2020 -o missed.csv --state rejected,unknown", "",
			"notify report award-2020 -o award.html --mask", "",
		),
		Args: oneArg(aCampaign(), "notify report award-2020"),
		RunE: func(c *cobra.Command, args []string) error {
			o.campaign = args[0]
			return run(c.Context(), o)
		},
	}
	c.Flags().StringVarP(&o.file, "output", "o", "", e.say("cmd.report.flag-output", nil))
	c.Flags().StringVar(&o.against, "against", "", e.say("cmd.report.flag-against", nil))
	c.Flags().BoolVar(&o.mask, "mask", false, e.say("cmd.report.flag-mask", nil))
	c.Flags().StringSliceVar(&o.states, "state", nil, e.say("cmd.report.flag-state", nil))
	return c
}

// wanted are the states whose messages are to be written.
func (o reportOptions) wanted() ([]message.State, error) {
	states, err := parseStates(o.states)
	if err == nil && len(states) > 0 && o.file == "" {
		return nil, usage(words.Err("cmd.error.state-without-file", nil).
			Do("cmd.do.for-example", words.A{"command": "notify report " + words.Typed(o.campaign) + " -o people.csv --state rejected"}))
	}
	return states, err
}

func runReport(ctx context.Context, e *env, o reportOptions) error {
	states, err := o.wanted()
	if err != nil {
		return err
	}
	if _, err := e.Config(); err != nil {
		return err
	}
	l, err := e.Ledger(ctx)
	if err != nil {
		return err
	}
	for _, name := range []string{o.campaign, cmp.Or(o.against, o.campaign)} {
		if _, err := e.campaign(ctx, l, name); err != nil {
			return err
		}
	}
	terms := report.TermsOf(e.cfg)
	terms.Mask = o.mask
	complete := func(r *report.Report) (err error) {
		r.Checklist, err = preflight.StagedChecklist(ctx, l, o.campaign, e.cfg.Signers(), e.now().In(e.cfg.Timezone))
		return err
	}
	whole := func() (*report.Report, error) {
		r, err := report.Make(ctx, l, o.campaign, terms)
		if err == nil {
			err = complete(r)
		}
		if err == nil && o.against != "" {
			r.Against, err = report.Make(ctx, l, o.against, terms)
		}
		return r, err
	}
	page := strings.EqualFold(filepath.Ext(o.file), ".html")
	if o.file == "" || page {
		r, err := whole()
		switch {
		case err != nil:
			return err
		case page:
			return e.reportPage(ctx, o.file, r)
		}
		return view.ShowReport(e.printer(), e.flags.json, r)
	}
	n, err := report.WriteFile(ctx, l, o.campaign, o.file, report.Options{
		Terms: terms, States: states, Zone: e.cfg.Timezone, Lang: e.lang, Inputs: inputsOf(e.cfg, nil), Complete: complete, Against: o.against,
	})
	if errors.Is(err, report.ErrEnding) {
		return usage(words.Err("cmd.error.report-ending", words.A{"file": o.file}).Do("cmd.do.report-ending", nil))
	}
	if err != nil {
		return err
	}
	return e.did("report-file", words.T("cmd.did.report", words.A{"file": o.file, "messages": words.N(n, "message")}), map[string]any{"file": o.file, "messages": n})
}

// reportPage writes a report as a page.
func (e *env) reportPage(ctx context.Context, path string, r *report.Report) error {
	err := outfile.Write(ctx, path, func(f *os.File) error { return view.ReportPage(f, r, e.printer().Words()) }, inputsOf(e.cfg, nil)...)
	if err != nil {
		return err
	}
	return e.did("report-file", words.T("cmd.did.report", words.A{"file": path, "messages": words.N(r.Messages, "message")}), map[string]any{"file": path, "messages": r.Messages})
}

func parseStates(names []string) ([]message.State, error) {
	var known []string
	for _, s := range message.States() {
		known = append(known, string(s))
	}
	var states []message.State
	for _, n := range names {
		s := message.State(strings.TrimSpace(n))
		if !slices.Contains(message.States(), s) {
			return nil, usage(near(words.Err("cmd.error.no-state", words.A{"state": n}), diag.Nearest(n, known), words.T("cmd.do.there-are", words.A{"names": words.Names(known, 0)})))
		}
		states = append(states, s)
	}
	return states, nil
}
