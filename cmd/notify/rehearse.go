package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"notify/pkg/config"
	"notify/pkg/ledger/sqlite"
	"notify/pkg/plan"
	"notify/pkg/rehearse"
	"notify/pkg/sandbox"
	"notify/pkg/send"
	"notify/pkg/vendors/all"
	"notify/pkg/view"
)

type rehearseOptions struct {
	list            string
	speed           float64
	faults          []string
	seed            uint64
	latency, jitter time.Duration
}

func newRehearse(e *env, run func(context.Context, rehearseOptions) error) *cobra.Command {
	var o rehearseOptions
	if run == nil {
		run = func(ctx context.Context, o rehearseOptions) error { return runRehearse(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "rehearse LIST",
		Short: "Send the whole campaign to a sandbox, and record the capacity that it proves",
		Long: `Send the real campaign, with the real configuration and the real program, at full size to a sandbox inside this process:
nobody is reached, whatever environment this is. Every account's address is turned to the sandbox, and an account that cannot be
is refused. Messages go through a ledger of their own; size, rate, duration, memory, faults and date are recorded in the
installation's, where the check "rehearsal" of the preflight finds them.

Rates are kept, as is everything else that is configured, except what would only make it wait: window, deadline, quotas and
budgets. --speed multiplies the rates.

Faults are those of "notify sandbox": what was told is then counted against what the sandbox has.`,
		Example: `  notify rehearse award.xlsx
  notify rehearse award.xlsx --speed 10
  notify rehearse award.xlsx --fault throttle=0.02 --fault cut-after=0.001 --latency 50ms`,
		Args: oneArg("a list", "notify rehearse award.xlsx"),
		RunE: func(c *cobra.Command, args []string) error {
			o.list = args[0]
			if o.speed < 0.01 || o.speed > 10_000 {
				return usage("notify rehearse "+o.list+" --speed 10", "--speed %g is not between 0.01 and 10000", o.speed)
			}
			return run(c.Context(), o)
		},
	}
	f := c.Flags()
	f.Float64Var(&o.speed, "speed", 1, "multiply the configured rates by `N`; 1 is real time")
	f.StringArrayVar(&o.faults, "fault", nil, "`KIND=SHARE`, such as throttle=0.02; may be given again")
	f.Uint64Var(&o.seed, "seed", 1, "seed of the faults")
	f.DurationVar(&o.latency, "latency", 0, "how long the sandbox takes to answer")
	f.DurationVar(&o.jitter, "jitter", 0, "and up to this much longer")
	return c
}

func runRehearse(ctx context.Context, e *env, o rehearseOptions) error {
	cfg, c, err := e.inputs(o.list)
	if err != nil {
		return err
	}
	box, err := rehearsalSandbox(o)
	if err != nil {
		return err
	}
	// The ledger that keeps what is proven is opened first: a rehearsal that cannot be recorded would be for nothing.
	l, err := e.Ledger(ctx)
	if err != nil {
		return err
	}
	p, err := e.Plan(ctx, o.list, cfg, c, plan.Part{}, nil)
	if err != nil {
		return err
	}
	defer p.Close()
	res, err := e.rehearse(ctx, cfg, p, box, o)
	if err != nil {
		return err
	}
	if res.Failed() {
		if err := view.NewPreflight(e.printer(), e.flags.json).Result(res.Preflight); err != nil {
			return err
		}
		return quietly(exitFailed)
	}
	by := e.Act("rehearse", fmt.Sprintf("%d recipients", res.Recipients))
	if err := rehearse.Record(context.WithoutCancel(ctx), l, res.Rehearsal, by); err != nil {
		return err
	}
	if err := view.ShowRehearsal(e.printer(), e.flags.json, view.NewRehearsal(res, cfg.Capacity.Recipients)); err != nil {
		return err
	}
	return quietly(rehearsalCode(res))
}

// rehearse runs it on a scratch ledger, which is gone afterwards.
func (e *env) rehearse(ctx context.Context, cfg *config.Config, p *plan.Plan, box sandbox.Config, o rehearseOptions) (res rehearse.Result, err error) {
	dir, err := os.MkdirTemp("", "notify-rehearsal-")
	if err != nil {
		return res, fmt.Errorf("make a place for the scratch ledger: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	scratch, err := sqlite.Open(ctx, filepath.Join(dir, "scratch.db"), sqlite.Options{Now: e.now})
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, scratch.Close()) }()
	_, host := e.who()
	r := &rehearse.Rehearsal{
		Config: cfg, Plan: p, List: o.list, Scratch: scratch, Registry: all.Registry(), Sandbox: box, Speed: o.speed, Now: e.now,
		Log: e.log, Act: e.Act("rehearse", ""), Host: host, PID: os.Getpid(),
		Watch: func(snapshot func() send.Snapshot) func() { return view.Progress(e.console, snapshot) },
	}
	return r.Run(ctx)
}

func rehearsalSandbox(o rehearseOptions) (sandbox.Config, error) {
	c := sandbox.Config{
		Seed: o.seed,
		SMS:  sandbox.Account{Latency: o.latency, Jitter: o.jitter},
		Mail: sandbox.Account{Latency: o.latency, Jitter: o.jitter},
	}
	for _, f := range o.faults {
		if err := addFault(&c, f); err != nil {
			return c, usage("for example --fault throttle=0.02, or --fault email:cut-after=0.01", "--fault %s: %v", f, err)
		}
	}
	return c, nil
}

func rehearsalCode(r rehearse.Result) int {
	switch {
	case r.Complete:
		return exitOK
	case r.Run.Pause != nil:
		return exitPaused
	}
	return exitSome
}
