package preflight

import (
	"context"
	"fmt"
	"slices"

	"notify/pkg/plan"
	"notify/pkg/words"
)

// routesCheck asks whether every channel has accounts that may carry this campaign.
//
// *Does every channel have accounts that may carry this campaign?* FAIL for a channel without one, and for an account of another class:
// notices and marketing do not share an account.
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
				a.say(Fail, "routes.none", words.A{"channel": string(ch)},
					words.T("routes.add", words.A{"channel": string(ch), "setting": fmt.Sprintf("routes.%s.accounts: [NAME]", ch)}))
				continue
			}
			a.say(Pass, "routes.good", words.A{"channel": string(ch), "accounts": words.Names(names, 0)})
		}
		class := s.Plan.Spec.Class
		a.fact("class", class)
		for _, r := range s.routed() {
			switch {
			case !r.Known:
				a.say(Fail, "routes.unknown", words.A{"account": r.Name}, words.T("routes.configure", words.A{"account": r.Name}))
			case r.Account.Class == "" || class == "":
				a.say(Warn, "routes.no-class", words.A{"account": r.Name}, words.T("routes.say-class", words.A{"account": r.Name}))
			case r.Account.Class != class:
				a.say(Fail, "routes.crossed", words.A{"account": r.Name, "is": classWord(r.Account.Class), "wants": classWord(class)}, s.otherClass(r.Name, class))
			}
		}
		return a.done(noChannel())
	}}
}

// otherClass names the accounts of the class that is wanted.
func (s *Subject) otherClass(account, class string) words.Text {
	var fit []string
	for name, a := range s.Config.Accounts {
		if a.Class == class && a.Vendor == s.Config.Accounts[account].Vendor {
			fit = append(fit, name)
		}
	}
	slices.Sort(fit)
	if len(fit) == 0 {
		return words.T("routes.no-other", words.A{"class": class})
	}
	return words.T("routes.other", words.A{"class": class, "accounts": words.Names(fit, 0)})
}

// classWord is a class of campaigns and accounts in words.
func classWord(class string) words.Text { return words.Of("class", class) }

// noChannel is what is said where there is nothing to look at.
func noChannel() words.Text { return words.T("account.no-channel", nil) }
