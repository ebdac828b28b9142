package report_test

import (
	"testing"

	"notify/pkg/ledger"
	"notify/pkg/report"
)

// What the audit keeps is told in the reader's language, whatever it is.
func TestEveryActHasItsWords(t *testing.T) {
	for what, want := range map[string]string{
		"send": "act.send", "join": "act.join", "resume": "act.resume", "pause": "act.pause", "unpause": "act.unpause", "abort": "act.abort",
		"retry": "act.retry", "resolve": "act.resolve", "rehearse": "act.rehearse", "emergency": "act.emergency", "override quota": "act.override",
		"sign texts as li": "act.sign", "revoke texts as li, signed by wang": "act.revoke",
		"receipts": "act.receipts", "receipts-import": "act.receipts-import", "unsubscribe": "act.unsubscribe", "wave": "act.wave",
		ledger.ActBackup: "act.backup", ledger.ActRestored: "act.restore", ledger.ActMoved: "act.copy", ledger.ActForgotten: "act.reconcile",
		ledger.ActStop: "act.stop-when", ledger.ActExported: "act.export", ledger.ActPurged: "act.purge",
		"person show": "act.person-show", "person export": "act.person-export", "person forget": "act.person-forget",
		"trace --full": "act.trace-full", "trace --evidence": "act.trace-evidence", ledger.ActSet + " sms: weight 3, off": "act.set",
		"suppress +86134****0012": "act.suppress", "suppress 3 addresses": "act.suppress-many", "suppress import": "act.suppress-import",
		"suppress pull ses": "act.suppress-pull", "unsuppress 3 addresses": "act.unsuppress-many", "unsuppress list.csv": "act.unsuppress",
	} {
		got := report.Did(ledger.AuditEntry{Act: ledger.Act{What: what}})
		if got.ID != want && got.ID != "" {
			t.Errorf("%s: %s, want %s", what, got.ID, want)
		}
		if said := got.String(); said == what || said == "" {
			t.Errorf("%s: %q", what, said)
		}
	}
}
