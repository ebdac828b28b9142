//go:build unix

package postgres_test

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"notify/pkg/ledger"
	"notify/pkg/ledger/postgres"
	"notify/pkg/ledger/postgres/pgtest"
	"notify/pkg/message"
)

// seen is a tracer: how often the server was asked, and what.
type seen struct {
	mu         sync.Mutex
	trips      int
	statements []string
}

func (s *seen) saw(trips int, statement string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trips += trips
	if statement != "" {
		s.statements = append(s.statements, strings.Join(strings.Fields(statement), " "))
	}
}

func (s *seen) take() (int, []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, all := s.trips, s.statements
	s.trips, s.statements = 0, nil
	return n, all
}

func (s *seen) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	s.saw(1, d.SQL)
	return ctx
}

func (s *seen) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (s *seen) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	s.saw(1, "")
	return ctx
}

func (s *seen) TraceBatchQuery(_ context.Context, _ *pgx.Conn, d pgx.TraceBatchQueryData) {
	s.saw(0, d.SQL)
}

func (s *seen) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// A turn asks the server twice, whatever came of the messages that it settles, and however many runs there are: who is far from
// the server, or has a slow disk behind it, pays for each time. What is settled and not accepted wants a seal of its own: a third time.
func TestATurnAsksTheServerTwice(t *testing.T) {
	t.Parallel()
	s := pgtest.Start(t)
	saw := new(seen)
	l, err := postgres.Open(t.Context(), s.URL(pgtest.Superuser, "postgres"), postgres.Options{CallersClock: true, Tracer: saw})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	if _, err := l.Stage(t.Context(), ledger.Staging{
		Campaign: award, Digest: "d", By: ledger.Act{Who: "w", What: "stage", At: noon}, Recipients: mailed(2000),
	}); err != nil {
		t.Fatal(err)
	}
	runs := []ledger.RunID{acquire(t, l), acquire(t, l), acquire(t, l)}
	settle := make(map[ledger.RunID][]ledger.Settlement)
	now := noon
	for number := int64(1); number <= 12; number++ {
		kinds, want := []message.OutcomeKind{message.OutcomeAccepted}, 2
		if number > 6 {
			kinds = []message.OutcomeKind{message.OutcomeAccepted, message.OutcomeRejected, message.OutcomeThrottled, message.OutcomeUnknown}
		}
		if number > 7 { // those of the turn before are settled by this
			want = 3
		}
		now = now.Add(time.Second)
		for _, run := range runs {
			saw.take()
			got := turn(t, l, ledger.Turn{
				Run: run, Number: number, Now: now, Extend: time.Minute, Settle: settle[run],
				Claim: []ledger.ClaimRequest{claimAt(message.SMS, 8), claimAt(message.Email, 8)},
			})
			trips, statements := saw.take()
			if number > 1 && trips > want {
				t.Errorf("turn %d asked %d times, want %d:\n%s", number, trips, want, strings.Join(statements, "\n"))
			}
			settle[run] = nil
			for i, cl := range claimsOf(got) {
				settle[run] = append(settle[run], ledger.Settlement{
					Attempt: cl.Attempt, At: now, NotBefore: now.Add(time.Hour), Outcome: message.Outcome{Kind: kinds[i%len(kinds)], Code: "c"},
				})
			}
			if len(settle[run]) < 9 {
				t.Fatalf("turn %d claimed %d messages", number, len(settle[run]))
			}
		}
	}
	if problems, err := l.Verify(t.Context()); err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
}

// claimAt asks under an account of the channel; that of mails has a rate for each domain.
func claimAt(ch message.Channel, n int) ledger.ClaimRequest {
	r := ledger.ClaimRequest{
		Channel: ch, Day: "2026-11-20", Max: n, Ahead: time.Second, Grace: 10 * time.Second,
		Limits: ledger.Limits{Account: "a-" + string(ch), Price: 45000, Currency: "CNY", DailyQuota: 1 << 30, DayBudget: 1 << 50},
	}
	if ch == message.Email {
		r.Limits.DomainRate = map[string]float64{ledger.DefaultDomain: 1000}
	}
	return r
}

// mailed are people with a number and an address in one of three domains.
func mailed(n int) iter.Seq2[ledger.Recipient, error] {
	return func(yield func(ledger.Recipient, error) bool) {
		for row := 1; row <= n; row++ {
			number, mail := message.Address(fmt.Sprintf("+1202555%06d", row)), message.Address(fmt.Sprintf("p%d@d%d.test", row, row%3))
			r := ledger.Recipient{Row: row, Key: fmt.Sprint("E", row), Fields: []byte(`["a"]`)}
			for ch, to := range map[message.Channel]message.Address{message.SMS: number, message.Email: mail} {
				r.Messages = append(r.Messages, ledger.NewMessage{
					Key: message.MakeKey(award, ch, to, ""), Channel: ch, Address: to, Segments: 1, Fingerprint: int64(2*row + len(ch)%2),
				})
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}
