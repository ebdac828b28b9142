package flow_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/flow"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

// ready is what an account says of itself.
type ready struct {
	N     int
	Probe bool
	Until time.Time
}

func wantReady(t *testing.T, a *flow.Account, now time.Time, want ready) {
	t.Helper()
	n, probe, until := a.Ready(now)
	if diff := cmp.Diff(want, ready{n, probe, until}); diff != "" {
		t.Errorf("ready, at %v: %s", now.Sub(start), diff)
	}
}

func TestThrottlingHalvesTheRateOnceASecond(t *testing.T) {
	a := account("a", 100)
	observe(a, throttled, start, 20) // what was in flight answers together
	if a.Scale() != 0.5 {
		t.Errorf("after one second's answers the scale is %v", a.Scale())
	}
	wantReady(t, a, start, ready{Until: start.Add(100 * time.Millisecond)})
	wantReady(t, a, start.Add(100*time.Millisecond), ready{N: 100})
	for i, want := range []float64{0.25, 0.125, 0.0625, 0.0625} {
		now := start.Add(time.Duration(i+1) * time.Second)
		observe(a, throttled, now, 3)
		if a.Scale() != want {
			t.Errorf("after %d more seconds the scale is %v, want %v", i+1, a.Scale(), want)
		}
	}
	if a.Open() || !a.DownSince().IsZero() {
		t.Error("an account that says too fast counts as down")
	}
}

func TestAThrottledAccountRecoversInAboutSevenSeconds(t *testing.T) {
	a := account("a", 100)
	observe(a, throttled, start, 1)
	now, before := start, a.Scale()
	for a.Scale() < 1 {
		now = now.Add(100 * time.Millisecond)
		observe(a, accepted, now, 10)
		if a.Scale() > before*1.1+0.02 {
			t.Fatalf("from %v to %v at once", before, a.Scale())
		}
		before = a.Scale()
		if now.Sub(start) > time.Minute {
			t.Fatalf("the scale is %v after a minute", a.Scale())
		}
	}
	if took := now.Sub(start); took < 5*time.Second || took > 9*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestTheVendorsOwnWaitIsKept(t *testing.T) {
	a := account("a", 10)
	observe(a, message.Outcome{Kind: message.OutcomeThrottled, RetryAfter: time.Minute}, start, 1)
	observe(a, throttled, start.Add(time.Second), 1) // a later answer without a wait does not make it shorter
	wantReady(t, a, start.Add(59*time.Second), ready{Until: start.Add(time.Minute)})
	wantReady(t, a, start.Add(time.Minute), ready{N: 10})
}

func TestARefusalOpensForAsLongAsThePolicySays(t *testing.T) {
	for name, p := range map[string]flow.Policy{
		"by default":   {},
		"as it is set": {Failures: 3, OpenMin: time.Second, OpenMax: time.Minute, Refused: 42 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			long := p.Refused
			if long == 0 {
				long = flow.DefaultPolicy().Refused
			}
			a := flow.NewAccount(ledger.Limits{Account: "a"}, 10, 0, 0, p, ledger.AccountState{}, start)
			a.Claimed(10)
			for range 10 {
				a.Observe(refused, start)
			}
			wantReady(t, a, start, ready{Until: start.Add(long)})
			if diff := cmp.Diff(refused, a.Refusal()); diff != "" {
				t.Error(diff)
			}
			c, ok := a.Change(start)
			if !ok || !strings.Contains(c.Reason.String(), "no money is left") || !c.OpenUntil.Equal(start.Add(long)) {
				t.Errorf("the ledger is told %+v, %v", c, ok)
			}
			wantReady(t, a, start.Add(long), ready{N: 1, Probe: true})
			observe(a, accepted, start.Add(long), 1)
			wantReady(t, a, start.Add(long), ready{N: 10})
			if a.Refusal().Kind != "" || a.Open() {
				t.Errorf("after an answer it is open %v, refused %+v", a.Open(), a.Refusal())
			}
		})
	}
}

