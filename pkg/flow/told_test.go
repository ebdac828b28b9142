package flow_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/flow"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

// wantTold compares what the ledger is told with all of what it must be told.
func wantTold(t *testing.T, a *flow.Account, now time.Time, want ledger.AccountChange) {
	t.Helper()
	got, ok := a.Change(now)
	if !ok {
		t.Fatalf("the ledger is told nothing, want %+v", want)
	}
	want.Account = a.Name()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the ledger is told: %s", diff)
	}
	if again, ok := a.Change(now); ok {
		t.Errorf("it is told twice: %+v", again)
	}
}

func TestWhatOtherRunsMustKnowOfAnAnswerIsTold(t *testing.T) {
	at, later := start.Add(3*time.Second), start.Add(5*time.Second)
	withDetail := func(o message.Outcome) message.Outcome {
		o.Detail = "in words"
		return o
	}
	outcome := func(o message.Outcome) words.Text { return words.Of("outcome", o.Kind) }
	said := func(what words.Text, o message.Outcome) words.Text {
		return words.T("flow.said", words.A{"what": what, "said": words.Raw(strings.TrimSpace(o.Code + " in words"))})
	}
	for _, c := range []struct {
		name string
		o    message.Outcome
		n    int
		want ledger.AccountChange
	}{
		{"a failure", unsent, 1, ledger.AccountChange{Failed: 1, Error: words.T("flow.said", words.A{"what": outcome(unsent), "said": words.Raw(unsent.Code)}), At: at}},
		{"a failure without a word", message.Outcome{Kind: message.OutcomeUnsent}, 1, ledger.AccountChange{Failed: 1, Error: outcome(unsent), At: at}},
		{"a failure with a detail", withDetail(unknown), 1, ledger.AccountChange{Failed: 1, Error: said(outcome(unknown), unknown), At: at}},
		{"so many that the breaker opens", withDetail(unsent), 5, ledger.AccountChange{
			Failed: 5, Error: said(outcome(unsent), unsent), At: at, OpenUntil: at.Add(time.Second), Reason: words.T("flow.in-a-row", words.A{"n": 5, "said": said(outcome(unsent), unsent)}),
		}},
		{"a refusal", withDetail(refused), 1, ledger.AccountChange{
			Failed: 1, Error: said(outcome(refused), refused), At: at, OpenUntil: at.Add(5 * time.Minute), Reason: said(words.Of("breaker.reason", message.ReasonBalance), refused),
		}},
		{"too fast", withDetail(throttled), 1, ledger.AccountChange{
			Scale: &ledger.Rescale{From: 1, To: 0.5}, NotBefore: at.Add(100 * time.Millisecond), Error: said(outcome(throttled), throttled), At: at,
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := account("a", 10)
			observe(a, c.o, at, c.n)
			wantTold(t, a, later, c.want)
			if c.want.Failed > 0 && !a.DownSince().Equal(at) {
				t.Errorf("down since %v, want %v", a.DownSince(), at)
			}
		})
	}
}

func TestARefusalAloneCountsAsDown(t *testing.T) {
	a := account("a", 10)
	observe(a, refused, start, 1)
	if !a.DownSince().Equal(start) {
		t.Errorf("down since %v", a.DownSince())
	}
}

func TestAnAnswerAfterFailuresIsToldOnce(t *testing.T) {
	a := account("a", 10)
	observe(a, unsent, start, 4)
	a.Change(start)
	observe(a, accepted, start.Add(time.Second), 2)
	wantTold(t, a, start.Add(2*time.Second), ledger.AccountChange{Well: true, At: start.Add(2 * time.Second)})
	observe(a, accepted, start.Add(time.Minute), 3)
	if c, ok := a.Change(start.Add(time.Minute)); ok {
		t.Errorf("an account that is well has nothing to tell: %+v", c)
	}
}

