package preflight_test

import (
	"fmt"
	"strings"
	"testing"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/dns/dnstest"
	"notify/pkg/message"
	"notify/pkg/preflight"
)

func TestSPF(t *testing.T) {
	spf := func(record string) func(*mailWorld) {
		return set("spf", dnstest.Text("edm.example.com", record))
	}
	// many needs eleven lookups before it names the server.
	many := "v=spf1"
	var below strings.Builder
	for i := range 11 {
		many += fmt.Sprintf(" include:s%d.example.net", i)
		fmt.Fprintf(&below, "s%d.example.net TXT \"v=spf1 ip4:192.0.2.%d ?all\"\n", i, i)
	}
	tooMany := func(record string) func(*mailWorld) {
		return allOf(spf(record), set("below", below.String()))
	}
	askMail(t, "spf", []mailQuestion{
		{
			name: "softfail", want: preflight.Warn, change: spf("v=spf1 ip4:192.0.2.1 ~all"),
			summary: []string{"says softfail for 203.0.113.7"}, remedies: []string{"ip4:203.0.113.7", "sends_from"},
		},
		{name: "neutral", want: preflight.Warn, change: spf("v=spf1 ?all"), summary: []string{"says neutral"}},
		{name: "a record that ends without all", want: preflight.Warn, change: spf("v=spf1 ip4:192.0.2.1"), summary: []string{"says neutral"}},
		{
			name: "no record", want: preflight.Fail, change: set("spf", "edm.example.com TXT \"hello\"\n"),
			summary: []string{"edm.example.com has no SPF record"}, remedies: []string{`"v=spf1 ip4:203.0.113.7 -all"`},
		},
		{name: "no such domain", want: preflight.Fail, change: allOf(set("spf", ""), set("mx", ""), set("dkim", ""), func(w *mailWorld) {
			w.campaign.Texts.Mail(message.Email).From = "a@gone.example.net"
		}), summary: []string{"gone.example.net has no SPF record"}},
		{
			name: "two records", want: preflight.Fail, change: set("spf", "edm.example.com TXT \"v=spf1 -all\"\nedm.example.com TXT \"v=spf1 ip4:203.0.113.7 -all\"\n"),
			summary: []string{"broken: there is more than one"}, remedies: []string{"mend"},
		},
		{name: "a record with a slip of the pen", want: preflight.Fail, change: spf("v=spf1 ipv4:203.0.113.7 -all"), summary: []string{"broken: unknown field"}},
		{
			name: "too many lookups", want: preflight.Fail, change: tooMany(many + " ip4:203.0.113.7 -all"),
			summary: []string{"more than 10 lookups"}, remedies: []string{"until 10 lookups are enough"},
		},
		{
			name: "too many lookups for others only", want: preflight.Warn, change: tooMany("v=spf1 ip4:203.0.113.7" + strings.TrimPrefix(many, "v=spf1") + " -all"),
			summary: []string{"covers the server, and is broken for others", "more than 10 lookups"},
		},
		{
			name: "lookups that find nothing", want: preflight.Fail, change: spf("v=spf1 a:a.example.net a:b.example.net a:c.example.net ip4:203.0.113.7 -all"),
			summary: []string{"more than 2 of its lookups find nothing"},
		},
		{name: "an include of nothing", want: preflight.Fail, change: spf("v=spf1 include:none.example.net -all"), summary: []string{"includes a domain without a record"}},
		{
			name: "by include, mx and a redirect", want: preflight.Pass,
			change: allOf(spf("v=spf1 redirect=_spf.example.net"), set("below",
				"_spf.example.net TXT \"v=spf1 include:_two.example.net mx:edm.example.com -all\"\n_two.example.net TXT \"v=spf1 a:smtp.edm.example.com -all\"\n")),
		},
		{
			name: "a long record comes by TCP", want: preflight.Pass,
			change: spf("v=spf1 " + strings.Repeat("ip4:192.0.2.1 ", 120) + "ip4:203.0.113.7 -all"),
		},
		{name: "anybody may send", want: preflight.Warn, change: spf("v=spf1 +all"), summary: []string{"lets anybody send"}, remedies: []string{"-all or ~all"}},
		{
			name: "one of the server's addresses is not covered", want: preflight.Fail,
			change: set("server", "smtp.edm.example.com A 203.0.113.7\nsmtp.edm.example.com AAAA 2001:db8::7\n"), summary: []string{"says fail for 2001:db8::7"},
			remedies: []string{"ip4:203.0.113.7 ip6:2001:db8::7"},
		},
		{
			name: "the addresses that were written down count, not the server's", want: preflight.Pass,
			change: allOf(spf("v=spf1 ip4:192.0.2.77 -all"), sendsFrom("192.0.2.77")), summary: []string{"covers 192.0.2.77"},
		},
		{
			name: "the domain of bounces counts, not that of From", want: preflight.Fail,
			change: func(w *mailWorld) { w.option("envelope_from", "b@bounce.example.net") }, summary: []string{"bounce.example.net has no SPF record"},
		},
		{name: "what only stands in does not stop it", want: preflight.Warn, change: standIn, summary: []string{"edm: the SPF record", "backup: ", "fail for 203.0.113.99"}},
		{
			name: "a vendor that hides its servers", want: preflight.Warn, change: otherVendor,
			summary: []string{"has an SPF record; whether it covers the server is not known: vendor http"}, remedies: []string{"accounts.edm.sends_from"},
		},
		{name: "a vendor that hides its servers, with a broken record", want: preflight.Fail, change: allOf(otherVendor, spf("v=spf1 ipv4:192.0.2.1 -all")), summary: []string{"broken"}},
		{name: "a vendor that hides its servers, with a record that cannot be had", want: preflight.Error, change: allOf(otherVendor, fails("edm.example.com")), summary: []string{"could not be checked"}},
		{
			name: "none of the server's addresses is covered", want: preflight.Fail, summary: []string{"says fail for 203.0.113.7"},
			change: allOf(spf("v=spf1 -all"), set("server", "smtp.edm.example.com A 203.0.113.7\nsmtp.edm.example.com AAAA 2001:db8::7\n")),
		},
		{name: "a vendor that hides its servers, without a record", want: preflight.Fail, change: allOf(otherVendor, set("spf", "")), summary: []string{"no SPF record"}},
		{
			name: "a server on this machine, in production", want: preflight.Warn, change: func(w *mailWorld) { w.option("address", "127.0.0.1:25") },
			summary: []string{"not known: the server 127.0.0.1 is on this machine"},
		},
		{name: "a server that DNS does not know", want: preflight.Warn, change: set("server", ""), summary: []string{"has no address in DNS"}},
		{name: "a server called localhost", want: preflight.Warn, change: func(w *mailWorld) { w.option("address", "localhost") }, summary: []string{"on this machine"}},
		{name: "a sandbox", want: preflight.Skip, change: sandboxed, summary: []string{"127.0.0.1 is on this machine", "no receiver sees it"}},
		{name: "an invented sender", want: preflight.Skip, change: invented, summary: []string{"edm.example.test is reserved for tests"}},
		{name: "a record that cannot be had", want: preflight.Error, change: fails("edm.example.com"), summary: []string{"the SPF record of edm.example.com could not be checked: DNS says nothing of edm.example.com"}},
		{
			name: "an include that cannot be had", want: preflight.Error, change: allOf(spf("v=spf1 include:s.example.net -all"), fails("s.example.net")),
			summary: []string{"could not be checked"},
		},
		{
			name: "an include that never answers", want: preflight.Error,
			change: allOf(spf("v=spf1 include:s.example.net -all"), func(w *mailWorld) {
				w.hasty, w.server = true, func(s *dnstest.Server) { s.Silence("s.example.net") }
			}),
			summary: []string{"could not be checked: the DNS server", "did not say in time"},
		},
		{
			name: "an account of another channel is no sender, nor one that nobody knows", want: preflight.Pass, summary: []string{"edm: the SPF record of edm.example.com covers"},
			change: func(w *mailWorld) {
				w.campaign.Texts.Put(campaign.Text{Channel: message.SMS, Short: &campaign.Short{Text: "{{name}}, you won."}})
				w.config.Routes[message.Email] = config.Route{Accounts: []config.Share{{Account: "nobody", Weight: 1}, {Account: "edm", Weight: 1}}}
			},
		},
		{
			name: "the address of a vendor's API is no server of mails", want: preflight.Warn, summary: []string{"whether it covers the server is not known: vendor http"},
			change: allOf(otherVendor, func(w *mailWorld) {
				w.account("edm", func(a *config.Account) { a.Declared, a.Endpoint = nil, "https://smtp.edm.example.com/" })
			}),
		},
		{
			name: "a server of Chinese letters", want: preflight.Pass, summary: []string{"covers 203.0.113.9"},
			change: func(w *mailWorld) {
				w.option("address", "smtp.奖.example.com:587")
				w.zone["server"] = "smtp.xn--1ts.example.com A 203.0.113.9\n"
				w.zone["spf"] = "edm.example.com TXT \"v=spf1 ip4:203.0.113.9 -all\"\n"
			},
		},
		{
			name: "more addresses than are named", want: preflight.Pass, summary: []string{"covers 192.0.2.1, 192.0.2.2, 192.0.2.3 and 2 more"},
			change: allOf(spf("v=spf1 ip4:192.0.2.0/29 -all"), sendsFrom("192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5")),
		},
		{
			name: "a domain of Chinese letters", want: preflight.Pass,
			change:  allOf(func(w *mailWorld) { w.campaign.Texts.Mail(message.Email).From = "award@奖.example.com" }, set("spf", "xn--1ts.example.com TXT \"v=spf1 ip4:203.0.113.7 -all\"\n")),
			summary: []string{"xn--"},
		},
	})
}

