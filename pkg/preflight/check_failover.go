package preflight

import (
	"context"
	"fmt"
	"strings"

	"notify/pkg/plan"
)

// failoverCheck asks whether a channel has a second account: with one alone, a vendor that goes down stops the campaign.
func failoverCheck() Check {
	return Check{ID: "failover", Group: GroupAccounts, Run: func(ctx context.Context, s *Subject) Finding {
		if _, err := s.renderer(ctx); err != nil {
			return broken(err)
		}
		var a answers
		for _, ch := range s.Plan.Spec.Channels() {
			names := plan.RouteAccounts(s.Config.Routes[ch])
			a.fact("route."+string(ch), len(names))
			switch {
			case len(names) == 0:
				continue // routes says so
			case len(names) == 1:
				a.add(Warn, fmt.Sprintf(textOneAccount, ch, names[0]), fmt.Sprintf(textAddFailover, s.Config.Accounts[names[0]].Class, ch))
			default:
				a.add(Pass, fmt.Sprintf(textStandsIn, ch, strings.Join(names, ", ")))
			}
		}
		return a.done(textNoChannel)
	}}
}

const (
	textOneAccount  = "%s has %s alone: where its vendor is down, the campaign waits"
	textStandsIn    = "%s: %s"
	textAddFailover = "configure a second account of class %s at another vendor, and name it in notify.yaml (routes.%s.failover)"
)
