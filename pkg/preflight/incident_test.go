package preflight_test

import (
	"strings"
	"testing"
	"time"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/message"
	"notify/pkg/preflight"
	"notify/pkg/vendors"
)

// incident is the company's year-end award: 23,000 winners, a system designed for 8,000, a balance for under 10,000
// messages, and a vendor that takes 10,000 a day.
func incident(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.people = people(23000)
	w.campaign.Expect = 23000
	w.config.Capacity.Recipients = 8000
	w.account("sms-a", func(a *config.Account) { a.Rate, a.DailyQuota = 100, 10000 })
	w.vendors["sms-a"].(*vendor).balance = vendors.Balance{
		Amount: ptr(yuan(t, "445.50")), Currency: "CNY", QuotaLimit: ptr(int64(10000)), QuotaUsed: ptr(int64(0)),
	}
	w.campaign.Window.From, w.campaign.Window.To = 9*time.Hour, 20*time.Hour
	return w
}

func TestIncidentIsStoppedBeforeTheFirstMessage(t *testing.T) {
	r := preflight.Run(t.Context(), incident(t).make(), preflight.All())
	if r.Verdict != preflight.Fail {
		t.Fatalf("verdict %s", r.Verdict)
	}
	for _, c := range []struct{ id, summary, remedies string }{
		{"capacity", "designed for 8,000: 15,000 too many", "3 parts of at most 7,667"},
		{"balance", "445.50 CNY left pays for 9,900, needs 25,300 segments = 1,138.50 CNY", "top up sms-a by at least 693.00 CNY"},
		{"balance", "", "the first 9,000 recipients, up to row 9001"},
		{"quota", "it takes 3 days: 10,000 on 2026-11-20, 10,000 on 2026-11-21, 3,000 on 2026-11-22", "by 13,000, to 23,000"},
	} {
		f, ok := r.Finding(c.id)
		if !ok || f.Status != preflight.Fail {
			t.Errorf("%s does not fail: %+v", c.id, f)
		}
		if !strings.Contains(summary(f), c.summary) || !strings.Contains(strings.Join(remedies(f), "\n"), c.remedies) {
			t.Errorf("%s says %q, %q; want %q, %q", c.id, summary(f), remedies(f), c.summary, c.remedies)
		}
	}
}

func BenchmarkAllChecks(b *testing.B) {
	w := newWorld(b)
	w.people = people(23000)
	w.campaign.Texts.Put(campaign.Text{Channel: message.Email, Mail: &campaign.Mail{From: "a@edm.example.test", Subject: "{{name}}", Text: "You won, {{name}}.", HTML: "<p>{{name}}</p>"}})
	w.campaign.DedupeWindow = time.Hour
	w.stage()
	s := w.make()
	for b.Loop() {
		if r := preflight.Run(b.Context(), s, preflight.All()); len(r.Findings) == 0 {
			b.Fatal("no findings")
		}
	}
}
