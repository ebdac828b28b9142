package preflight

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"notify/pkg/config"
	"notify/pkg/dns"
	"notify/pkg/message"
	"notify/pkg/option"
	"notify/pkg/words"
)

// protectedSenderCheck asks whether the mails leave under a protected domain or through a protected server: receivers that
// have enough of them then refuse orders and shipping notices too. A subdomain is another name, with a reputation that is
// mostly its own, and so the usual home of bulk mail; it is protected only if it is listed.
//
// *Do the mails leave under a protected domain, or through a protected server?* FAIL for one of `protected_domains`, by name or by address;
// a subdomain is another name.
func protectedSenderCheck() Check {
	return Check{ID: "protected", Group: GroupSender, Run: func(ctx context.Context, s *Subject) Finding {
		return s.ofSender(func(from mailSender, a *senderAnswers) {
			listed := s.Config.ProtectedDomains
			if len(listed) == 0 {
				a.say(Skip, "protected.unset", nil)
				return
			}
			a.fact("from", from.From)
			if slices.Contains(listed, from.From) {
				a.say(Fail, "protected.from", words.A{"mails": words.N(s.Plan.Channel(message.Email).Messages, "mail"), "domain": from.From})
				a.offer(s.ownDomain(from.From))
			}
			for _, m := range from.Mailers {
				a.fact("account."+m.Name+".envelope", m.Envelope)
				a.fact("account."+m.Name+".server", m.Host)
				if m.Envelope != from.From && slices.Contains(listed, m.Envelope) {
					a.say(Fail, "protected.envelope", words.A{"account": m.Name, "domain": m.Envelope})
					a.offer(m.ownEnvelope())
				}
				s.protectedServer(ctx, from, m, a)
			}
			if a.status == Pass {
				a.finding.Summary = slices.Insert(a.finding.Summary, 0, words.T("protected.good", words.A{"domain": from.From, "listed": words.Names(listed, shownNames)}))
			}
			for i := range a.finding.Options {
				a.finding.Options[i].Enough = len(a.finding.Remedies) == 1
			}
		})
	}}
}

// bulkName is before a domain the name of its bulk mail.
const bulkName = "edm."

// ownDomain is to send from a domain for bulk mail.
func (s *Subject) ownDomain(domain string) ways {
	from := s.Plan.Spec.Texts.Mail(message.Email).From
	at := strings.LastIndexByte(from, '@') + 1
	var w ways
	w.or(Option{
		Kind: OptionSender, Channel: message.Email, Text: words.T("protected.own-domain", words.A{"domain": bulkName + domain}),
		Settings: []Setting{{Key: "channels.email.from", Value: from[:at] + bulkName + from[at:], Now: from, Campaign: true}},
	})
	return w
}

// ownEnvelope is to have bounces go to a domain for bulk mail.
func (m mailer) ownEnvelope() ways {
	address := "bounces@" + bulkName + m.Envelope
	key, _ := m.Account.Said(option.Envelope)
	var w ways
	w.or(Option{
		Kind: OptionSender, Account: m.Name, Channel: message.Email,
		Text:     words.T("protected.own-envelope", words.A{"key": "accounts." + m.Name + ".options." + key, "address": address}),
		Settings: []Setting{{Key: "accounts." + m.Name + ".options." + key, Value: address, Now: m.Account.Options[key]}},
	})
	return w
}

// shownNames is how many names stand on a line.
const shownNames = 3

