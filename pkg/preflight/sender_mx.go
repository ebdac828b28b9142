package preflight

import (
	"context"
	"net"
	"slices"

	"notify/pkg/config"
	"notify/pkg/dns"
	"notify/pkg/words"
)

// mxCheck asks whether answers and bounces can arrive. Many receivers refuse mails from a domain that nobody can write to.
//
// *Can answers and bounces arrive?* FAIL for a domain with neither MX nor address, and for one that says it takes no mail.
func mxCheck() Check {
	return Check{ID: "mx", Group: GroupSender, Online: true, Overrule: "bounces and answers are lost, and nothing is sent twice", Run: func(ctx context.Context, s *Subject) Finding {
		return s.ofSender(func(from mailSender, a *senderAnswers) {
			for _, d := range from.domains() {
				s.takesMail(ctx, d, a)
			}
		})
	}}
}

// ownDomain is a domain of the sender, and what it is for.
type ownDomain struct {
	name string
	use  words.Text
	fact string
}

// domains are those that people and servers write to, each once.
func (m mailSender) domains() []ownDomain {
	all := []ownDomain{{m.From, words.Raw("from"), "from"}}
	add := func(name string, use words.Text, fact string) {
		if name != "" && !slices.ContainsFunc(all, func(d ownDomain) bool { return d.name == name }) {
			all = append(all, ownDomain{name, use, fact})
		}
	}
	add(m.ReplyTo, words.Raw("reply_to"), "reply_to")
	for _, one := range m.Mailers {
		add(one.Envelope, words.T("mx.bounces-of", words.A{"account": one.Name}), "bounces of "+one.Name)
	}
	return all
}

// takesMail asks whether a domain has a host that takes its mail (RFC 5321 5.1).
func (s *Subject) takesMail(ctx context.Context, d ownDomain, a *senderAnswers) {
	if isReserved(d.name) {
		if s.Config.Environment == config.Production {
			a.say(Warn, "mx.reserved", words.A{"domain": d.name, "use": d.use}, words.T("mx.real-sender", nil))
			return
		}
		a.add(Skip, reserved(d.name))
		return
	}
	remedy := words.T("mx.publish", words.A{"domain": d.name})
	hosts, err := s.resolver().LookupMX(ctx, d.name)
	switch {
	case dns.IsNotFound(err):
		s.takesMailItself(ctx, d, a)
		return
	case err != nil:
		a.unknown(words.T("mx.of", words.A{"domain": d.name}), err)
		return
	case slices.ContainsFunc(hosts, isNullMX):
		a.fact(d.fact, ".")
		a.say(Fail, "mx.refuses", words.A{"domain": d.name, "use": d.use}, remedy)
		return
	}
	var there, gone []string
	for _, h := range hosts {
		_, err := s.resolver().LookupIPAddr(ctx, h.Host)
		switch {
		case dns.IsNotFound(err):
			gone = append(gone, h.Host)
		case err != nil:
			a.unknown(words.T("mx.host", words.A{"domain": d.name, "host": h.Host}), err)
			return
		default:
			there = append(there, h.Host)
		}
	}
	a.fact(d.fact, there)
	switch {
	case len(there) == 0:
		a.say(Fail, "mx.nowhere", words.A{"domain": d.name, "use": d.use, "hosts": words.Names(gone, shownNames)}, remedy)
	case len(gone) > 0:
		a.say(Warn, "mx.partly", words.A{"domain": d.name, "hosts": words.Names(there, shownNames), "gone": words.Names(gone, shownNames)}, remedy)
	default:
		a.say(Pass, "mx.good", words.A{"domain": d.name, "hosts": words.Names(there, shownNames)})
	}
}

// takesMailItself asks about a domain without MX: its own address counts then.
func (s *Subject) takesMailItself(ctx context.Context, d ownDomain, a *senderAnswers) {
	found, err := s.resolver().LookupIPAddr(ctx, d.name)
	switch {
	case dns.IsNotFound(err):
		a.fact(d.fact, []string{})
		a.say(Fail, "mx.none", words.A{"domain": d.name, "use": d.use}, words.T("mx.publish", words.A{"domain": d.name}))
	case err != nil:
		a.unknown(words.T("mx.of", words.A{"domain": d.name}), err)
	default:
		a.fact(d.fact, []string{d.name})
		a.say(Pass, "mx.itself", words.A{"domain": d.name, "addresses": addresses(toAddrs(found))})
	}
}

// isNullMX reports the MX by which a domain says that it takes no mail (RFC 7505).
func isNullMX(mx *net.MX) bool { return mx.Host == "." }
