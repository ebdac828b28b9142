package preflight

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/words"
)

// One domain with more than oneDomainShare of the mails, in a list that has others too, is either a list cut short or a
// company that is about to see mass mail: its filters are the first to look. Below oneDomainFrom mails nobody notices.
const (
	oneDomainShare = 0.8
	oneDomainFrom  = 100
)

// domainShareCheck asks whether nearly all mails go to one domain.
//
// *Do nearly all mails go to one domain?* WARN above 80 % of 100 mails or more, where there are other domains too: either others are
// missing on the list, or one company's filters are about to see mass mail.
func domainShareCheck() Check {
	return Check{ID: "domain-share", Group: GroupList, Run: ofTexts(message.Email, func(_ context.Context, s *Subject, _ *plan.ChannelFacts) Finding {
		c := s.Plan.Channel(message.Email)
		top, most := "", 0
		for _, domain := range slices.Sorted(maps.Keys(c.Domains)) {
			if n := c.Domains[domain]; n > most {
				top, most = domain, n
			}
		}
		f := Finding{Status: Pass, Facts: []Fact{{"domains", len(c.Domains)}, {"largest", top}, {"largest_messages", most}}}
		if len(c.Domains) == 1 {
			f.Summary = said("domain-share.one", words.A{"mails": words.N(c.Messages, "mail"), "domain": top})
			return f
		}
		f.Summary = said("domain-share.largest", words.A{
			"count": most, "mails": words.N(c.Messages, "mail"), "domain": top, "share": share(most, c.Messages), "domains": words.N(len(c.Domains), "domain"),
		})
		if c.Messages >= oneDomainFrom && float64(most) > oneDomainShare*float64(c.Messages) {
			f.Status, f.Remedies = Warn, do(words.T("domain-share.is-it-meant", words.A{"domain": top}),
				words.T("domain-share.pace", words.A{"setting": fmt.Sprintf("domain_rate: {%s: 1/s}", top)}))
		}
		return f
	})}
}
