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
	"notify/pkg/exit"
	"notify/pkg/ledger/sqlite"
	"notify/pkg/outfile"
	"notify/pkg/plan"
	"notify/pkg/rehearse"
	"notify/pkg/sandbox"
	"notify/pkg/send"
	"notify/pkg/vendors/all"
	"notify/pkg/view"
	"notify/pkg/words"
)

type rehearseOptions struct {
	list            string
	speed           float64
	faults          []string
	seed            uint64
	latency, jitter time.Duration
	logged          logged
}

func newRehearse(e *env, run func(context.Context, rehearseOptions) error) *cobra.Command {
	var o rehearseOptions
	if run == nil {
		run = func(ctx context.Context, o rehearseOptions) error { return runRehearse(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "rehearse LIST",
		Short: e.say("cmd.rehearse.short", nil),
		Long:  e.say("cmd.rehearse.long", nil),
		Example: examples(
			"notify rehearse award.xlsx", "",
			"notify rehearse award.xlsx --speed 10", "",
			"notify rehearse award.xlsx --fault throttle=0.02 --fault cut-after=0.001 --latency 50ms", "",
		),
		Args: oneArg(aList(), "notify rehearse award.xlsx"),
		RunE: func(c *cobra.Command, args []string) error {
			o.list = args[0]
			if o.speed < 0.01 || o.speed > 10_000 {
				return usage(words.Err("cmd.error.speed", words.A{"speed": fmt.Sprint(o.speed)}).Do("cmd.do.for-example", words.A{"command": "notify rehearse " + words.Typed(o.list) + " --speed 10"}))
			}
			return run(c.Context(), o)
		},
	}
	f := c.Flags()
	o.logged.flags(e, f)
	f.Float64Var(&o.speed, "speed", 1, e.say("cmd.rehearse.flag-speed", nil))
	f.StringArrayVar(&o.faults, "fault", nil, e.say("cmd.rehearse.flag-fault", nil))
	f.Uint64Var(&o.seed, "seed", 1, e.say("cmd.rehearse.flag-seed", nil))
	f.DurationVar(&o.latency, "latency", 0, e.say("cmd.rehearse.flag-latency", nil))
	f.DurationVar(&o.jitter, "jitter", 0, e.say("cmd.rehearse.flag-jitter", nil))
	return c
}

func runRehearse(ctx context.Context, e *env, o rehearseOptions) error {
	cfg, c, err := e.inputs(ctx, o.list)
	if err != nil {
		return err
	}
	if err := e.writeLog(ctx, o.logged, inputsOf(cfg, c, o.list)); err != nil {
		return err
	}
	box, err := rehearsalSandbox(o)
	if err != nil {
		return err
	}
	// The ledger that keeps what is proven is opened first: a rehearsal that cannot be recorded would be for nothing.
	l, err := e.writable(ctx)
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
		return quietly(exit.Failed)
	}
	by := e.said("rehearse", words.T("act.why-rehearsed", words.A{"recipients": words.N(res.Recipients, "recipient")}))
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
	dir, drop, err := outfile.Folder("notify-rehearsal")
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, drop()) }()
	scratch, err := sqlite.Open(ctx, filepath.Join(dir, "scratch.db"), sqlite.Options{Now: e.now})
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, scratch.Close()) }()
	_, host := e.who()
	r := &rehearse.Rehearsal{
		Config: cfg, Plan: p, List: o.list, Scratch: scratch, Registry: all.Registry(), Sandbox: box, Speed: o.speed, Now: e.now,
		Log: e.log, Act: e.Act("rehearse", ""), Host: host, PID: os.Getpid(),
		Watch: func(snapshot func() send.Snapshot) func() {
			return view.Progress(e.console, e.printer().Words(), snapshot)
		},
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
			return c, usage(words.Wrap(err, "cmd.error.fault", words.A{"fault": words.Typed(f)}).Do("cmd.do.fault", nil))
		}
	}
	return c, nil
}

func rehearsalCode(r rehearse.Result) int {
	switch {
	case r.Complete:
		return exit.OK
	case r.Run.Pause != nil:
		return exit.Paused
	}
	return exit.Some
}
