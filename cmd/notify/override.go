package main

import (
	"context"
	"slices"
	"strings"

	"notify/pkg/checklist"
	"notify/pkg/diag"
	"notify/pkg/ledger"
	"notify/pkg/preflight"
	"notify/pkg/report"
	"notify/pkg/view"
	"notify/pkg/words"
)

// valid looks at --override and --reason before anything is read.
func (o *sendOptions) valid() error {
	o.reason = strings.TrimSpace(o.reason)
	switch {
	case len(o.overrides) > 0 && o.reason == "":
		return usage(words.Err("cmd.error.reason", words.A{"command": "--override"}).Do("cmd.do.reason", nil))
	case o.emergency && o.reason == "":
		return usage(words.Err("cmd.error.reason", words.A{"command": "--emergency"}).Do("cmd.do.reason", nil))
	case len(o.overrides) == 0 && !o.emergency && o.reason != "":
		return usage(words.Err("cmd.error.reason-alone", nil).Do("cmd.do.reason-alone", nil))
	}
	can := preflight.Overridable()
	for _, id := range o.overrides {
		if slices.Contains(can, id) {
			continue
		}
		said := words.Err("cmd.error.not-overridable", words.A{"check": id})
		return usage(near(said, diag.Nearest(id, can), words.T("cmd.do.overridable", words.A{"checks": words.Names(can, 0)})))
	}
	return nil
}

// sender is the person who sends.
func (e *env) sender() checklist.Sender {
	as := e.as()
	if as == "" {
		as, _ = e.who()
	}
	return checklist.Sender{Name: as, Who: e.Act("", "").Who}
}

// override notes in the result which checks the operator overrules. One that does not stop the campaign is passed over.
func (e *env) override(res *preflight.Result, o sendOptions) error {
	for _, id := range o.overrides {
		used, err := res.Override(id, preflight.Override{Who: o.sender.Name + " (" + o.sender.Who + ")", Reason: o.reason})
		if err != nil {
			return usage(words.Wrap(err, "cmd.error.override", words.A{"check": id}))
		}
		if !used {
			e.tell("cmd.line.override-unused", words.A{"check": id})
		}
	}
	return nil
}

// confirmOverrides asks for each once more.
func (e *env) confirmOverrides(ctx context.Context, res preflight.Result) error {
	for _, f := range res.Overrides() {
		if err := e.agree(ctx, view.OverrideQuestion(e.printer().Words(), f), f.ID); err != nil {
			return err
		}
	}
	return nil
}

// recordOverrides writes them into the audit, and into the result that is kept under the plan's digest.
func (e *env) recordOverrides(ctx context.Context, l ledger.Ledger, res preflight.Result) error {
	overrides := res.Overrides()
	for _, f := range overrides {
		by := e.said(report.ActOverride+f.ID, words.T("act.why-overrode", words.A{
			"who": f.Override.Who, "reason": f.Override.Reason, "said": f.Says(),
		}))
		by.Figures = &ledger.Figures{Messages: res.Plan.ToSend}
		if err := l.Audit(ctx, res.Campaign, by); err != nil {
			return err
		}
	}
	if len(overrides) == 0 {
		return nil
	}
	return e.remember(ctx, l, res)
}
