package preflight_test

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	mdns "github.com/miekg/dns"

	"notify/pkg/config"
	"notify/pkg/dns/dnstest"
	"notify/pkg/message"
	"notify/pkg/preflight"
)

func TestProtected(t *testing.T) {
	askMail(t, "protected", []mailQuestion{
		{
			name: "a subdomain of a protected domain is another name", want: preflight.Pass,
			summary: []string{"mails from edm.example.com", "example.com, mail.example.com are protected", "smtp.edm.example.com (203.0.113.7)", "none of the 3 address"},
		},
		{
			name: "answers may go to the official domain", want: preflight.Pass,
			change: func(w *mailWorld) { w.campaign.Texts.Mail(message.Email).ReplyTo = "hr@example.com" },
		},
		{
			name: "bounces to the official domain", want: preflight.Fail,
			change:   func(w *mailWorld) { w.option("envelope_from", "bounces@example.com") },
			summary:  []string{"edm: bounces go to example.com, which is protected"},
			remedies: []string{"accounts.edm.options.envelope_from"},
		},
		{
			name: "the official server by name", want: preflight.Fail,
			change:   func(w *mailWorld) { w.option("address", "mail.example.com:25") },
			summary:  []string{"edm: the server mail.example.com is protected"},
			remedies: []string{"instead of edm"},
		},
		{
			name: "the official server as an endpoint", want: preflight.Fail,
			change: func(w *mailWorld) {
				w.account("edm", func(a *config.Account) { a.Endpoint = "smtp://Mail.Example.com:25/" })
			},
			summary: []string{"mail.example.com is protected"},
		},
		{
			name: "the official server under another name", want: preflight.Fail,
			change:  set("server", "smtp.edm.example.com CNAME mail.example.com.\n"),
			summary: []string{"smtp.edm.example.com is 198.51.100.2, and so is mail.example.com"},
		},
		{
			name: "the official server by its address", want: preflight.Fail,
			change:  func(w *mailWorld) { w.option("address", "198.51.100.2:25") },
			summary: []string{"198.51.100.2 is 198.51.100.2, and so is mail.example.com"},
		},
		{
			name: "the host that takes the official mail", want: preflight.Fail,
			change:  set("server", "smtp.edm.example.com A 198.51.100.3\n"),
			summary: []string{"and so is in.example.com, which takes the mail of example.com"},
		},
		{
			name: "a server that hands on to the official one", want: preflight.Fail, change: sendsFrom("198.51.100.2"),
			summary: []string{"and so is mail.example.com"},
		},
		{
			name: "a stand-in must not be the official server either", want: preflight.Fail,
			change: allOf(standIn, func(w *mailWorld) { w.zone["backup"] = "smtp.backup.example.net A 198.51.100.1\n" }), summary: []string{"backup"},
		},
		{
			name: "an unlisted server of the official domain", want: preflight.Warn,
			change: func(w *mailWorld) {
				w.option("address", "smtp.example.com:587")
				w.zone["server"] = "smtp.example.com A 203.0.113.7\n"
			},
			summary: []string{"smtp.example.com has a name of the protected domain example.com"}, remedies: []string{"list it in protected_domains"},
		},
		{
			name: "offline the names alone are no pass", want: preflight.Warn,
			change:  func(w *mailWorld) { w.subject = func(s *preflight.Subject) { s.Offline = true } },
			summary: []string{"its addresses were not looked up"}, remedies: []string{"without `--offline`"},
		},
		{
			name: "offline the official domain fails all the same", want: preflight.Fail,
			change: func(w *mailWorld) {
				w.subject = func(s *preflight.Subject) { s.Offline = true }
				w.campaign.Texts.Mail(message.Email).From = "award@example.com"
			},
		},
		{name: "a server that DNS does not know", want: preflight.Warn, change: set("server", ""), summary: []string{"no address in DNS"}},
		{
			name: "protected servers that cannot be looked up", want: preflight.Error, change: fails("mail.example.com"),
			summary: []string{"which addresses the protected servers have could not be checked: DNS says nothing of mail.example.com"}, remedies: []string{"dns:"},
		},
		{
			name: "a protected domain whose mail hosts cannot be looked up", want: preflight.Error, change: fails("in.example.com"),
		},
		{
			name: "which hosts take a protected domain's mail cannot be looked up", want: preflight.Error, summary: []string{"could not be checked"},
			change: func(w *mailWorld) {
				w.config.ProtectedDomains = []string{"example.com"}
				w.server = func(s *dnstest.Server) {
					s.Change(func(m *mdns.Msg) {
						if m.Question[0].Qtype == mdns.TypeMX {
							m.Rcode = mdns.RcodeServerFailure
						}
					})
				}
			},
		},
		{
			name: "a protected name that exists nowhere is not looked up", want: preflight.Fail, summary: []string{"and so is example.com"},
			change: allOf(fails("company.test"), set("server", "smtp.edm.example.com A 198.51.100.1\n"), func(w *mailWorld) {
				w.config.ProtectedDomains = []string{"company.test", "example.com"}
			}),
		},
		{
			name: "protected names that do not exist have no address", want: preflight.Pass, change: set("protected", ""),
		},
		{name: "a sandbox", want: preflight.Pass, change: sandboxed, summary: []string{"127.0.0.1, which is no protected server"}},
		{name: "a vendor that does not name its servers", want: preflight.Pass, change: otherVendor, summary: []string{"servers of vendor http"}},
		{
			name: "nothing is protected", want: preflight.Skip, change: func(w *mailWorld) { w.config.ProtectedDomains = nil },
			summary: []string{"protected_domains in notify.yaml is empty"},
		},
	})
}

