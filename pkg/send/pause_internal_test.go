package send

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/campaign"
	"notify/pkg/flow"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

// paused is why a lane pauses, in short.
type paused struct {
	Why     PauseReason
	Account string
	Said    string
	Until   time.Time
}

func pausedAs(ln *lane) paused {
	p := ln.end.pause
	if p == nil {
		return paused{}
	}
	return paused{p.Why, p.Account, p.Detail.ID, p.Until}
}

// Outside its window a run ends and says when it opens, or waits for that.
func TestOutsideItsWindowNothingIsClaimed(t *testing.T) {
	open := campaign.Window{From: 9 * time.Hour, To: 18 * time.Hour}
	night := time.Date(2026, 11, 20, 17, 0, 0, 0, time.UTC) // one in the morning there
	morning := time.Date(2026, 11, 21, 1, 0, 0, 0, time.UTC)
	for _, waits := range []bool{false, true} {
		now := night
		ln := readyLane(&now)
		ln.loop.spec.Window, ln.loop.Wait, ln.route, ln.left = open, waits, &flow.Route{}, 1
		ln.route.Add(ln.accounts["a"], 1)
		asks, wake := ln.plan(t.Context(), t.Context())
		want := paused{PauseWindow, "", "send.window", morning}
		if waits {
			want = paused{}
		}
		if diff := cmp.Diff(want, pausedAs(ln)); diff != "" || len(asks) > 0 {
			t.Errorf("%v %s", asks, diff)
		}
		if waits != wake.Equal(morning) || waits != (ln.loop.progress.waits().ID == "send.wait.window") {
			t.Errorf("it looks again at %v, and waits for %v", wake, ln.loop.progress.waits())
		}
		now, ln.end.pause = morning, nil
		if asks, _ := ln.plan(t.Context(), t.Context()); len(asks) != 1 || asks[0].N != 2 {
			t.Errorf("in its window it asks for %v", asks)
		}
	}
}

// Before a time at which something can be claimed nothing is asked for; a clock that was put back behind it makes that time count for nothing.
func TestWhatIsToBeWaitedForIsForgottenWithTheClock(t *testing.T) {
	noon := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	now := noon
	ln := readyLane(&now)
	ln.route, ln.left = &flow.Route{}, 1
	ln.route.Add(ln.accounts["a"], 1)
	ln.later = noon.Add(time.Minute)
	asked := func() int {
		asks, wake := ln.plan(t.Context(), t.Context())
		if len(asks) == 0 && !wake.Equal(noon.Add(time.Minute)) {
			t.Errorf("it looks again at %v", wake)
		}
		return len(asks)
	}
	if asked() != 0 {
		t.Error("it asks before anything can be claimed")
	}
	for back, want := range map[time.Duration]int{time.Second: 0, time.Second + 1: 1} {
		ln.seen, ln.later = noon.Add(back), noon.Add(time.Minute)
		if got := asked(); got != want {
			t.Errorf("put back by %v it asks for %d", back, got)
		}
	}
	ln.accounts["a"].Held(ledger.Grant{Held: ledger.HoldRate, Until: noon.Add(time.Minute)}, noon)
	ln.seen = noon.Add(time.Hour)
	if asked() != 1 {
		t.Error("what its account was told to wait counts still")
	}
}

// Who wants a run to end, and who is told.
func TestWhoEndsARun(t *testing.T) {
	noon := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	ended := func(cause error) context.Context {
		ctx, end := context.WithCancelCause(t.Context())
		end(cause)
		return ctx
	}
	failing := func(runs int) func(*lane) {
		return func(ln *lane) {
			ln.loop.watch = newWatch(campaign.StopWhen{Failed: 0.1, Window: 10})
			ln.loop.watch.share(runs)
			for range 9 {
				ln.loop.watch.observe(message.OutcomeRejected)
			}
		}
	}
	deadline := func(at time.Time) func(*lane) { return func(ln *lane) { ln.loop.spec.Deadline = at } }
	for _, tc := range []struct {
		name   string
		ctx    context.Context
		set    func(*lane)
		want   paused
		others bool
	}{
		{"nobody", t.Context(), func(*lane) {}, paused{}, false},
		{"a person", ended(context.Canceled), func(*lane) {}, paused{Why: PauseInterrupt, Said: "send.interrupted"}, false},
		{"the other channel", ended(errSibling), func(*lane) {}, paused{Why: pauseSibling, Said: "send.sibling"}, false},
		{"its deadline", t.Context(), deadline(noon), paused{Why: PauseDeadline, Said: "send.deadline"}, false},
		{"not its deadline yet", t.Context(), deadline(noon.Add(1)), paused{}, false},
		{"too many that failed", t.Context(), failing(1), paused{Why: PauseStopWhen, Said: "send.too-many-rejected"}, false},
		{"too many that failed, of several runs", t.Context(), failing(2), paused{Why: PauseStopWhen, Said: "send.too-many-rejected"}, true},
		{"a person, and then nobody else counts", ended(context.Canceled), failing(2), paused{Why: PauseInterrupt, Said: "send.interrupted"}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			now := noon
			ln := readyLane(&now)
			tc.set(ln)
			ln.looked(tc.ctx, now)
			if diff := cmp.Diff(tc.want, pausedAs(ln)); diff != "" || ln.stop.IsZero() == tc.others {
				t.Errorf("the others are told %v: %s", ln.stop, diff)
			}
		})
	}
}

