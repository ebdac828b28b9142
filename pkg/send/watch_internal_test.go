package send

import (
	"log/slog"
	"testing"
	"time"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/flow"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

func TestWhyARunStoppedSaysHowManyWereReallyTried(t *testing.T) {
	w := newWatch(campaign.StopWhen{Failed: 0.05, Window: 200})
	for range 4 {
		w.observe(message.OutcomeAccepted)
	}
	for range 11 {
		w.observe(message.OutcomeRejected)
	}
	w.observe(message.OutcomeRejected) // an answer to what was under way
	why, _ := w.tripped()
	for lang, want := range map[words.Language]string{
		words.English: "11 of the last 15 messages tried were rejected; the campaign allows 5% of 200",
		words.Chinese: "最近试发的 15 条中有 11 条被拒；活动允许 200 条中的 5%",
	} {
		if said := (words.Printer{Lang: lang}).Say(why); said != want {
			t.Errorf("%s: %q, want %q", lang, said, want)
		}
	}
}

func TestWhereAQuotaHoldsItGoesOnAtItsMidnight(t *testing.T) {
	now := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	midnight := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	a := flow.NewAccount(ledger.Limits{Account: "sms", DailyQuota: 50}, 1, 0, 0, flow.Policy{}, ledger.AccountState{}, now)
	a.Claimed(1)
	a.Observe(message.Outcome{Kind: message.OutcomeThrottled, RetryAfter: time.Minute}, now)
	a.Held(ledger.Grant{Held: ledger.HoldQuota, Until: midnight}, now)
	ln := &lane{loop: &Loop{Config: &config.Config{Timezone: time.UTC}, Log: slog.New(slog.DiscardHandler)}, channel: message.SMS, route: &flow.Route{}}
	ln.route.Add(a, 1)
	_, wake := ln.route.Asks(now)
	if !wake.Equal(now.Add(time.Minute)) {
		t.Fatalf("the vendor asked to wait a minute, and it is asked again at %v", wake)
	}
	ln.blocked(now, wake)
	if p := ln.end.pause; p == nil || p.Why != PauseQuota || !p.Until.Equal(midnight) {
		t.Errorf("it pauses with %+v", p)
	}
}
