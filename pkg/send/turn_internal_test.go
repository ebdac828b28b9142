package send

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/flow"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

// turning is a lane over the accounts a and b whose turns are what a test says, with one outcome to record.
func turning(t *testing.T, turn func(int, ledger.Turn) (ledger.Turned, error)) (*lane, *scripted, *counting) {
	t.Helper()
	l, s, m := loopOfTwo(), &scripted{turn: turn}, &counting{}
	l.Ledger, l.Now, l.Timing, l.Meter, l.lost = s, time.Now, DefaultTiming(), m, make(chan struct{})
	l.turns = &turns{loop: l}
	ln := laneOfTwo(t, l)
	ln.crew.work = func() {}
	ln.settle, ln.heard = make([]ledger.Settlement, 1), []heard{{claim: ledger.Claim{Account: "a", Attempt: 5}, outcome: message.Outcome{Kind: message.OutcomeAccepted}}}
	return ln, s, m
}

// A turn takes with it all that is to be told, once, and what it brings is taken in.
func TestWhatATurnTakesAndBrings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stale := []int64{5}
		ln, s, m := turning(t, func(int, ledger.Turn) (ledger.Turned, error) {
			<-time.After(100 * time.Millisecond)
			return ledger.Turned{Stale: stale, Runs: 1, Tally: ledger.Tally{message.SMS: on(4, 0, 0, 0, 0)}, Grants: []ledger.Grant{{Claims: claimsTo("1")}, {Held: ledger.HoldEmpty}}}, nil
		})
		began := time.Now()
		ln.accounts["a"].Claimed(1)
		ln.accounts["a"].Observe(message.Outcome{Kind: message.OutcomeThrottled}, began)
		ln.changes, ln.change, ln.stop = make([]ledger.DomainChange, 2), &ledger.WaveChange{Number: 1}, words.T("send.wait.runs", nil)
		ln.turn(t.Context(), []flow.Ask{{Account: ln.accounts["a"], N: 2}, {Account: ln.accounts["b"], N: 1}})
		asked := s.asked[0]
		if len(asked.Settle) != 1 || len(asked.Claim) != 2 || len(asked.Accounts) != 1 || asked.Accounts[0].Account != "a" || len(asked.Domains) != 2 || asked.Wave == nil {
			t.Errorf("%+v", asked)
		}
		if by := asked.Pause; by == nil || by.Who != ledger.Itself || by.What != ActStop || by.Said.ID != "send.wait.runs" || !by.At.Equal(began) {
			t.Errorf("the others are stopped by %+v", by)
		}
		if len(ln.settle)+len(ln.heard)+len(ln.changes) != 0 || ln.change != nil || !ln.stop.IsZero() || !ln.beat.Equal(began) {
			t.Errorf("to be told again: %v, %v, %v, %v, %v", ln.settle, ln.heard, ln.changes, ln.change, ln.stop)
		}
		if m.claimed != 0 || m.settled != 0 { // one that was claimed, and one that the ledger knew otherwise
			t.Errorf("%d claimed, %d settled", m.claimed, m.settled)
		}
		if ln.inFlight != 1 || ln.crew.size != 1 || ln.left != 4 || ln.lead != 202*time.Millisecond || ln.later.IsZero() || ln.stopping() {
			t.Errorf("%d in flight, %d at work, %d left, %v ahead, not before %v", ln.inFlight, ln.crew.size, ln.left, ln.lead, ln.later)
		}
		stale = nil
		ln.turn(t.Context(), []flow.Ask{{Account: ln.accounts["a"], N: 1}, {Account: ln.accounts["b"], N: 1}})
		if a := s.asked[1]; len(a.Settle)+len(a.Accounts)+len(a.Domains) != 0 || a.Wave != nil || a.Pause != nil {
			t.Errorf("told twice: %+v", a)
		}
		ln.crew.Wait()
	})
}

// A turn finds what others did to the campaign.
func TestATurnFindsThatTheCampaignIsStopped(t *testing.T) {
	for _, tc := range []struct {
		out             ledger.Turned
		aborted, paused bool
	}{
		{ledger.Turned{}, false, false},
		{ledger.Turned{Aborted: &ledger.Act{Who: "ann"}}, true, false},
		{ledger.Turned{Paused: &ledger.Act{Who: "ann"}}, false, true},
	} {
		ln, _, m := turning(t, func(int, ledger.Turn) (ledger.Turned, error) { return tc.out, nil })
		ln.turn(t.Context(), nil)
		if (ln.end.aborted != nil) != tc.aborted || (ln.end.pause != nil) != tc.paused || m.settled != 1 {
			t.Errorf("%+v, %d settled", ln.end, m.settled)
		}
	}
}

