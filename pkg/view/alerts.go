package view

import (
	"time"

	"notify/pkg/ledger"
	"notify/pkg/words"
)

// Told is what became of telling a target.
type Told struct {
	Target   string     `json:"target"`
	Kind     string     `json:"kind"`
	Severity string     `json:"severity"`
	OK       bool       `json:"ok"`
	Error    words.Text `json:"error,omitzero"`
	Hint     words.Text `json:"hint,omitzero"`
}

// ShowTold draws a test of the targets.
func ShowTold(p *Printer, asJSON bool, told []Told) error {
	if asJSON {
		return JSON(p.Out, p.Words(), "notify.alerts-test/1", map[string]any{"targets": told})
	}
	for _, t := range told {
		if t.OK {
			p.sentence("", words.T("alerts.told", words.A{"target": t.Target, "kind": t.Kind}))
			continue
		}
		p.sentence("", words.T("alerts.not-told", words.A{"target": t.Target, "kind": t.Kind, "cause": t.Error}))
		if !t.Hint.IsZero() {
			p.sentence("  ", t.Hint)
		}
	}
	return p.Flush()
}

// Alerts are what holds and how the targets stand.
type Alerts struct {
	Alerts  []ledger.Alert  `json:"alerts"`
	Notices []ledger.Notice `json:"notices"` // the newest, the oldest of them first
	Targets []ledger.Target `json:"targets"`
}

// ShowAlerts draws them.
func ShowAlerts(p *Printer, asJSON bool, v Alerts) error {
	if asJSON {
		return JSON(p.Out, p.Words(), "notify.alerts/1", v)
	}
	if len(v.Alerts) == 0 {
		p.sentence("", words.T("alerts.none", nil))
	}
	for _, a := range v.Alerts {
		p.sentence("", words.T("alerts.holds", words.A{"severity": words.Of("severity", a.Severity), "since": a.Since, "said": a.Said}))
		if a.Next != "" {
			p.sentence("  ", words.T("alert.next", words.A{"command": a.Next}))
		}
	}
	if len(v.Notices) > 0 {
		p.Line("")
		p.sentence("", words.T("alerts.notices", nil))
	}
	for _, n := range v.Notices {
		p.sentence("  ", NoticeText(n))
	}
	if len(v.Targets) > 0 {
		p.Line("")
	}
	for _, t := range v.Targets {
		switch {
		case t.Tries > 0:
			p.sentence("", words.T("alerts.target-failing", words.A{"target": t.Name, "n": t.Tries, "cause": t.Error, "next": t.NotBefore}))
		case t.Told.IsZero():
			p.sentence("", words.T("alerts.target-never", words.A{"target": t.Name}))
		default:
			p.sentence("", words.T("alerts.target", words.A{"target": t.Name, "told": t.Told}))
		}
	}
	return p.Flush()
}

// NoticeText is a notice with its time, as it stands in a list.
func NoticeText(n ledger.Notice) words.Text {
	return words.T("alerts.notice", words.A{"at": n.At, "change": words.Of("alert.change", n.Change), "severity": words.Of("severity", n.Severity), "said": n.Said})
}

// ShowNotice draws a notice as it comes; as JSON, on one line of its own.
func ShowNotice(p *Printer, asJSON bool, n ledger.Notice) error {
	if asJSON {
		return JSON(p.Out, p.Words(), "notify.notice/1", n)
	}
	p.sentence("", NoticeText(n))
	if n.Next != "" && n.Change != ledger.Over {
		p.sentence("  ", words.T("alert.next", words.A{"command": n.Next}))
	}
	return p.Flush()
}

// Watching says what is watched, and how often.
func Watching(every time.Duration, targets []string) words.Text {
	if len(targets) == 0 {
		return words.T("alerts.watching-nobody", words.A{"every": every})
	}
	return words.T("alerts.watching", words.A{"every": every, "targets": words.Names(targets, 0)})
}
