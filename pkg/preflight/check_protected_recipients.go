package preflight

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"notify/pkg/config"
	"notify/pkg/message"
)

// protectedRecipientsCheck asks how many mails go to our own official domains: they arrive at the very servers that
// orders and shipping notices need, and a burst of them stops those.
func protectedRecipientsCheck() Check {
	return Check{ID: "protected-recipients", Group: GroupList, Run: func(ctx context.Context, s *Subject) Finding {
		if s.Plan.Spec.Texts.Mail(message.Email) == nil {
			return Finding{Status: Skip, oldSummary: textNoMail}
		}
		if len(s.Config.ProtectedDomains) == 0 {
			return Finding{Status: Skip, oldSummary: textNoProtected}
		}
		v, err := s.survey(ctx)
		if err != nil {
			return broken(err)
		}
		var a answers
		for _, domain := range slices.Sorted(maps.Keys(v.Protected)) {
			n := v.Protected[domain]
			a.fact("domain."+domain, n)
			if s.pacedEverywhere(domain) {
				a.add(Pass, fmt.Sprintf(textOwnPaced, count(n, "mail"), domain))
				continue
			}
			st := Warn
			if n > unpacedWarn {
				st = Fail // what a customer's filters notice stops our own orders and shipping notices
			}
			a.add(st, fmt.Sprintf(textOwn, count(n, "mail"), domain), fmt.Sprintf(textPaceOwn, domain))
		}
		if a.status == NotRun {
			a.add(Pass, textNoneOwn)
		}
		return a.done("")
	}}
}

// pacedEverywhere reports whether every account that carries mail has a pace of its own for the domain.
func (s *Subject) pacedEverywhere(domain string) bool {
	shares := s.Config.Routes[message.Email].Accounts
	return !slices.ContainsFunc(shares, func(sh config.Share) bool { return s.Config.Accounts[sh.Account].DomainRate[domain] == 0 })
}

const (
	textNoMail      = "the campaign sends no mail"
	textNoProtected = "protected_domains in notify.yaml is empty"
	textNoneOwn     = "no mail goes to a protected domain"
	textOwn         = "%s to the protected domain %s"
	textOwnPaced    = "%s to the protected domain %s, at its own pace"
	textPaceOwn     = "give it a pace that its server bears beside orders and shipping notices: domain_rate: {%s: 1/s} for the mail accounts in notify.yaml, and tell its administrators"
)
