package send

import (
	"testing"
	"testing/synctest"
	"time"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/plan"
)

// TestAClaimRunsOutByEitherClock: the wall clock goes on while a machine sleeps, and can be put back; the other clock stands
// still in a sleep, and cannot.
func TestAClaimRunsOutByEitherClock(t *testing.T) {
	for _, tt := range []struct {
		name          string
		passed, clock time.Duration // what really passed, and what the wall clock shows of it
		want          bool
	}{
		{"in time", 9 * time.Second, 9 * time.Second, false},
		{"past its deadline", 11 * time.Second, 11 * time.Second, true},
		{"after a sleep that only the wall clock saw", time.Second, time.Hour, true},
		{"with a wall clock that was put back", 11 * time.Second, -time.Hour, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				c := claim{Claim: ledger.Claim{Deadline: start.Add(10 * time.Second)}, got: start, good: 10 * time.Second}
				time.Sleep(tt.passed)
				if got := c.expired(start.Add(tt.clock)); got != tt.want {
					t.Errorf("expired: %v, want %v", got, tt.want)
				}
			})
		})
	}
}

// TestEachMailHasALinkOfItsOwn: the headers of one click are made when a mail leaves, of its key.
func TestEachMailHasALinkOfItsOwn(t *testing.T) {
	links := message.OneClick{URL: "https://edm.example.test/leave", Secret: "a secret of 16 or more"}
	l := &Loop{Config: &config.Config{Unsubscribe: links}, spec: plan.Spec{Texts: campaign.Texts{{
		Channel: message.Email, Mail: &campaign.Mail{From: "a@edm.example.test", Subject: "s", Text: "t", Headers: map[string]string{"X-Own": "1"}, OneClick: true},
	}}}}
	var err error
	if l.texts, err = newTexts(&l.spec); err != nil {
		t.Fatal(err)
	}
	for _, key := range []message.Key{"7cth18x6w03tvnns065rmb7e34", "k5xfh80c25gtm1e1mye9p99tqw"} {
		m, err := l.message(&ledger.Claim{Key: key, Channel: message.Email, Address: "wang@example.test", Fields: []byte("[]")})
		if err != nil || m.Headers["List-Unsubscribe"] != links.Headers(key)["List-Unsubscribe"] || m.Headers["X-Own"] != "1" {
			t.Errorf("headers: %v, %v", m.Headers, err)
		}
	}
	l.spec.Texts[0].Mail.OneClick = false
	if m, err := l.message(&ledger.Claim{Key: "7cth18x6w03tvnns065rmb7e34", Channel: message.Email, Address: "wang@example.test", Fields: []byte("[]")}); err != nil || len(m.Headers) != 1 {
		t.Errorf("without links: %v, %v", m.Headers, err)
	}
}
