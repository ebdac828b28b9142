package preflight_test

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"maps"
	"math/big"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	mdns "github.com/miekg/dns"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/dns"
	"notify/pkg/dns/dnstest"
	"notify/pkg/message"
	"notify/pkg/preflight"
)

// mailWorld is a world whose campaign sends mails from edm.example.com through smtp.edm.example.com, with everything in DNS
// that receivers look for; example.com and mail.example.com are protected.
type mailWorld struct {
	*world
	// zone are the records by what they are for; a test replaces some of them.
	zone   map[string]string
	server func(*dnstest.Server) // what goes wrong
	noDNS  bool
	hasty  bool // gives up soon, for what never answers
}

// rsaKey is a published key of this size. Only its length matters.
func rsaKey(bits uint) string {
	n := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), bits), big.NewInt(1))
	der, err := x509.MarshalPKIXPublicKey(&rsa.PublicKey{N: n, E: 65537})
	if err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

func newMailWorld(tb testing.TB) *mailWorld {
	tb.Helper()
	return mailWorldOn(tb, newWorld(tb))
}

// mailWorldOn makes a world of its own on the ledger of another, to which nothing is written here.
func mailWorldOn(tb testing.TB, base *world) *mailWorld {
	tb.Helper()
	own, cfg, c := *base, *base.config, *base.campaign
	cfg.Accounts, cfg.Routes = maps.Clone(cfg.Accounts), maps.Clone(cfg.Routes)
	own.t, own.config, own.campaign, own.people = tb, &cfg, &c, people(10)
	w := &mailWorld{world: &own}
	w.config.ProtectedDomains = []string{"example.com", "mail.example.com"}
	w.account("edm", func(a *config.Account) {
		a.Options = config.Options{"address": "SMTP.edm.example.com:587"}
		a.DKIM = config.DKIM{Selector: "s1"}
	})
	w.campaign.Texts.Put(campaign.Text{Channel: message.SMS})
	w.campaign.Texts.Put(campaign.Text{Channel: message.Email, Mail: &campaign.Mail{
		From: "Awards <award@edm.example.com>", Subject: "{{name}}, your award", Text: "You won.", TextFile: "award.txt",
		Headers: map[string]string{
			"List-Unsubscribe": "<https://edm.example.com/u/{{key}}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
		},
	}})
	w.zone = map[string]string{
		"server": "smtp.edm.example.com A 203.0.113.7\n",
		"spf":    "edm.example.com TXT \"v=spf1 ip4:203.0.113.7 -all\"\n",
		"dkim":   dnstest.Text("s1._domainkey.edm.example.com", "v=DKIM1; k=rsa; p="+rsaKey(2048)),
		"dmarc":  "_dmarc.example.com TXT \"v=DMARC1; p=reject; rua=mailto:dmarc@example.com\"\n",
		"mx":     "edm.example.com MX 10 mx.edm.example.com.\nmx.edm.example.com A 203.0.113.8\n",
		"ptr":    "7.113.0.203.in-addr.arpa PTR smtp.edm.example.com.\n",
		"protected": "example.com A 198.51.100.1\nexample.com MX 10 in.example.com.\nin.example.com A 198.51.100.3\n" +
			"mail.example.com A 198.51.100.2\n",
	}
	return w
}

// option sets an option of the mail account.
func (w *mailWorld) option(key string, value any) {
	w.account("edm", func(a *config.Account) { a.Options[key] = value })
}

// mails sends the campaign to so many people at a domain.
func (w *mailWorld) mails(n int, domain string) {
	w.people = people(n)
	for i := range w.people {
		address := fmt.Sprintf("p%d@%s", i, domain)
		w.people[i].To[1].Address, w.people[i].Values[3] = message.Address(address), address
	}
}

func (w *mailWorld) ask(id string) preflight.Finding {
	w.t.Helper()
	var zone strings.Builder
	for _, part := range slices.Sorted(maps.Keys(w.zone)) {
		zone.WriteString(w.zone[part])
	}
	s := dnstest.Serve(w.t, zone.String())
	if w.server != nil {
		w.server(s)
	}
	before := w.subject
	w.subject = func(subject *preflight.Subject) {
		if before != nil {
			before(subject)
		}
		if !w.noDNS {
			o := dns.Options{Servers: []string{s.Addr}, Timeout: time.Minute, Tries: 2}
			if w.hasty {
				o.Timeout = 500 * time.Millisecond // others do answer
			}
			subject.DNS = dns.New(o)
		}
	}
	return w.world.ask(id)
}

