package preflight

import (
	"context"
	"fmt"

	"notify/pkg/message"
	"notify/pkg/plan"
)

// One domain with more than oneDomainShare of the mails, in a list that has others too, is either a list cut short or a
// company that is about to see mass mail: its filters are the first to look. Below oneDomainFrom mails nobody notices.
const (
	oneDomainShare = 0.8
	oneDomainFrom  = 100
)

// domainShareCheck asks whether nearly all mails go to one domain.
func domainShareCheck() Check {
	return Check{ID: "domain-share", Group: GroupList, Run: ofTexts(message.Email, func(_ context.Context, s *Subject, _ *plan.ChannelFacts) Finding {
		c := s.Plan.Channel(message.Email)
		top, most := "", 0
		for domain, n := range c.Domains {
			if n > most || n == most && domain < top {
				top, most = domain, n
			}
		}
		f := Finding{Status: Pass, Facts: []Fact{{"domains", len(c.Domains)}, {"largest", top}, {"largest_messages", most}}}
		switch {
		case c.Messages == 0:
			f.oldSummary = textNoMails
		case len(c.Domains) == 1:
			f.oldSummary = fmt.Sprintf(textOneDomain, count(c.Messages, "mail"), top)
		default:
			f.oldSummary = fmt.Sprintf(textDomains, num(most), num(c.Messages), top, 100*most/c.Messages, num(len(c.Domains)))
			if c.Messages >= oneDomainFrom && float64(most) > oneDomainShare*float64(c.Messages) {
				f.Status, f.oldRemedies = Warn, []string{fmt.Sprintf(textIsThatMeant, top), fmt.Sprintf(textPaceDomain, top)}
			}
		}
		return f
	})}
}

const (
	textNoMails     = "no mails"
	textOneDomain   = "%s, all to %s"
	textDomains     = "%s of %s mails go to %s (%d%%), out of %s domains"
	textIsThatMeant = "ask the list's owner whether so many people at %s are meant, or whether the others are missing"
	textPaceDomain  = "keep to a pace that its filters bear: domain_rate: {%s: 1/s} for the mail accounts in notify.yaml"
)