// What cannot be recorded is kept, and what was recorded before a ledger proved damaged is told.
func TestWhatIsLeftOfATurnThatFailed(t *testing.T) {
	for _, tc := range []struct {
		name          string
		fails         func(n int) error
		kept, settled int
	}{
		{"the lease is lost", func(int) error { return ledger.ErrLeaseLost }, 1, 0},
		{"it is damaged, and the outcomes are recorded", func(n int) error {
			if n == 1 {
				return ledger.ErrDamaged
			}
			return nil
		}, 0, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ln, _, m := turning(t, func(n int, _ ledger.Turn) (ledger.Turned, error) { return ledger.Turned{}, tc.fails(n) })
				ln.turn(t.Context(), []flow.Ask{{Account: ln.accounts["a"], N: 1}})
				if !errors.Is(ln.end.err, tc.fails(1)) || !ln.loop.isLost() {
					t.Errorf("it ended with %v, lost: %v", ln.end.err, ln.loop.isLost())
				}
				if len(ln.settle) != tc.kept || len(ln.heard) != tc.kept || m.settled != tc.settled {
					t.Errorf("%d kept, %d to be told, %d told", len(ln.settle), len(ln.heard), m.settled)
				}
			})
		})
	}
}

// How long a lane sleeps where nothing happens.
func TestHowLongALaneSleeps(t *testing.T) {
	const lease = 15 * time.Second
	for _, tc := range []struct {
		name  string
		lease time.Duration
		beat  time.Duration // since the last sign of life
		wake  time.Duration // 0: none
		set   func(*lane)
		want  time.Duration
	}{
		{"until the accounts are looked at", lease, 0, 0, nil, look},
		{"until something can be asked for", lease, 0, 100 * time.Millisecond, nil, 100 * time.Millisecond},
		{"until something can be claimed", lease, 0, 0, func(ln *lane) { ln.later = time.Now().Add(50 * time.Millisecond) }, 50 * time.Millisecond},
		{"a moment, where that has passed", lease, 0, -time.Second, nil, time.Millisecond},
		{"until the lease wants a sign of life", lease, 4900 * time.Millisecond, 0, nil, 100 * time.Millisecond},
		{"a third of a short lease", 900 * time.Millisecond, 0, 0, nil, 300 * time.Millisecond},
		{"a third of it, where the clock was put back", 900 * time.Millisecond, -time.Hour, 0, nil, 300 * time.Millisecond},
		{"until it is known whether workers are missing", lease, 0, 0, func(ln *lane) { ln.work <- claim{}; ln.inFlight = 1 }, slowTaken},
		{"not at all, where an answer is here", lease, 0, 0, func(ln *lane) { ln.answers.put(result{}) }, 0},
		{"as long, where it stops anyhow", lease, 0, 0, func(ln *lane) { ln.pause(Pause{}) }, look},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ln, _, _ := turning(t, nil)
				home := make(chan struct{})
				ln.crew.work = func() { <-home }
				began, wake := time.Now(), time.Time{}
				ln.loop.Timing.Lease, ln.beat = tc.lease, began.Add(-tc.beat)
				if tc.wake != 0 {
					wake = began.Add(tc.wake)
				}
				if tc.set != nil {
					tc.set(ln)
				}
				ctx, end := context.WithCancel(t.Context())
				defer end()
				if ln.stopping() {
					end()
				}
				ln.wait(ctx, wake, 1)
				if diff := cmp.Diff(tc.want, time.Since(began)); diff != "" {
					t.Error(diff)
				}
				close(home)
				ln.crew.Wait()
			})
		})
	}
	// Who wants the run to end is heard at once.
	synctest.Test(t, func(t *testing.T) {
		ln, _, _ := turning(t, nil)
		ln.beat = time.Now()
		ctx, end := context.WithTimeout(t.Context(), time.Millisecond)
		defer end()
		began := time.Now()
		if ln.wait(ctx, time.Time{}, 1); time.Since(began) != time.Millisecond {
			t.Errorf("it slept for %v", time.Since(began))
		}
	})
}