// The name with which the server greets is the other identity of SPF (RFC 7208, 2.3).
func TestSPFOfTheGreeting(t *testing.T) {
	ehlo := func(record string) func(*mailWorld) {
		return set("ehlo", dnstest.Text("smtp.edm.example.com", record))
	}
	askMail(t, "spf", []mailQuestion{
		{name: "no record for it", want: preflight.Pass, summary: []string{"covers 203.0.113.7"}},
		{name: "covered", want: preflight.Pass, change: ehlo("v=spf1 a -all")},
		{name: "neutral is as good as none", want: preflight.Pass, change: ehlo("v=spf1 ?all")},
		{
			name: "not covered", want: preflight.Warn, change: ehlo("v=spf1 -all"),
			summary:  []string{"covers 203.0.113.7", "(EHLO smtp.edm.example.com) says fail for 203.0.113.7"},
			remedies: []string{`TXT record at smtp.edm.example.com that covers the server: "v=spf1 a -all"`},
		},
		{
			name: "not covered, twice", want: preflight.Warn, summary: []string{"says fail for 203.0.113.7", "says fail for 2001:db8::7"},
			change: allOf(ehlo("v=spf1 -all"), set("spf", "edm.example.com TXT \"v=spf1 a:smtp.edm.example.com -all\"\n"),
				set("server", "smtp.edm.example.com A 203.0.113.7\nsmtp.edm.example.com AAAA 2001:db8::7\n")),
		},
		{
			name: "its own name counts, not that of its address", want: preflight.Pass,
			change: allOf(ehlo("v=spf1 a -all"), set("ptr", "7.113.0.203.in-addr.arpa PTR out.example.net.\nout.example.net A 203.0.113.7\nout.example.net TXT \"v=spf1 -all\"\n")),
		},
		{
			name: "a server without a name has that of its address", want: preflight.Warn, summary: []string{"(EHLO smtp.edm.example.com) says fail for 203.0.113.7"},
			change: allOf(ehlo("v=spf1 -all"), sendsFrom("203.0.113.7"), func(w *mailWorld) { w.option("address", "203.0.113.7:25") }),
		},
		{
			name: "it greets with the name that bounces go to", want: preflight.Pass,
			change: allOf(func(w *mailWorld) { w.option("envelope_from", "b@smtp.edm.example.com") }, ehlo("v=spf1 ip4:203.0.113.7 -all")),
		},
		{name: "softly not covered", want: preflight.Warn, change: ehlo("v=spf1 ~all"), summary: []string{"says softfail for 203.0.113.7"}},
		{
			name: "broken", want: preflight.Warn, change: ehlo("v=spf1 ipv4:203.0.113.7 -all"),
			summary: []string{"the SPF record of smtp.edm.example.com is broken"}, remedies: []string{"mend the SPF record of smtp.edm.example.com"},
		},
		{
			name: "a record that cannot be had is no pass", want: preflight.Warn, change: allOf(ehlo("v=spf1 include:s.example.net -all"), fails("s.example.net")),
			summary: []string{"the SPF record of smtp.edm.example.com could not be checked"},
		},
		{
			name: "where others hand it on, the name of their address counts", want: preflight.Warn,
			change: allOf(sendsFrom("192.0.2.77"), set("spf", "edm.example.com TXT \"v=spf1 ip4:192.0.2.77 -all\"\n"),
				set("ehlo", "77.2.0.192.in-addr.arpa PTR out.example.net.\nout.example.net A 192.0.2.77\nout.example.net TXT \"v=spf1 -all\"\n")),
			summary: []string{"(EHLO out.example.net) says fail for 192.0.2.77"},
		},
		{
			name: "a name that cannot be had is no pass", want: preflight.Warn,
			change:  allOf(sendsFrom("192.0.2.77"), set("spf", "edm.example.com TXT \"v=spf1 ip4:192.0.2.77 -all\"\n"), fails("77.2.0.192.in-addr.arpa")),
			summary: []string{"which name 192.0.2.77 has could not be checked"},
		},
		{
			name: "a vendor's server is its own affair", want: preflight.Pass,
			change: allOf(func(w *mailWorld) { w.option("address", "smtp.vendor.example.net:587") }, set("ehlo",
				"smtp.vendor.example.net A 203.0.113.7\nsmtp.vendor.example.net TXT \"v=spf1 -all\"\n")),
		},
		{
			name: "a server that fails under its envelope stays a fail", want: preflight.Fail,
			change:  allOf(ehlo("v=spf1 -all"), set("spf", "edm.example.com TXT \"v=spf1 -all\"\n")),
			summary: []string{"the SPF record of edm.example.com says fail", "(EHLO smtp.edm.example.com) says fail"},
		},
	})
	for want, change := range map[string]func(*mailWorld){
		"edm: SPF for the name with which the server greets (EHLO smtp.edm.example.com) says none for 203.0.113.7": func(*mailWorld) {},
		"edm: SPF for the name with which the server greets (EHLO smtp.edm.example.com) says pass for 203.0.113.7": ehlo("v=spf1 a -all"),
		"edm: the name with which 203.0.113.7 greets (EHLO) is not known: it has no name in DNS that leads back to it": func(w *mailWorld) {
			sendsFrom("203.0.113.7")(w)
			w.zone["ptr"] = ""
		},
		"edm: the name with which smtp.vendor.example.net greets (EHLO) is its owner's affair": func(w *mailWorld) {
			w.option("address", "smtp.vendor.example.net:587")
			w.zone["ehlo"] = "smtp.vendor.example.net A 203.0.113.7\n"
		},
	} {
		w := newMailWorld(t)
		change(w)
		if f := w.ask("spf"); len(details(f)) != 1 || details(f)[0] != want {
			t.Errorf("details %q, want %q", details(f), want)
		}
	}
}
