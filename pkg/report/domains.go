package report

import (
	"cmp"
	"slices"
	"strings"

	"notify/pkg/ledger"
	"notify/pkg/message"
)

// Domain is what became of the mails to a domain.
type Domain struct {
	Domain    string `json:"domain"`
	Messages  int    `json:"messages"`
	Accepted  int    `json:"accepted"`
	Rejected  int    `json:"rejected"`
	Unknown   int    `json:"unknown"`
	Delivered int    `json:"delivered"`
	Bounced   int    `json:"bounced"`
	// Domains is how many domains the line stands for.
	Domains int `json:"domains"`
}

// maxDomains is how many of them have a line of their own.
const maxDomains = 50

func (l *look) domain(rec *ledger.Record, end *ledger.Fact) {
	name := rec.Address.Domain()
	if name == "" {
		return
	}
	d := l.domains[name]
	if d == nil {
		d = &Domain{Domain: strings.Clone(name), Domains: 1}
		l.domains[name] = d
	}
	one := Domain{Messages: 1}
	switch rec.State {
	case message.Accepted:
		one.Accepted = 1
	case message.Rejected:
		one.Rejected = 1
	case message.Unknown:
		one.Unknown = 1
	case message.Pending, message.Attempting, message.Cancelled:
	}
	if end != nil {
		switch end.State {
		case message.Delivered:
			one.Delivered = 1
		case message.SoftBounce, message.HardBounce, message.Undelivered, message.Dropped:
			one.Bounced = 1
		case message.Waiting, message.Complained, message.OptedOut, message.Replied, message.Clicked:
		}
	}
	d.add(&one)
}

func (d *Domain) add(o *Domain) {
	d.Messages, d.Accepted, d.Rejected, d.Unknown = d.Messages+o.Messages, d.Accepted+o.Accepted, d.Rejected+o.Rejected, d.Unknown+o.Unknown
	d.Delivered, d.Bounced = d.Delivered+o.Delivered, d.Bounced+o.Bounced
}

// largest are the domains with the most messages, and one for all others.
func (l *look) largest() []Domain {
	all := make([]Domain, 0, len(l.domains))
	for _, d := range l.domains {
		all = append(all, *d)
	}
	slices.SortFunc(all, func(a, b Domain) int {
		return cmp.Or(cmp.Compare(b.Messages, a.Messages), cmp.Compare(a.Domain, b.Domain))
	})
	if len(all) <= maxDomains {
		return all
	}
	rest := Domain{Domains: len(all) - maxDomains}
	for i := range all[maxDomains:] {
		rest.add(&all[maxDomains+i])
	}
	return append(all[:maxDomains], rest)
}
