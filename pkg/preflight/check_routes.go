package preflight

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"notify/pkg/config"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/words"
)

// routesCheck asks whether every channel has accounts that may carry this campaign.
//
// *Does every channel have accounts that may carry this campaign?* FAIL for a channel without one. Accounts of the other class on the route
// carry nothing of it: notices and marketing do not share an account. With `--emergency` they stand in, and WARN.
func routesCheck() Check {
	return Check{ID: "routes", Group: GroupAccounts, Run: func(_ context.Context, s *Subject) Finding {
		var a answers
		class := s.Plan.Spec.Class
		a.fact("class", class)
		for _, ch := range s.Plan.Spec.Channels() {
			route := s.route(ch)
			names := plan.RouteAccounts(route)
			a.fact("route."+string(ch), names)
			left := s.leftOut(ch)
			carried := slices.ContainsFunc(route.Accounts, func(sh config.Share) bool { return sh.Weight > 0 })
			switch {
			case carried:
				a.say(Pass, "routes.good", words.A{"channel": string(ch), "accounts": words.Names(names, 0)})
				for _, name := range left {
					a.say(Pass, "routes.left-out", words.A{"account": name, "is": classWord(s.Config.Accounts[name].Class)})
				}
			case len(names) > 0 && slices.ContainsFunc(s.Config.Routes[ch].Accounts, func(sh config.Share) bool { return sh.Weight > 0 }):
				a.say(Fail, "routes.off", words.A{"channel": string(ch)}, words.T("routes.on", nil))
			case len(left) > 0:
				for _, name := range left {
					a.say(Fail, "routes.crossed", words.A{"account": name, "is": classWord(s.Config.Accounts[name].Class), "wants": classWord(class)}, s.otherClass(name, class))
				}
			default:
				a.say(Fail, "routes.none", words.A{"channel": string(ch)},
					words.T("routes.add", words.A{"channel": string(ch), "setting": fmt.Sprintf("routes.%s.accounts: [NAME]", ch)}))
			}
		}
		for _, r := range s.routed() {
			switch {
			case !r.Known:
				a.say(Fail, "routes.unknown", words.A{"account": r.Name}, words.T("routes.configure", words.A{"account": r.Name}))
			case r.Account.Class == "" || class == "":
				a.say(Warn, "routes.no-class", words.A{"account": r.Name}, words.T("routes.say-class", words.A{"account": r.Name}))
			case r.Account.Class != class:
				a.say(Warn, "routes.emergency", words.A{"account": r.Name, "is": classWord(r.Account.Class), "wants": classWord(class)})
			}
		}
		return a.done(noChannel())
	}}
}

// leftOut are the accounts on the channel's route that are of another class, where the campaign may not use them.
func (s *Subject) leftOut(ch message.Channel) []string {
	fit := plan.RouteAccounts(plan.RouteFor(s.Config, ch, s.Plan.Spec.Class, s.Emergency))
	return slices.DeleteFunc(plan.RouteAccounts(s.Config.Routes[ch]), func(name string) bool { return slices.Contains(fit, name) })
}

// otherClass names the accounts of the class that is wanted.
func (s *Subject) otherClass(account, class string) words.Text {
	var fit []string
	for _, name := range slices.Sorted(maps.Keys(s.Config.Accounts)) {
		if a := s.Config.Accounts[name]; a.Class == class && a.Vendor == s.Config.Accounts[account].Vendor {
			fit = append(fit, name)
		}
	}
	if len(fit) == 0 {
		return words.T("routes.no-other", words.A{"class": class})
	}
	return words.T("routes.other", words.A{"class": class, "accounts": words.Names(fit, 0)})
}

// classWord is a class of campaigns and accounts in words.
func classWord(class string) words.Text { return words.Of("class", class) }

// noChannel is what is said where there is nothing to look at.
func noChannel() words.Text { return words.T("account.no-channel", nil) }
