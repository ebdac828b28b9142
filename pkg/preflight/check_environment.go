package preflight

import (
	"context"
	"fmt"
)

// environmentCheck asks whether installation, campaign and accounts belong together. What says nothing of its own belongs
// to the installation.
func environmentCheck() Check {
	return Check{ID: "environment", Group: GroupAccounts, Run: func(_ context.Context, s *Subject) Finding {
		env := s.Config.Environment
		var a answers
		a.fact("installation", env)
		a.fact("campaign", s.Plan.Spec.Environment)
		if c := s.Plan.Spec.Environment; c != "" && c != env {
			a.add(Fail, fmt.Sprintf(textCampaignElsewhere, c, env), fmt.Sprintf(textRightInstallation, c, env))
		}
		routed := s.routed()
		for _, r := range routed {
			a.fact("account."+r.Name, r.Account.Environment)
			if e := r.Account.Environment; e != "" && e != env {
				a.add(Fail, fmt.Sprintf(textAccountElsewhere, r.Name, e, env), fmt.Sprintf(textOtherAccount, r.Name, env))
			}
		}
		if a.status == NotRun {
			a.add(Pass, fmt.Sprintf(textAllOneEnvironment, count(len(routed), "account"), env))
		}
		return a.done("")
	}}
}

const (
	textAllOneEnvironment = "installation, campaign and %s: %s"
	textCampaignElsewhere = "the campaign is for %s, this installation is %s"
	textRightInstallation = "run it where it belongs, with the notify.yaml of %s (--config FILE); or, if the campaign file is wrong, set environment: %s in it"
	textAccountElsewhere  = "account %s is for %s, this installation is %s"
	textOtherAccount      = "take account %s off the route in notify.yaml, and put one for %s on it"
)
