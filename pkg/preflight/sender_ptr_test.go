package preflight_test

import (
	"testing"

	"notify/pkg/message"
	"notify/pkg/preflight"
)

func TestPTR(t *testing.T) {
	askMail(t, "ptr", []mailQuestion{
		{
			name: "a name of somebody else", want: preflight.Fail, change: set("ptr", "7.113.0.203.in-addr.arpa PTR mail.example.com.\n"),
			summary: []string{"says that it is mail.example.com, which is another address"},
		},
		{
			name: "a name that does not exist", want: preflight.Fail, change: set("ptr", "7.113.0.203.in-addr.arpa PTR none.example.com.\n"),
			summary: []string{"says that it is none.example.com"},
		},
		{
			name: "one of several names leads back", want: preflight.Pass,
			change: set("ptr", "7.113.0.203.in-addr.arpa PTR none.example.com.\n7.113.0.203.in-addr.arpa PTR smtp.edm.example.com.\n"),
		},
		{
			name: "IPv6 too", want: preflight.Fail, change: func(w *mailWorld) { w.zone["server"] += "smtp.edm.example.com AAAA 2001:db8::7\n" },
			summary: []string{"203.0.113.7 is", "2001:db8::7 has no name"},
		},
		{
			name: "a vendor's server", want: preflight.Skip, change: func(w *mailWorld) {
				w.option("address", "smtp.vendor.example.net")
				w.zone["server"] = "smtp.vendor.example.net A 203.0.113.7\n"
			}, summary: []string{"smtp.vendor.example.net are its owner's affair"},
		},
		{
			name: "a vendor's server behind an address that was written down", want: preflight.Fail, summary: []string{"203.0.113.50 has no name"},
			change: allOf(sendsFrom("203.0.113.50"), func(w *mailWorld) { w.option("address", "smtp.vendor.example.net") }),
		},
		{
			name: "a server of the sender's own domain", want: preflight.Fail, summary: []string{"203.0.113.7 has no name"},
			change: allOf(set("ptr", ""), func(w *mailWorld) { w.config.ProtectedDomains = nil }),
		},
		{
			name: "a server of a protected organisation", want: preflight.Fail, summary: []string{"203.0.113.7 has no name"},
			change: allOf(set("ptr", ""), func(w *mailWorld) { w.campaign.Texts.Mail(message.Email).From = "a@news.example.net" }),
		},
		{name: "addresses that were written down are ours", want: preflight.Fail, change: sendsFrom("203.0.113.50"), summary: []string{"203.0.113.50 has no name"}},
		{name: "a server in a private network", want: preflight.NotLooked, change: set("server", "smtp.edm.example.com A 10.0.0.7\n"), summary: []string{"smtp.edm.example.com (10.0.0.7) is on this machine or in a private network"}},
		{name: "a sandbox", want: preflight.Skip, change: sandboxed, summary: []string{"127.0.0.1"}},
		{name: "a vendor that hides its servers", want: preflight.NotLooked, change: otherVendor, summary: []string{"does not say"}},
		{name: "a name that cannot be had", want: preflight.Error, change: fails("7.113.0.203.in-addr.arpa"), summary: []string{"which name 203.0.113.7 has could not be checked"}},
		{
			name: "a way back that cannot be had", want: preflight.Error,
			change: allOf(set("ptr", "7.113.0.203.in-addr.arpa PTR back.example.com.\n"), fails("back.example.com")), summary: []string{"could not be checked"},
		},
	})
}
