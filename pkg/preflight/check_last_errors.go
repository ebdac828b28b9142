package preflight

import (
	"context"
	"fmt"
	"time"

	"notify/pkg/ledger"
)

// errorsSince is how long an account's last error is news: a day, in which somebody should have looked at it.
const errorsSince = 24 * time.Hour

// lastErrorsCheck asks what went wrong with the accounts lately.
func lastErrorsCheck() Check {
	return Check{ID: "last-errors", Group: GroupAccounts, Run: ofAccountStates(func(_ context.Context, s *Subject, states map[string]ledger.AccountState) Finding {
		var a answers
		for _, r := range s.routed() {
			st := states[r.Name]
			if st.Error == "" || s.Now().Sub(st.At) > errorsSince {
				continue
			}
			a.fact("account."+r.Name+".error", st.Error)
			a.fact("account."+r.Name+".error_at", st.At)
			a.add(Warn, fmt.Sprintf(textLastError, r.Name, when(st.At.In(s.Config.Timezone)), st.Error), fmt.Sprintf(textTryOne, r.Name))
		}
		if a.status == NotRun {
			a.add(Pass, textNoErrors)
		}
		return a.done("")
	})}
}

const (
	textNoErrors  = "none within 24 hours"
	textLastError = "%s, %s: %s"
)
