package preflight

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/mail"
	"net/netip"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"

	"notify/pkg/config"
	"notify/pkg/dns"
	"notify/pkg/message"
	"notify/pkg/option"
	"notify/pkg/plan"
	"notify/pkg/words"
)

// localhost is this machine on every machine, whatever DNS says (RFC 6761).
const localhost = "localhost"

// mailSender is who the campaign's mails come from, as receivers see it.
type mailSender struct {
	// From and ReplyTo are domains; ReplyTo is empty where answers go to From.
	From, ReplyTo string
	Mailers       []mailer
}

// mailer is an account that sends mails, or stands in for one that does.
type mailer struct {
	routedAccount
	// Host is the server, a name in lower case or an address; empty where the vendor does not say.
	Host string
	// Envelope is the domain that bounces go to, which is the one that SPF is about.
	Envelope string
}

// mailSender reads the campaign's sender and the accounts on the route of mails.
func (s *Subject) mailSender() (mailSender, error) {
	email := s.Plan.Spec.Texts.Mail(message.Email)
	from, err := addressDomain(email.From)
	if err != nil {
		return mailSender{}, words.Wrap(err, "sender.in", words.A{"key": "from"})
	}
	out := mailSender{From: from}
	if email.ReplyTo != "" {
		if out.ReplyTo, err = addressDomain(email.ReplyTo); err != nil {
			return mailSender{}, words.Wrap(err, "sender.in", words.A{"key": "reply_to"})
		}
	}
	names := plan.RouteAccounts(s.route(message.Email))
	for _, r := range s.routed() {
		if !r.Known || !slices.Contains(names, r.Name) {
			continue
		}
		m := mailer{routedAccount: r, Host: serverHost(r.Account), Envelope: from}
		if key, envelope := r.Account.Said(option.Envelope); envelope != "" {
			if m.Envelope, err = addressDomain(envelope); err != nil {
				return mailSender{}, words.Wrap(err, "sender.in", words.A{"key": "accounts." + r.Name + ".options." + key})
			}
		}
		out.Mailers = append(out.Mailers, m)
	}
	return out, nil
}

// addressDomain is the domain of an RFC 5322 address as DNS knows it.
func addressDomain(address string) (string, error) {
	a, err := mail.ParseAddress(address)
	if err != nil {
		return "", words.Err("sender.no-address", words.A{"address": address})
	}
	return asciiDomain(a.Address[strings.LastIndexByte(a.Address, '@')+1:])
}

// isASCII reports a text without letters beyond ASCII.
func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}

// asciiDomain is a domain as DNS knows it: in lower case, and with letters beyond ASCII written as RFC 5891 has it.
func asciiDomain(domain string) (string, error) {
	domain = strings.TrimSuffix(strings.ToLower(domain), ".")
	if !isASCII(domain) {
		ascii, err := idna.Lookup.ToASCII(domain)
		if err != nil {
			return "", words.Err("sender.no-domain", words.A{"domain": domain})
		}
		return ascii, nil
	}
	return domain, nil
}

// serverHost is the host that an account's mails are handed to; empty where its vendor has no server that it names.
func serverHost(a config.Account) string {
	key, address := a.Said(option.Server)
	if key == "" {
		return ""
	}
	if a.Endpoint != "" {
		address = a.Endpoint
		if _, rest, ok := strings.Cut(address, "://"); ok {
			address = rest
		}
		address = strings.TrimSuffix(address, "/")
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = strings.Trim(address, "[]")
	}
	if ascii, err := asciiDomain(host); err == nil {
		return ascii
	}
	return strings.ToLower(host)
}

// isReserved reports a name that exists nowhere, so that tests can use it (RFC 6761).
func isReserved(domain string) bool {
	switch domain[strings.LastIndexByte(domain, '.')+1:] {
	case "test", "example", "invalid", localhost:
		return true
	}
	return false
}

// organisation is the domain that was registered: example.com of edm.example.com.
func organisation(domain string) string {
	if org, err := publicsuffix.EffectiveTLDPlusOne(domain); err == nil {
		return org
	}
	return domain
}

// resolver asks DNS, and remembers the answers for this run.
func (s *Subject) resolver() *dns.Resolver {
	s.memo.mu.Lock()
	defer s.memo.mu.Unlock()
	if s.DNS == nil {
		var o dns.Options
		if s.Config.DNS != "" {
			o.Servers = []string{s.Config.DNS}
		}
		s.DNS = dns.New(o)
	}
	return s.DNS
}

// ofSender runs a check about the sender of mails; it is skipped where the campaign sends none.
func (s *Subject) ofSender(check func(mailSender, *senderAnswers)) Finding {
	if s.Plan.Spec.Texts.Mail(message.Email) == nil {
		return Finding{Status: Skip, Summary: said("mail.none", nil)}
	}
	from, err := s.mailSender()
	if err != nil {
		return broken(err)
	}
	var a senderAnswers
	check(from, &a)
	return a.done(words.T("sender.none", nil))
}

// senderAnswers are answers that name an account only where there are several.
type senderAnswers struct{ answers }

// about adds what was found out about an account. One that only stands in does not stop the campaign.
func (a *senderAnswers) about(m mailer, st Status, part words.Text, remedies ...words.Text) {
	if st == Fail && !m.Carries {
		st = Warn
	}
	a.say(st, "sender.account", words.A{"account": m.Name, "said": part}, remedies...)
}

