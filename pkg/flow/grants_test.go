package flow_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/flow"
	"notify/pkg/ledger"
	"notify/pkg/message"
)

// granted offers messages of one segment until one is held, at most nine, and says how many were granted.
func granted(req ledger.ClaimRequest, books flow.Books) (n int, held ledger.HoldReason, until time.Time, which string) {
	teller := flow.NewTeller(req, noon, books)
	for ; n < 9 && held == ledger.HoldNone; n++ {
		if _, held, until, which = teller.Next(1, req.Limits.Price); held != ledger.HoldNone {
			return n, held, until, which
		}
	}
	return n, held, until, which
}

// Each bound lets through what is below it, counts what this request has granted before, and holds the next.
func TestHowManyMessagesABoundLetsThrough(t *testing.T) {
	type setting struct {
		req   ledger.ClaimRequest
		books flow.Books
	}
	for _, tc := range []struct {
		name  string
		bound func(s *setting, most, used int64)
		held  ledger.HoldReason
		until time.Time
		which string
	}{
		{"of a wave", func(s *setting, most, used int64) { s.books.WaveMost, s.books.Out = int(most), int(used) }, ledger.HoldWave, time.Time{}, ""},
		{"slots", func(s *setting, most, used int64) { s.req.Limits.Concurrency, s.books.Open = int(most), int(used) }, ledger.HoldSlots, after(100 * time.Millisecond), ""},
		{"of a day", func(s *setting, most, used int64) { s.req.Limits.DailyQuota, s.books.Usage.Day.Messages = most, used }, ledger.HoldQuota, time.Time{}, ""},
		{"of a day that has another name", func(s *setting, most, used int64) { s.req.Limits.DailyQuota, s.books.Overlap.Messages = most, used }, ledger.HoldQuota, time.Time{}, ""},
		{"of a sender's ramp", func(s *setting, most, used int64) {
			s.req.Limits.Ramp, s.books.Ramp = &ledger.Ramp{Start: most, Factor: 1}, ledger.DomainHeld{Day: today, Sent: used}
		}, ledger.HoldQuota, time.Time{}, ledger.WhichRamp},
		{"of a scenario", func(s *setting, most, used int64) {
			s.req.Limits.Scenario, s.books.ScenarioDay = &ledger.Scenario{DailyQuota: most}, used
		}, ledger.HoldQuota, time.Time{}, ledger.WhichScenario},
		{"money of a day", func(s *setting, most, used int64) {
			s.req.Limits.DayBudget, s.books.Usage.Day.Cost = message.Money(most), message.Money(used)
		}, ledger.HoldBudget, time.Time{}, "day"},
		{"money of a day that has another name", func(s *setting, most, used int64) {
			s.req.Limits.DayBudget, s.books.Overlap.Cost = message.Money(most), message.Money(used)
		}, ledger.HoldBudget, time.Time{}, "day"},
		{"money of a month", func(s *setting, most, used int64) {
			s.req.Limits.MonthBudget, s.books.Usage.Month.Cost = message.Money(most), message.Money(used)
		}, ledger.HoldBudget, time.Time{}, "month"},
		{"money of a campaign", func(s *setting, most, used int64) {
			s.req.Limits.CampaignBudget, s.books.CampaignSpent = message.Money(most), message.Money(used)
		}, ledger.HoldBudget, time.Time{}, "campaign"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, n := range []struct{ most, used int64 }{{1, 0}, {5, 3}, {5, 5}, {5, 6}} {
				s := setting{req: ledger.ClaimRequest{Max: 9, Day: today, Limits: ledger.Limits{Price: 1}}}
				tc.bound(&s, n.most, n.used)
				got, held, until, which := granted(s.req, s.books)
				if want := int(max(0, n.most-n.used)); got != want || held != tc.held || !until.Equal(tc.until) || which != tc.which {
					t.Errorf("%d of %d: %d granted, held %q %q until %v", n.used, n.most, got, held, which, until)
				}
			}
			s := setting{req: ledger.ClaimRequest{Max: 9, Day: today, Limits: ledger.Limits{Price: 1}}}
			if s.books.Ramp.Day = today; tc.which != ledger.WhichRamp { // a ramp has no "none"
				tc.bound(&s, 0, 7)
				if got, held, _, _ := granted(s.req, s.books); got != 9 || held != ledger.HoldNone {
					t.Errorf("without a bound %d were granted, held %q", got, held)
				}
			}
		})
	}
}

