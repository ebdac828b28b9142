package send

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/ledger"
	"notify/pkg/message"
)

// scripted is a ledger whose turns are what a test says, by their number from 1.
type scripted struct {
	ledger.Runs
	turn  func(n int, t ledger.Turn) (ledger.Turned, error)
	asked []ledger.Turn
}

func (s *scripted) Turn(_ context.Context, t ledger.Turn) (ledger.Turned, error) {
	s.asked = append(s.asked, t)
	return s.turn(len(s.asked), t)
}

// settleFor is no multiple of the pause between two tries: a hundred of them and one more.
const settleFor = 20*time.Second + 100*time.Millisecond

func turnsOn(s *scripted) *turns {
	l := &Loop{Ledger: s, Now: time.Now, Log: slog.New(slog.DiscardHandler), Timing: DefaultTiming(), run: 7, accounts: []string{"a"}}
	l.Timing.Settle = settleFor
	return &turns{loop: l}
}

// wanting is a part with so many outcomes and so many claims.
func wanting(settle, claim int) *part {
	p := &part{}
	if settle > 0 {
		p.settle = make([]ledger.Settlement, settle)
	}
	if claim > 0 {
		p.claim = make([]ledger.ClaimRequest, claim)
	}
	return p
}

// Lanes that come while a turn is under way share the next, and each has the grants that it asked for.
func TestLanesShareATurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun, goOn := make(chan struct{}), make(chan struct{})
		s := &scripted{turn: func(n int, turn ledger.Turn) (ledger.Turned, error) {
			if n == 1 {
				close(begun)
				<-goOn
			}
			var out ledger.Turned
			for i := range turn.Claim {
				out.Grants = append(out.Grants, ledger.Grant{Which: fmt.Sprint(n, i)})
			}
			return out, nil
		}}
		ts := turnsOn(s)
		got := make([][]string, 4)
		take := func(i int, p *part) {
			out, err := ts.take(t.Context(), p)
			if err != nil {
				t.Error(err)
			}
			for _, g := range out.Grants {
				got[i] = append(got[i], g.Which)
			}
		}
		go take(0, wanting(1, 1))
		<-begun
		others := []*part{wanting(1, 2), wanting(2, 0), wanting(0, 1)}
		others[1].pause, others[2].pause = &ledger.Act{Who: "first"}, &ledger.Act{Who: "second"}
		others[1].wave, others[2].wave = &ledger.WaveChange{Number: 1}, &ledger.WaveChange{Number: 2}
		others[0].accounts, others[2].accounts = make([]ledger.AccountChange, 1), make([]ledger.AccountChange, 2)
		others[0].domains, others[2].domains = make([]ledger.DomainChange, 2), make([]ledger.DomainChange, 1)
		for i, p := range others {
			go take(i+1, p)
			synctest.Wait()
		}
		close(goOn)
		synctest.Wait()
		if diff := cmp.Diff([][]string{{"1 0"}, {"2 0", "2 1"}, nil, {"2 2"}}, got); diff != "" {
			t.Error(diff)
		}
		if len(s.asked) != 2 {
			t.Fatalf("%d turns", len(s.asked))
		}
		second := s.asked[1]
		if len(second.Settle) != 3 || len(second.Claim) != 3 || len(second.Accounts) != 3 || len(second.Domains) != 3 || second.Pause.Who != "first" || second.Wave.Number != 1 {
			t.Errorf("%+v", second)
		}
		if second.Number != 2 || second.Run != 7 || second.Extend != 15*time.Second || len(second.Watch) != 1 {
			t.Errorf("%+v", second)
		}
		go take(0, wanting(0, 1)) // nobody is busy any more
		synctest.Wait()
		if len(s.asked) != 3 {
			t.Errorf("%d turns", len(s.asked))
		}
	})
}

// turn is what was asked of the ledger, in short: the number, outcomes, claims.
func turn(t ledger.Turn) [3]int { return [3]int{int(t.Number), len(t.Settle), len(t.Claim)} }