// protectedServer asks whether a server is a protected one, by its name and by its addresses.
func (s *Subject) protectedServer(ctx context.Context, from mailSender, m mailer, a *senderAnswers) {
	listed := s.Config.ProtectedDomains
	remedy := words.T("protected.other-server", words.A{"account": m.Name})
	switch {
	case m.Host == "":
		a.say(Pass, "protected.vendor", words.A{"account": m.Name, "vendor": m.Account.Vendor})
		return
	case slices.Contains(listed, m.Host):
		a.say(Fail, "protected.server", words.A{"account": m.Name, "host": m.Host}, remedy)
		return
	}
	ours, err := s.serverAddresses(ctx, m)
	switch {
	case err != nil && s.Offline:
		a.say(Warn, "protected.by-name", words.A{"account": m.Name, "host": m.Host}, words.T("preflight.run-online", nil))
		return
	case dns.IsNotFound(err):
		a.say(Warn, "protected.nowhere", words.A{"account": m.Name, "host": m.Host}, words.T("protected.see-server", words.A{"host": m.Host}))
		return
	case err != nil:
		a.unknown(m.of(words.T("protected.which", words.A{"host": m.Host})), err)
		return
	case len(ours) == 0:
		a.say(Pass, "protected.only", words.A{"account": m.Name, "host": m.Host})
		return
	}
	theirs, err := s.protectedAddresses(ctx)
	if err != nil {
		a.unknown(words.T("protected.addresses", nil), err)
		return
	}
	for _, addr := range ours {
		if name, is := theirs[addr]; is {
			a.say(Fail, "protected.same", words.A{"account": m.Name, "host": m.Host, "address": addr.String(), "name": name}, remedy)
			return
		}
	}
	if p := within(m.Host, listed); p != "" && within(m.Host, []string{from.From, m.Envelope}) == "" {
		a.say(Warn, "protected.below", words.A{"account": m.Name, "host": m.Host, "domain": p}, words.T("protected.list-server", words.A{"account": m.Name, "host": m.Host}))
		return
	}
	a.say(Pass, "protected.other", words.A{"account": m.Name, "host": hostAt(m.Host, ours), "addresses": words.N(len(theirs), "address")})
}

// serverAddresses are the addresses by which a server can be told from a protected one; none where it is a sandbox. A server
// on this machine has all addresses of this machine. The error is errOffline where DNS may not be asked.
func (s *Subject) serverAddresses(ctx context.Context, m mailer) ([]netip.Addr, error) {
	outside := s.Config.Environment == config.Production
	addr, err := netip.ParseAddr(m.Host)
	local := m.Host == localhost || err == nil && addr.IsLoopback()
	switch {
	case !outside && (local || isReserved(m.Host)):
		return nil, nil
	case s.Offline:
		return nil, errOffline
	case local:
		return ownAddresses()
	}
	found, err := s.resolver().LookupIPAddr(ctx, m.Host)
	if err != nil {
		return nil, err
	}
	return append(toAddrs(found), m.Account.SendsFrom...), nil
}

// protectedAddresses are the addresses of the protected names and of the hosts that take their mail, each with such a name.
func (s *Subject) protectedAddresses(ctx context.Context) (map[netip.Addr]words.Text, error) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	var broke error
	all := make(map[netip.Addr]words.Text)
	add := func(name words.Text, host string) {
		found, err := s.resolver().LookupIPAddr(ctx, host)
		mu.Lock()
		defer mu.Unlock()
		if err != nil && !dns.IsNotFound(err) {
			broke = err
		}
		for _, addr := range toAddrs(found) {
			all[addr] = name
		}
	}
	for _, name := range s.Config.ProtectedDomains {
		ascii, err := asciiDomain(name)
		if err != nil || isReserved(ascii) {
			continue
		}
		wg.Go(func() { add(words.Raw(name), ascii) })
		wg.Go(func() {
			hosts, err := s.resolver().LookupMX(ctx, ascii)
			if err != nil && !dns.IsNotFound(err) {
				mu.Lock()
				broke = err
				mu.Unlock()
			}
			for _, mx := range hosts {
				if mx.Host != "." {
					add(words.T("protected.takes-mail", words.A{"host": mx.Host, "domain": name}), mx.Host)
				}
			}
		})
	}
	wg.Wait()
	return all, broke
}

func toAddrs(found []net.IPAddr) []netip.Addr {
	var addrs []netip.Addr
	for _, f := range found {
		if addr, ok := netip.AddrFromSlice(f.IP); ok {
			addrs = append(addrs, addr.Unmap())
		}
	}
	return addrs
}

// ownAddresses are those of this machine, without the ones that every machine has.
func ownAddresses() ([]netip.Addr, error) {
	own, err := net.InterfaceAddrs()
	if err != nil {
		return nil, words.Wrap(err, "protected.own-addresses", nil)
	}
	var addrs []netip.Addr
	for _, o := range own {
		if p, err := netip.ParsePrefix(o.String()); err == nil && p.Addr().IsGlobalUnicast() {
			addrs = append(addrs, p.Addr().Unmap())
		}
	}
	return addrs, nil
}

// errOffline says that DNS may not be asked.
var errOffline = words.Err("preflight.offline", nil)
