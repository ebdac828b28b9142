package preflight

import (
	"context"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/words"
)

// backupAge is how old the newest copy of the ledger may be: what was sent since is known nowhere else, and without it a
// second send tells everybody again.
const backupAge = 24 * time.Hour

// backupCheck asks whether the ledger was copied lately. A ledger that has sent nothing has nothing to lose.
//
// *Was the ledger copied lately?* It is the only proof of what was sent. WARN where the newest `notify ledger backup` is older than 24 hours
// and something was sent with it before.
func backupCheck() Check {
	return Check{ID: "backup", Group: GroupLedger, Run: ofAccountStates(func(ctx context.Context, s *Subject, states map[string]ledger.AccountState) Finding {
		if _, ok := s.Ledger.(ledger.Backuper); !ok {
			return Finding{Status: Skip, Summary: said("backup.own-tools", nil)}
		}
		if len(states) == 0 {
			return Finding{Status: Pass, Summary: said("backup.nothing", nil)}
		}
		log, err := s.Ledger.AuditLog(ctx, "")
		if err != nil {
			return broken(err)
		}
		var newest *ledger.AuditEntry
		for i := range log {
			if log[i].What == ledger.ActBackup && (newest == nil || log[i].At.After(newest.At)) {
				newest = &log[i]
			}
		}
		if newest == nil {
			return Finding{Status: Warn, Summary: said("backup.never", nil), Remedies: do(s.backUp())}
		}
		age := s.Now().Sub(newest.At)
		f := Finding{
			Status: Pass, Facts: []Fact{{"at", newest.At}, {"age_hours", age.Hours()}},
			Summary: said("backup.done", words.A{"at": newest.At.In(s.Config.Timezone), "to": newest.Reason}),
		}
		if age > backupAge {
			f.Status, f.Remedies = Warn, do(s.backUp())
			f.Summary = said("backup.old", words.A{"at": newest.At.In(s.Config.Timezone), "to": newest.Reason, "age": age})
		}
		return f
	})}
}

func (s *Subject) backUp() words.Text {
	return words.T("backup.do", words.A{"command": "notify ledger backup /backup/notify-" + s.now().Format(time.DateOnly) + ".db"})
}
