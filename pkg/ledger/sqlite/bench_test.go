package sqlite_test

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/sqlite"
	"notify/pkg/message"
	"notify/pkg/words"
)

var start = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

// people makes n recipients, one SMS each, addresses in no order.
func people(campaign string, n int) iter.Seq2[ledger.Recipient, error] {
	return func(yield func(ledger.Recipient, error) bool) {
		for i := range n {
			to := message.Address(fmt.Sprintf("+1202555%07d", uint32(i)*2654435761%10_000_000))
			key := fmt.Sprintf("E%07d", i)
			r := ledger.Recipient{
				Row: i + 2, Key: key, Fields: fmt.Appendf(nil, `["%s","Example Person %d","%s"]`, key, i, to),
				Messages: []ledger.NewMessage{{
					Key: message.MakeKey(campaign, message.SMS, to, key), Channel: message.SMS, Address: to, Segments: 1, Fingerprint: int64(i),
				}},
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

func open(tb testing.TB, path string, o sqlite.Options) *sqlite.Ledger {
	tb.Helper()
	l, err := sqlite.Open(tb.Context(), path, o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = l.Close() })
	return l
}

func stage(tb testing.TB, l ledger.Ledger, campaign string, n int) {
	tb.Helper()
	got, err := l.Stage(tb.Context(), ledger.Staging{
		Campaign: campaign, Digest: "d1", Spec: []byte("{}"), By: ledger.Act{Who: "wang@ops-1", What: "stage", At: start}, Recipients: people(campaign, n),
	})
	if err != nil || got.Added != n {
		tb.Fatalf("staged %+v, %v", got, err)
	}
}

func acquire(tb testing.TB, l ledger.Ledger, campaign string) ledger.RunID {
	tb.Helper()
	got, err := l.Acquire(tb.Context(), ledger.Acquire{Campaign: campaign, Host: "ops-1", PID: 1, User: "wang", Now: start, Extend: time.Minute})
	if err != nil {
		tb.Fatal(err)
	}
	return got.Run.ID
}

func claimOf(n int) []ledger.ClaimRequest {
	return []ledger.ClaimRequest{{
		Channel: message.SMS, Day: "2026-11-20", Max: n, Ahead: time.Second, Grace: time.Minute,
		Limits: ledger.Limits{Account: "sms-marketing", DailyQuota: 1 << 40, Price: 45000, DayBudget: 1 << 60, Currency: "CNY"},
	}}
}

func accept(g []ledger.Grant) []ledger.Settlement {
	var out []ledger.Settlement
	for _, gr := range g {
		for _, c := range gr.Claims {
			out = append(out, ledger.Settlement{
				Attempt: c.Attempt, At: start,
				Outcome: message.Outcome{Kind: message.OutcomeAccepted, Code: "OK", VendorID: fmt.Sprintf("vendor-%020d", c.Attempt)},
			})
		}
	}
	return out
}

// report gives the rate, and what a message cost in processor time: two cores shared with others distort the first.
func report(b *testing.B, messages int, used time.Duration) {
	b.Helper()
	b.ReportMetric(float64(messages)/b.Elapsed().Seconds(), "messages/s")
	b.ReportMetric(float64((cpu()-used).Nanoseconds())/1e3/float64(messages), "cpu-µs/message")
}

const benchPeople = 300_000

func BenchmarkTurn(b *testing.B) {
	for _, size := range []int{1, 16, 64, 256} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			l := open(b, filepath.Join(b.TempDir(), "notify.db"), sqlite.Options{})
			stage(b, l, "award-2020", benchPeople)
			run := acquire(b, l, "award-2020")
			var settle []ledger.Settlement
			sent, rounds := 0, 1
			used := cpu()
			for b.Loop() {
				got, err := l.Turn(context.Background(), ledger.Turn{Run: run, Now: start, Extend: time.Minute, Settle: settle, Claim: claimOf(size)})
				if err != nil {
					b.Fatal(err)
				}
				if len(got.Grants[0].Claims) == 0 {
					b.StopTimer()
					before := cpu()
					rounds++
					name := fmt.Sprintf("award-%d", rounds)
					stage(b, l, name, benchPeople)
					run = acquire(b, l, name)
					used += cpu() - before
					b.StartTimer()
				}
				sent += len(settle)
				settle = accept(got.Grants)
			}
			report(b, sent, used)
		})
	}
}

