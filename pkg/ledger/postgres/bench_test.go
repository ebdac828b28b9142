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

// BenchmarkProcesses claims and settles through one account, in batches as a run makes that has so many messages at the vendor, with so many
// processes, each with connections of its own; the flush of the log as it is, and dearer. On SQLite it does the same, in turns. It reports the rate, and
// the bytes of log for each message right after a checkpoint.
func BenchmarkProcesses(b *testing.B) {
	const people = 60_000
	for _, delay := range []int{0, 5000, 10_000} { // µs that a commit waits on top, once for all that commit together
		s, err := pgtest.New(b.Context(), "fsync = on", "commit_siblings = 0", fmt.Sprintf("commit_delay = %d", delay))
		if errors.Is(err, pgtest.ErrMissing) {
			b.Skip(err)
		}
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = s.Remove() })
		answer(b, s, "CREATE EXTENSION pg_walinspect")
		for _, batch := range []int{64, 256} {
			for _, n := range []int{1, 2, 4, 8} {
				b.Run(fmt.Sprintf("postgres/flush+%dms/batch=%d/processes=%d", delay/1000, batch, n), func(b *testing.B) {
					for schema := 0; b.Loop(); schema++ {
						onServer(b, s, fmt.Sprintf("bench_%d_%d_%d_%d", batch, n, b.N, schema), n, batch, people)
					}
				})
				if delay > 0 {
					continue
				}
				b.Run(fmt.Sprintf("sqlite/batch=%d/processes=%d", batch, n), func(b *testing.B) {
					for b.Loop() {
						path := filepath.Join(b.TempDir(), "notify.db")
						took := contend(b, n, batch, people, func() (ledger.Ledger, error) { return sqlite.Open(b.Context(), path, sqlite.Options{}) }, func(int) {})
						b.ReportMetric(people/took.Seconds(), "messages/s")
					}
				})
			}
		}
	}
}

func onServer(b *testing.B, s *pgtest.Server, schema string, n, batch, people int) {
	b.Helper()
	var log [2]string
	took := contend(b, n, batch, people, func() (ledger.Ledger, error) {
		return postgres.Open(b.Context(), s.SocketURL(pgtest.Superuser, "postgres")+"&schema="+schema, postgres.Options{CallersClock: true})
	}, func(at int) {
		if at == 0 {
			answer(b, s, "CHECKPOINT") // after it each page that is written is written whole once
		}
		log[at] = logAt(b, s)
	})
	records, images := logged(b, s, log, people)
	b.ReportMetric(float64(people)/took.Seconds(), "messages/s")
	b.ReportMetric(records, "WAL-B/message")
	b.ReportMetric(images, "page-images-B/message")
}

// TestAMessageCostsTheLogLittle counts what claiming and settling write to the log, without images of whole pages: how many there are of those is
// up to the server's checkpoints.
func TestAMessageCostsTheLogLittle(t *testing.T) {
	t.Parallel()
	const people, most, mostLater = 4000, 250, 10
	s := pgtest.Start(t, "autovacuum = off")
	if answer(t, s, "SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_walinspect'") == "0" {
		t.Fatal("the server cannot look into its log: pg_walinspect comes with the additional modules of PostgreSQL 15 and later (Debian: in the package postgresql)")
	}
	answer(t, s, "CREATE EXTENSION pg_walinspect")
	var log [2]string
	open := func() (ledger.Ledger, error) {
		return postgres.Open(t.Context(), s.SocketURL(pgtest.Superuser, "postgres"), postgres.Options{CallersClock: true})
	}
	contend(t, 1, 256, people, open, func(at int) { log[at] = logAt(t, s) })
	if records, _ := logged(t, s, log, people); records > most {
		t.Errorf("a message costs %.0f bytes of log, want at most %d", records, most)
	}
	l, err := open()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	log[0] = logAt(t, s)
	if err := l.Gather(t.Context()); err != nil {
		t.Fatal(err)
	}
	log[1] = logAt(t, s)
	if later, _ := logged(t, s, log, people); later > mostLater {
		t.Errorf("after the run, when what its vendor calls it is put in order, it costs %.1f bytes more, want at most %d", later, mostLater)
	}
}

// logAt is how far the log was written. All of it is flushed by a transaction of its own, as it is not read further than that.
func logAt(tb testing.TB, s *pgtest.Server) string {
	tb.Helper()
	out, err := s.SQL(tb.Context(), "postgres", "SELECT pg_current_xact_id()", "SELECT pg_current_wal_flush_lsn()")
	if err != nil {
		tb.Fatal(err)
	}
	return out[strings.LastIndexByte(out, '\n')+1:]
}

// logged are the bytes of log for each message: those of records, which a message costs whatever the server is set to, and those of images of
// whole pages, of which there are the fewer the rarer checkpoints are. With -v it says which records they are.
func logged(tb testing.TB, s *pgtest.Server, between [2]string, people int) (records, images float64) {
	tb.Helper()
	of := fmt.Sprintf("pg_get_wal_stats('%s', '%s', ", between[0], between[1])
	for column, into := range map[string]*float64{"record_size": &records, "fpi_size": &images} {
		n, err := strconv.ParseFloat(answer(tb, s, "SELECT sum("+column+") FROM "+of+"false)"), 64)
		if err != nil {
			tb.Fatal(err)
		}
		*into = n / float64(people)
	}
	tb.Log("\n" + answer(tb, s, fmt.Sprintf(`SELECT format('%%-32s %%8s records, for each message %%6s bytes, and %%6s of page images', "resource_manager/record_type", count,
		round(record_size / %[2]d, 1), round(fpi_size / %[2]d, 1)) FROM %[1]strue) WHERE combined_size > %[2]d / 2 ORDER BY combined_size DESC`, of, people)))
	return records, images
}

func answer(tb testing.TB, s *pgtest.Server, query string) string {
	tb.Helper()
	out, err := s.SQL(tb.Context(), "postgres", query)
	if err != nil {
		tb.Fatal(err)
	}
	return strings.TrimSpace(out)
}

// contend has n processes send one campaign to its end, and says how long that took.
func contend(tb testing.TB, n, batch, people int, open func() (ledger.Ledger, error), look func(int)) time.Duration {
	tb.Helper()
	ledgers := make([]ledger.Ledger, n)
	for i := range ledgers {
		l, err := open()
		if err != nil {
			tb.Fatal(err)
		}
		defer func() { _ = l.Close() }()
		ledgers[i] = l
	}
	if _, err := ledgers[0].Stage(tb.Context(), ledger.Staging{
		Campaign: award, Digest: "d", By: ledger.Act{Who: "w", What: "stage", At: noon}, Recipients: texted(people),
	}); err != nil {
		tb.Fatal(err)
	}
	look(0)
	began := time.Now()
	var wait sync.WaitGroup
	for _, l := range ledgers {
		wait.Go(func() {
			if err := sendAll(tb.Context(), l, batch); err != nil {
				tb.Error(err)
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
		if settle = accepted(claimsOf(t)); len(settle) == 0 {
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
