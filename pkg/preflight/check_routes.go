package preflight

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"notify/pkg/plan"
)

// routesCheck asks whether every channel has accounts that may carry this campaign.
func routesCheck() Check {
	return Check{ID: "routes", Group: GroupAccounts, Run: func(_ context.Context, s *Subject) Finding {
		var a answers
		for _, ch := range s.Plan.Spec.Channels() {
			names := plan.RouteAccounts(s.Config.Routes[ch])
			a.fact("route."+string(ch), names)
			weight := 0
			for _, sh := range s.Config.Routes[ch].Accounts {
				weight += sh.Weight
			}
			if weight == 0 {
				a.add(Fail, fmt.Sprintf(textNoRoute, ch), fmt.Sprintf(textAddRoute, ch, ch))
				continue
			}
			a.add(Pass, fmt.Sprintf("%s: %s", ch, strings.Join(names, ", ")))
		}
		class := s.Plan.Spec.Class
		a.fact("class", class)
		for _, r := range s.routed() {
			switch {
			case !r.Known:
				a.add(Fail, fmt.Sprintf(textNoAccount, r.Name), fmt.Sprintf(textConfigureAccount, r.Name))
			case r.Account.Class == "" || class == "":
				a.add(Warn, fmt.Sprintf(textNoClass, r.Name), fmt.Sprintf(textSayClass, r.Name))
			case r.Account.Class != class:
				a.add(Fail, fmt.Sprintf(textClassCrossed, r.Name, r.Account.Class, class), s.otherClass(r.Name, class))
			}
		}
		return a.done(textNoChannel)
	}}
}

// otherClass names the accounts of the class that is wanted.
func (s *Subject) otherClass(account, class string) string {
	var fit []string
	for name, a := range s.Config.Accounts {
		if a.Class == class && a.Vendor == s.Config.Accounts[account].Vendor {
			fit = append(fit, name)
		}
	}
	slices.Sort(fit)
	if len(fit) == 0 {
		return fmt.Sprintf(textNoAccountOfClass, class)
	}
	return fmt.Sprintf(textRouteThrough, class, strings.Join(fit, ", "))
}

const (
	textNoChannel        = "the campaign has no channel"
	textNoRoute          = "%s has no account on its route"
	textAddRoute         = "add the route in notify.yaml (routes.%s.accounts: [NAME]) with an account that sends %s"
	textNoAccount        = "account %s is on the route and not configured"
	textConfigureAccount = "configure accounts.%s in notify.yaml, or correct its name on the route"
	textNoClass          = "account %s or the campaign does not say its class"
	textSayClass         = "say class: notice or marketing for account %s in notify.yaml, and in the campaign file"
	textClassCrossed     = "account %s is for %s, the campaign is %s"
	textNoAccountOfClass = "configure an account with class: %s and put it on the route; classes do not share an account"
	textRouteThrough     = "put an account with class %s on the route instead: %s"
)