func TestWhatIsGrantedIsDebited(t *testing.T) {
	req := ledger.ClaimRequest{Max: 2, Day: today, Limits: ledger.Limits{Price: 5}}
	teller := flow.NewTeller(req, noon, flow.Books{Ramp: ledger.DomainHeld{Day: "2026-11-19", Sent: 7, Days: 1}})
	for i, want := range []bool{false, true, true} { // the third is more than was asked for
		if leaveAt, held, until, which := teller.Next(3, 5); !leaveAt.IsZero() || held != ledger.HoldNone || !until.IsZero() || which != "" {
			t.Errorf("%v %q %v %q", leaveAt, held, until, which)
		}
		if teller.Full() != want {
			t.Errorf("after %d, full: %v", i+1, teller.Full())
		}
	}
	debit := ledger.Debit{Messages: 2, Segments: 6, Cost: 30}
	want := flow.Books{
		Usage: ledger.Usage{Day: debit, Month: debit}, ScenarioDay: 2, CampaignSpent: 30, Ramp: ledger.DomainHeld{Day: today, Sent: 2, Days: 2},
	}
	if diff := cmp.Diff(want, teller.Books()); diff != "" {
		t.Error(diff)
	}
	if teller.Price() != 5 {
		t.Errorf("for %d each", teller.Price())
	}
}

// All messages of a grant have one price: another one begins the next grant, at once.
func TestAGrantHasOnePrice(t *testing.T) {
	for n := range 3 {
		teller := flow.NewTeller(ledger.ClaimRequest{Max: 9}, noon, flow.Books{})
		for range n + 1 {
			if _, held, _, _ := teller.Next(1, 6); held != ledger.HoldNone {
				t.Fatalf("held %q", held)
			}
		}
		if _, held, until, _ := teller.Next(1, 5); held != ledger.HoldRate || !until.Equal(noon) || teller.Books().Usage.Day.Messages != int64(n+1) {
			t.Errorf("held %q until %v, %+v", held, until, teller.Books().Usage)
		}
	}
}

