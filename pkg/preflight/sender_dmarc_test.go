package preflight_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"notify/pkg/config"
	"notify/pkg/dns/dnstest"
	"notify/pkg/list"
	"notify/pkg/preflight"
)

func TestDMARC(t *testing.T) {
	record := func(text string) func(*mailWorld) { return set("dmarc", dnstest.Text("_dmarc.example.com", text)) }
	noKey, noSPF := set("dkim", ""), set("spf", "")
	unaligned := func(w *mailWorld) {
		w.option("envelope_from", "b@bounce.example.net")
		w.zone["spf"] = "bounce.example.net TXT \"v=spf1 ip4:203.0.113.7 -all\"\n"
	}
	foreign := func(w *mailWorld) {
		w.account("edm", func(a *config.Account) { a.DKIM = config.DKIM{Selector: "v1", Domain: "vendor.example.net"} })
		w.zone["dkim"] = dnstest.Text("v1._domainkey.vendor.example.net", "p="+rsaKey(2048))
	}
	inBulk := func(w *mailWorld) { w.mails(5000, "gmail.com") }
	bulks := func(counts map[string]int) func(*mailWorld) {
		return func(w *mailWorld) {
			var all []list.Row
			for _, domain := range slices.Sorted(maps.Keys(counts)) {
				w.mails(counts[domain], domain)
				all = append(all, w.people...)
			}
			for i := range all {
				all[i].Number, all[i].Key = i+2, fmt.Sprintf("K%d", i)
			}
			w.people = all
		}
	}
	askMail(t, "dmarc", []mailQuestion{
		{
			name: "reject, and both ways aligned", want: preflight.Pass,
			summary: []string{"_dmarc.example.com says p=reject", "SPF passes and is aligned", "DKIM passes and is aligned"},
		},
		{name: "quarantine", want: preflight.Pass, change: record("v=DMARC1; p=quarantine; pct=50"), summary: []string{"p=quarantine"}},
		{name: "none", want: preflight.Pass, change: record("v=DMARC1; p=none"), summary: []string{"p=none"}},
		{name: "SPF alone is enough", want: preflight.Pass, change: noKey, summary: []string{"SPF passes", "DKIM does not pass"}},
		{name: "DKIM alone is enough", want: preflight.Pass, change: noSPF, summary: []string{"SPF does not pass", "DKIM passes"}},
		{
			name: "bounces to the vendor, and a signature of ours", want: preflight.Pass, change: unaligned,
			summary: []string{"SPF is for bounce.example.net, which does not speak for edm.example.com, DKIM passes"},
		},
		{
			name: "nothing aligned under reject", want: preflight.Fail, change: allOf(unaligned, foreign),
			summary: []string{"SPF is for bounce.example.net", "DKIM is for vendor.example.net", "receivers are told to reject the mails"}, remedies: []string{"accounts.edm.dkim"},
		},
		{name: "nothing aligned under quarantine", want: preflight.Fail, change: allOf(unaligned, foreign, record("v=DMARC1; p=quarantine")), summary: []string{"quarantine the mails"}},
		{name: "nothing aligned under none", want: preflight.Warn, change: allOf(unaligned, foreign, record("v=DMARC1; p=none")), remedies: []string{"let edm.example.com be authenticated"}},
		{name: "nothing aligned under none, in bulk", want: preflight.Fail, change: allOf(unaligned, foreign, record("v=DMARC1; p=none"), inBulk), summary: []string{"Gmail takes no bulk mail without it, and gets 5,000"}},
		{
			name: "the policy for subdomains", want: preflight.Fail, change: allOf(noKey, noSPF, record("v=DMARC1; p=none; sp=reject")), summary: []string{"p=reject"},
		},
		{
			name: "the domain's own record is nearer", want: preflight.Warn,
			change:  allOf(noKey, noSPF, func(w *mailWorld) { w.zone["near"] = "_dmarc.edm.example.com TXT \"v=DMARC1; p=none; sp=reject\"\n" }),
			summary: []string{"_dmarc.edm.example.com says p=none"},
		},
		{
			name: "strict alignment wants the same name", want: preflight.Fail,
			change: allOf(record("v=DMARC1; p=reject; adkim=s; aspf=s"), func(w *mailWorld) {
				w.account("edm", func(a *config.Account) { a.DKIM.Domain = "example.com" })
				w.zone["dkim"] = dnstest.Text("s1._domainkey.example.com", "p="+rsaKey(2048))
				w.option("envelope_from", "b@bounce.edm.example.com")
				w.zone["spf"] = "bounce.edm.example.com TXT \"v=spf1 ip4:203.0.113.7 -all\"\n"
			}), summary: []string{"SPF is for bounce.edm.example.com", "DKIM is for example.com"},
		},
		{name: "no record", want: preflight.Warn, change: set("dmarc", ""), summary: []string{"edm.example.com has no DMARC record"}, remedies: []string{"_dmarc.example.com", "p=none"}},
		{name: "no record, in bulk", want: preflight.Fail, change: allOf(set("dmarc", ""), inBulk), summary: []string{"Gmail takes no bulk mail without it"}},
		{
			name: "no record, and who gets most is named", want: preflight.Fail, summary: []string{"Yahoo takes no bulk mail without it, and gets 5,001"},
			change: allOf(set("dmarc", ""), bulks(map[string]int{"gmail.com": 5000, "yahoo.fr": 5001, "outlook.com": 4999})),
		},
		{
			name: "no record, and two get as much", want: preflight.Fail, summary: []string{"Gmail takes no bulk mail without it, and gets 5,000"},
			change: allOf(set("dmarc", ""), bulks(map[string]int{"gmail.com": 5000, "yahoo.fr": 5000})),
		},
		{name: "two records", want: preflight.Warn, change: func(w *mailWorld) { w.zone["dmarc"] += "_dmarc.example.com TXT \"v=DMARC1; p=none\"\n" }, summary: []string{"has 2 DMARC records"}},
		{name: "a record without a policy", want: preflight.Warn, change: record("v=DMARC1; rua=mailto:a@example.com"), summary: []string{"cannot be read", "'p'"}},
		{name: "other texts beside the record", want: preflight.Pass, change: func(w *mailWorld) { w.zone["dmarc"] += "_dmarc.example.com TXT \"hello\"\n" }},
		{
			name: "nothing is known", want: preflight.Warn, change: allOf(otherVendor, func(w *mailWorld) { w.account("edm", func(a *config.Account) { a.DKIM = config.DKIM{} }) }),
			summary: []string{"SPF is not known to pass", "DKIM is not known to pass"},
		},
		{
			name: "one way does not pass, and nothing is known of the other", want: preflight.Fail, summary: []string{"SPF does not pass, DKIM is not known to pass: receivers are told to reject"},
			change: allOf(noSPF, func(w *mailWorld) { w.account("edm", func(a *config.Account) { a.DKIM = config.DKIM{} }) }),
		},
		{name: "a sandbox", want: preflight.Skip, change: sandboxed, summary: []string{"no receiver sees it"}},
		{name: "an invented sender", want: preflight.Skip, change: invented, summary: []string{"reserved for tests"}},
		{name: "a record that cannot be had", want: preflight.Error, change: fails("_dmarc.edm.example.com"), summary: []string{"the DMARC record of edm.example.com could not be checked"}},
		{name: "authentication that cannot be looked up", want: preflight.Error, change: allOf(noKey, fails("edm.example.com")), summary: []string{"whether the mails pass DMARC could not be checked"}},
		{name: "a key that cannot be had, and no SPF", want: preflight.Error, change: allOf(noSPF, fails("s1._domainkey.edm.example.com")), summary: []string{"could not be checked"}},
	})
	w := newMailWorld(t)
	allOf(set("dmarc", ""), inBulk)(w)
	if f := w.ask("dmarc"); len(f.Summary) != 1 || len(facts(f)) != 1 || facts(f)["policy"] != "" {
		t.Errorf("%s %v", summary(f), facts(f))
	}
}