// What is asked of a ledger that fails, how often and for how long, and what is asked next.
func TestWhatIsAskedOfALedgerThatFails(t *testing.T) {
	other := errors.New("the disk is full")
	once := func(err error) func(int) error {
		return func(n int) error {
			if n > 1 {
				return nil
			}
			return err
		}
	}
	always := func(err error) func(int) error { return func(int) error { return err } }
	try := func(n int, of [3]int) (all [][3]int) {
		for range n {
			all = append(all, of)
		}
		return all
	}
	claimed := [3]int{1, 1, 1}
	refused := []error{ledger.ErrLeaseLost, ledger.ErrReplaced, ledger.ErrClosed, &ledger.OutOfTurnError{}, ledger.ErrBehind, ledger.ErrRolledBack}
	type tried struct {
		Took  time.Duration
		Asked [][3]int
		Fails bool
	}
	type of struct {
		name  string
		fails func(n int) error
		part  *part
		want  tried
	}
	cases := []of{
		{"it does not fail", always(nil), wanting(1, 1), tried{0, [][3]int{claimed, {2, 0, 1}}, false}},
		{"once, and outcomes wait", once(other), wanting(1, 1), tried{200 * time.Millisecond, [][3]int{claimed, {1, 1, 0}, {2, 0, 1}}, false}},
		{"once, and nothing waits", once(other), wanting(0, 1), tried{200 * time.Millisecond, [][3]int{{1, 0, 1}, {1, 0, 0}, {2, 0, 1}}, false}},
		{"for good, and nothing waits", always(other), wanting(0, 1), tried{200 * time.Millisecond, [][3]int{{1, 0, 1}, {1, 0, 0}, {1, 0, 0}}, true}},
		{"for good, and outcomes wait", always(other), wanting(1, 0), tried{settleFor, append(try(101, [3]int{1, 1, 0}), [3]int{1, 0, 0}), true}},
		{"once, damaged", once(ledger.ErrDamaged), wanting(1, 1), tried{200 * time.Millisecond, [][3]int{claimed, {1, 1, 0}, {2, 0, 1}}, true}},
		{"once, damaged, and nothing was claimed", once(ledger.ErrDamaged), wanting(1, 0), tried{200 * time.Millisecond, [][3]int{{1, 1, 0}, {1, 1, 0}, {2, 0, 1}}, false}},
	}
	for _, err := range []error{ledger.ErrBusy, ledger.ErrUnreachable, ledger.ErrUndurable} {
		cases = append(cases, of{err.Error(), always(err), wanting(0, 1), tried{settleFor, append([][3]int{{1, 0, 1}}, try(101, [3]int{1, 0, 0})...), true}})
	}
	for _, err := range refused {
		cases = append(cases, of{err.Error(), always(err), wanting(1, 1), tried{0, [][3]int{claimed, {1, 0, 0}}, true}})
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &scripted{turn: func(n int, _ ledger.Turn) (ledger.Turned, error) { return ledger.Turned{}, tc.fails(n) }}
				ts, began := turnsOn(s), time.Now()
				_, err := ts.take(t.Context(), tc.part)
				got := tried{Took: time.Since(began), Fails: err != nil}
				tries := len(s.asked)
				_, _ = ts.take(t.Context(), wanting(0, 1))
				for _, a := range s.asked[:tries+1] {
					got.Asked = append(got.Asked, turn(a))
				}
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Error(diff)
				}
				ts.end()
			})
		})
	}
}

// A turn in doubt is asked for again under its number before anything else; what it had claimed is given back by one more.
func TestATurnInDoubtIsAskedForFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{turn: func(n int, _ ledger.Turn) (ledger.Turned, error) {
			switch n {
			case 1:
				return ledger.Turned{}, ledger.ErrClosed
			case 2:
				return ledger.Turned{Recovered: []ledger.Claim{{Attempt: 5}, {Attempt: 6}}}, nil
			}
			return ledger.Turned{Grants: make([]ledger.Grant, 1)}, nil
		}}
		ts := turnsOn(s)
		if _, err := ts.take(t.Context(), wanting(1, 1)); !errors.Is(err, ledger.ErrClosed) {
			t.Errorf("it ended with %v", err)
		}
		out, err := ts.take(t.Context(), wanting(0, 1))
		if err != nil || len(out.Grants) != 1 {
			t.Errorf("%+v, %v", out, err)
		}
		var asked [][3]int
		for _, a := range s.asked {
			asked = append(asked, turn(a))
		}
		if diff := cmp.Diff([][3]int{{1, 1, 1}, {1, 0, 0}, {2, 2, 0}, {3, 0, 1}}, asked); diff != "" {
			t.Error(diff)
		}
		if back := s.asked[2].Settle; back[0].Attempt != 5 || back[1].Attempt != 6 || back[0].Outcome != message.GiveBack(message.BackLost) || !back[0].At.Equal(time.Now()) {
			t.Errorf("%+v", back)
		}
	})
}

