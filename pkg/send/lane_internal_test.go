package send

import (
	"context"
	"testing"
	"time"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/flow"
	"notify/pkg/ledger"
	"notify/pkg/message"
)

// look is how often a run that waits looks again.
var look = DefaultTiming().Look

// laneAt is a lane that has nothing yet, at a time.
func laneAt(now *time.Time) *lane {
	zone := time.FixedZone("CST", 8*3600)
	loop := &Loop{Timing: DefaultTiming(), Config: &config.Config{Timezone: zone, Accounts: map[string]config.Account{"a": {}}}, Now: func() time.Time { return *now }}
	a := flow.NewAccount(ledger.Limits{Account: "a"}, 1, 1, time.Second, flow.Policy{}, ledger.AccountState{}, *now)
	return &lane{
		loop: loop, channel: message.SMS, accounts: map[string]*flow.Account{"a": a}, valves: map[string]*flow.Valve{"a": flow.NewValve(0, 0, 0)}, lead: 5 * time.Millisecond, open: make(map[receiverOf]int), runs: 1,
	}
}

// usedOn is a ledger of which only the usage is asked, by account and day.
type usedOn map[string]ledger.Usage

type usageOf struct {
	ledger.Reader
	on usedOn
}

func (u usageOf) Usage(_ context.Context, account string, day ledger.Day) (ledger.Usage, error) {
	return u.on[account+" "+day.Name], nil
}

func TestADayAndAMonthBeginInTheInstallationsZone(t *testing.T) {
	now := time.Date(2026, 12, 31, 17, 30, 0, 0, time.UTC) // 01:30 of the new year there
	ln := laneAt(&now)
	ln.loop.Reader = usageOf{}
	limits := ledger.Limits{Account: "a", DailyQuota: 4, DayBudget: 10, MonthBudget: 20, Price: 1}
	midnight := time.Date(2026, 12, 31, 16, 0, 0, 0, time.UTC)
	if from := ln.day(now).From; !from.Equal(midnight) {
		t.Errorf("the day began at %s", from)
	}
	for which, want := range map[string]time.Time{
		"day": midnight.Add(24 * time.Hour), "month": midnight.Add(31 * 24 * time.Hour), "campaign": {},
	} {
		if at := ln.renewed(t.Context(), limits, now, ledger.Grant{Held: ledger.HoldBudget, Which: which}); !at.Equal(want) {
			t.Errorf("the budget of a %s begins anew at %s, not %s", which, at, want)
		}
	}
	if at := ln.renewed(t.Context(), limits, now, ledger.Grant{Held: ledger.HoldQuota}); !at.Equal(midnight.Add(24 * time.Hour)) {
		t.Errorf("a quota begins anew at %s", at)
	}
}

// Where the zone was changed to one that lies behind, the day that comes next was under way before: what was used of it then counts.
func TestADayThatWasUsedUpInAnotherZoneIsPassedOver(t *testing.T) {
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC) // 20:00 there
	midnight := time.Date(2026, 11, 30, 16, 0, 0, 0, time.UTC)
	day, month := midnight.Add(24*time.Hour), midnight.Add(31*24*time.Hour)
	limits := ledger.Limits{Account: "a", DailyQuota: 4, DayBudget: 10, MonthBudget: 20, Price: 1, Scenario: &ledger.Scenario{Name: "notice", DailyQuota: 2}}
	of := func(n int64, cost message.Money) ledger.Usage {
		d := ledger.Debit{Messages: n, Cost: cost}
		return ledger.Usage{Day: d, Month: d}
	}
	for _, tc := range []struct {
		name string
		g    ledger.Grant
		used usedOn
		want time.Time
	}{
		{"the quota", ledger.Grant{Held: ledger.HoldQuota}, usedOn{"a 2026-12-01": of(4, 0)}, day},
		{"a part of the quota", ledger.Grant{Held: ledger.HoldQuota}, usedOn{"a 2026-12-01": of(3, 0)}, midnight},
		{"a class's", ledger.Grant{Held: ledger.HoldQuota, Which: ledger.WhichScenario}, usedOn{"a/notice 2026-12-01": of(2, 0)}, day},
		{"another's", ledger.Grant{Held: ledger.HoldQuota, Which: ledger.WhichScenario}, usedOn{"a 2026-12-01": of(3, 0)}, midnight},
		{"one that grows", ledger.Grant{Held: ledger.HoldQuota, Which: ledger.WhichRamp}, usedOn{"a 2026-12-01": of(4, 0)}, midnight},
		{"the day's budget", ledger.Grant{Held: ledger.HoldBudget, Which: "day"}, usedOn{"a 2026-12-01": of(1, 10)}, day},
		{"the month's budget", ledger.Grant{Held: ledger.HoldBudget, Which: "month"}, usedOn{"a 2026-12-01": of(1, 20)}, month},
		{"a part of the month's", ledger.Grant{Held: ledger.HoldBudget, Which: "month"}, usedOn{"a 2026-12-01": of(1, 19)}, midnight},
	} {
		ln := laneAt(&now)
		ln.loop.Reader = usageOf{on: tc.used}
		if at := ln.renewed(t.Context(), limits, now, tc.g); !at.Equal(tc.want) {
			t.Errorf("%s: %s, want %s", tc.name, at, tc.want)
		}
	}
}

