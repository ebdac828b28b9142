package view

import (
	"time"

	"notify/pkg/ledger"
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
	t := NewTable("when", "campaign", "who", "did", "why")
	for _, a := range v.Entries {
		t.Row(p.Time(a.At), a.Campaign, a.Who, p.act(a), p.heading(a.Why()))
	}
	p.Table(t, 0)
	return p.Flush()
}