// mailQuestion is one case of a check about the sender.
type mailQuestion struct {
	name     string
	change   func(*mailWorld)
	want     preflight.Status
	summary  []string
	remedies []string
}

func askMail(t *testing.T, id string, questions []mailQuestion) {
	t.Helper()
	base, all := newWorld(t), toldIn(t)
	for _, q := range questions {
		t.Run(q.name, func(t *testing.T) {
			w := mailWorldOn(t, base)
			if q.change != nil {
				q.change(w)
			}
			f := w.ask(id)
			answers(t, f, q.want, q.summary, q.remedies)
			all.compare(t, q.name, f)
		})
	}
}

// set replaces records.
func set(part, records string) func(*mailWorld) {
	return func(w *mailWorld) { w.zone[part] = records }
}

// fails has DNS answer SERVFAIL about a name.
func fails(name string) func(*mailWorld) {
	return func(w *mailWorld) {
		w.server = func(s *dnstest.Server) { s.Fail(name, mdns.RcodeServerFailure) }
	}
}

func silence(w *mailWorld) {
	w.hasty, w.server = true, func(s *dnstest.Server) { s.Silence("") }
}

// allOf applies several changes.
func allOf(changes ...func(*mailWorld)) func(*mailWorld) {
	return func(w *mailWorld) {
		for _, c := range changes {
			c(w)
		}
	}
}

// sandboxed is the installation for rehearsing: a server on this machine, and not for production.
func sandboxed(w *mailWorld) {
	w.config.Environment, w.campaign.Environment = config.Test, config.Test
	w.option("address", "127.0.0.1:2525")
}

// invented is a sender that exists nowhere.
func invented(w *mailWorld) { w.campaign.Texts.Mail(message.Email).From = "award@edm.example.test" }

// senderChecks are those that this file is about.
var senderChecks = []string{"protected", "spf", "dkim", "dmarc", "mx", "unsubscribe", "ptr"}

func TestAGoodSenderPassesEveryCheck(t *testing.T) {
	base := newWorld(t)
	for _, id := range senderChecks {
		if f := mailWorldOn(t, base).ask(id); f.Status != preflight.Pass || f.Group != preflight.GroupSender || summary(f) == "" {
			t.Errorf("%s: %s: %s", id, f.Status, summary(f))
		}
	}
}

func TestWithoutDNSNothingAboutASenderPasses(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*mailWorld){
		"nobody answers":       silence,
		"the server fails":     fails(""),
		"the server refuses":   func(w *mailWorld) { w.server = func(s *dnstest.Server) { s.Fail("", mdns.RcodeRefused) } },
		"nobody listens there": func(w *mailWorld) { w.noDNS, w.config.DNS = true, "127.0.0.1:1" },
		"another question's": func(w *mailWorld) {
			w.server = func(s *dnstest.Server) { s.Change(func(m *mdns.Msg) { m.Question = nil }) }
		},
		"what looks like noise": func(w *mailWorld) {
			w.hasty, w.server = true, func(s *dnstest.Server) { s.Change(func(m *mdns.Msg) { m.Id++ }) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := newWorld(t)
			for _, id := range senderChecks {
				if id == "unsubscribe" {
					continue // it looks at the mail only
				}
				t.Run(id, func(t *testing.T) {
					t.Parallel()
					w := mailWorldOn(t, base)
					change(w)
					f := w.ask(id)
					if f.Status != preflight.Error || !strings.Contains(summary(f), "could not be checked") || len(remedies(f)) == 0 {
						t.Errorf("%s: %s %q", f.Status, summary(f), remedies(f))
					}
				})
			}
		})
	}
}

