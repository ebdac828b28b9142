package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"notify/pkg/alert"
	"notify/pkg/config"
	"notify/pkg/exit"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/report"
	"notify/pkg/vendors"
	"notify/pkg/view"
	"notify/pkg/words"
)

// shownNotices is how many of the newest notices alerts list shows.
const shownNotices = 20

func newAlerts(e *env) *cobra.Command {
	c := &cobra.Command{Use: "alerts", Short: e.say("cmd.alerts.short", nil), Long: e.say("cmd.alerts.long", nil)}
	return e.group(c, newAlertsTest(e, nil), newAlertsList(e, nil))
}

func newAlertsTest(e *env, run func(context.Context, string) error) *cobra.Command {
	if run == nil {
		run = func(ctx context.Context, target string) error { return runAlertsTest(ctx, e, target) }
	}
	return &cobra.Command{
		Use:     "test [TARGET]",
		Short:   e.say("cmd.alerts-test.short", nil),
		Example: examples("notify alerts test", ""),
		Args:    upToOne(words.T("cmd.arg.target", nil)),
		RunE:    func(c *cobra.Command, args []string) error { return run(c.Context(), first(args)) },
	}
}

func runAlertsTest(ctx context.Context, e *env, target string) error {
	cfg, err := e.Config()
	if err != nil {
		return err
	}
	targets := cfg.Alerts
	if target != "" {
		t, err := cfg.AlertTarget(target)
		if err != nil {
			return usage(err)
		}
		targets = []config.AlertTarget{t}
	}
	if len(targets) == 0 {
		return usage(words.Err("cmd.error.no-targets", nil).Do("cmd.do.no-targets", nil))
	}
	_, host := e.who()
	told := make([]view.Told, 0, len(targets))
	failed := 0
	for _, t := range targets {
		line := view.Told{Target: t.Name, Kind: t.Kind, Severity: t.Severity, OK: true}
		if err := alert.Test(ctx, cfg, t, host, e.now()); err != nil {
			failed++
			line.OK, line.Error, line.Hint = false, words.Cause(err), words.HintOf(err)
		}
		told = append(told, line)
	}
	if err := view.ShowTold(e.printer(), e.flags.json, told); err != nil || failed == 0 {
		return err
	}
	return &ending{code: exit.Error}
}

func newAlertsList(e *env, run func(context.Context) error) *cobra.Command {
	if run == nil {
		run = func(ctx context.Context) error { return runAlertsList(ctx, e) }
	}
	return &cobra.Command{
		Use:     "list",
		Short:   e.say("cmd.alerts-list.short", nil),
		Example: examples("notify alerts list", ""),
		Args:    noArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return run(c.Context()) },
	}
}

func runAlertsList(ctx context.Context, e *env) error {
	l, err := e.Ledger(ctx)
	if err != nil {
		return err
	}
	v := view.Alerts{Alerts: []ledger.Alert{}, Notices: []ledger.Notice{}, Targets: []ledger.Target{}}
	alerts, err := l.Alerts(ctx)
	if err != nil {
		return err
	}
	targets, err := l.Targets(ctx)
	if err != nil {
		return err
	}
	for after := int64(0); ; {
		notices, err := l.Notices(ctx, after, 1000)
		if err != nil {
			return err
		}
		if len(notices) == 0 {
			break
		}
		after = notices[len(notices)-1].ID
		v.Notices = append(v.Notices, notices...)
		v.Notices = v.Notices[max(0, len(v.Notices)-shownNotices):]
	}
	v.Alerts, v.Targets = append(v.Alerts, alerts...), append(v.Targets, targets...)
	return view.ShowAlerts(e.printer(), e.flags.json, v)
}

type watchOptions struct {
	every    time.Duration
	observed observed
}

