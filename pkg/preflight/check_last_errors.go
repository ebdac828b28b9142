package preflight

import (
	"context"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/words"
)

// errorsSince is how long an account's last error is news: a day, in which somebody should have looked at it.
const errorsSince = 24 * time.Hour

// lastErrorsCheck asks what went wrong with the accounts lately.
//
// *What went wrong with the accounts within 24 hours?* WARN with the newest error of each.
func lastErrorsCheck() Check {
	return Check{ID: "last-errors", Group: GroupAccounts, Run: ofAccountStates(func(_ context.Context, s *Subject, states map[string]ledger.AccountState) Finding {
		var a answers
		for _, r := range s.routed() {
			st := states[r.Name]
			if st.Error.IsZero() || s.Now().Sub(st.At) > errorsSince {
				continue
			}
			a.fact("account."+r.Name+".error", st.Error)
			a.fact("account."+r.Name+".error_at", st.At)
			a.say(Warn, "last-errors.error", words.A{"account": r.Name, "at": st.At.In(s.Config.Timezone), "said": st.Error},
				words.T("vendor.try-one", words.A{"account": r.Name}))
		}
		if a.status == NotRun {
			a.say(Pass, "last-errors.none", words.A{"within": errorsSince})
		}
		return a.done(words.Text{})
	})}
}