func TestTheRateComesBackByTheSecond(t *testing.T) {
	a := account("a", 10)
	observe(a, throttled, start, 1)
	observe(a, accepted, start.Add(time.Second-1), 5)
	if a.Scale() != 0.5 {
		t.Errorf("within a second the scale is %v", a.Scale())
	}
	a.Change(start)
	at := start.Add(time.Second)
	observe(a, accepted, at, 5)
	wantTold(t, a, at, ledger.AccountChange{Scale: &ledger.Rescale{From: 0.5, To: 0.5*1.1 + 0.01}, At: at})
	for at = at.Add(time.Second); a.Scale() < 1; at = at.Add(time.Second) {
		observe(a, accepted, at, 1)
	}
	if a.Scale() != 1 {
		t.Errorf("the scale is %v", a.Scale())
	}
	// Back at the full rate, the first answer of that second that says too fast halves it again.
	observe(a, throttled, at.Add(-time.Second), 1)
	if a.Scale() != 0.5 {
		t.Errorf("throttled right after it was back, the scale is %v", a.Scale())
	}
}

func TestABreakerThatAnotherRunOpenedIsKeptForAsLongAsTheLatestSays(t *testing.T) {
	a := account("a", 10)
	hold := func(until, now time.Time) { a.Held(ledger.Grant{Held: ledger.HoldBreaker, Until: until}, now) }
	hold(start.Add(time.Minute), start)
	hold(start.Add(30*time.Second), start.Add(time.Second))
	wantReady(t, a, start, ready{Until: start.Add(time.Minute)})
	hold(start.Add(2*time.Minute), start.Add(2*time.Second))
	wantReady(t, a, start, ready{Until: start.Add(2 * time.Minute)})
	if !a.DownSince().Equal(start) {
		t.Errorf("down since %v, want the first time that it was held", a.DownSince())
	}
}

func TestAnAccountHasASlot(t *testing.T) {
	for slots, want := range map[int]int{-1: 1, 0: 1, 1: 1, 2: 2} {
		if got := account("a", slots).Free(); got != want {
			t.Errorf("with %d slots %d are free, want %d", slots, got, want)
		}
	}
}

// However many runs share an account, together they have its slots, none has two more than another, and none has none while there are enough.
// A run that had none has one as soon as another has ended.
func TestNoRunStarves(t *testing.T) {
	for slots := 1; slots <= 24; slots++ {
		for runs := 1; runs <= 40; runs++ {
			sum, least, most := 0, slots, 0
			for rank := range runs {
				a := account("a", slots)
				a.Share(runs, rank)
				n := a.Free()
				sum, least, most = sum+n, min(least, n), max(most, n)
			}
			if sum != slots || most-least > 1 || runs <= slots && least == 0 {
				t.Errorf("%d runs share %d slots: %d in all, from %d to %d", runs, slots, sum, least, most)
			}
		}
		last := account("a", slots)
		if last.Share(slots+1, slots); last.Free() != 0 {
			t.Errorf("the run after the %d that have all slots has %d", slots, last.Free())
		}
		if last.Share(slots, slots-1); last.Free() != 1 {
			t.Errorf("one of %d runs ended, and the one that waited has %d slots", slots+1, last.Free())
		}
	}
}

func TestRunsShareTheSlots(t *testing.T) {
	a := account("a", 10)
	for _, c := range []struct{ runs, rank, want int }{{1, 0, 10}, {3, 0, 4}, {3, 1, 3}, {3, 2, 3}, {12, 9, 1}, {12, 10, 0}, {0, 0, 0}} {
		a.Share(c.runs, c.rank)
		if a.Free() != c.want {
			t.Errorf("the %d. of %d runs has %d slots, want %d", c.rank, c.runs, a.Free(), c.want)
		}
	}
	a.Share(2, 0)
	a.Claimed(7)
	if a.Free() != 0 {
		t.Errorf("with more in flight than it has slots, %d are free", a.Free())
	}
}

