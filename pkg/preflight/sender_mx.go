package preflight

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"

	"notify/pkg/config"
	"notify/pkg/dns"
)

// mxCheck asks whether answers and bounces can arrive. Many receivers refuse mails from a domain that nobody can write to.
func mxCheck() Check {
	return Check{ID: "mx", Group: GroupSender, Online: true, Run: func(ctx context.Context, s *Subject) Finding {
		return s.ofSender(func(from mailSender, a *senderAnswers) {
			for _, d := range from.domains() {
				s.takesMail(ctx, d, a)
			}
		})
	}}
}

// ownDomain is a domain of the sender, and what it is for.
type ownDomain struct{ name, use string }

// domains are those that people and servers write to, each once.
func (m mailSender) domains() []ownDomain {
	all := []ownDomain{{m.From, "from"}}
	add := func(name, use string) {
		if name != "" && !slices.ContainsFunc(all, func(d ownDomain) bool { return d.name == name }) {
			all = append(all, ownDomain{name, use})
		}
	}
	add(m.ReplyTo, "reply_to")
	for _, one := range m.Mailers {
		add(one.Envelope, "bounces of "+one.Name)
	}
	return all
}

// takesMail asks whether a domain has a host that takes its mail (RFC 5321 5.1).
func (s *Subject) takesMail(ctx context.Context, d ownDomain, a *senderAnswers) {
	if isReserved(d.name) {
		if s.Config.Environment == config.Production {
			a.add(Warn, fmt.Sprintf(textReservedAnswers, d.name, d.use), textRealSender)
			return
		}
		a.add(Skip, fmt.Sprintf(textReserved, d.name))
		return
	}
	remedy := fmt.Sprintf(textPublishMX, d.name)
	hosts, err := s.resolver().LookupMX(ctx, d.name)
	switch {
	case dns.IsNotFound(err):
		s.takesMailItself(ctx, d, a)
		return
	case err != nil:
		a.unknown(fmt.Sprintf(textMXOf, d.name), err)
		return
	case slices.ContainsFunc(hosts, isNullMX):
		a.fact(d.use, ".")
		a.add(Fail, fmt.Sprintf(textNullMX, d.name, d.use), remedy)
		return
	}
	var there, gone []string
	for _, h := range hosts {
		_, err := s.resolver().LookupIPAddr(ctx, h.Host)
		switch {
		case dns.IsNotFound(err):
			gone = append(gone, h.Host)
		case err != nil:
			a.unknown(fmt.Sprintf(textMXHost, d.name, h.Host), err)
			return
		default:
			there = append(there, h.Host)
		}
	}
	a.fact(d.use, there)
	switch {
	case len(there) == 0:
		a.add(Fail, fmt.Sprintf(textMXNowhere, d.name, d.use, strings.Join(gone, ", ")), remedy)
	case len(gone) > 0:
		a.add(Warn, fmt.Sprintf(textMXPartly, d.name, first(there, shownNames), first(gone, shownNames)), remedy)
	default:
		a.add(Pass, fmt.Sprintf(textMXGood, d.name, first(there, shownNames)))
	}
}

// takesMailItself asks about a domain without MX: its own address counts then.
func (s *Subject) takesMailItself(ctx context.Context, d ownDomain, a *senderAnswers) {
	found, err := s.resolver().LookupIPAddr(ctx, d.name)
	switch {
	case dns.IsNotFound(err):
		a.fact(d.use, []string{})
		a.add(Fail, fmt.Sprintf(textNoMX, d.name, d.use), fmt.Sprintf(textPublishMX, d.name))
	case err != nil:
		a.unknown(fmt.Sprintf(textMXOf, d.name), err)
	default:
		a.fact(d.use, []string{d.name})
		a.add(Pass, fmt.Sprintf(textImplicitMX, d.name, addresses(toAddrs(found))))
	}
}

const (
	textReservedAnswers = "%s (%s) is reserved for tests: nobody can answer"
	textRealSender      = "send from a domain of your own: channels.email.from in the campaign file"
	textMXOf            = "where the mail of %s goes"
	textMXHost          = "where the mail of %s goes (%s)"
	textMXGood          = "%s: %s"
	textImplicitMX      = "%s has no MX, and takes mail at its own address %s"
	textNullMX          = "%s (%s) says that it takes no mail"
	textNoMX            = "%s (%s) has neither MX nor address: nobody can answer, and bounces are lost"
	textMXNowhere       = "the mail of %s (%s) goes to %s, which has no address"
	textMXPartly        = "%s: %s; without an address: %s"
	textPublishMX       = "publish MX records at %s that name hosts which take its mail, or send from a domain that has them"
)

// isNullMX reports the MX by which a domain says that it takes no mail (RFC 7505).
func isNullMX(mx *net.MX) bool { return mx.Host == "." }