// Why none of the accounts can take a message: of several reasons one that time helps.
func TestWhyNoAccountTakesAMessage(t *testing.T) {
	noon := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	midnight := time.Date(2026, 11, 20, 16, 0, 0, 0, time.UTC)
	held := func(why ledger.HoldReason, which string) func(*flow.Account) {
		return func(a *flow.Account) { a.Held(ledger.Grant{Held: why, Which: which, Until: midnight}, noon) }
	}
	off := func(a *flow.Account) { a.Shared(ledger.AccountState{Off: &ledger.Act{Who: "ann"}}, noon) }
	refused := func(a *flow.Account) {
		a.Observe(message.Outcome{Kind: message.OutcomeRefused, Code: "402"}, noon)
	}
	down := func(since time.Duration) func(*flow.Account) {
		return func(a *flow.Account) {
			for range 5 {
				a.Observe(message.Outcome{Kind: message.OutcomeUnsent}, noon.Add(-since))
			}
			a.Held(ledger.Grant{Held: ledger.HoldBreaker, Until: midnight}, noon)
		}
	}
	well := func(*flow.Account) {}
	patience := DefaultTiming().Patience
	for _, tc := range []struct {
		name     string
		accounts []func(*flow.Account)
		want     paused
	}{
		{"none has a share", nil, paused{PauseOff, "", "send.no-share", time.Time{}}},
		{"it is well", []func(*flow.Account){well}, paused{}},
		{"switched off", []func(*flow.Account){off}, paused{PauseOff, "a", "send.off", time.Time{}}},
		{"refused", []func(*flow.Account){refused}, paused{PauseRefused, "a", "send.refused", time.Time{}}},
		{"its quota", []func(*flow.Account){held(ledger.HoldQuota, "")}, paused{PauseQuota, "a", "send.quota", midnight}},
		{"its quota for the class", []func(*flow.Account){held(ledger.HoldQuota, ledger.WhichScenario)}, paused{PauseQuota, "a", "send.quota-class", midnight}},
		{"its sender's ramp", []func(*flow.Account){held(ledger.HoldQuota, ledger.WhichRamp)}, paused{PauseQuota, "a", "send.quota-ramp", midnight}},
		{"its budget", []func(*flow.Account){held(ledger.HoldBudget, "day")}, paused{PauseBudget, "a", "send.budget", midnight}},
		{"down for long", []func(*flow.Account){down(patience)}, paused{PauseBreaker, "a", "send.breaker", midnight}},
		{"down for a while", []func(*flow.Account){down(patience - 1)}, paused{}},
		{"off, and a quota", []func(*flow.Account){off, held(ledger.HoldQuota, "")}, paused{PauseQuota, "b", "send.quota", midnight}},
		{"a quota, and off", []func(*flow.Account){held(ledger.HoldQuota, ""), off}, paused{PauseQuota, "a", "send.quota", midnight}},
		{"a quota, and a budget", []func(*flow.Account){held(ledger.HoldQuota, ""), held(ledger.HoldBudget, "day")}, paused{PauseQuota, "a", "send.quota", midnight}},
		{"a quota, and one that is well", []func(*flow.Account){held(ledger.HoldQuota, ""), well}, paused{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			now := noon
			ln := readyLane(&now)
			ln.loop.Timing, ln.route = DefaultTiming(), &flow.Route{}
			for i, set := range tc.accounts {
				limits := ledger.Limits{Account: string(rune('a' + i)), DailyQuota: 7, Scenario: &ledger.Scenario{Name: "notice", DailyQuota: 5}, Ramp: &ledger.Ramp{Sender: "edm.test"}}
				a := flow.NewAccount(limits, 1, 0, 0, flow.Policy{}, ledger.AccountState{}, now)
				set(a)
				ln.route.Add(a, 1)
			}
			ln.blocked(now, time.Time{})
			if diff := cmp.Diff(tc.want, pausedAs(ln)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A quota that begins anew in the night is of no use before the window opens; who waits does not end.
func TestUntilWhenARunThatIsHeldPauses(t *testing.T) {
	noon := time.Date(2026, 11, 20, 4, 0, 0, 0, time.UTC)
	midnight, morning := noon.Add(12*time.Hour), noon.Add(21*time.Hour)
	for _, tc := range []struct {
		name   string
		window bool
		wait   bool
		until  time.Time
		wake   time.Time
		want   time.Time // of the pause; zero: it waits
		ends   bool
	}{
		{"its midnight", false, false, midnight, midnight, midnight, true},
		{"its window", true, false, midnight, midnight, morning, true},
		{"no time helps", true, false, time.Time{}, time.Time{}, time.Time{}, true},
		{"it waits", false, true, midnight, midnight, time.Time{}, false},
		{"it would wait, and no time helps", false, true, time.Time{}, time.Time{}, time.Time{}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			now := noon
			ln := readyLane(&now)
			if ln.loop.Wait, ln.route = tc.wait, (&flow.Route{}); tc.window {
				ln.loop.spec.Window = campaign.Window{From: 9 * time.Hour, To: 18 * time.Hour}
			}
			ln.route.Add(ln.accounts["a"], 1)
			ln.accounts["a"].Held(ledger.Grant{Held: ledger.HoldBudget, Which: "day", Until: tc.until}, now)
			ln.blocked(now, tc.wake)
			if p := pausedAs(ln); (p.Why == PauseBudget) != tc.ends || !p.Until.Equal(tc.want) {
				t.Errorf("%+v", p)
			}
			if waits := ln.loop.progress.waits().ID == "send.wait.until"; waits == tc.ends {
				t.Errorf("it waits for %v", ln.loop.progress.waits())
			}
		})
	}
}

// A pause that is found in the ledger is a person's, or that of a run that stopped for all.
func TestWhosePauseIsFoundInTheLedger(t *testing.T) {
	for _, tc := range []struct {
		by   ledger.Act
		want paused
	}{
		{ledger.Act{Who: ledger.Itself, What: ActStop, Said: words.T("send.too-many-rejected", nil)}, paused{Why: PauseStopWhen, Said: "send.too-many-rejected"}},
		{ledger.Act{Who: ledger.Itself, What: "pause"}, paused{Why: PauseByPerson, Said: "send.paused-why"}},
		{ledger.Act{Who: "ann", What: "pause"}, paused{Why: PauseByPerson, Said: "send.paused-why"}},
		{ledger.Act{Who: "ann", What: "pause", Reason: "a typo"}, paused{Why: PauseByPerson, Said: "send.paused-why"}},
	} {
		p := pausedBy(&tc.by)
		if diff := cmp.Diff(tc.want, paused{p.Why, p.Account, p.Detail.ID, p.Until}); diff != "" {
			t.Errorf("%+v: %s", tc.by, diff)
		}
	}
}

// The first reason counts, and no other after it.
func TestTheFirstReasonToPauseCounts(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for _, before := range []laneEnd{{pause: &Pause{Why: PauseQuota}}, {aborted: &ledger.Act{}}, {err: ledger.ErrLeaseLost}} {
		ln := readyLane(&now)
		ln.end = before
		if ln.pause(Pause{Why: PauseBudget}); ln.end.pause != before.pause {
			t.Errorf("%+v", ln.end.pause)
		}
	}
	ln := readyLane(&now)
	if ln.pause(Pause{Why: PauseBudget}); ln.end.pause == nil || ln.end.pause.Channel != message.SMS {
		t.Errorf("%+v", ln.end.pause)
	}
}

// Where no account has a share all of them are named.
func TestAccountsWithoutAShareAreNamed(t *testing.T) {
	l := loopOfTwo()
	ln := laneOfTwo(t, l)
	ln.route = &flow.Route{}
	p := ln.obstacle(time.Time{})
	if diff := cmp.Diff(words.Names([]string{"a", "b"}, 0), p.Detail.Args["accounts"]); diff != "" {
		t.Error(diff)
	}
}