// What may be claimed ahead is shared as well; who has no slot claims nothing, and who has little room at the vendor claims nothing ahead.
func TestRunsShareWhatIsClaimedAhead(t *testing.T) {
	a := flow.NewAccount(ledger.Limits{Account: "a"}, 3, 5, 0, flow.Policy{}, ledger.AccountState{}, start)
	for _, c := range []struct{ runs, rank, want int }{{1, 0, 8}, {2, 0, 5}, {2, 1, 3}, {4, 3, 0}} {
		if a.Share(c.runs, c.rank); a.Free() != c.want {
			t.Errorf("the %d. of %d runs may claim %d, want %d", c.rank, c.runs, a.Free(), c.want)
		}
	}
	a.Share(1, 0)
	if a.Narrow(2, words.Text{}, start); a.Free() != 2 {
		t.Errorf("with room for 2 at the vendor %d may be claimed", a.Free())
	}
}

func TestTheRateThatAnotherRunSetIsInForce(t *testing.T) {
	a := account("a", 10)
	a.Shared(ledger.AccountState{Account: "a", Scale: 0.25}, start)
	if a.Scale() != 0.25 {
		t.Errorf("the scale is %v", a.Scale())
	}
	observe(a, accepted, start.Add(time.Second-1), 1) // it counts as slowed down now
	if a.Scale() != 0.25 {
		t.Errorf("within a second the scale is %v", a.Scale())
	}
	a.Shared(ledger.AccountState{Account: "a"}, start) // one of which nothing is known
	observe(a, throttled, start.Add(time.Minute), 1)
	a.Shared(ledger.AccountState{Account: "a", Scale: 0.25}, start) // older than what it is about to tell
	if a.Scale() != 0.125 {
		t.Errorf("the scale is %v", a.Scale())
	}
}

func TestOneThatHasNoRoomIsOwedNoMoreThanOne(t *testing.T) {
	full, b := account("full", 1), account("b", 100)
	full.Claimed(1)
	r := &flow.Route{}
	r.Add(full, 1)
	r.Add(b, 1)
	asks, _ := r.Asks(start)
	if diff := cmp.Diff(map[string]int{"b": 2}, shown(asks)); diff != "" {
		t.Error(diff)
	}
}

func TestAValveLetsItsBurstOutAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		left := passed(t, flow.NewValve(10, 5, 50*time.Millisecond), 20, func(int) time.Time { return begin })
		if len(left) != 5 || !left[4].Equal(begin) {
			t.Errorf("%v left", left)
		}
	})
}

func TestAValveWithoutARateHoldsNothingBackAtItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, place := flow.NewValve(0, 0, 50*time.Millisecond), time.Now().Add(time.Second)
		v.Scale(0.5)
		left := passed(t, v, 100, func(int) time.Time { return place }) // as under the rate of a domain
		if len(left) != 100 || !left[99].Equal(place) {
			t.Errorf("%d left", len(left))
		}
	})
}

func TestAValveOfOneASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, begin := flow.NewValve(1, 1, time.Second), time.Now()
		left := passed(t, v, 3, func(int) time.Time { return begin })
		if len(left) != 2 || left[1].Sub(left[0]) != time.Second {
			t.Errorf("%v left", left)
		}
		v.Scale(0.5)
		begin = time.Now().Add(10 * time.Second)
		left = passed(t, v, 3, func(i int) time.Time { return begin.Add(time.Duration(i) * 2 * time.Second) })
		if len(left) != 3 || left[2].Sub(left[0]) != 4*time.Second {
			t.Errorf("at half the rate %v left", left)
		}
	})
}

// A message that is late already has less of the slack left to wait in.
func TestLatenessAndWaitingShareOneSlack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, begin := flow.NewValve(50, 1, 50*time.Millisecond), time.Now()
		now := begin.Add(40 * time.Millisecond)
		if ok, err := v.Wait(t.Context(), time.Now, time.Time{}, now); !ok || err != nil {
			t.Fatalf("the first: %v, %v", ok, err)
		}
		if ok, err := v.Wait(t.Context(), time.Now, time.Time{}, begin); ok || err != nil {
			t.Errorf("40 ms late, with 20 ms to wait, it leaves: %v, %v", ok, err)
		}
		if ok, err := v.Wait(t.Context(), time.Now, time.Time{}, begin.Add(20*time.Millisecond)); !ok || err != nil {
			t.Errorf("20 ms late, with 20 ms to wait, it is given back: %v, %v", ok, err)
		}
	})
}

func TestARunThatHasEndedLetsNothingOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for range 200 { // whatever is ready at the same time
			v := flow.NewValve(10, 1, time.Second)
			if _, err := v.Wait(ctx, time.Now, time.Time{}, time.Now()); err == nil || !strings.Contains(err.Error(), "canceled") {
				t.Fatalf("it leaves: %v", err)
			}
		}
	})
}

func TestWhatTheLedgerKnowsOfAnAccountIsTakenOver(t *testing.T) {
	known := func(s ledger.AccountState) *flow.Account {
		return flow.NewAccount(ledger.Limits{Account: "a"}, 0, 0, 0, flow.Policy{}, s, start)
	}
	for scale, want := range map[float64]float64{-1: 1, 0: 1, 0.25: 0.25, 1: 1, 1.5: 1} {
		if got := known(ledger.AccountState{Scale: scale}).Scale(); got != want {
			t.Errorf("with a scale of %v it has %v, want %v", scale, got, want)
		}
	}
	a := known(ledger.AccountState{})
	if c, ok := a.Change(start); ok {
		t.Errorf("of an account that is well the ledger is told %+v", c)
	}
	a.Share(2, 0) // one slot, for one of two runs
	one := a.Free()
	a.Share(2, 1)
	if one != 1 || a.Free() != 0 {
		t.Errorf("the two have %d and %d slots", one, a.Free())
	}
	wantTold(t, known(ledger.AccountState{OpenUntil: start.Add(time.Hour)}), start, ledger.AccountChange{Anew: true, At: start})
}

// A vendor that has room for fewer at a time is taken at its word, once, until the slots are shared anew.
func TestAVendorThatHasRoomForFewer(t *testing.T) {
	said := words.Raw("too many connections")
	narrow := func(n int) *flow.Account {
		a := flow.NewAccount(ledger.Limits{Account: "a"}, 5, 3, 0, flow.Policy{}, ledger.AccountState{}, start)
		a.Narrow(n, said, start)
		return a
	}
	for n, want := range map[int][2]int{0: {1, 0}, 1: {1, 0}, 2: {2, 0}, 4: {4, 0}, 5: {5, 3}, 6: {5, 3}} {
		if a := narrow(n); a.Concurrency != want[0] || a.Ahead != want[1] {
			t.Errorf("room for %d: %d at a time and %d ahead", n, a.Concurrency, a.Ahead)
		}
	}
	a := narrow(2)
	wantTold(t, a, start.Add(time.Second), ledger.AccountChange{Error: said, At: start})
	a.Narrow(2, said, start)
	if again, ok := a.Change(start); ok {
		t.Errorf("it is told twice: %+v", again)
	}
	if a.Share(1, 0); a.Concurrency != 5 || a.Ahead != 3 {
		t.Errorf("shared anew: %d at a time and %d ahead", a.Concurrency, a.Ahead)
	}
}