// There is one patience for all: who comes while a ledger has been failing for long does not wait as long again.
func TestAllWaitForALedgerTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{turn: func(int, ledger.Turn) (ledger.Turned, error) { return ledger.Turned{}, ledger.ErrBusy }}
		ts, began := turnsOn(s), time.Now()
		for range 3 {
			if _, err := ts.take(t.Context(), wanting(1, 0)); !errors.Is(err, ledger.ErrBusy) {
				t.Errorf("it ended with %v", err)
			}
		}
		if took := time.Since(began); took != settleFor || len(s.asked) != 103 {
			t.Errorf("%d turns in %v", len(s.asked), took)
		}
		ts.end()
	})
}

// A first try that takes its time, though not that long, is a part of the patience.
func TestASlowTryIsAPartOfThePatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{turn: func(int, ledger.Turn) (ledger.Turned, error) {
			<-time.After(5 * time.Second)
			return ledger.Turned{}, ledger.ErrBusy
		}}
		ts, began := turnsOn(s), time.Now()
		if _, err := ts.take(t.Context(), wanting(1, 0)); !errors.Is(err, ledger.ErrBusy) || len(s.asked) != 4 {
			t.Errorf("%d turns in %v, %v", len(s.asked), time.Since(began), err)
		}
		ts.end()
	})
}

// One claim that was made without an answer is given back as well.
func TestOneClaimIsGivenBack(t *testing.T) {
	s := &scripted{turn: func(n int, _ ledger.Turn) (ledger.Turned, error) {
		if n == 1 {
			return ledger.Turned{Recovered: []ledger.Claim{{Attempt: 5}}}, nil
		}
		return ledger.Turned{}, nil
	}}
	if _, err := turnsOn(s).take(t.Context(), wanting(0, 1)); err != nil || len(s.asked) != 2 || len(s.asked[1].Settle) != 1 {
		t.Errorf("%+v, %v", s.asked, err)
	}
}

// A try that took longer than all patience is a machine that slept: what is known is recorded all the same, as long as nobody asked the run to stop.
func TestAMachineThatSleptHasPatienceAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{turn: func(n int, _ ledger.Turn) (ledger.Turned, error) {
			if n == 1 {
				<-time.After(time.Hour)
				return ledger.Turned{}, ledger.ErrBusy
			}
			return ledger.Turned{}, nil
		}}
		if _, err := turnsOn(s).take(t.Context(), wanting(1, 0)); err != nil || len(s.asked) != 2 {
			t.Errorf("%d turns, %v", len(s.asked), err)
		}
	})
}

// Who asks a run to stop waits for two seconds more, and a ledger that can be written is not hurried.
func TestARunThatIsToStopWaitsAMomentForItsLedger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{turn: func(int, ledger.Turn) (ledger.Turned, error) { return ledger.Turned{}, ledger.ErrBusy }}
		ts := turnsOn(s)
		stop, end := context.WithTimeout(t.Context(), 5*time.Second)
		defer end()
		ts.loop.stop = stop
		began := time.Now()
		if _, err := ts.take(t.Context(), wanting(1, 0)); !errors.Is(err, ledger.ErrBusy) {
			t.Errorf("it ended with %v", err)
		}
		if took := time.Since(began); took != 7*time.Second {
			t.Errorf("it waited for %v", took)
		}
		ts.end()
	})
}

// A meter is told how long a turn took, and of no turn that was not made.
func TestHowLongATurnTookIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{turn: func(n int, _ ledger.Turn) (ledger.Turned, error) {
			<-time.After(time.Second)
			if n == 1 {
				return ledger.Turned{}, ledger.ErrBusy
			}
			return ledger.Turned{}, nil
		}}
		ts, m := turnsOn(s), &timing{}
		ts.loop.Meter = m
		if _, err := ts.take(t.Context(), wanting(1, 0)); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]time.Duration{time.Second}, m.took); diff != "" {
			t.Error(diff)
		}
	})
}

// timing is a meter that remembers how long turns took.
type timing struct {
	counting
	took []time.Duration
}

func (m *timing) Committed(took time.Duration) { m.took = append(m.took, took) }