func newWatch(e *env, run func(context.Context, watchOptions) error) *cobra.Command {
	var o watchOptions
	if run == nil {
		run = func(ctx context.Context, o watchOptions) error { return runWatch(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "watch",
		Short: e.say("cmd.watch.short", nil),
		Long:  e.say("cmd.watch.long", nil),
		Example: examples(
			"notify watch", "",
			"notify watch --every 1m", "",
		),
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return run(c.Context(), o) },
	}
	o.observed.flags(e, c.Flags())
	c.Flags().DurationVar(&o.every, "every", 15*time.Second, e.say("cmd.watch.flag-every", nil))
	return c
}

func runWatch(ctx context.Context, e *env, o watchOptions) error {
	l, err := e.writable(ctx)
	if err != nil {
		return err
	}
	cfg := e.cfg
	unobserved, err := e.observe(ctx, o.observed, inputsOf(cfg, nil))
	if err != nil {
		return err
	}
	defer unobserved()
	e.measured(cfg, l, "", nil)
	w, err := e.watch(ctx)
	if err != nil {
		return err
	}
	w.Every = max(o.every, time.Second)
	var failed error
	w.Each = func(n ledger.Notice) {
		e.notice(n)
		failed = errors.Join(failed, view.ShowNotice(e.printer(), e.flags.json, n))
	}
	said := view.Watching(w.Every, w.Config.AlertTargets())
	e.tell(said.ID, said.Args)
	w.Run(ctx)
	return failed
}

// watch is what looks for what somebody must be told, and tells it.
func (e *env) watch(ctx context.Context) (*alert.Watch, error) {
	cfg, l, err := e.opened(ctx)
	if err != nil {
		return nil, err
	}
	al, ok := l.(alert.Ledger)
	if !ok {
		return nil, words.Err("cmd.error.no-watcher", nil)
	}
	_, host := e.who()
	return &alert.Watch{Ledger: al, Config: cfg, Host: host, Now: e.now, Log: e.log, Each: e.notice, Balances: func(ctx context.Context) ([]alert.Balance, []string) {
		return e.lowBalances(ctx, cfg)
	}}, nil
}

// beside watches while a command is at work; what it returns ends that, and tells the end.
func (e *env) beside(ctx context.Context, cfg *config.Config) func() {
	if len(cfg.Alerts) == 0 {
		return func() {}
	}
	w, err := e.watch(ctx)
	if err != nil {
		words.LogError(e.log, slog.LevelWarn, words.Wrap(err, "log.alerts", nil))
		return func() {}
	}
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	var done sync.WaitGroup
	done.Go(func() { w.Run(watching) })
	return func() {
		stop()
		done.Wait()
		w.Last(context.WithoutCancel(ctx))
	}
}

// lowBalances asks the vendors of the accounts that have a low_balance.
func (e *env) lowBalances(ctx context.Context, cfg *config.Config) (low []alert.Balance, unsure []string) {
	var lines []report.AccountStatus
	for name, a := range cfg.Accounts {
		if a.LowBalance > 0 {
			lines = append(lines, report.AccountStatus{Account: name})
		}
	}
	e.askBalances(ctx, cfg, lines)
	for _, line := range lines {
		a := cfg.Accounts[line.Account]
		left, known := leftOn(&a, line.Live)
		switch {
		case !known:
			unsure = append(unsure, line.Account)
		case left < a.LowBalance:
			low = append(low, alert.Balance{Account: line.Account, Left: left, Packages: line.Live.Messages})
		}
	}
	return low, unsure
}

// leftOn is what an account has in its own currency, packages at their price; known is false where the vendor does not tell it so.
func leftOn(a *config.Account, told *report.Live) (left message.Money, known bool) {
	if told == nil {
		return 0, false
	}
	b := vendors.Balance{Amount: told.Balance, Currency: told.Currency, Messages: told.Messages}
	worth := b.Worth(a.Price)
	if worth == nil || b.Foreign(a.Currency) {
		return 0, false
	}
	return *worth, true
}