// The places under the rates of an account and its scenario.
func TestPlacesUnderARate(t *testing.T) {
	base := ledger.ClaimRequest{Max: 9, Lead: 20 * time.Millisecond, Ahead: 250 * time.Millisecond}
	with := func(l ledger.Limits) ledger.ClaimRequest {
		req := base
		req.Limits = l
		return req
	}
	long := with(ledger.Limits{Rate: 10})
	long.Lead, long.Ahead = 300*time.Millisecond, 0
	scaled := func(s float64) flow.Books { return flow.Books{Account: ledger.AccountState{Scale: s}} }
	used := func(d time.Duration) flow.Books { return flow.Books{Account: ledger.AccountState{EmptyAt: after(d)}} }
	for _, tc := range []struct {
		name  string
		req   ledger.ClaimRequest
		books flow.Books
		at    []int64 // ms
		until int64
	}{
		{"one after the other", with(ledger.Limits{Rate: 10}), flow.Books{}, []int64{20, 120, 220}, 70},
		{"two at once", with(ledger.Limits{Rate: 10, AtOnce: 2}), flow.Books{}, []int64{20, 20, 120, 220}, 70},
		{"slowed to a half", with(ledger.Limits{Rate: 10}), scaled(0.5), []int64{20, 220}, 170},
		{"at its whole rate", with(ledger.Limits{Rate: 10}), scaled(1), []int64{20, 120, 220}, 70},
		{"no faster than that", with(ledger.Limits{Rate: 10}), scaled(1.5), []int64{20, 120, 220}, 70},
		{"as far as others have taken places", with(ledger.Limits{Rate: 10}), used(100 * time.Millisecond), []int64{200}, 50},
		{"as far as others may have", with(ledger.Limits{Rate: 10}), used(ledger.PutBack), nil, 9850},
		{"a clock that was put back", with(ledger.Limits{Rate: 10}), used(ledger.PutBack + 1), nil, 100},
		{"that, where a commit takes long", long, used(ledger.PutBack + 1), nil, 100},
		{"a scenario's", with(ledger.Limits{Scenario: &ledger.Scenario{Rate: 5, AtOnce: 1}}), flow.Books{}, []int64{20, 220}, 170},
		{"the slower one's", with(ledger.Limits{Rate: 10, Scenario: &ledger.Scenario{Rate: 5, AtOnce: 1}}), flow.Books{}, []int64{20, 220}, 170},
		{"the slower one's, turned round", with(ledger.Limits{Rate: 5, Scenario: &ledger.Scenario{Rate: 10, AtOnce: 1}}), flow.Books{}, []int64{20, 220}, 170},
		{"one a second", with(ledger.Limits{Rate: 1}), flow.Books{}, []int64{20}, 770},
	} {
		t.Run(tc.name, func(t *testing.T) {
			teller := flow.NewTeller(tc.req, noon, tc.books)
			var got []int64
			for range 9 {
				leaveAt, held, until, _ := teller.Next(1, 0)
				if held != ledger.HoldNone {
					if held != ledger.HoldRate || !until.Equal(after(time.Duration(tc.until)*time.Millisecond)) {
						t.Errorf("held %q until %v", held, until.Sub(noon))
					}
					break
				}
				got = append(got, leaveAt.Sub(noon).Milliseconds())
			}
			if diff := cmp.Diff(tc.at, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Both buckets go on by what was granted, and by nothing where there is no rate.
func TestBothBucketsGoOn(t *testing.T) {
	for _, l := range []ledger.Limits{{}, {Rate: 10}, {Rate: 10, Scenario: &ledger.Scenario{Rate: 5}}, {Scenario: &ledger.Scenario{Rate: 5}}, {Scenario: &ledger.Scenario{}}} {
		teller := flow.NewTeller(ledger.ClaimRequest{Max: 9, Ahead: time.Second, Limits: l}, noon, flow.Books{})
		teller.Next(1, 0)
		teller.Next(1, 0)
		var account, scenario time.Time
		if l.Rate > 0 {
			account = after(100 * time.Millisecond)
		}
		if s := l.Scenario; s != nil && s.Rate > 0 {
			scenario = after(200 * time.Millisecond)
		}
		if b := teller.Books(); !b.Account.EmptyAt.Equal(account) || !b.Scenario.Equal(scenario) {
			t.Errorf("%+v: the account's is empty at %v, the scenario's at %v", l, b.Account.EmptyAt, b.Scenario)
		}
	}
}

// What keeps an account from taking anything, as far as the ledger knows.
func TestWhatClosesTheGate(t *testing.T) {
	soon, back := after(time.Minute), after(ledger.PutBack+1)
	for _, tc := range []struct {
		name  string
		known ledger.AccountState
		probe bool
		held  ledger.HoldReason
		until time.Time
	}{
		{"nothing", ledger.AccountState{}, false, ledger.HoldNone, time.Time{}},
		{"a person", ledger.AccountState{Off: &ledger.Act{}, OpenUntil: soon}, true, ledger.HoldOff, time.Time{}},
		{"its breaker", ledger.AccountState{OpenUntil: soon}, false, ledger.HoldBreaker, soon},
		{"its breaker, whoever tests it", ledger.AccountState{OpenUntil: soon}, true, ledger.HoldBreaker, soon},
		{"its breaker, for all but one who tests it", ledger.AccountState{OpenUntil: noon}, false, ledger.HoldBreaker, noon},
		{"nothing, for one who tests it", ledger.AccountState{OpenUntil: noon}, true, ledger.HoldNone, time.Time{}},
		{"a vendor's wait", ledger.AccountState{NotBefore: soon}, false, ledger.HoldRate, soon},
		{"a wait that is over", ledger.AccountState{NotBefore: noon}, false, ledger.HoldNone, time.Time{}},
		{"no wait, where the clock was put back", ledger.AccountState{NotBefore: soon, Since: back}, false, ledger.HoldNone, time.Time{}},
		{"its breaker, to be tested now, where the clock was put back", ledger.AccountState{OpenUntil: soon, Since: back}, false, ledger.HoldBreaker, noon},
		{"nothing, for one who tests it where the clock was put back", ledger.AccountState{OpenUntil: soon, Since: back}, true, ledger.HoldNone, time.Time{}},
		{"a breaker that was to be tested before", ledger.AccountState{OpenUntil: noon.Add(-1), Since: back}, false, ledger.HoldBreaker, noon.Add(-1)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			held, until := flow.NewTeller(ledger.ClaimRequest{Probe: tc.probe}, noon, flow.Books{Account: tc.known}).Gate()
			if held != tc.held || !until.Equal(tc.until) {
				t.Errorf("held %q until %v, want %q until %v", held, until, tc.held, tc.until)
			}
		})
	}
}

func TestTheDeadlineCountsFromTheTimeToLeave(t *testing.T) {
	teller := flow.NewTeller(ledger.ClaimRequest{Grace: 10 * time.Second}, noon, flow.Books{})
	if got := teller.Deadline(time.Time{}); !got.Equal(after(10 * time.Second)) {
		t.Errorf("without a rate: %v", got)
	}
	if got := teller.Deadline(after(time.Second)); !got.Equal(after(11 * time.Second)) {
		t.Errorf("with a place: %v", got)
	}
}
