package view

import (
	"maps"
	"slices"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/report"
	"notify/pkg/words"
)

// Audit is who did what, the oldest first.
type Audit struct {
	Campaign string              `json:"campaign,omitempty"` // empty: all
	Since    time.Time           `json:"since,omitzero"`
	Entries  []ledger.AuditEntry `json:"entries"`
}

// ShowAudit draws it.
func ShowAudit(p *Printer, asJSON bool, v Audit) error {
	if asJSON {
		return JSON(p.Out, p.Words(), "notify.audit/1", v)
	}
	if len(v.Entries) == 0 {
		p.sentence("", words.T("audit.none", nil))
		return p.Flush()
	}
	t := NewTable("when", "campaign", "who", "did", ">number", ">cost", "why")
	for _, a := range v.Entries {
		number, cost := p.figures(a.Figures)
		t.Row(p.Time(a.At), a.Campaign, a.Doer(), p.act(a), number, cost, p.Say(a.Why()))
	}
	p.Table(t, 0)
	last := v.Entries[len(v.Entries)-1]
	p.Blank()
	p.sentence("", words.T("audit.head", words.A{"entry": last.ID, "hash": last.Hash}))
	return p.Flush()
}

// figures are how many it was, and what they cost; empty where there was nothing to count.
func (p *Printer) figures(f *ledger.Figures) (number, cost string) {
	if f == nil {
		return "", ""
	}
	var costs []report.Sum
	for _, c := range slices.Sorted(maps.Keys(f.Cost)) {
		costs = append(costs, report.Sum{Currency: c, Cost: f.Cost[c]})
	}
	if len(costs)+len(f.Unpriced) > 0 {
		cost = p.total(costs, f.Unpriced)
	}
	return words.Num(f.Messages + f.Addresses), cost
}
