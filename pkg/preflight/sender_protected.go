package preflight

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"notify/pkg/words"
	"slices"
	"strings"
	"sync"

	"notify/pkg/config"
	"notify/pkg/dns"
	"notify/pkg/message"
	"notify/pkg/option"
)

// protectedSenderCheck asks whether the mails leave under a protected domain or through a protected server: receivers that
// have enough of them then refuse orders and shipping notices too. A subdomain is another name, with a reputation that is
// mostly its own, and so the usual home of bulk mail; it is protected only if it is listed.
func protectedSenderCheck() Check {
	return Check{ID: "protected", Group: GroupSender, Run: func(ctx context.Context, s *Subject) Finding {
		return s.ofSender(func(from mailSender, a *senderAnswers) {
			listed := s.Config.ProtectedDomains
			if len(listed) == 0 {
				a.add(Skip, textNoProtected)
				return
			}
			a.fact("from", from.From)
			if slices.Contains(listed, from.From) {
				a.add(Fail, fmt.Sprintf(textFromProtected, count(s.Plan.Channel(message.Email).Messages, "mail"), from.From))
				a.offer(s.ownDomain(from.From))
			}
			for _, m := range from.Mailers {
				a.fact("account."+m.Name+".envelope", m.Envelope)
				a.fact("account."+m.Name+".server", m.Host)
				if m.Envelope != from.From && slices.Contains(listed, m.Envelope) {
					a.add(Fail, fmt.Sprintf(textEnvelopeProtected, m.Name, m.Envelope))
					a.offer(m.ownEnvelope())
				}
				s.protectedServer(ctx, from, m, a)
			}
			if a.status == Pass {
				a.finding.Summary = slices.Insert(a.finding.Summary, 0, words.Raw(fmt.Sprintf(textNotProtected, from.From, first(listed, shownNames))))
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
		Kind: OptionSender, Channel: message.Email, oldText: fmt.Sprintf(textOwnDomain, bulkName+domain),
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
		Kind: OptionSender, Account: m.Name, Channel: message.Email, oldText: fmt.Sprintf(textOwnEnvelope, m.Name, address),
		Settings: []Setting{{Key: "accounts." + m.Name + ".options." + key, Value: address, Now: m.Account.Options[key]}},
	})
	return w
}

// shownNames is how many names stand on a line.
const shownNames = 3

// protectedServer asks whether a server is a protected one, by its name and by its addresses.
func (s *Subject) protectedServer(ctx context.Context, from mailSender, m mailer, a *senderAnswers) {
	listed := s.Config.ProtectedDomains
	remedy := fmt.Sprintf(textOtherServer, m.Name)
	switch {
	case m.Host == "":
		a.add(Pass, fmt.Sprintf(textServerOfVendor, m.Name, m.Account.Vendor))
		return
	case slices.Contains(listed, m.Host):
		a.add(Fail, fmt.Sprintf(textServerProtected, m.Name, m.Host), remedy)
		return
	}
	ours, err := s.serverAddresses(ctx, m)
	switch {
	case err != nil && s.Offline:
		a.add(Warn, fmt.Sprintf(textServerByName, m.Name, m.Host), words.T("preflight.run-online", nil))
		return
	case dns.IsNotFound(err):
		a.add(Warn, fmt.Sprintf(textServerNowhere, m.Name, m.Host), fmt.Sprintf(textSeeServer, m.Host))
		return
	case err != nil:
		a.unknown(fmt.Sprintf(textServerAddress, m.Name, m.Host), err)
		return
	case len(ours) == 0:
		a.add(Pass, fmt.Sprintf(textServerOnly, m.Name, m.Host))
		return
	}
	theirs, err := s.protectedAddresses(ctx)
	if err != nil {
		a.unknown(textProtectedAddresses, err)
		return
	}
	for _, addr := range ours {
		if name, is := theirs[addr]; is {
			a.add(Fail, fmt.Sprintf(textServerIs, m.Name, m.Host, addr, name), remedy)
			return
		}
	}
	if p := within(m.Host, listed); p != "" && within(m.Host, []string{from.From, m.Envelope}) == "" {
		a.add(Warn, fmt.Sprintf(textServerBelow, m.Name, m.Host, p), fmt.Sprintf(textListServer, m.Host, m.Name))
		return
	}
	a.add(Pass, fmt.Sprintf(textServerGood, m.Name, named2(m.Host, addresses(ours)), count(len(theirs), "address")))
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
func (s *Subject) protectedAddresses(ctx context.Context) (map[netip.Addr]string, error) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	var broke error
	all := make(map[netip.Addr]string)
	add := func(name, host string) {
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
		wg.Go(func() { add(name, ascii) })
		wg.Go(func() {
			hosts, err := s.resolver().LookupMX(ctx, ascii)
			if err != nil && !dns.IsNotFound(err) {
				mu.Lock()
				broke = err
				mu.Unlock()
			}
			for _, mx := range hosts {
				if mx.Host != "." {
					add(mx.Host+", which takes the mail of "+name, mx.Host)
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
		return nil, fmt.Errorf("read this machine's addresses: %w", err)
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
var errOffline = errors.New("this preflight is offline")

const (
	textNotProtected       = "mails from %s, and %s are protected"
	textFromProtected      = "%s from %s, which is protected"
	textEnvelopeProtected  = "%s: bounces go to %s, which is protected"
	textServerProtected    = "%s: the server %s is protected"
	textServerIs           = "%s: the server %s is %s, and so is %s"
	textServerBelow        = "%s: the server %s has a name of the protected domain %s"
	textServerGood         = "%s: through %s, none of the %s of protected servers"
	textServerOnly         = "%s: through %s, which is no protected server"
	textServerOfVendor     = "%s: through the servers of vendor %s"
	textServerByName       = "%s: the server %s has another name; its addresses were not looked up, as this preflight is offline"
	textServerNowhere      = "%s: the server %s has another name, and no address in DNS to compare"
	textServerAddress      = "%s: which server %s is"
	textProtectedAddresses = "which addresses the protected servers have"
	textOwnDomain          = "send bulk mail from a domain of its own, such as %s: set channels.email.from in the campaign file, and publish SPF, DKIM and DMARC for it; answers can still go to the official domain by reply_to"
	textOwnEnvelope        = "set accounts.%s.options.envelope_from to an address of a domain for bulk mail, such as %s"
	textOtherServer        = "put an account with a server of its own for bulk mail on the route instead of %s"
	textListServer         = "if %s carries official mail, list it in protected_domains and take %s off the route; if it is for bulk mail only, send from its own domain"
	textSeeServer          = "see in the vendor's console which machine %s is"
)