// A server on this machine has all of this machine's addresses, which are others on each.
func TestThisMachineMayBeAProtectedServer(t *testing.T) {
	local := func(w *mailWorld) { w.option("address", "127.0.0.1:25") }
	w := newMailWorld(t)
	local(w)
	answers(t, w.ask("protected"), preflight.Pass, []string{"through 127.0.0.1", "none of the 3 address"}, nil)
	own, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range own {
		addr := netip.MustParsePrefix(o.String()).Addr()
		kind, want := "A", preflight.Fail
		if addr.Is6() {
			kind = "AAAA"
		}
		if !addr.IsGlobalUnicast() {
			want = preflight.Pass // every machine has it
		}
		w := newMailWorld(t)
		allOf(local, set("protected", fmt.Sprintf("mail.example.com %s %s\n", kind, addr)))(w)
		if f := w.ask("protected"); f.Status != want {
			t.Errorf("%s: %s: %s", addr, f.Status, summary(f))
		}
	}
}

// What is offered for a protected sender passes, and is not said to be enough where something else is protected too.
func TestAnotherSenderIsOffered(t *testing.T) {
	w := newMailWorld(t)
	w.campaign.Texts.Mail(message.Email).From = "Awards <award@example.com>"
	offered := func(n int, enough bool) []preflight.Option {
		f := w.ask("protected")
		if f.Status != preflight.Fail || len(f.Options) != n {
			t.Fatalf("%s: %s: %+v", f.Status, summary(f), f.Options)
		}
		for _, o := range f.Options {
			if o.Kind != preflight.OptionSender || o.Enough != enough || len(o.Settings) != 1 || !slices.ContainsFunc(remedies(f), func(r string) bool { return strings.HasSuffix(r, o.Text.String()) }) {
				t.Errorf("%+v", o)
			}
		}
		return f.Options
	}
	w.option("envelope_from", "award@mail.example.com")
	both := offered(2, false)
	want := preflight.Setting{Key: "channels.email.from", Value: "Awards <award@edm.example.com>", Now: "Awards <award@example.com>", Campaign: true}
	if got := both[0].Settings[0]; got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	w.campaign.Texts.Mail(message.Email).From = both[0].Settings[0].Value.(string)
	one := offered(1, true)[0]
	want = preflight.Setting{Key: "accounts.edm.options.envelope_from", Value: "bounces@edm.mail.example.com", Now: "award@mail.example.com"}
	if got := one.Settings[0]; got != want || one.Account != "edm" {
		t.Errorf("%+v, want %+v", got, want)
	}
	w.option("envelope_from", one.Settings[0].Value.(string))
	if f := w.ask("protected"); f.Status != preflight.Pass {
		t.Errorf("%s: %s", f.Status, summary(f))
	}
}