func TestFiveFailuresInARowOpenTheBreakerAndEachTestThatFailsDoublesIt(t *testing.T) {
	for name, o := range map[string]message.Outcome{"never reached": unsent, "without an answer": unknown} {
		t.Run(name, func(t *testing.T) {
			a := account("a", 10)
			observe(a, o, start, 4)
			wantReady(t, a, start, ready{N: 10})
			observe(a, accepted, start, 1) // and the row begins again
			observe(a, o, start, 4)
			wantReady(t, a, start, ready{N: 10})
			observe(a, o, start, 1)
			now := start
			for _, seconds := range []int{1, 2, 4, 8, 16, 32, 60, 60} {
				until := now.Add(time.Duration(seconds) * time.Second)
				wantReady(t, a, now, ready{Until: until})
				wantReady(t, a, until.Add(-1), ready{Until: until})
				wantReady(t, a, until, ready{N: 1, Probe: true})
				a.Claimed(1)
				wantReady(t, a, until, ready{Probe: true}) // one test at a time
				a.Observe(o, until)
				now = until
			}
			if !a.DownSince().Equal(start) {
				t.Errorf("down since %v, want %v", a.DownSince(), start)
			}
			now = now.Add(time.Minute)
			observe(a, rejected, now, 1) // whoever rejects a recipient is there
			wantReady(t, a, now, ready{N: 10})
			observe(a, o, now, 5)
			wantReady(t, a, now, ready{Until: now.Add(time.Second)})
		})
	}
}

func TestWhatWasInFlightWhenTheBreakerOpenedDoesNotKeepItOpenLonger(t *testing.T) {
	a := account("a", 50)
	a.Claimed(50)
	for range 50 {
		a.Observe(unsent, start)
	}
	wantReady(t, a, start, ready{Until: start.Add(time.Second)})
}

func TestWhatSaysNothingAboutTheAccountChangesNothing(t *testing.T) {
	for name, o := range map[string]message.Outcome{
		"given back late":            message.GiveBack(message.BackLate),
		"given back at its deadline": message.GiveBack(message.BackDeadline),
		"lost":                       message.GiveBack(message.BackLost),
		"a greylisted mailbox":       {Kind: message.OutcomeThrottled, Recipient: true, RetryAfter: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			a := account("a", 10)
			observe(a, o, start, 50)
			wantReady(t, a, start, ready{N: 10})
			if c, ok := a.Change(start); ok || a.Scale() != 1 || a.InFlight() != 0 {
				t.Errorf("the ledger is told %+v, the scale is %v, %d are in flight", c, a.Scale(), a.InFlight())
			}
			observe(a, unsent, start, 4)
			observe(a, o, start, 10)
			observe(a, unsent, start, 1)
			wantReady(t, a, start, ready{Until: start.Add(time.Second)}) // nor did it break the row
		})
	}
}

func TestWhatTheLedgerHoldsIsWaitedFor(t *testing.T) {
	soon := start.Add(time.Second)
	for _, c := range []struct {
		name  string
		grant ledger.Grant
		want  ready
		why   ledger.HoldReason
	}{
		{"nothing", ledger.Grant{}, ready{N: 10}, ""},
		{"nothing is left", ledger.Grant{Held: ledger.HoldEmpty}, ready{N: 10}, ""},
		{"the rate", ledger.Grant{Held: ledger.HoldRate, Until: soon}, ready{Until: soon}, ""},
		{"the breaker, opened by another process", ledger.Grant{Held: ledger.HoldBreaker, Until: soon}, ready{Until: soon}, ""},
		{"the quota until midnight", ledger.Grant{Held: ledger.HoldQuota, Until: soon}, ready{Until: soon}, ledger.HoldQuota},
		{"the campaign's budget", ledger.Grant{Held: ledger.HoldBudget, Which: "campaign"}, ready{}, ledger.HoldBudget},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := account("a", 10)
			a.Held(c.grant, start)
			wantReady(t, a, start, c.want)
			why, which, until := a.Spent(start)
			if why != c.why || which != c.grant.Which || why != "" && !until.Equal(c.grant.Until) {
				t.Errorf("spent is %q %q %v", why, which, until)
			}
			if why, _, _ := a.Spent(soon); c.grant.Until.Equal(soon) && why != "" {
				t.Errorf("%s is still used up at %v", why, soon)
			}
			if n, _, until := a.Ready(soon); n == 0 && c.grant.Which != "campaign" {
				t.Errorf("nothing goes at %v, until %v", soon, until)
			}
		})
	}
}

func TestABreakerThatTheLedgerKnowsIsTestedAtOnce(t *testing.T) {
	a := flow.NewAccount(ledger.Limits{Account: "a"}, 10, 0, 0, flow.Policy{},
		ledger.AccountState{Account: "a", Scale: 0.25, Failures: 5, OpenUntil: start.Add(time.Hour), Reason: words.Raw("balance")}, start)
	wantReady(t, a, start, ready{N: 1, Probe: true})
	if a.Scale() != 0.25 || !a.Open() {
		t.Errorf("scale %v, open %v", a.Scale(), a.Open())
	}
	observe(a, accepted, start, 1)
	c, ok := a.Change(start)
	if !ok || !c.Anew || !c.Well || !c.OpenUntil.IsZero() || c.Failed != 0 {
		t.Errorf("the ledger is told %+v", c)
	}
	if _, again := a.Change(start); again {
		t.Error("it is told twice")
	}
}

