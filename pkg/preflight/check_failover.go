package preflight

import (
	"context"
	"fmt"

	"notify/pkg/plan"
	"notify/pkg/words"
)

// failoverCheck asks whether a channel has a second account: with one alone, a vendor that goes down stops the campaign.
//
// *Does every channel have a second account?* WARN for one alone: where its vendor is down, the campaign waits.
func failoverCheck() Check {
	return Check{ID: "failover", Group: GroupAccounts, Run: func(ctx context.Context, s *Subject) Finding {
		if _, err := s.renderer(ctx); err != nil {
			return broken(err)
		}
		var (
			a    answers
			keys []string
		)
		for _, ch := range s.Plan.Spec.Channels() {
			names := plan.RouteAccounts(s.route(ch))
			a.fact("route."+string(ch), len(names))
			switch len(names) {
			case 0: // routes says so
			case 1:
				a.say(Warn, "failover.alone", words.A{"channel": string(ch), "account": names[0]})
				keys = append(keys, fmt.Sprintf("routes.%s.failover", ch))
			default:
				a.say(Pass, "routes.good", words.A{"channel": string(ch), "accounts": words.Names(names, 0)})
			}
		}
		f := a.done(noChannel())
		if len(keys) > 0 {
			f.Remedies = do(words.T("failover.add", words.A{"class": s.Plan.Spec.Class, "keys": words.Names(keys, 0)}))
		}
		return f
	}}
}
