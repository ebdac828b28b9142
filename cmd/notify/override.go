package main

import (
	"context"
	"fmt"
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
		return usage(`add --reason "…"; it stands in the audit and in the report`, "--override wants a reason")
	case len(o.overrides) == 0 && o.reason != "":
		return usage("add --override CHECK, or leave --reason out", "--reason is there for --override")
	}
	can := preflight.Overridable()
	for _, id := range o.overrides {
		if slices.Contains(can, id) {
			continue
		}
		hint := "these can: " + strings.Join(can, ", ")
		if near := diag.Nearest(id, can); near != "" {
			hint = "did you mean " + near + "? " + hint
		}
		return usage(hint, "%q is no check that can be overridden", id)
	}
	return nil
}

// sender is the person who sends.
func (e *env) sender(as string) checklist.Sender {
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
			return usage("", "%v", err)
		}
		if !used {
			fmt.Fprintf(e.console.Story(), "%s does not stop the campaign: its override is not used\n", id)
		}
	}
	return nil
}

// confirmOverrides asks for each once more.
func (e *env) confirmOverrides(ctx context.Context, res preflight.Result) error {
	for _, f := range res.Overrides() {
		if err := e.agree(ctx, view.OverrideQuestion(f), f.ID); err != nil {
			return err
		}
	}
	return nil
}

// recordOverrides writes them into the audit, and into the result that is kept under the plan's digest.
func (e *env) recordOverrides(ctx context.Context, l ledger.Ledger, res preflight.Result) error {
	overrides := res.Overrides()
	for _, f := range overrides {
		if err := l.Audit(ctx, res.Campaign, e.Act(report.ActOverride+f.ID, f.Override.Reason+" (it said: "+words.Printer{}.Value(f.Says())+")")); err != nil {
			return err
		}
	}
	if len(overrides) == 0 {
		return nil
	}
	return e.remember(ctx, l, res)
}
