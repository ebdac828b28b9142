package preflight

import (
	"context"
	"slices"

	"notify/pkg/ledger"
	"notify/pkg/plan"
	"notify/pkg/words"
)

// breakerCheck asks whether an account was stopped or slowed down when it was used last. It never fails: a run tests every
// account anew, with one message, because whoever starts it may have mended the cause a moment ago.
//
// *Was an account stopped or slowed down when it was used last?* WARN with the reason, and where that is so for every account of a
// channel. It never FAILs: a run tests each account anew with one message, because whoever starts it may have mended the cause.
func breakerCheck() Check {
	return Check{ID: "breaker", Group: GroupAccounts, Run: ofAccountStates(func(_ context.Context, s *Subject, states map[string]ledger.AccountState) Finding {
		var a answers
		for _, r := range s.routed() {
			s.breaker(&a, r.Name, states[r.Name])
		}
		for _, ch := range s.Plan.Spec.Channels() {
			names := plan.RouteAccounts(s.route(ch))
			shut := !slices.ContainsFunc(names, func(n string) bool { return !states[n].OpenUntil.After(s.Now()) })
			if len(names) > 0 && shut {
				a.say(Warn, "breaker.all", words.A{"channel": string(ch)}, words.T("breaker.mend-one", words.A{"channel": string(ch)}))
			}
		}
		return a.done(noChannel())
	})}
}

func (s *Subject) breaker(a *answers, name string, st ledger.AccountState) {
	at, zone := "account."+name+".", s.Config.Timezone
	switch {
	case !st.OpenUntil.IsZero():
		a.fact(at+"open_until", st.OpenUntil)
		a.fact(at+"reason", st.Reason)
		a.say(Warn, "breaker.stopped", words.A{"account": name, "reason": stoppedBy(st), "test": st.OpenUntil.In(zone)},
			words.T("breaker.mend", words.A{"account": name}))
	case st.NotBefore.After(s.Now()):
		a.fact(at+"not_before", st.NotBefore)
		a.say(Warn, "breaker.wait", words.A{"account": name, "until": st.NotBefore.In(zone)}, words.T("breaker.lower", words.A{"account": name}))
	case st.Scale > 0 && st.Scale < 1:
		a.fact(at+"scale", st.Scale)
		a.say(Warn, "breaker.slowed", words.A{
			"account": name, "share": words.Percent(100 * st.Scale), "rate": words.Rate(s.Config.Accounts[name].Rate * st.Scale),
		}, words.T("breaker.lower", words.A{"account": name}))
	default:
		a.say(Pass, "breaker.in-use", words.A{"account": name})
	}
}

// stoppedBy is why an account was stopped.
func stoppedBy(st ledger.AccountState) words.Text {
	switch {
	case !st.Reason.IsZero():
		return st.Reason
	case !st.Error.IsZero():
		return st.Error
	}
	return words.T("breaker.failures", words.A{"failures": words.N(st.Failures, "failure")})
}
