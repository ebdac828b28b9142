package preflight

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"notify/pkg/message"
	"notify/pkg/words"
)

// Mails to one domain without a pace of their own arrive as fast as the account sends. Above unpacedWarn the filters of
// companies notice (they blacklisted a server over such a burst); 5,000 a day is from where Gmail and Yahoo count somebody
// as a bulk sender (their rules for senders of February 2024).
const (
	unpacedWarn = 1000
	unpacedFail = 5000
	topDomains  = 5
)

// paceCheck asks whether the domains that get most of the mails get them at a pace that their filters bear.
//
// *Do the domains that get most of the mails get them at a pace that their filters bear?* Shows the five largest, and when each has all.
// Where an account has limits by domain, domains with the same mail hosts are one receiver, as they are for the run.
// Without a `domain_rate` for it or for `default`, a domain WARNs above 1,000 mails and FAILs above 5,000, from where on Gmail and Yahoo
// count a sender of a day as a bulk sender.
func paceCheck() Check {
	return Check{ID: "pace", Group: GroupTime, Overrule: "what receivers' filters refuse is known for each message, and nothing is sent twice", Run: func(ctx context.Context, s *Subject) Finding {
		if s.Plan.Spec.Texts.Mail(message.Email) == nil {
			return Finding{Status: Skip, Summary: said("mail.none", nil)}
		}
		needs, err := s.Needs(ctx)
		if err != nil {
			return broken(err)
		}
		var a answers
		for _, n := range needs {
			if n.Channel == message.Email && n.Messages > 0 {
				s.pacing(&a, n)
			}
		}
		return a.done(words.T("timer.nothing", nil))
	}}
}

func (s *Subject) pacing(a *answers, n Need) {
	domains := slices.SortedFunc(maps.Keys(n.Domains), func(x, y string) int {
		return cmp.Or(cmp.Compare(n.Domains[y], n.Domains[x]), cmp.Compare(x, y))
	})
	unpaced, worst := 0, ""
	for i, d := range domains {
		mails := int(float64(n.Domains[d])*n.Share + 0.5)
		limit := n.domainRate(d)
		if i < topDomains {
			a.fact("account."+n.Name+".domain."+d, mails)
			a.detail(s.domainLine(n, d, mails, limit))
		}
		if limit == 0 && mails > unpacedWarn {
			unpaced++
			if worst == "" {
				worst = d
			}
		}
	}
	for _, more := range andMore(len(domains) - topDomains) {
		a.detail(more)
	}
	if n.Unsaid > 0 {
		a.detail(words.T("pace.unsaid", words.A{"domains": words.N(n.Unsaid, "domain")}))
	}
	if unpaced == 0 {
		good, args := "pace.good", words.A{"account": n.Name, "mails": words.N(n.Messages, "mail"), "domains": words.N(n.Named, "domain")}
		if len(domains) < n.Named {
			good, args["receivers"] = "pace.good-receivers", words.N(len(domains), "receiver")
		}
		a.say(Pass, good, args)
		return
	}
	st, mails := Warn, int(float64(n.Domains[worst])*n.Share+0.5)
	if mails > unpacedFail {
		st = Fail
	}
	a.fact("account."+n.Name+".unpaced_domains", unpaced)
	a.say(st, "pace.unpaced", words.A{"account": n.Name, "domains": words.N(unpaced, "domain"), "limit": unpacedWarn, "worst": worst, "mails": mails})
	a.offer(s.waysToPace(n, worst, mails))
}

// A pace to begin with: what the filters of most companies bear, and of one that gets many mails.
const (
	modestPace = 5
	gentlePace = 1
)

// waysToPace are a pace for every domain, and a slower one for the domain that gets most without any; no slower than lets
// all of its mails through within a day's window.
func (s *Subject) waysToPace(n Need, worst string, mails int) ways {
	key := "accounts." + n.Name + "." + keyDomainRate
	slow := max(gentlePace, tenth(float64(mails)/s.Plan.Spec.Window.Length().Seconds()))
	var w ways
	w.or(Option{
		Kind: OptionRate, Enough: true, Account: n.Name, Channel: n.Channel,
		Settings: []Setting{{Key: key + "default", Value: float64(modestPace), Unit: "/s"}, {Key: key + worst, Value: slow, Unit: "/s"}},
		Text: words.T("pace.set", words.A{
			"key": strings.TrimSuffix(key, "."), "example": fmt.Sprintf("{default: %d/s, %s: %v/s}", modestPace, worst, slow),
		}),
	})
	w.say(words.T("pace.takes", words.A{
		"domain": worst, "gentle": span(mails, gentlePace), "modest": span(mails, modestPace),
		"slowest": words.Rate(float64(mails) / s.Plan.Spec.Window.Length().Seconds()),
	}))
	return w
}

// domainRate is the pace for a domain in mails per second; 0 where there is none.
func (n *Need) domainRate(domain string) float64 {
	if limit, ok := n.Account.DomainRate[domain]; ok {
		return limit
	}
	return n.Account.DomainRate["default"]
}

// domainQuota is how many mails a day a domain may get; 0 for any number.
func (n *Need) domainQuota(domain string) int64 {
	if limit, ok := n.Account.DomainQuota[domain]; ok {
		return limit
	}
	return n.Account.DomainQuota["default"]
}

// domainLine says how much a domain gets, how fast, and when it has all.
func (s *Subject) domainLine(n Need, domain string, mails int, limit float64) words.Text {
	line := s.domainPace(n, domain, mails, limit)
	slots, own := n.Account.DomainSlots[domain]
	if !own {
		slots = n.Account.DomainSlots["default"]
	}
	if slots > 0 {
		return words.T("pace.domain-slots", words.A{"line": line, "n": slots})
	}
	return line
}

func (s *Subject) domainPace(n Need, domain string, mails int, limit float64) words.Text {
	p := pace{rate: limit, first: -1, daily: -1, window: s.Plan.Spec.Window, hours: s.hours()}
	if limit == 0 {
		if n.Account.Rate == 0 {
			return words.T("pace.domain-free", words.A{"domain": domain, "mails": words.N(mails, "mail")})
		}
		// Domains are mixed on the list: this one gets its part of the account's rate.
		p.rate = n.Account.Rate * n.OfAccount * float64(mails) / float64(n.Messages)
	}
	_, done := p.schedule(mails, s.now())
	return words.T("pace.domain", words.A{"domain": domain, "mails": words.N(mails, "mail"), "rate": words.Rate(p.rate), "done": doneAt(done)})
}
