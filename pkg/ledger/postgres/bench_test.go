//go:build unix

package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/postgres"
	"notify/pkg/ledger/postgres/pgtest"
	"notify/pkg/ledger/sqlite"
	"notify/pkg/message"
)

// BenchmarkProcesses claims and settles in batches of 256, on PostgreSQL and on SQLite in turns, with so many processes, each with connections of
// its own; the flush of the log as it is, and 5 ms dearer. It reports the rate, and the bytes of log for each message.
func BenchmarkProcesses(b *testing.B) {
	const batch, people = 256, 60_000
	for _, delay := range []int{0, 5000} { // µs that a commit waits on top, once for all that commit together
		s, err := pgtest.New(b.Context(), "fsync = on", "commit_siblings = 0", fmt.Sprintf("commit_delay = %d", delay))
		if errors.Is(err, pgtest.ErrMissing) {
			b.Skip(err)
		}
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = s.Remove() })
		for _, n := range []int{1, 2, 4, 8} {
			schema := 0
			b.Run(fmt.Sprintf("postgres/flush+%dµs/processes=%d", delay, n), func(b *testing.B) {
				for b.Loop() {
					schema++
					url := s.SocketURL(pgtest.Superuser, "postgres") + fmt.Sprintf("&schema=bench_%d_%d_%d", n, b.N, schema)
					var log [2]int64
					took := contend(b, n, batch, people, func() (ledger.Ledger, error) {
						return postgres.Open(b.Context(), url, postgres.Options{CallersClock: true})
					}, func(at int) {
						out, err := s.SQL(b.Context(), "postgres", "SELECT pg_current_wal_lsn() - '0/0'::pg_lsn")
						if err == nil {
							log[at], err = strconv.ParseInt(strings.TrimSpace(out), 10, 64)
						}
						if err != nil {
							b.Fatal(err)
						}
					})
					b.ReportMetric(people/took.Seconds(), "messages/s")
					b.ReportMetric(float64(log[1]-log[0])/people, "WAL-B/message")
				}
			})
			if delay > 0 {
				continue
			}
			b.Run(fmt.Sprintf("sqlite/processes=%d", n), func(b *testing.B) {
				for b.Loop() {
					path := filepath.Join(b.TempDir(), "notify.db")
					took := contend(b, n, batch, people, func() (ledger.Ledger, error) { return sqlite.Open(b.Context(), path, sqlite.Options{}) }, func(int) {})
					b.ReportMetric(people/took.Seconds(), "messages/s")
				}
			})
		}
	}
}

// contend has n processes send one campaign to its end, and says how long that took.
func contend(b *testing.B, n, batch, people int, open func() (ledger.Ledger, error), look func(int)) time.Duration {
	b.Helper()
	ledgers := make([]ledger.Ledger, n)
	for i := range ledgers {
		l, err := open()
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = l.Close() }()
		ledgers[i] = l
	}
	if _, err := ledgers[0].Stage(b.Context(), ledger.Staging{
		Campaign: award, Digest: "d", By: ledger.Act{Who: "w", What: "stage", At: noon}, Recipients: texted(people),
	}); err != nil {
		b.Fatal(err)
	}
	look(0)
	began := time.Now()
	var wait sync.WaitGroup
	for _, l := range ledgers {
		wait.Go(func() {
			if err := sendAll(b.Context(), l, batch); err != nil {
				b.Error(err)
			}
		})
	}
	wait.Wait()
	took := time.Since(began)
	look(1)
	return took
}

func sendAll(ctx context.Context, l ledger.Ledger, batch int) error {
	got, err := l.Acquire(ctx, ledger.Acquire{Campaign: award, Host: "ops-1", Now: noon, Extend: time.Minute, Join: true})
	if err != nil {
		return err
	}
	var settle []ledger.Settlement
	for number := int64(1); ; number++ {
		t, err := l.Turn(ctx, asks(got.Run.ID, number, batch, settle...))
		if err != nil {
			return err
		}
		settle = settle[:0]
		for _, c := range claimsOf(t) {
			settle = append(settle, ledger.Settlement{Attempt: c.Attempt, At: noon, Outcome: message.Outcome{
				Kind: message.OutcomeAccepted, Code: "OK", VendorID: fmt.Sprintf("vendor-%020d", c.Attempt),
			}})
		}
		if len(settle) == 0 {
			return nil
		}
	}
}

// texted are people with a number each.
func texted(n int) func(func(ledger.Recipient, error) bool) {
	return func(yield func(ledger.Recipient, error) bool) {
		for row := 1; row <= n; row++ {
			to := message.Address(fmt.Sprintf("+1202555%07d", row))
			if !yield(ledger.Recipient{Row: row, Key: fmt.Sprint("E", row), Fields: []byte(`["a"]`), Messages: []ledger.NewMessage{{
				Key: message.MakeKey(award, message.SMS, to, ""), Channel: message.SMS, Address: to, Segments: 1, Fingerprint: int64(row),
			}}}, nil) {
				return
			}
		}
	}
}
