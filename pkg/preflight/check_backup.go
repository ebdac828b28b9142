package preflight

import (
	"context"
	"fmt"
	"time"

	"notify/pkg/ledger"
)

// backupAge is how old the newest copy of the ledger may be: what was sent since is known nowhere else, and without it a
// second send tells everybody again.
const backupAge = 24 * time.Hour

// backupCheck asks whether the ledger was copied lately. A ledger that has sent nothing has nothing to lose.
func backupCheck() Check {
	return Check{ID: "backup", Group: GroupLedger, Run: ofAccountStates(func(ctx context.Context, s *Subject, states map[string]ledger.AccountState) Finding {
		if _, ok := s.Ledger.(ledger.Backuper); !ok {
			return Finding{Status: Skip, oldSummary: textOwnBackup}
		}
		if len(states) == 0 {
			return Finding{Status: Pass, oldSummary: textNothingToLose}
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
			return Finding{Status: Warn, oldSummary: textNeverBackedUp, oldRemedies: []string{s.backUp()}}
		}
		age := s.Now().Sub(newest.At)
		f := Finding{
			Status: Pass, Facts: []Fact{{"at", newest.At}, {"age_hours", age.Hours()}},
			oldSummary: fmt.Sprintf(textBackedUp, when(newest.At.In(s.Config.Timezone)), newest.Reason),
		}
		if age > backupAge {
			f.Status, f.oldSummary = Warn, f.oldSummary+fmt.Sprintf(textBackupOld, length(age))
			f.oldRemedies = []string{s.backUp()}
		}
		return f
	})}
}

func (s *Subject) backUp() string {
	return fmt.Sprintf(textBackUp, s.now().Format(time.DateOnly))
}

const (
	textOwnBackup     = "this ledger is backed up with its database's own tools"
	textNothingToLose = "nothing was sent with this ledger yet"
	textNeverBackedUp = "the ledger knows what was sent, and was never copied"
	textBackedUp      = "%s, to %s"
	textBackupOld     = ": %s ago"
	textBackUp        = "copy it to another disk now, and every day: notify ledger backup /backup/notify-%s.db"
)