// aside adds a detail about an account.
func (a *senderAnswers) aside(m mailer, part words.Text) {
	a.detail(words.T("sender.account", words.A{"account": m.Name, "said": part}))
}

// of is a question about an account.
func (m mailer) of(what words.Text) words.Text {
	return words.T("sender.account", words.A{"account": m.Name, "said": what})
}

// unknown adds that something could not be checked, because DNS gave no usable answer.
func (a *senderAnswers) unknown(what words.Text, err error) {
	if errors.Is(err, context.Canceled) {
		a.add(NotRun, words.T("preflight.interrupted", nil))
		return
	}
	a.say(Error, "sender.unchecked", words.A{"what": what, "cause": words.Cause(err)}, words.T("sender.mend-dns", nil))
}

// origin is where receivers see an account's mails come from.
type origin struct {
	Addrs []netip.Addr
	// Why says why the addresses are not known; empty where they are.
	Why words.Text
	// Sandbox says that the mails reach nobody: the server is on this machine or in this network, or its name is reserved
	// for tests, and the installation is not for production.
	Sandbox bool
}

// origin finds the addresses that an account sends from: those that were written down, or those of its server, which is as
// far as it can be known. An error is DNS without a usable answer.
func (s *Subject) origin(ctx context.Context, m mailer) (origin, error) {
	outside := s.Config.Environment == config.Production
	switch {
	case len(m.Account.SendsFrom) > 0:
		return origin{Addrs: m.Account.SendsFrom}, nil
	case m.Host == "":
		return origin{Why: words.T("sender.vendor-hides", words.A{"vendor": m.Account.Vendor})}, nil
	case m.Host == localhost:
		return origin{Why: words.T("sender.host-local", words.A{"host": m.Host}), Sandbox: !outside}, nil
	case isReserved(m.Host):
		return origin{Why: words.T("sender.host-reserved", words.A{"host": m.Host}), Sandbox: !outside}, nil
	}
	found, err := s.resolver().LookupIPAddr(ctx, m.Host)
	if dns.IsNotFound(err) {
		return origin{Why: words.T("sender.host-unknown", words.A{"host": m.Host})}, nil
	}
	if err != nil {
		return origin{}, err
	}
	var public, own []netip.Addr
	for _, f := range found {
		addr, ok := netip.AddrFromSlice(f.IP)
		switch addr = addr.Unmap(); {
		case !ok:
		case addr.IsGlobalUnicast() && !addr.IsPrivate():
			public = append(public, addr)
		default:
			own = append(own, addr)
		}
	}
	if len(public) == 0 {
		return origin{Why: words.T("sender.host-local", words.A{"host": hostAt(m.Host, own)}), Sandbox: !outside}, nil
	}
	return origin{Addrs: public}, nil
}

// hostAt is a host with its addresses, or the address that it is.
func hostAt(host string, addrs []netip.Addr) any {
	if len(addrs) == 1 && addrs[0].String() == host {
		return host
	}
	return words.T("sender.host-at", words.A{"host": host, "addresses": addresses(addrs)})
}

// addresses are shown with at most three of them.
func addresses(addrs []netip.Addr) words.List {
	names := make([]string, 0, len(addrs))
	for _, a := range addrs {
		names = append(names, a.String())
	}
	const shown = 3
	return words.Names(names, shown)
}

// reserved is what is said of a domain that exists nowhere.
func reserved(domain string) words.Text {
	return words.T("sender.reserved", words.A{"domain": domain})
}

// From this many mails in a day, these receivers take only what is authenticated by SPF, DKIM and DMARC and can be
// unsubscribed with one click: Google and Yahoo since February 2024, Microsoft (outlook.com, hotmail.com, live.com) since
// May 2025. Google counts all mails of an organisation's domain to personal accounts.
const bulkFrom = 5000

// bulkReceivers are the consumer domains of the receivers that have rules for bulk mail, by receiver.
var bulkReceivers = map[string]string{ //nolint:gochecknoglobals // a table
	"gmail.com": "Gmail", "googlemail.com": "Gmail",
	"yahoo.com": "Yahoo", "yahoo.co.uk": "Yahoo", "yahoo.fr": "Yahoo", "yahoo.de": "Yahoo", "yahoo.it": "Yahoo", "yahoo.es": "Yahoo",
	"yahoo.com.tw": "Yahoo", "yahoo.com.hk": "Yahoo", "yahoo.co.in": "Yahoo", "ymail.com": "Yahoo", "rocketmail.com": "Yahoo", "aol.com": "Yahoo",
	"outlook.com": "Outlook", "hotmail.com": "Outlook", "live.com": "Outlook", "msn.com": "Outlook",
}

// bulk is the receiver with rules for bulk mail that gets most of the campaign, and how many; none where it is below the
// number from which its rules hold.
func (s *Subject) bulk() (string, int) {
	by := make(map[string]int)
	for domain, n := range s.Plan.Channel(message.Email).Domains {
		if receiver, has := bulkReceivers[domain]; has {
			by[receiver] += n
		}
	}
	top, most := "", 0
	for _, receiver := range slices.Sorted(maps.Keys(by)) {
		if n := by[receiver]; n >= bulkFrom && n > most {
			top, most = receiver, n
		}
	}
	return top, most
}
