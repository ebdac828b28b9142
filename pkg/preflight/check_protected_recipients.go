package preflight

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"notify/pkg/config"
	"notify/pkg/message"
	"notify/pkg/words"
)

// protectedRecipientsCheck asks how many mails go to our own official domains: they arrive at the very servers that
// orders and shipping notices need, and a burst of them stops those.
//
// *How many mails go to our own official domains?* They arrive at the very servers that orders and shipping notices need. WARN with
// the count, FAIL above 1,000, unless the mail accounts have a `domain_rate` for that domain.
func protectedRecipientsCheck() Check {
	return Check{ID: "protected-recipients", Group: GroupList, Run: func(ctx context.Context, s *Subject) Finding {
		if s.Plan.Spec.Texts.Mail(message.Email) == nil {
			return Finding{Status: Skip, Summary: said("mail.none", nil)}
		}
		if len(s.Config.ProtectedDomains) == 0 {
			return Finding{Status: Skip, Summary: said("protected.unset", nil)}
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
				a.say(Pass, "protected-recipients.paced", words.A{"mails": words.N(n, "mail"), "domain": domain})
				continue
			}
			st := Warn
			if n > unpacedWarn {
				st = Fail // what a customer's filters notice stops our own orders and shipping notices
			}
			a.say(st, "protected-recipients.some", words.A{"mails": words.N(n, "mail"), "domain": domain},
				words.T("protected-recipients.pace", words.A{"setting": fmt.Sprintf("domain_rate: {%s: 1/s}", domain)}))
		}
		if a.status == NotRun {
			a.say(Pass, "protected-recipients.none", nil)
		}
		return a.done(words.Text{})
	}}
}

// pacedEverywhere reports whether every account that carries mail has a pace of its own for the domain.
func (s *Subject) pacedEverywhere(domain string) bool {
	shares := s.route(message.Email).Accounts
	return !slices.ContainsFunc(shares, func(sh config.Share) bool { return s.Config.Accounts[sh.Account].DomainRate[domain] == 0 })
}