// BenchmarkTurnBeside takes turns while another process puts what vendors call 200,000 messages in order, and alone: what the slowest took.
func BenchmarkTurnBeside(b *testing.B) {
	for _, beside := range []string{"nothing", "gathering"} {
		b.Run(beside, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "notify.db")
			l := open(b, path, sqlite.Options{})
			stage(b, l, "award-2020", 600_000)
			run := acquire(b, l, "award-2020")
			var settle []ledger.Settlement
			turn := func(n int) time.Duration {
				began := time.Now()
				got, err := l.Turn(context.Background(), ledger.Turn{Run: run, Now: start, Extend: time.Minute, Settle: settle, Claim: claimOf(n)})
				if err != nil {
					b.Fatal(err)
				}
				settle = accept(got.Grants)
				return time.Since(began)
			}
			for range 400 {
				turn(500)
			}
			other, done := open(b, path, sqlite.Options{}), make(chan time.Duration, 1)
			go func() {
				began := time.Now()
				if beside == "gathering" {
					if err := other.Gather(context.Background()); err != nil {
						b.Error(err)
					}
				}
				done <- time.Since(began)
			}()
			var took []time.Duration
			for b.Loop() {
				took = append(took, turn(64))
			}
			b.ReportMetric((<-done).Seconds(), "s-gathering")
			slices.Sort(took)
			for _, q := range []int{50, 99} {
				b.ReportMetric(float64(took[len(took)*q/100].Microseconds())/1000, fmt.Sprintf("ms-p%d", q))
			}
			b.ReportMetric(float64(took[len(took)-1].Microseconds())/1000, "ms-most")
		})
	}
}

// The floor under a claim and its outcome: one row updated twice, nothing else recorded.
func BenchmarkUpdateOnly(b *testing.B) {
	for _, size := range []int{1, 256} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			db, err := sql.Open("sqlite", "file:"+filepath.Join(b.TempDir(), "raw.db")+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = db.Close() })
			db.SetMaxOpenConns(1)
			if _, err := db.Exec(`CREATE TABLE m (id INTEGER PRIMARY KEY, address TEXT, state INTEGER);
				WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 300000)
				INSERT INTO m SELECT i, '+12025550100', 0 FROM n`); err != nil {
				b.Fatal(err)
			}
			set, err := db.Prepare("UPDATE m SET state = ? WHERE id BETWEEN ? AND ?")
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = set.Close() })
			at, n, used := 0, 0, cpu()
			for b.Loop() {
				for state := 1; state <= 2; state++ {
					if _, err := set.Exec(state, at+1, at+size); err != nil {
						b.Fatal(err)
					}
				}
				at = (at + size) % (300_000 - size)
				n += size
			}
			report(b, n, used)
		})
	}
}

func BenchmarkStage(b *testing.B) {
	const n = 1_000_000
	used := cpu()
	for b.Loop() {
		l := open(b, filepath.Join(b.TempDir(), "notify.db"), sqlite.Options{})
		stage(b, l, "award-2020", n)
		if err := l.Close(); err != nil {
			b.Fatal(err)
		}
	}
	report(b, b.N*n, used)
}

// Half of the messages are for one slow domain, the others for four that are fast enough.
func BenchmarkTurnPaced(b *testing.B) {
	const n = 100_000
	l := open(b, filepath.Join(b.TempDir(), "notify.db"), sqlite.Options{})
	rs := func(yield func(ledger.Recipient, error) bool) {
		for r, err := range people("award-2020", n) {
			domain := "slow.test"
			if r.Row%2 == 0 {
				domain = fmt.Sprintf("d%d.test", r.Row%8)
			}
			to := message.Address(r.Key + "@" + domain)
			r.Messages[0].Address, r.Messages[0].Key = to, message.MakeKey("award-2020", message.SMS, to, r.Key)
			if !yield(r, err) {
				return
			}
		}
	}
	if _, err := l.Stage(b.Context(), ledger.Staging{Campaign: "award-2020", Digest: "d1", Spec: []byte("{}"), Recipients: rs}); err != nil {
		b.Fatal(err)
	}
	run := acquire(b, l, "award-2020")
	ask := claimOf(256)
	ask[0].Ahead, ask[0].Limits.DomainRate = 250*time.Millisecond, map[string]float64{"slow.test": 10, ledger.DefaultDomain: 1e6}
	var settle []ledger.Settlement
	sent, used, now, longest := 0, cpu(), start, time.Duration(0)
	for b.Loop() {
		before := cpu()
		got, err := l.Turn(context.Background(), ledger.Turn{Run: run, Now: now, Extend: time.Minute, Settle: settle, Claim: ask})
		if err != nil {
			b.Fatal(err)
		}
		longest = max(longest, cpu()-before)
		sent += len(settle)
		settle = accept(got.Grants)
		now = now.Add(20 * time.Millisecond)
		if len(settle) == 0 {
			now = got.Grants[0].Until
		}
	}
	report(b, sent, used)
	b.ReportMetric(float64(longest.Microseconds())/1e3, "cpu-ms/longest")
}

