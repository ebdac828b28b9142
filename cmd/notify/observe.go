package main

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/spf13/pflag"

	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/metrics"
	"notify/pkg/outfile"
	"notify/pkg/report"
	"notify/pkg/words"
)

// observed is where those who look from outside find what a long command does.
type observed struct {
	logged
	metrics, file string
}

func (o *observed) flags(e *env, f *pflag.FlagSet) {
	o.logged.flags(e, f)
	f.StringVar(&o.metrics, "metrics", "", e.say("cmd.observe.flag-metrics", nil))
	f.StringVar(&o.file, "metrics-file", "", e.say("cmd.observe.flag-metrics-file", nil))
}

// observe opens all of it, before anything is sent: an address that is taken, and a file that cannot be, are mistakes of the operator.
func (e *env) observe(ctx context.Context, o observed, inputs []outfile.Input) (stop func(), err error) {
	if err := e.writeLog(ctx, o.logged, inputs); err != nil {
		return nil, err
	}
	if o.metrics == "" && o.file == "" {
		return func() {}, nil
	}
	reading, end := context.WithCancel(context.WithoutCancel(ctx))
	set := metrics.New(reading, version, e.now, e.log)
	var ends []func()
	stop = func() {
		for _, f := range slices.Backward(ends) {
			f()
		}
		end()
	}
	if o.metrics != "" {
		l, err := set.Listen(ctx, o.metrics)
		if err != nil {
			stop()
			return nil, asUsage(err)
		}
		ends = append(ends, func() {
			if err := l.Close(); err != nil {
				e.log.Debug("close the metrics", "error", err)
			}
		})
		e.tell("cmd.line.metrics", words.A{"url": l.URL()})
	}
	if o.file != "" {
		f, err := set.Write(ctx, o.file, inputs)
		if err != nil {
			stop()
			return nil, asUsage(err)
		}
		ends = append(ends, f.Close)
	}
	e.metrics = set
	return stop, nil
}

// observedLedger is observe, and then the ledger.
func (e *env) observedLedger(ctx context.Context, o observed, inputs []outfile.Input) (ledger.Ledger, func(), error) {
	stop, err := e.observe(ctx, o, inputs)
	if err != nil {
		return nil, nil, err
	}
	l, err := e.Ledger(ctx)
	if err != nil {
		stop()
		return nil, nil, err
	}
	return l, stop, nil
}

// asUsage is a sentence about what the operator gave us.
func asUsage(err error) error {
	var said *words.Error
	if errors.As(err, &said) {
		return usage(said)
	}
	return err
}

// measured has the figures of the ledger told: of one campaign and its accounts, or of all.
func (e *env) measured(cfg *config.Config, l ledger.Ledger, campaign string, accounts []string) {
	if e.metrics == nil {
		return
	}
	source, ok := l.(metrics.Source)
	if !ok {
		return
	}
	if accounts == nil {
		accounts = slices.Sorted(maps.Keys(cfg.Accounts))
	}
	e.metrics.Read(metrics.Reading{
		Source: source, Config: cfg, Campaign: campaign, Accounts: accounts,
		Ask: func(ctx context.Context, lines []report.AccountStatus) { e.askBalances(ctx, cfg, lines) },
	})
}