// What is credited lets another go, whatever was used up; what is not, or may not be, does not.
func TestWhatIsCreditedLetsAnotherGo(t *testing.T) {
	for _, kind := range message.OutcomeKinds() {
		for _, held := range []ledger.HoldReason{ledger.HoldQuota, ledger.HoldBudget} {
			a := account("a", 10)
			a.Claimed(1)
			a.Held(ledger.Grant{Held: held, Until: start.Add(time.Hour)}, start)
			a.Observe(message.Outcome{Kind: kind, Recipient: true}, start)
			if why, _, _ := a.Spent(start); (why == "") != kind.Definite() {
				t.Errorf("%s, then %s: %q is used up", held, kind, why)
			}
		}
	}
}

func TestAClockThatWasPutBackHoldsNothingUp(t *testing.T) {
	for name, hold := range map[string]func(*flow.Account){
		"a place under the rate": func(a *flow.Account) {
			a.Held(ledger.Grant{Held: ledger.HoldRate, Until: start.Add(time.Second)}, start)
		},
		"a quota": func(a *flow.Account) {
			a.Held(ledger.Grant{Held: ledger.HoldQuota, Until: start.Add(time.Hour)}, start)
		},
		"a throttling": func(a *flow.Account) { observe(a, throttled, start, 1) },
	} {
		t.Run(name, func(t *testing.T) {
			a := account("a", 10)
			hold(a)
			back := start.Add(-24 * time.Hour)
			a.SteppedBack(back)
			wantReady(t, a, back, ready{N: 10})
		})
	}
	a := account("a", 10)
	observe(a, unsent, start, 5)
	back := start.Add(-24 * time.Hour)
	a.SteppedBack(back)
	wantReady(t, a, back, ready{N: 1, Probe: true})
	if !a.DownSince().Equal(back) {
		t.Errorf("down since %v, which is in the future", a.DownSince())
	}
	// A throttling answer after the clock was put back is a new one.
	a = account("a", 10)
	observe(a, throttled, start, 1)
	a.SteppedBack(back)
	observe(a, throttled, back, 1)
	if a.Scale() != 0.25 {
		t.Errorf("the scale is %v", a.Scale())
	}
}

func TestTheBurstIsSplitBetweenAPauseAndBeingLate(t *testing.T) {
	for _, c := range []struct {
		rate   float64
		burst  int
		atOnce int
		slack  time.Duration
	}{
		{0, 0, 0, 50 * time.Millisecond},
		{0, 10, 0, 50 * time.Millisecond},
		{100, 0, 1, 50 * time.Millisecond},
		{100, 20, 10, 100 * time.Millisecond},
		{100, 1, 1, 20 * time.Millisecond},
		{1000, 0, 5, 50 * time.Millisecond},
		{1, 0, 1, 50 * time.Millisecond},
		{0.1, 0, 1, 50 * time.Millisecond},
		{0.1, 10, 5, time.Second},
		{1000, 2, 1, 20 * time.Millisecond},
	} {
		atOnce, slack := flow.SplitBurst(c.rate, c.burst)
		if atOnce != c.atOnce || (slack-c.slack).Abs() > time.Microsecond {
			t.Errorf("%v/s with a burst of %d: %d at once and %v late, want %d and %v", c.rate, c.burst, atOnce, slack, c.atOnce, c.slack)
		}
	}
}

func TestAMessageThatWasNotTakenIsLeftAloneForLongerAndLonger(t *testing.T) {
	wait := message.Outcome{Kind: message.OutcomeThrottled, RetryAfter: 10 * time.Minute}
	for _, c := range []struct {
		name     string
		o        message.Outcome
		attempts int
		want     time.Duration
	}{
		{"the first time", unsent, 1, time.Second},
		{"no time at all", unsent, 0, time.Second},
		{"the third time", unsent, 3, 4 * time.Second},
		{"the ninth time", throttled, 9, 256 * time.Second},
		{"the tenth time", throttled, 10, 5 * time.Minute},
		{"for ever", unsent, math.MaxInt, 5 * time.Minute},
		{"as long as the vendor asks", wait, 1, 10 * time.Minute},
		{"an account that is refused", refused, 5, 0},
		{"a message that was given back", message.GiveBack(message.BackLate), 5, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := flow.BackOff(c.o, c.attempts); got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}