// What is here waits a moment for what is under way, and never longer: also where the clock was put back meanwhile.
func TestAnswersWaitForEachOtherAMomentOnly(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	ln := laneAt(&now)
	ln.inFlight, ln.settle, ln.gathered = 11, make([]ledger.Settlement, 1), now
	if until, more := ln.gather(); more != 3 || !until.Equal(now.Add(gatherFor)) {
		t.Errorf("it waits for %d more until %s", more, until)
	}
	for name, at := range map[string]time.Time{"the moment has passed": now.Add(gatherFor), "the clock was put back": now.Add(-time.Second)} {
		ln.gathered = now
		was := now
		now = at
		if until, more := ln.gather(); more != 0 || !until.IsZero() {
			t.Errorf("%s: it waits for %d more until %s", name, more, until)
		}
		now = was
	}
	ln.settle = make([]ledger.Settlement, 4)
	if _, more := ln.gather(); more != 1 {
		t.Errorf("of 15 it waits for %d beside the 4 that are here", more)
	}
	ln.inFlight = 8
	if until, more := ln.gather(); more != 0 || !until.IsZero() {
		t.Errorf("of 12 it waits for %d beside the 4 that are here", more)
	}
	ln.settle = nil
	if _, more := ln.gather(); more != 0 {
		t.Errorf("it waits for %d, and nothing is here", more)
	}
}

// Places are asked for as far ahead as they came late, and a second at most: what is claimed for longer is unknown after a crash.
func TestPlacesAreAskedForASecondAheadAtMost(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	ln := laneAt(&now)
	ln.loop.watch = newWatch(campaign.StopWhen{Failed: 1, Window: 9})
	late := func(by time.Duration) {
		ln.answered(t.Context(), result{
			claim: ledger.Claim{Account: "a", Number: 1}, outcome: message.Outcome{Kind: message.OutcomeAccepted}, at: now, late: by,
		})
	}
	late(20 * time.Millisecond)
	if ln.lead != 25*time.Millisecond {
		t.Errorf("it asks %s ahead", ln.lead)
	}
	late(time.Minute)
	if ln.lead != time.Second {
		t.Errorf("it asks %s ahead", ln.lead)
	}
}

// Receivers with nothing under way are forgotten: a list has more domains than slots.
func TestOnlyReceiversWithSomethingUnderWayAreKept(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	ln := laneAt(&now)
	ln.entry.PaceKey = message.Address.Domain
	ln.loop.Config.Accounts["a"] = config.Account{DomainSlots: map[string]int{"slow.test": 2}}
	var under []result
	for _, to := range []message.Address{"1@slow.test", "2@slow.test", "3@other.test"} {
		c := ledger.Claim{Account: "a", Address: to}
		under = append(under, result{claim: c, receiver: ln.opened(&c)})
	}
	if room := ln.domainRoom("a"); room("slow.test") != 0 || room("other.test") >= 0 || len(ln.open) != 2 {
		t.Errorf("room for %d and %d more; under way %v", room("slow.test"), room("other.test"), ln.open)
	}
	for i := range under {
		ln.closed(&under[i])
	}
	if room := ln.domainRoom("a"); room("slow.test") != 2 || len(ln.open) != 0 {
		t.Errorf("room for %d more; under way %v", room("slow.test"), ln.open)
	}
}
