package main

import (
	"context"
	"errors"

	"notify/pkg/exit"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/preflight"
	"notify/pkg/report"
	"notify/pkg/send"
	"notify/pkg/view"
	"notify/pkg/words"
)

// refuse shows why a campaign is not sent, unless there is nothing of it to send.
func (e *env) refuse(ctx context.Context, l ledger.Ledger, res preflight.Result, code int) error {
	if code == exit.Failed {
		if done, err := e.finished(ctx, l, res); done || err != nil {
			return err
		}
	}
	if err := view.NewPreflight(e.printer(), e.flags.json).Result(res); err != nil {
		return err
	}
	return quietly(code)
}

// finished says how a campaign ended of which nothing is left to send, where a preflight would stop it only by what is about
// the sending: signatures that lapsed since, a vendor that is down, a template that was withdrawn. A timer that sends once
// more then learns that everything was sent. It is false where anything could still leave, also of rows that cannot be read.
func (e *env) finished(ctx context.Context, l ledger.Ledger, res preflight.Result) (bool, error) {
	if !res.OnlyMoot() {
		return false, nil
	}
	counts, err := l.Counts(ctx, res.Campaign)
	if errors.Is(err, ledger.ErrNoCampaign) || err == nil && counts.Of(message.Pending, message.Attempting) > 0 {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	spec, err := e.stagedSpec(ctx, l, res.Campaign)
	if err != nil {
		return false, err
	}
	if err := l.Audit(ctx, res.Campaign, e.sends(0, 0, counts.Total(), nil, nil)); err != nil {
		return false, err
	}
	var ids []string
	for _, f := range res.Findings {
		if f.Moot() {
			ids = append(ids, f.ID)
		}
	}
	e.tell("cmd.line.moot", words.A{"checks": words.Names(ids, 0)})
	return true, e.ended(ctx, l, spec, send.Result{}, counts, nil)
}

// ended says how a run ended, and with which exit code; log is what the ledger kept of it, where that counts.
func (e *env) ended(ctx context.Context, l ledger.Ledger, spec plan.Spec, res send.Result, counts ledger.Counts, log []ledger.AuditEntry) error {
	end := view.NewRunEnd(spec.Name, spec, report.NeverStaged(&spec, counts), res, counts, report.PricesOf(e.cfg))
	end.Overrides = report.Overrides(log)
	alike, err := report.Alike(ctx, l, spec.Name, counts)
	if err != nil {
		return err
	}
	end.Alike(alike)
	if res.Pause != nil && res.Pause.Why == send.PauseInterrupt && errors.Is(e.nobodyAtWork(ctx, l, spec.Name), ledger.ErrLeased) {
		end.Beside()
	}
	if err := view.ShowRunEnd(e.printer(), e.flags.json, end); err != nil {
		return err
	}
	if res.Sent > 0 && counts.Done() { // its report is what is asked for next: it finds the figures of all messages made
		if _, err := report.Make(ctx, l, spec.Name, report.Terms{}); err != nil {
			return err
		}
	}
	return quietly(endCode(res, counts))
}
