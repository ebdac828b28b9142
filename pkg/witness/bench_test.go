package witness_test

import (
	"context"
	"fmt"
	"iter"
	"path/filepath"
	"testing"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/sqlite"
	"notify/pkg/message"
	"notify/pkg/witness"
)

// BenchmarkWitness makes the same turns with a witness and without one, side by side, on ledgers of their own, and reports what the witness
// costs in percent.
func BenchmarkWitness(b *testing.B) {
	const batch, people = 64, 400_000
	ctx := context.Background()
	now := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	type side struct {
		runs   ledger.Runs
		turn   ledger.Turn
		settle []ledger.Settlement
		took   time.Duration
	}
	begin := func(watched bool) *side {
		dir := b.TempDir()
		path := filepath.Join(dir, "notify.db")
		l, err := sqlite.Open(ctx, path, sqlite.Options{})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = l.Close() })
		if _, err := l.Stage(ctx, ledger.Staging{Campaign: "award-2020", Digest: "d", Spec: []byte("{}"), By: ledger.Act{At: now}, Recipients: benchPeople(people)}); err != nil {
			b.Fatal(err)
		}
		s := &side{runs: l}
		if watched {
			c, err := l.Campaign(ctx, "award-2020")
			if err != nil {
				b.Fatal(err)
			}
			info, err := l.Info(ctx)
			if err != nil {
				b.Fatal(err)
			}
			w, err := witness.Begin(witness.Place{Ledger: info.Place, ID: info.ID, Campaign: "award-2020", State: filepath.Join(dir, "state")}, c)
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = w.Close() })
			s.runs = w.Guard(l)
		}
		got, err := s.runs.Acquire(ctx, ledger.Acquire{Campaign: "award-2020", Host: "ops-1", PID: 1, User: "wang", Now: now, Extend: time.Minute})
		if err != nil {
			b.Fatal(err)
		}
		s.turn = ledger.Turn{Run: got.Run.ID, Now: now, Extend: time.Minute, Claim: []ledger.ClaimRequest{{
			Channel: message.SMS, Day: "2026-11-20", Max: batch, Ahead: time.Second, Grace: time.Minute, Limits: ledger.Limits{Account: "a", Currency: "CNY"},
		}}}
		return s
	}
	sides := []*side{begin(false), begin(true)}
	n := 0
	for b.Loop() {
		if n++; n*batch > people-batch {
			b.Fatalf("%d turns are more than %d people allow: -benchtime 5000x", n, people)
		}
		for i := range sides {
			s := sides[(i+n)%len(sides)] // whoever is first finds the disk as the other left it
			began := time.Now()
			s.turn.Number++
			s.turn.Settle = s.settle
			got, err := s.runs.Turn(ctx, s.turn)
			if err != nil || len(got.Grants[0].Claims) != batch {
				b.Fatalf("%d claims, %v", len(got.Grants[0].Claims), err)
			}
			s.took += time.Since(began)
			s.settle = s.settle[:0]
			for _, c := range got.Grants[0].Claims {
				s.settle = append(s.settle, ledger.Settlement{Attempt: c.Attempt, At: now, Outcome: message.Outcome{Kind: message.OutcomeAccepted, Code: "OK"}})
			}
		}
	}
	b.ReportMetric(float64(sides[0].took.Microseconds())/float64(n), "µs/turn-without")
	b.ReportMetric(float64(sides[1].took.Microseconds())/float64(n), "µs/turn-with")
	b.ReportMetric(100*(float64(sides[1].took)/float64(sides[0].took)-1), "%-more")
}

// benchPeople makes n recipients with one message each.
func benchPeople(n int) iter.Seq2[ledger.Recipient, error] {
	return func(yield func(ledger.Recipient, error) bool) {
		for i := range n {
			to := message.Address(fmt.Sprintf("+1202555%07d", i))
			if !yield(ledger.Recipient{Row: i + 2, Key: fmt.Sprint(i), Fields: []byte(`["Wang"]`), Messages: []ledger.NewMessage{{
				Key: message.MakeKey("award-2020", message.SMS, to, ""), Channel: message.SMS, Address: to, Segments: 1, Fingerprint: int64(i),
			}}}, nil) {
				return
			}
		}
	}
}
