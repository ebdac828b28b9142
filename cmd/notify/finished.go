package main

import (
	"context"
	"errors"
	"slices"

	"notify/pkg/exit"
	"notify/pkg/ledger"
	"notify/pkg/message"
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
	if !onlyMoot(res) {
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
	var ids []string
	for _, f := range res.Findings {
		if moot(f) {
			ids = append(ids, f.ID)
		}
	}
	e.tell("cmd.line.moot", words.A{"checks": words.Names(ids, 0)})
	if err := view.ShowRunEnd(e.printer(), e.flags.json, view.NewRunEnd(res.Campaign, spec, report.NeverStaged(&spec, counts), send.Result{}, counts, report.PricesOf(e.cfg))); err != nil {
		return true, err
	}
	return true, quietly(endCode(send.Result{}, counts))
}

// onlyMoot reports that nothing is left to send, and that only what is about the sending stops it.
func onlyMoot(res preflight.Result) bool {
	return res.Plan.ToSend == 0 && res.Plan.Messages > 0 && res.Plan.Unknown.IsZero() && slices.ContainsFunc(res.Findings, moot) &&
		!slices.ContainsFunc(res.Findings, func(f preflight.Finding) bool { return f.Stops() && !moot(f) })
}

// moot reports one that stops a campaign by nothing but how it would be sent.
func moot(f preflight.Finding) bool {
	switch f.Group {
	case preflight.GroupAccounts, preflight.GroupSender, preflight.GroupMoney, preflight.GroupTime, preflight.GroupChecklist:
		return f.Stops()
	case preflight.GroupTexts:
		return f.Stops() && f.ID == "templates"
	case preflight.GroupList, preflight.GroupLedger:
	}
	return false
}