// What the ledger says of the breaker counts, unless this run has learned something that it has not told yet.
func TestWhatTheLedgerSaysOfTheBreaker(t *testing.T) {
	now, early, late := start.Add(time.Second), start.Add(30*time.Second), start.Add(time.Minute)
	open := func(a *flow.Account) { a.Held(ledger.Grant{Held: ledger.HoldBreaker, Until: early}, start) }
	told := func(do func(*flow.Account)) func(*flow.Account) {
		return func(a *flow.Account) { do(a); a.Change(start) }
	}
	failed := func(n int) func(*flow.Account) { return func(a *flow.Account) { observe(a, unsent, start, n) } }
	type state struct {
		OpenUntil, DownSince time.Time
		Refused              bool
	}
	for _, tc := range []struct {
		name   string
		before func(*flow.Account)
		says   ledger.AccountState
		want   state
	}{
		{"closed, as here", func(*flow.Account) {}, ledger.AccountState{}, state{}},
		{"closed, and open here", open, ledger.AccountState{}, state{}},
		{"closed, after a refusal", told(func(a *flow.Account) { observe(a, refused, start, 1) }), ledger.AccountState{}, state{}},
		{"closed, and failures here", told(failed(2)), ledger.AccountState{Failures: 2}, state{DownSince: start}},
		{"closed, and opened here, not told yet", failed(5), ledger.AccountState{}, state{OpenUntil: start.Add(time.Second), DownSince: start}},
		{"closed, refused here, not told yet", func(a *flow.Account) { observe(a, refused, start, 1) }, ledger.AccountState{}, state{OpenUntil: start.Add(5 * time.Minute), DownSince: start, Refused: true}},
		{"open", func(*flow.Account) {}, ledger.AccountState{OpenUntil: late}, state{OpenUntil: late, DownSince: now}},
		{"open for longer", open, ledger.AccountState{OpenUntil: late}, state{OpenUntil: late, DownSince: start}},
		{"open as long", open, ledger.AccountState{OpenUntil: early}, state{OpenUntil: early, DownSince: start}},
		{"open not as long", open, ledger.AccountState{OpenUntil: now}, state{OpenUntil: early, DownSince: start}},
		{"open, and a failure here, not told yet", failed(1), ledger.AccountState{OpenUntil: late}, state{DownSince: start}},
		{"open, and well here, not told yet", func(a *flow.Account) { told(failed(1))(a); observe(a, accepted, start, 1) }, ledger.AccountState{OpenUntil: late}, state{}},
		{"open, and to be tested here, not told yet", func(a *flow.Account) { told(open)(a); a.SteppedBack(start) }, ledger.AccountState{OpenUntil: late}, state{OpenUntil: start, DownSince: start}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := account("a", 10)
			tc.before(a)
			a.Shared(tc.says, now)
			if diff := cmp.Diff(tc.want, state{a.OpenUntil(), a.DownSince(), a.Refusal().Kind != ""}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A breaker that another run closed begins anew: it opens for a second at first.
func TestABreakerThatAnotherRunClosedBeginsAnew(t *testing.T) {
	a := account("a", 10)
	for range 3 {
		observe(a, unsent, start, 5)
		if want := start.Add(time.Second); !a.OpenUntil().Equal(want) {
			t.Errorf("open until %v", a.OpenUntil())
		}
		a.Change(start)
		a.Shared(ledger.AccountState{}, start)
	}
}

// The failures of all runs count together: four that others had, and one here.
func TestFailuresOfOtherRunsCount(t *testing.T) {
	a := account("a", 10)
	a.Shared(ledger.AccountState{Failures: 4}, start)
	if observe(a, unsent, start, 1); !a.Open() {
		t.Error("five failed in a row, and the breaker is not open")
	}
}

func TestAPersonSwitchesAnAccountOff(t *testing.T) {
	a := account("a", 10)
	a.Shared(ledger.AccountState{Off: &ledger.Act{Who: "ann"}}, start)
	wantReady(t, a, start, ready{})
	a.Shared(ledger.AccountState{}, start)
	wantReady(t, a, start, ready{N: 10})
}

// A place under the rate of a domain alone, on an account without one, is missed like any other.
func TestAPlaceOfADomainIsMissed(t *testing.T) {
	v := flow.NewValve(0, 1, 50*time.Millisecond)
	now := func() time.Time { return start }
	v.Scale(0.5)
	for late, want := range map[time.Duration]bool{0: true, 50 * time.Millisecond: true, 51 * time.Millisecond: false} {
		for range 3 {
			if ok, err := v.Wait(t.Context(), now, time.Time{}, start.Add(-late)); ok != want || err != nil {
				t.Errorf("%v late: %v %v", late, ok, err)
			}
		}
	}
}
