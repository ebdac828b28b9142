//go:build unix

package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"notify/pkg/ledger"
	"notify/pkg/ledger/postgres/pgtest"
	"notify/pkg/message"
)

// cutter is the network between a ledger and its server. Where it is armed, it is cut when the server says that it committed.
type cutter struct {
	to    string
	armed atomic.Bool
	cuts  atomic.Int64
	wait  sync.WaitGroup
}

func (c *cutter) serve(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c.wait.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			c.wait.Go(func() { c.pass(in) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		c.wait.Wait()
	})
	return l.Addr().String()
}

func (c *cutter) pass(in net.Conn) {
	defer func() { _ = in.Close() }()
	out, err := new(net.Dialer).DialContext(context.Background(), "tcp", c.to)
	if err != nil {
		return
	}
	defer func() { _ = out.Close() }()
	c.wait.Go(func() {
		b := make([]byte, 1<<16)
		for {
			n, err := in.Read(b)
			if _, werr := out.Write(b[:n]); err != nil || werr != nil {
				_ = out.Close()
				return
			}
		}
	})
	b := make([]byte, 1<<16)
	for {
		n, err := out.Read(b)
		if bytes.Contains(b[:n], []byte("COMMIT\x00")) && c.armed.CompareAndSwap(true, false) {
			c.cuts.Add(1)
			return
		}
		if _, werr := in.Write(b[:n]); err != nil || werr != nil {
			return
		}
	}
}

// The network is cut when the server has committed and before it can say so: each turn is made once, and nothing leaves before that is known.
func TestANetworkThatIsCutInMidCommitLosesNoTurnAndMakesNoneTwice(t *testing.T) {
	s := pgtest.Start(t)
	c := &cutter{to: s.Addr()}
	url := strings.Replace(s.URL(pgtest.Superuser, "postgres"), s.Addr(), c.serve(t), 1) + "?sslmode=disable"
	l := open(t, url)
	stage(t, l, 60)
	run := acquire(t, l)
	told := make(map[message.Key]int)
	var settle []ledger.Settlement
	for number := int64(1); number <= 14; number++ {
		if number%2 == 0 {
			c.armed.Store(true)
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
	u, err := l.Usage(t.Context(), "a", "2026-11-20")
	if err != nil || len(told) != 60 || u.Day.Messages != 60 || c.cuts.Load() != 7 {
		t.Errorf("%d told, %d debited, cut %d times, %v", len(told), u.Day.Messages, c.cuts.Load(), err)
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
