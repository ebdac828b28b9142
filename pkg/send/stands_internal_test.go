package send

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/campaign"
	"notify/pkg/channel"
	"notify/pkg/config"
	"notify/pkg/flow"
	"notify/pkg/ledger"
	"notify/pkg/message"
)

// narrowed is a vendor that has room for so many at a time.
type narrowed struct {
	mute
	n int
}

func (v narrowed) Room() (int, string, time.Time) { return v.n, "too many connections", time.Time{} }

// laneOfTwo is a lane of SMS over the accounts a and b.
func laneOfTwo(t *testing.T, l *Loop) *lane {
	t.Helper()
	l.watch = newWatch(campaign.StopWhen{Window: 10})
	ln, err := l.newLane(t.Context(), message.SMS, nil)
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

// After a turn a lane knows how the campaign stands, and what falls to this run.
func TestHowTheCampaignStandsAfterATurn(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	l := loopOfTwo()
	ln := laneOfTwo(t, l)
	none := 0
	tally := ledger.Tally{message.SMS: on(4, 2, 3, 0, 0), message.Email: on(7, 0, 0, 0, 0)}
	ln.stands(&ledger.Turned{
		Tally: tally, Runs: 2, Rank: 1, Wave: ledger.WaveState{Number: 3}, Accounts: []ledger.AccountState{{Account: "a", Scale: 0.5}, {Account: "b", Weight: &none}, {Account: "another"}},
	}, now)
	if ln.left != 6 || ln.runs != 2 || ln.rank != 1 || ln.wave.Number != 3 || ln.tally.Of(message.Pending) != 11 || !ln.known.Equal(now) {
		t.Errorf("%d left, run %d of %d, wave %+v, %v", ln.left, ln.rank, ln.runs, ln.wave, ln.tally)
	}
	if s := l.Snapshot(); s.Left != 13 || s.Accepted != 3 || l.watch.window() != 5 {
		t.Errorf("%+v, a window of %d", s, l.watch.window())
	}
	if a := ln.accounts["a"]; a.Concurrency != 1 || ln.rooms["a"].size != 1 || a.Scale() != 0.5 {
		t.Errorf("%d at a time, room for %d, at %v of the rate", a.Concurrency, ln.rooms["a"].size, a.Scale())
	}
	if asks, _ := ln.route.Asks(now); len(asks) != 1 || asks[0].Account.Name() != "a" {
		t.Errorf("it asks for %+v, and b has no weight", asks)
	}
	// A turn that was made without looking says nothing of runs.
	if ln.stands(&ledger.Turned{Tally: tally}, now); ln.runs != 2 || ln.rank != 1 || ln.accounts["a"].Concurrency != 1 {
		t.Errorf("run %d of %d, %d at a time", ln.rank, ln.runs, ln.accounts["a"].Concurrency)
	}
	if ln.stands(&ledger.Turned{Tally: tally, Runs: 1}, now); ln.runs != 1 || ln.rank != 0 || ln.accounts["a"].Concurrency != 3 || ln.rooms["a"].size != 3 {
		t.Errorf("run %d of %d, %d at a time", ln.rank, ln.runs, ln.accounts["a"].Concurrency)
	}
}

// Who has nothing to claim and nothing under way waits for what other runs hold.
func TestWhoWaitsForOtherRuns(t *testing.T) {
	for _, tc := range []struct {
		pending, attempting, inFlight int
		want                          bool
	}{{0, 2, 1, true}, {0, 1, 0, true}, {0, 1, 1, false}, {0, 0, 0, false}, {1, 2, 1, false}} {
		ln := laneOfTwo(t, loopOfTwo())
		ln.inFlight = tc.inFlight
		ln.stands(&ledger.Turned{Tally: ledger.Tally{message.SMS: on(tc.pending, tc.attempting, 0, 0, 0)}}, time.Time{})
		if got := ln.loop.progress.waits().ID == "send.wait.runs"; got != tc.want {
			t.Errorf("%+v: %v", tc, got)
		}
	}
}

// A vendor that has room for fewer at a time is asked for no more, and an operator reads it.
func TestAVendorThatHasRoomForFewerIsAskedForNoMore(t *testing.T) {
	for n, want := range map[int]struct {
		concurrency int
		waits       string
	}{0: {3, ""}, 2: {2, "send.wait.room"}, 3: {3, ""}, 4: {3, ""}} {
		l := loopOfTwo()
		l.Vendors["a"] = narrowed{n: n}
		ln := laneOfTwo(t, l)
		ln.stands(&ledger.Turned{Runs: 1}, time.Time{})
		if a := ln.accounts["a"]; a.Concurrency != want.concurrency || ln.rooms["a"].size != want.concurrency || l.progress.waits().ID != want.waits {
			t.Errorf("room for %d: %d at a time, it waits for %v", n, a.Concurrency, l.progress.waits())
		}
	}
}

// What another run found of an account is the pace of this process, too, and is written down.
func TestWhatAnotherRunFoundOfAnAccountCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, lines := loopOfTwo(), new(strings.Builder)
		l.Log = lineLog(lines)
		ln := laneOfTwo(t, l)
		now := time.Now()
		ln.shared([]ledger.AccountState{{Account: "a", Scale: 0.5, OpenUntil: now.Add(time.Minute)}}, now)
		ln.shared([]ledger.AccountState{{Account: "a", Scale: 0.5}}, now)
		if log := lines.String(); strings.Count(log, "the breaker opens") != 1 || strings.Count(log, "the breaker closes") != 1 {
			t.Error(log)
		}
		for range 22 {
			if ok, err := ln.valves["a"].Wait(t.Context(), time.Now, time.Time{}, now); !ok || err != nil {
				t.Fatal(ok, err)
			}
		}
		if took := time.Since(now).Round(time.Millisecond); took != 400*time.Millisecond {
			t.Errorf("two beyond the burst take %v", took)
		}
	})
}

