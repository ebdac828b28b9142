package main

import (
	"context"
	"errors"
	"maps"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"notify/pkg/awake"
	"notify/pkg/config"
	"notify/pkg/console"
	"notify/pkg/dns"
	"notify/pkg/exit"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/preflight"
	"notify/pkg/receivers"
	"notify/pkg/send"
	"notify/pkg/view"
	"notify/pkg/words"
)

type sendOptions struct {
	preflightOptions
	wait      bool
	overrides []string
	reason    string
	lift      lift
	observed  observed
	here      bool
	// removeMissing gives up those who are pending and not on the list.
	removeMissing bool
}

// audited notes in the audit that accounts of another class may stand in.
func (e *env) audited(ctx context.Context, l ledger.Ledger, campaign string, emergency bool, reason string) error {
	if !emergency {
		return nil
	}
	e.tell("cmd.line.emergency", words.A{"campaign": campaign, "reason": reason})
	by, err := e.about(ctx, l, campaign, e.Act("emergency", reason))
	if err != nil {
		return err
	}
	return l.Audit(ctx, campaign, by)
}

func newSend(e *env, run func(context.Context, sendOptions) error) *cobra.Command {
	var o sendOptions
	if run == nil {
		run = func(ctx context.Context, o sendOptions) error { return runSend(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "send LIST",
		Short: e.say("cmd.send.short", nil),
		Long:  e.say("cmd.send.long", nil),
		Example: examples(
			"notify send award.xlsx", "",
			"notify send award.xlsx --yes --wait", e.say("cmd.send.example-1", nil),
			"notify send award.xlsx --rows 2-9001", e.say("cmd.send.example-2", nil),
			"notify send award.xlsx --as zhang", e.say("cmd.send.example-3", nil),
			`notify send award.xlsx --override balance --reason `+quoted(e.say("cmd.example.topped-up", nil)), "",
		),
		Args: oneArg(aList(), "notify send award.xlsx"),
		RunE: func(c *cobra.Command, args []string) error {
			o.list = args[0]
			if err := o.valid(); err != nil {
				return err
			}
			return run(c.Context(), o)
		},
	}
	f := c.Flags()
	f.BoolVar(&o.wait, "wait", false, e.say("cmd.send.flag-wait", nil))
	f.BoolVar(&o.here, "here", false, e.say("cmd.send.flag-here", nil))
	f.StringSliceVar(&o.overrides, "override", nil, e.say("cmd.send.flag-override", words.A{"checks": words.Names(preflight.Overridable(), 0)}))
	f.StringVar(&o.reason, "reason", "", e.say("cmd.send.flag-reason", nil))
	f.BoolVar(&o.emergency, "emergency", false, e.say("cmd.send.flag-emergency", nil))
	f.BoolVar(&o.removeMissing, "remove-missing", false, e.say("cmd.send.flag-remove-missing", nil))
	f.BoolVar(&o.lift.flag, "lift-pause", false, e.say("cmd.resume.flag-lift-pause", nil))
	o.partFlags(e, f)
	f.StringVar(&o.problems, "problems", "", e.say("cmd.send.flag-problems", nil))
	o.observed.flags(e, f)
	f.BoolVar(&o.spread, "spread", false, e.say("cmd.send.flag-spread", nil))
	return c
}

func runSend(ctx context.Context, e *env, o sendOptions) error {
	cfg, c, err := e.inputs(ctx, o.list)
	if err != nil {
		return err
	}
	l, unobserved, err := e.observedLedger(ctx, o.observed, inputsOf(cfg, c, o.list))
	if err != nil {
		return err
	}
	defer unobserved()
	if err := e.maySend(ctx, l, c.Name, &o); err != nil {
		return err
	}
	source := sourceOf(cfg, c, o.list)
	if done, err := e.asStaged(ctx, l, c.Name, source, o); done || err != nil {
		return err
	}
	if o.checklist, err = e.campaignChecklist(cfg, c); err != nil {
		return err
	}
	o.sending, o.sender = true, e.sender()
	p, err := e.planWith(ctx, cfg, c, o.preflightOptions)
	if err != nil {
		return err
	}
	defer p.Close()
	if sourceOf(cfg, c, o.list) == source { // else something was changed while it was read
		p.Spec.Source = source
	}
	res, err := e.check(ctx, p, cfg, o.preflightOptions)
	if err != nil {
		return err
	}
	if err := e.override(&res, o); err != nil {
		return err
	}
	if code := verdictCode(res); code != exit.OK {
		return e.refuse(ctx, l, res, code)
	}
	view.Checked(e.console, e.printer().Words(), res)
	if err := e.agreed(ctx, res, o); err != nil {
		return err
	}
	if err := e.recordOverrides(ctx, l, res); err != nil {
		return err
	}
	if err := e.begin(ctx, l, p, res.Plan, o); err != nil {
		return err
	}
	return e.deliver(ctx, cfg, p.Spec.Name, delivery{wait: o.wait, here: o.here, emergency: o.emergency, reason: o.reason})
}

// agreed asks a person for everything that is to be agreed to, before the first message leaves.
func (e *env) agreed(ctx context.Context, res preflight.Result, o sendOptions) error {
	if err := e.confirmOverrides(ctx, res); err != nil {
		return err
	}
	if err := e.confirmMissing(ctx, res, o); err != nil {
		return err
	}
	return e.confirm(ctx, res)
}

// maySend refuses early what needs no plan to be refused: another run that is alive, a ledger that is damaged or has forgotten, a
// person's pause.
func (e *env) maySend(ctx context.Context, l ledger.Ledger, name string, o *sendOptions) error {
	if err := e.nobodyAtWork(ctx, l, name); err != nil {
		return err
	}
	if err := e.sound(ctx, l, name); err != nil {
		return err
	}
	if err := e.trustBefore(ctx, l, name, o.here); err != nil {
		return err
	}
	return e.mayGoOn(ctx, l, name, &o.lift)
}

// nobodyAtWork refuses early, before the list is read, where another run is alive: a timer that fires too often costs
// nothing. The lease itself is taken later, and decides.
func (e *env) nobodyAtWork(ctx context.Context, l ledger.Ledger, name string) error {
	w, ok := l.(ledger.Watcher)
	if !ok {
		return nil
	}
	runs, err := w.AtWork(ctx, name, e.now())
	if err != nil || len(runs) == 0 {
		return err
	}
	held := &ledger.LeasedError{Holder: runs[0]}
	if e.cfg != nil && e.cfg.Ledger.Server() { // there only its lease ends a run that was killed
		held.Until = runs[0].Expires
	}
	return held
}

// mayGoOn looks whether a person paused the campaign, before anything is read.
func (e *env) mayGoOn(ctx context.Context, l ledger.Ledger, name string, o *lift) error {
	c, err := l.Campaign(ctx, name)
	if errors.Is(err, ledger.ErrNoCampaign) {
		return nil
	}
	if err != nil {
		return err
	}
	return e.may(ctx, c, o)
}

// confirm asks for the number of recipients. With nothing left to send there is nothing to ask.
func (e *env) confirm(ctx context.Context, res preflight.Result) error {
	if e.flags.yes || res.Plan.ToSend == 0 {
		return nil
	}
	want := strconv.Itoa(res.Plan.People)
	ok, err := e.ask(ctx, view.Question(e.printer().Words(), res), want)
	if errors.Is(err, console.ErrNoTerminal) {
		return usage(words.Err("cmd.error.no-terminal", nil).Do("cmd.do.yes-send", nil))
	}
	if err != nil {
		return err
	}
	if !ok {
		return usage(words.Err("cmd.error.not-confirmed-send", nil).Do("cmd.do.type-number", words.A{"number": want}))
	}
	return nil
}

// confirmMissing asks for the number of those who wait to be told and are not on the list: staging it gives them up.
func (e *env) confirmMissing(ctx context.Context, res preflight.Result, o sendOptions) error {
	m := res.Plan.Missing
	if m.People == 0 {
		return nil
	}
	say := e.printer().Words()
	view.Missing(e.console, say, m)
	if o.removeMissing {
		return nil
	}
	refused := usage(words.Err("cmd.error.missing", words.A{"n": m.People}).Do("cmd.do.missing", nil))
	if e.flags.yes {
		return refused
	}
	ok, err := e.ask(ctx, say.Say(words.T("cmd.ask.missing", words.A{"n": m.People})), strconv.Itoa(m.People))
	if errors.Is(err, console.ErrNoTerminal) || err == nil && !ok {
		return refused
	}
	return err
}

// begin stages the plan, and lifts the pause that may be lifted.
func (e *env) begin(ctx context.Context, l ledger.Ledger, p *plan.Plan, sum preflight.Summary, o sendOptions) error {
	by := e.sends(sum.People, sum.ToSend, sum.Left, sum.Costs, sum.Unpriced)
	before, err := l.AuditLog(ctx, p.Spec.Name)
	if err != nil {
		return err
	}
	staged, err := send.Begin(ctx, l, p, by)
	if err != nil {
		return err
	}
	// Staging what is staged already changes nothing, and so leaves no entry: that somebody sent once more is one.
	after, err := l.AuditLog(ctx, p.Spec.Name)
	if err != nil {
		return err
	}
	if len(after) == len(before) {
		if err := l.Audit(ctx, p.Spec.Name, by); err != nil {
			return err
		}
	}
	view.Staged(e.console, e.printer().Words(), p.Spec.Name, staged)
	return e.unpause(ctx, l, p.Spec.Name, "send", o.lift)
}

// delivery is how a run goes about it.
type delivery struct {
	wait bool // for the next day, instead of ending
	join bool // beside the runs that are alive
	here bool // a person vouches for a ledger that this machine does not remember
	// emergency lets accounts of the other class stand in, for a reason.
	emergency bool
	reason    string
}

// deliver runs the loop on a staged campaign, shows how far it is, and says how it ended.
func (e *env) deliver(ctx context.Context, cfg *config.Config, name string, d delivery) error {
	e.delivers.Store(true)
	l, err := e.Ledger(ctx)
	if err != nil {
		return err
	}
	if err := e.audited(ctx, l, name, d.emergency, d.reason); err != nil {
		return err
	}
	spec, err := e.stagedSpec(ctx, l, name)
	if err != nil {
		return err
	}
	vs, errs := e.Vendors(cfg, spec.Channels())
	for _, err := range errs {
		return usage(words.Wrap(err, "cmd.error.vendor", nil).Do("cmd.do.accounts", nil))
	}
	user, _ := e.who()
	host, err := e.machine()
	if err != nil {
		return err
	}
	loop := &send.Loop{
		Ledger: l, Reader: l, Campaign: name, Config: cfg, Vendors: vs, Now: e.now, Log: e.log, Host: host, User: user,
		PID: os.Getpid(), Process: e.began, Wait: d.wait, Join: d.join, Emergency: d.emergency,
	}
	e.measured(cfg, l, name, slices.Sorted(maps.Keys(vs)))
	if e.metrics != nil {
		loop.Meter = e.metrics
	}
	if loop.Receivers, err = receivers.Read(cfg.Receivers); err != nil {
		return err
	}
	if !cfg.NoSameMX {
		loop.Lookup = dns.New(resolving(cfg))
	}
	var done func()
	forgotten, err := e.askable(ctx, cfg, l, name, time.Time{})
	if err != nil {
		return err
	}
	if loop.Ledger, done, err = e.witnessed(ctx, l, forgotten, d.here); err != nil {
		return err
	}
	defer done()
	letGo, asked := awake.Keep(e.printer().Say(words.T("cmd.send.awake", words.A{"campaign": name})))
	defer letGo()
	e.log.Debug("the machine is asked not to fall asleep", "granted", asked)
	watched := e.beside(ctx, cfg)
	stop := view.Progress(e.console, e.printer().Words(), loop.Snapshot)
	debug.FreeOSMemory() // what the list took is not needed any more
	res, err := loop.Run(ctx)
	stop()
	watched()
	if err != nil {
		return err
	}
	counts, err := l.Counts(context.WithoutCancel(ctx), name)
	if err != nil {
		return err
	}
	log, err := l.AuditLog(context.WithoutCancel(ctx), name)
	if err != nil {
		return err
	}
	return e.ended(context.WithoutCancel(ctx), l, spec, res, counts, log)
}

// resolving is which name servers are asked.
func resolving(cfg *config.Config) dns.Options {
	if cfg.DNS == "" {
		return dns.Options{}
	}
	return dns.Options{Servers: []string{cfg.DNS}}
}

// stagedSpec is a campaign as it is frozen.
func (e *env) stagedSpec(ctx context.Context, l ledger.Ledger, name string) (plan.Spec, error) {
	c, err := e.campaign(ctx, l, name)
	if err != nil {
		return plan.Spec{}, err
	}
	return plan.DecodeSpec(c.Spec)
}

// endCode is the exit code of a run that ended without an error.
func endCode(res send.Result, c ledger.Counts) int {
	switch {
	case res.Aborted != nil, res.Pause != nil && (res.Pause.Why == send.PauseByPerson || res.Pause.Why == send.PauseOff):
		return exit.Person
	case res.Pause != nil, !c.Done():
		return exit.Paused
	case c.Of(message.Rejected, message.Unknown) > 0:
		return exit.Some
	}
	return exit.OK
}
