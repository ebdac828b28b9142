//go:build unix

package postgres_test

import (
	"errors"
	"testing"

	"notify/pkg/ledger"
	"notify/pkg/ledger/postgres/pgtest"
	"notify/pkg/message"
)

// The network is cut when the server has committed and before it can say so: each turn is made once, and nothing leaves before that is known.
func TestANetworkThatIsCutInMidCommitLosesNoTurnAndMakesNoneTwice(t *testing.T) {
	t.Parallel()
	s := pgtest.Start(t)
	c := s.Cutter(t)
	l := open(t, c.URL(pgtest.Superuser, "postgres"))
	stage(t, l, 60)
	run := acquire(t, l)
	told := make(map[message.Key]int)
	var settle []ledger.Settlement
	for number := int64(1); number <= 14; number++ {
		if number%2 == 0 {
			c.Arm()
			if _, err := l.Turn(t.Context(), asks(run, number, 5, settle...)); err == nil {
				t.Errorf("turn %d was answered", number)
			}
		}
		got := turn(t, l, asks(run, number, 5, settle...))
		if got.Before != (number%2 == 0) {
			t.Errorf("turn %d had been made: %t", number, got.Before)
		}
		settle = nil
		for _, cl := range append(got.Recovered, claimsOf(got)...) {
			told[cl.Key]++
			settle = append(settle, ledger.Settlement{Attempt: cl.Attempt, At: noon, Outcome: message.Outcome{Kind: message.OutcomeAccepted}})
		}
	}
	turn(t, l, asks(run, 15, 0, settle...))
	u, err := l.Usage(t.Context(), "a", ledger.Day{Name: "2026-11-20"})
	if err != nil || len(told) != 60 || u.Day.Messages != 60 || c.Cuts() != 7 {
		t.Errorf("%d told, %d debited, cut %d times, %v", len(told), u.Day.Messages, c.Cuts(), err)
	}
	for k, n := range told {
		if n != 1 {
			t.Errorf("message %s left %d times", k, n)
		}
	}
	if problems, err := l.Verify(t.Context()); err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
}

// A ledger that has forgotten turns, as a standby that was behind, is told by their numbers.
func TestAServerThatHasForgottenTurnsIsRefused(t *testing.T) {
	t.Parallel()
	s := pgtest.Start(t)
	l := open(t, s.URL(pgtest.Superuser, "postgres"))
	stage(t, l, 9)
	run := acquire(t, l)
	turn(t, l, asks(run, 1, 3))
	if _, err := s.SQL(t.Context(), "postgres", "ALTER TABLE notify.run DISABLE TRIGGER ALL; UPDATE notify.run SET turn = 0"); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Turn(t.Context(), asks(run, 2, 3)); !errors.Is(err, ledger.ErrBehind) {
		t.Error(err)
	}
}
