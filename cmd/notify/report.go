package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"notify/pkg/message"
	"notify/pkg/report"
	"notify/pkg/view"
)

type reportOptions struct {
	campaign string
	file     string
	states   []string
}

func newReport(e *env, run func(context.Context, reportOptions) error) *cobra.Command {
	var o reportOptions
	if run == nil {
		run = func(ctx context.Context, o reportOptions) error { return runReport(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "report CAMPAIGN",
		Short: "Say what happened, in figures and person by person",
		Long: `Say what happened: on the terminal in figures, with -o person by person in a file (.csv, .json or .xlsx). The file has the
list's own columns first, so that with --state it is a list that can be used again.`,
		Example: `  notify report award-2020
  notify report award-2020 -o told.csv
  notify report award-2020 -o missed.csv --state rejected,unknown`,
		Args: oneArg("the name of a campaign", "notify report award-2020"),
		RunE: func(c *cobra.Command, args []string) error {
			o.campaign = args[0]
			return run(c.Context(), o)
		},
	}
	c.Flags().StringVarP(&o.file, "output", "o", "", "write every message to this `FILE`")
	c.Flags().StringSliceVar(&o.states, "state", nil, "only messages in these states, in the file: accepted, pending, attempting, unknown, rejected, cancelled")
	return c
}

func runReport(ctx context.Context, e *env, o reportOptions) error {
	states, err := parseStates(o.states)
	if err != nil {
		return err
	}
	if len(states) > 0 && o.file == "" {
		return usage("notify report "+o.campaign+" -o people.csv --state rejected", "--state chooses what goes into a file; name it with -o")
	}
	if _, err := e.Config(); err != nil {
		return err
	}
	l, err := e.Ledger(ctx)
	if err != nil {
		return err
	}
	if o.file == "" {
		r, err := report.Make(ctx, l, o.campaign)
		if err != nil {
			return err
		}
		if r.Checklist, err = e.stagedChecklist(ctx, l, o.campaign); err != nil {
			return err
		}
		return view.ShowReport(e.printer(), e.flags.json, r)
	}
	n, err := report.WriteFile(ctx, l, o.campaign, o.file, report.Options{States: states, Zone: e.cfg.Timezone, Inputs: inputsOf(e.cfg, nil)})
	if errors.Is(err, report.ErrEnding) {
		return usage("", "%v", err)
	}
	if err != nil {
		return err
	}
	return e.did("report-file", fmt.Sprintf("%s: %d messages", o.file, n), map[string]any{"file": o.file, "messages": n})
}

func parseStates(names []string) ([]message.State, error) {
	var states []message.State
	for _, n := range names {
		s := message.State(strings.TrimSpace(n))
		if !slices.Contains(message.States(), s) {
			return nil, usage("the states are: accepted, pending, attempting, unknown, rejected, cancelled", "unknown state %q", n)
		}
		states = append(states, s)
	}
	return states, nil
}
