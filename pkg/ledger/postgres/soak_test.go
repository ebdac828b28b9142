//go:build unix

package postgres_test

import (
	"context"
	"flag"
	"fmt"
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

// scripts/soak.sh sets these.
var (
	soakRecipients = flag.Int("soak.recipients", 20_000, "how many recipients are staged, of whom a tenth is told while a transaction stays open")
	soakExact      = flag.Bool("soak.exact", false, "the machine is idle: the rate must not fall")
)

// A backup or a report of many hours keeps the server from cleaning up. Meanwhile a tenth of a large campaign is sent by four processes: what came
// of a message takes no more room than it takes otherwise, what is written again and again grows by what is written, and the last tenth goes as fast as the first.
func TestALongTransactionNeitherSlowsNorSwellsTheLedger(t *testing.T) {
	const processes, batch = 4, 256
	people := *soakRecipients
	s := pgtest.Start(t, "max_wal_size = 1GB", "shared_buffers = 512MB")
	ledgers := make([]*postgres.Ledger, processes)
	for i := range ledgers {
		ledgers[i] = open(t, s.SocketURL(pgtest.Superuser, "postgres"))
	}
	began := time.Now()
	if _, err := ledgers[0].Stage(t.Context(), ledger.Staging{
		Campaign: award, Digest: "d", By: ledger.Act{Who: "w", What: "stage", At: noon}, Recipients: texted(people),
	}); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d recipients were staged in %s", people, time.Since(began).Round(time.Second/10))

	long, err := pgx.Connect(t.Context(), s.SocketURL(pgtest.Superuser, "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = long.Close(context.WithoutCancel(t.Context())) }()
	if _, err := long.Exec(t.Context(), "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM notify.run", pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(err)
	}
	w := &soak{most: people / 10, marks: []time.Time{time.Now()}}
	var wait sync.WaitGroup
	for _, l := range ledgers {
		wait.Go(func() {
			if err := w.send(t.Context(), l, batch); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if t.Failed() {
		return
	}

	turns, last := w.turns, len(w.marks)-1
	first, end := w.marks[1].Sub(w.marks[0]), w.marks[last].Sub(w.marks[last-1])
	t.Logf("%d messages in %d turns: the first tenth in %s, the last in %s", w.sent, turns, first.Round(time.Millisecond), end.Round(time.Millisecond))
	if *soakExact && end > first*5/4 {
		t.Errorf("the last tenth took %s, the first %s", end, first)
	}
	told := w.size(t, s, "standing", "claim")
	again := w.size(t, s, "run", "reach", "account", "usage", "tally")
	t.Logf("what came of a message takes %d bytes; what is written again, %d KB", told/w.sent, again>>10)
	if each := told / w.sent; people >= 20_000 && each > 300 {
		t.Errorf("what came of a message takes %d bytes", each)
	}
	if most := 8192 * (turns + 200); again > most { // a page for each turn is far more than they write
		t.Errorf("after %d turns what is written again takes %d bytes, want at most %d", turns, again, most)
	}
	c, err := ledgers[0].Counts(t.Context(), award)
	if err != nil || c.Of(message.Accepted) != w.sent || c.Of(message.Attempting) != 0 {
		t.Errorf("%d were sent, the ledger has %+v, %v", w.sent, c, err)
	}
	if debited := answer(t, s, "SELECT messages FROM notify.usage"); debited != fmt.Sprint(w.sent) {
		t.Errorf("%s are debited, %d were sent", debited, w.sent)
	}
}

// soak sends until so many were sent, and keeps when each tenth of them was.
type soak struct {
	most int

	mu          sync.Mutex
	sent, turns int
	marks       []time.Time
}

// more counts a turn that claimed so many, and reports that the next one may claim.
func (w *soak) more(claimed int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.turns++
	w.sent += claimed
	for len(w.marks) <= 10 && w.sent >= w.most*len(w.marks)/10 {
		w.marks = append(w.marks, time.Now())
	}
	return w.sent < w.most
}

func (w *soak) send(ctx context.Context, l ledger.Ledger, batch int) error {
	got, err := l.Acquire(ctx, ledger.Acquire{Campaign: award, Host: "ops-1", Now: noon, Extend: time.Minute, Join: true})
	if err != nil {
		return err
	}
	var settle []ledger.Settlement
	more := true
	for number := int64(1); more || len(settle) > 0; number++ {
		ask := asks(got.Run.ID, number, batch, settle...)
		if !more {
			ask.Claim = nil
		}
		t, err := l.Turn(ctx, ask)
		if err != nil {
			return err
		}
		settle = accepted(claimsOf(t))
		more = w.more(len(settle)) && more
	}
	return nil
}

// accepted says of each that it was.
func accepted(claims []ledger.Claim) (all []ledger.Settlement) {
	for _, c := range claims {
		all = append(all, ledger.Settlement{Attempt: c.Attempt, At: noon, Outcome: message.Outcome{
			Kind: message.OutcomeAccepted, Code: "OK", VendorID: fmt.Sprintf("vendor-%020d", c.Attempt),
		}})
	}
	return all
}

// size is what tables take on the disk, with their indexes.
func (w *soak) size(t *testing.T, s *pgtest.Server, tables ...string) int {
	t.Helper()
	total := 0
	for _, table := range tables {
		var n int
		if _, err := fmt.Sscan(strings.TrimSpace(answer(t, s, "SELECT pg_total_relation_size('notify."+table+"')")), &n); err != nil {
			t.Fatal(err)
		}
		total += n
	}
	return total
}
