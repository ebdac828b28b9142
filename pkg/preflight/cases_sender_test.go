package preflight_test

import (
	"notify/pkg/config"
	"notify/pkg/message"
	"notify/pkg/preflight"
)

func senderCases() map[string]cases {
	const name = "List-Unsubscribe"
	return map[string]cases{
		"protected": {
			pass:   mailIs("mails from edm.example.com"),
			bad:    mailIs(" from example.com, which is protected", func(w *mailWorld) { w.campaign.Texts.Mail(message.Email).From = "award@EXAMPLE.com" }).do("edm.example.com", "reply_to"),
			broken: mailIs(noDNS, silence).do("dns"),
		},
		"spf": {
			pass:   mailIs("edm: the SPF record of edm.example.com covers 203.0.113.7"),
			bad:    mailIs("says fail for 203.0.113.7", set("spf", `edm.example.com TXT "v=spf1 ip4:192.0.2.1 -all"`+"\n")).do("ip4:203.0.113.7"),
			broken: mailIs(noDNS, silence).do("dns"),
		},
		"dkim": {
			pass:   mailIs("s1._domainkey.edm.example.com: rsa key of 2048 bits"),
			bad:    mailIs("no DKIM key at s1._domainkey.edm.example.com", set("dkim", "")).do("publish", "accounts.edm.dkim"),
			broken: mailIs(noDNS, silence).do("dns"),
		},
		"dmarc": {
			pass:   mailIs("_dmarc.example.com says p=reject"),
			bad:    mailIs("SPF does not pass, DKIM does not pass: receivers are told to reject the mails", set("dkim", ""), set("spf", "")).do("SPF"),
			broken: mailIs(noDNS, silence).do("dns"),
		},
		"mx": {
			pass:   mailIs("edm.example.com: mx.edm.example.com"),
			bad:    mailIs("says that it takes no mail", set("mx", "edm.example.com MX 0 .\n")).do("publish MX records"),
			broken: mailIs(noDNS, silence).do("dns"),
		},
		"unsubscribe": {
			pass: mailIs("one click: <https://edm.example.com/u/K0>"),
			bad: mailIs("no header List-Unsubscribe", func(w *mailWorld) {
				w.campaign.Class, w.campaign.Texts.Mail(message.Email).Headers = config.Marketing, map[string]string{}
			}).do("channels.email.headers", "RFC 8058"),
			broken: mailIs("nothing", func(w *mailWorld) {
				w.subject = func(s *preflight.Subject) {
					s.Plan.Spec.Texts.Mail(message.Email).Headers[name] = "<https://edm.example.com/{{nothing}}>"
				}
			}),
		},
		"ptr": {
			pass:   mailIs("203.0.113.7 is smtp.edm.example.com, and back"),
			bad:    mailIs("203.0.113.7 has no name", set("ptr", "")).do("set its PTR"),
			broken: mailIs(noDNS, silence).do("dns"),
		},
	}
}