// What was recorded is told once, but for what the ledger knew otherwise; what went as it should is written down for who wants to know everything.
func TestWhatIsRecordedIsTold(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		o    message.Outcome
		line bool
	}{
		{message.Outcome{Kind: message.OutcomeAccepted}, false},
		{message.Outcome{Kind: message.OutcomeThrottled}, false},
		{message.GiveBack(message.BackDeadline), false},
		{message.Outcome{Kind: message.OutcomeRejected}, true},
		{message.Outcome{Kind: message.OutcomeUnknown}, true},
		{message.Outcome{Kind: message.OutcomeUnsent}, true},
	} {
		ln, m, lines := readyLane(&now), &counting{}, new(strings.Builder)
		ln.loop.Meter, ln.loop.Log, ln.entry = m, lineLog(lines), channel.Builtin().Of(message.SMS)
		for attempt := range int64(3) {
			ln.heard = append(ln.heard, heard{ledger.Claim{Account: "a", Attempt: attempt}, tc.o, 1500 * time.Millisecond})
		}
		ln.tell([]int64{1})
		ln.tell(nil)
		if m.settled != 2 || m.claimed != -1 {
			t.Errorf("%s: %d settled, %d claimed", tc.o.Kind, m.settled, m.claimed)
		}
		want := 0
		if tc.line {
			want = 3
		}
		if log := lines.String(); strings.Count(log, fmt.Sprintf("outcome=%s", tc.o.Kind)) != want || strings.Count(log, "took_ms=1500 ")+strings.Count(log, "took_ms=1500\n") != want {
			t.Errorf("%s: %s", tc.o.Kind, log)
		}
	}
	ln := readyLane(&now)
	ln.loop.Log = slog.New(slog.DiscardHandler)
	ln.heard = make([]heard, 1)
	if ln.tell(nil); len(ln.heard) != 0 { // nobody counts
		t.Errorf("%d are told again", len(ln.heard))
	}
}

// The day's quota is one of the calendar day of the installation, and each account is asked for what the lane knows.
func TestWhatIsAskedOfTheLedger(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	ln := laneOfTwo(t, loopOfTwo())
	ln.loop.Timing = DefaultTiming()
	ln.loop.Config.Accounts["b"] = config.Account{}
	got := ln.requests(now, []flow.Ask{{Account: ln.accounts["a"], N: 2}, {Account: ln.accounts["b"], N: 1, Probe: true}})
	type short struct {
		Account, Day string
		From         time.Time
		Max          int
		Lead, Ahead  time.Duration
		Grace        time.Duration
		Probe        bool
	}
	var asked []short
	for _, r := range got {
		asked = append(asked, short{r.Limits.Account, r.Day, r.DayFrom, r.Max, r.Lead, r.Ahead, r.Grace, r.Probe})
	}
	midnight := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	want := []short{
		{"a", "2026-11-20", midnight, 2, 5 * time.Millisecond, 250 * time.Millisecond, 10 * time.Second, false},
		{"b", "2026-11-20", midnight, 1, 5 * time.Millisecond, 250 * time.Millisecond, 10 * time.Second, true},
	}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Error(diff)
	}
}
