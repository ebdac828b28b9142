package preflight

import (
	"context"
	"fmt"
	"slices"

	"notify/pkg/ledger"
	"notify/pkg/plan"
)

// breakerCheck asks whether an account was stopped or slowed down when it was used last. It never fails: a run tests every
// account anew, with one message, because whoever starts it may have mended the cause a moment ago.
func breakerCheck() Check {
	return Check{ID: "breaker", Group: GroupAccounts, Run: ofAccountStates(func(_ context.Context, s *Subject, states map[string]ledger.AccountState) Finding {
		var a answers
		for _, r := range s.routed() {
			s.breaker(&a, r.Name, states[r.Name])
		}
		for _, ch := range s.Plan.Spec.Channels() {
			names := plan.RouteAccounts(s.Config.Routes[ch])
			shut := !slices.ContainsFunc(names, func(n string) bool { return !states[n].OpenUntil.After(s.Now()) })
			if len(names) > 0 && shut {
				a.add(Warn, fmt.Sprintf(textAllShut, ch), fmt.Sprintf(textMendOne, ch))
			}
		}
		return a.done(textNoChannel)
	})}
}

func (s *Subject) breaker(a *answers, name string, st ledger.AccountState) {
	at, zone := "account."+name+".", s.Config.Timezone
	switch {
	case !st.OpenUntil.IsZero():
		a.fact(at+"open_until", st.OpenUntil)
		a.fact(at+"reason", st.Reason)
		a.add(Warn, fmt.Sprintf(textBreakerOpen, name, when(st.OpenUntil.In(zone)), reasonWord(st)), fmt.Sprintf(textMendCause, name))
	case st.NotBefore.After(s.Now()):
		a.fact(at+"not_before", st.NotBefore)
		a.add(Warn, fmt.Sprintf(textHeldBack, name, when(st.NotBefore.In(zone))), fmt.Sprintf(textLowerRate, name))
	case st.Scale > 0 && st.Scale < 1:
		a.fact(at+"scale", st.Scale)
		a.add(Warn, fmt.Sprintf(textSlowedDown, name, 100*st.Scale, s.Config.Accounts[name].Rate*st.Scale), fmt.Sprintf(textLowerRate, name))
	default:
		a.add(Pass, fmt.Sprintf(textBreakerClosed, name))
	}
}

func reasonWord(st ledger.AccountState) string {
	switch {
	case st.Reason != "":
		return st.Reason
	case st.Error != "":
		return st.Error
	}
	return count(st.Failures, "failure") + " in a row"
}

const (
	textBreakerClosed = "%s is closed"
	textBreakerOpen   = "%s is open, to be tested from %s on: %s"
	textHeldBack      = "%s: the vendor asked to wait until %s"
	textSlowedDown    = "%s was slowed down to %.0f%% (%.4g/s), because the vendor said: too fast"
	textAllShut       = "every account for %s was stopped: where that is still so, the run pauses at its first message"
	textMendCause     = "mend the cause at %s first; a run tests the account with one message"
	textLowerRate     = "set accounts.%s.rate in notify.yaml to what the vendor takes; the account speeds up again by itself"
	textMendOne       = "mend one of them, or put another account for %s on the route"
)
