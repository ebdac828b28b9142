package preflight

import (
	"context"

	"notify/pkg/words"
)

// environmentCheck asks whether installation, campaign and accounts belong together. What says nothing of its own belongs
// to the installation.
//
// *Do installation, campaign and accounts belong together?* FAIL where one is for another environment.
func environmentCheck() Check {
	return Check{ID: "environment", Group: GroupAccounts, Run: func(_ context.Context, s *Subject) Finding {
		env := s.Config.Environment
		var a answers
		a.fact("installation", env)
		a.fact("campaign", s.Plan.Spec.Environment)
		if c := s.Plan.Spec.Environment; c != "" && c != env {
			a.say(Fail, "environment.campaign", words.A{"campaign": words.Of("environment", c), "installation": words.Of("environment", env)},
				words.T("environment.right-place", words.A{"environment": c, "setting": "environment: " + env}))
		}
		routed := s.routed()
		for _, r := range routed {
			a.fact("account."+r.Name, r.Account.Environment)
			if e := r.Account.Environment; e != "" && e != env {
				a.say(Fail, "environment.account", words.A{"account": r.Name, "is": words.Of("environment", e), "installation": words.Of("environment", env)},
					words.T("environment.other", words.A{"account": r.Name, "installation": words.Of("environment", env)}))
			}
		}
		if a.status == NotRun {
			a.say(Pass, "environment.good", words.A{"accounts": words.N(len(routed), "account"), "installation": words.Of("environment", env)})
		}
		return a.done(words.Text{})
	}}
}