// What was interrupted is no answer: neither that there is nothing to look at, nor that something is wrong.
func TestAnInterruptedLookAtTheSenderIsNoAnswer(t *testing.T) {
	base := newWorld(t)
	for _, id := range senderChecks {
		if id == "unsubscribe" {
			continue // it looks at the mail only
		}
		t.Run(id, func(t *testing.T) {
			w := mailWorldOn(t, base)
			ctx, cancel := context.WithCancel(t.Context())
			w.ctx = ctx
			w.server = func(s *dnstest.Server) {
				s.Change(func(m *mdns.Msg) {
					cancel()
					m.Id++ // it is no answer
				})
			}
			if f := w.ask(id); f.Status != preflight.NotRun || !strings.Contains(summary(f), "interrupted") {
				t.Errorf("%q: %s", f.Status, summary(f))
			}
		})
	}
}

func TestOfflineDNSIsNotAsked(t *testing.T) {
	base := newWorld(t)
	for _, id := range senderChecks {
		w := mailWorldOn(t, base)
		var asked func() int
		w.server = func(s *dnstest.Server) { asked = s.All }
		w.subject = func(s *preflight.Subject) { s.Offline = true }
		f := w.ask(id)
		if asked() != 0 || id != "protected" && id != "unsubscribe" && f.Status != preflight.NotLooked {
			t.Errorf("%s asked %d times: %s: %s", id, asked(), f.Status, summary(f))
		}
	}
}

func TestTheShippedExampleNeedsNoNetwork(t *testing.T) {
	base := newWorld(t)
	for _, id := range senderChecks {
		w := mailWorldOn(t, base)
		sandboxed(w)
		invented(w)
		asked := 0
		w.server = func(s *dnstest.Server) { s.Change(func(*mdns.Msg) { asked++ }) }
		f := w.ask(id)
		if asked != 0 || f.Status != preflight.Skip && f.Status != preflight.Pass {
			t.Errorf("%s asked %d times: %s: %s", id, asked, f.Status, summary(f))
		}
	}
}

func TestACampaignWithoutMailHasNoSender(t *testing.T) {
	w := newWorld(t)
	for _, id := range senderChecks {
		if f := w.ask(id); f.Status != preflight.Skip || !strings.Contains(summary(f), "no mail") {
			t.Errorf("%s: %s: %s", id, f.Status, summary(f))
		}
	}
}

func TestASenderThatCannotBeReadIsAnError(t *testing.T) {
	askMail(t, "spf", []mailQuestion{
		{name: "from", want: preflight.Error, change: func(w *mailWorld) { w.campaign.Texts.Mail(message.Email).From = "nobody" }, summary: []string{"from", "nobody"}},
		{name: "reply_to", want: preflight.Error, change: func(w *mailWorld) { w.campaign.Texts.Mail(message.Email).ReplyTo = "nobody" }, summary: []string{"reply_to", "nobody"}},
		{name: "envelope_from", want: preflight.Error, change: func(w *mailWorld) { w.option("envelope_from", "nobody") }, summary: []string{"accounts.edm.options.envelope_from", "nobody"}},
		{
			name: "from, by the rules of international names", want: preflight.Error, summary: []string{"from", "\u0378.com"},
			change: func(w *mailWorld) { w.campaign.Texts.Mail(message.Email).From = "a@\u0378.com" },
		},
	})
}

// standIn puts a second account behind the first, with a server that nothing in DNS covers.
func standIn(w *mailWorld) {
	w.config.Accounts["backup"] = config.Account{
		Name: "backup", Vendor: "smtp", Class: config.Notice, Options: config.Options{"address": "smtp.backup.example.net:587"}, Declared: relayOptions(),
	}
	w.config.Routes[message.Email] = config.Route{Accounts: []config.Share{{Account: "edm", Weight: 1}}, Failover: []string{"backup"}}
	w.zone["backup"] = "smtp.backup.example.net A 203.0.113.99\n"
}

func sendsFrom(addrs ...string) func(*mailWorld) {
	return func(w *mailWorld) {
		w.account("edm", func(a *config.Account) {
			for _, s := range addrs {
				a.SendsFrom = append(a.SendsFrom, netip.MustParseAddr(s))
			}
		})
	}
}

// otherVendor is an account that does not say what its server is.
func otherVendor(w *mailWorld) {
	w.account("edm", func(a *config.Account) { a.Vendor, a.Options = "http", config.Options{} })
}