// BenchmarkHalfSent is what a large campaign costs, half of it sent and some in flight when the program was killed, besides sending:
// to count it, to take it over, to list all of it and what is unknown, and to stage the same list again.
func BenchmarkHalfSent(b *testing.B) {
	const n = 200_000
	took := make(map[string]time.Duration)
	for b.Loop() {
		path := filepath.Join(b.TempDir(), "notify.db")
		l := open(b, path, sqlite.Options{})
		stage(b, l, "award-2020", n)
		run := acquire(b, l, "award-2020")
		var settle []ledger.Settlement
		for sent := 0; sent < n/2; sent += len(settle) {
			got, err := l.Turn(b.Context(), ledger.Turn{Run: run, Now: start, Extend: time.Minute, Settle: settle, Claim: claimOf(256)})
			if err != nil {
				b.Fatal(err)
			}
			settle = accept(got.Grants)
		}
		if err := l.Close(); err != nil {
			b.Fatal(err)
		}
		l = open(b, path, sqlite.Options{})
		at := time.Now()
		done := func(what string, err error) {
			if err != nil {
				b.Fatalf("%s: %v", what, err)
			}
			took[what] += time.Since(at)
			at = time.Now()
		}
		_, err := l.Counts(b.Context(), "award-2020")
		done("count", err)
		run = acquire(b, l, "award-2020")
		done("take-over", nil)
		list := func(states ...message.State) (n int, err error) {
			for _, err := range l.Messages(b.Context(), "award-2020", states...) {
				if n++; err != nil {
					return n, err
				}
			}
			return n, nil
		}
		listed, err := list()
		if done("list", err); listed != n {
			b.Fatalf("%d of %d", listed, n)
		}
		listed, err = list(message.Unknown)
		if done("unknown", err); listed != 256 {
			b.Fatalf("%d are unknown", listed)
		}
		if err := l.Release(b.Context(), run, start, words.Raw("done")); err != nil {
			b.Fatal(err)
		}
		at = time.Now()
		_, err = l.Stage(b.Context(), ledger.Staging{Campaign: "award-2020", Digest: "d1", Spec: []byte("{}"), Recipients: people("award-2020", n)})
		done("same-again", err)
	}
	for what, d := range took {
		b.ReportMetric(float64(d.Microseconds())/1e3/float64(b.N), what+"-ms")
	}
}

// BenchmarkSnapshot is what a status costs with a million messages, half of them sent.
func BenchmarkSnapshot(b *testing.B) {
	const n = 1_000_000
	l := open(b, filepath.Join(b.TempDir(), "notify.db"), sqlite.Options{})
	stage(b, l, "award-2020", n)
	run := acquire(b, l, "award-2020")
	var settle []ledger.Settlement
	for sent := 0; sent < n/2; sent += len(settle) {
		got, err := l.Turn(b.Context(), ledger.Turn{Run: run, Now: start, Extend: time.Minute, Settle: settle, Claim: claimOf(512)})
		if err != nil {
			b.Fatal(err)
		}
		settle = accept(got.Grants)
	}
	longest := time.Duration(0)
	for b.Loop() {
		began := time.Now()
		s, err := l.Snapshot(context.Background(), "award-2020", ledger.Day{Name: "2026-11-20"})
		if err != nil || s.Counts.Of(message.States()...) != n {
			b.Fatalf("%+v, %v", s.Counts, err)
		}
		longest = max(longest, time.Since(began))
	}
	b.ReportMetric(float64(longest.Microseconds())/1e3, "longest-ms")
}
