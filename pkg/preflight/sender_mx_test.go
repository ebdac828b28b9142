package preflight_test

import (
	"testing"

	mdns "github.com/miekg/dns"

	"notify/pkg/dns/dnstest"
	"notify/pkg/message"
	"notify/pkg/preflight"
)

func TestMX(t *testing.T) {
	askMail(t, "mx", []mailQuestion{
		{name: "the domain's own address", want: preflight.Pass, change: set("mx", "edm.example.com A 203.0.113.8\n"), summary: []string{"no MX, and takes mail at its own address 203.0.113.8"}},
		{name: "neither MX nor address", want: preflight.Fail, change: set("mx", ""), summary: []string{"neither MX nor address"}},
		{name: "a domain that does not exist", want: preflight.Fail, change: func(w *mailWorld) { w.campaign.Texts.Mail(message.Email).From = "a@gone.example.net" }, summary: []string{"gone.example.net (from) has neither"}},
		{name: "hosts without addresses", want: preflight.Fail, change: set("mx", "edm.example.com MX 10 mx.edm.example.com.\n"), summary: []string{"goes to mx.edm.example.com, which has no address"}},
		{
			name: "more hosts than are named", want: preflight.Fail, summary: []string{"goes to a.example.com, b.example.com, c.example.com and 1 more"},
			change: set("mx", "edm.example.com MX 1 a.example.com.\nedm.example.com MX 2 b.example.com.\nedm.example.com MX 3 c.example.com.\nedm.example.com MX 4 d.example.com.\n"),
		},
		{
			name: "one host without an address", want: preflight.Warn, change: func(w *mailWorld) { w.zone["mx"] += "edm.example.com MX 5 old.edm.example.com.\n" },
			summary: []string{"mx.edm.example.com; without an address: old.edm.example.com"},
		},
		{
			name: "answers that go nowhere", want: preflight.Fail, change: func(w *mailWorld) { w.campaign.Texts.Mail(message.Email).ReplyTo = "HR <hr@gone.example.net>" },
			summary: []string{"gone.example.net (reply_to) has neither"},
		},
		{
			name: "bounces that go nowhere", want: preflight.Fail, change: func(w *mailWorld) { w.option("envelope_from", "b@gone.example.net") },
			summary: []string{"gone.example.net (bounces of edm) has neither"},
		},
		{name: "answers to the official domain", want: preflight.Pass, change: func(w *mailWorld) { w.campaign.Texts.Mail(message.Email).ReplyTo = "hr@example.com" }, summary: []string{"example.com: in.example.com"}},
		{
			name: "an invented sender", want: preflight.Skip, change: allOf(sandboxed, invented), summary: []string{"reserved for tests"},
		},
		{name: "an invented sender in production", want: preflight.Warn, change: invented, summary: []string{"nobody can answer"}, remedies: []string{"channels.email.from"}},
		{name: "an MX that cannot be had", want: preflight.Error, change: fails("edm.example.com"), summary: []string{"where the mail of edm.example.com goes could not be checked"}},
		{name: "a host that cannot be had", want: preflight.Error, change: fails("mx.edm.example.com"), summary: []string{"(mx.edm.example.com) could not be checked"}},
		{
			name: "an address that cannot be had", want: preflight.Error, change: func(w *mailWorld) {
				w.zone["mx"] = ""
				w.server = func(s *dnstest.Server) {
					s.Change(func(m *mdns.Msg) {
						if m.Question[0].Qtype == mdns.TypeA {
							m.Rcode = mdns.RcodeServerFailure
						}
					})
				}
			}, summary: []string{"could not be checked"},
		},
	})
}
