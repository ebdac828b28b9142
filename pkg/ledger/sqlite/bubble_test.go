package sqlite_test

import (
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/sqlite"
)

// The send loop is tested in virtual time on the real database as well.
func TestALedgerWorksInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "notify.db"), sqlite.Options{Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		stage(t, l, "award-2020", 3)
		run := acquire(t, l, "award-2020")
		<-time.After(time.Hour)
		got, err := l.Turn(t.Context(), ledger.Turn{Run: run, Now: time.Now(), Extend: time.Minute, Claim: claimOf(2)})
		if err != nil || len(got.Grants[0].Claims) != 2 {
			t.Errorf("%+v, %v", got, err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
}

// A crash on a large campaign must not make the operator wait: what it left is found by an index.
func TestAcquireAfterACrashReadsWhatIsOpenAndNothingElse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify.db")
	l := open(t, path, sqlite.Options{})
	stage(t, l, "award-2020", 10)
	acquire(t, l, "award-2020")
	db := raw(t, path)
	for _, query := range []string{
		"EXPLAIN QUERY PLAN UPDATE attempt SET outcome = 'unknown' WHERE run_id = 1 AND outcome IS NULL",
		"EXPLAIN QUERY PLAN SELECT max(deadline) FROM attempt WHERE run_id = 1 AND outcome IS NULL",
	} {
		var id, parent, unused int
		var plan string
		if err := db.QueryRow(query).Scan(&id, &parent, &unused, &plan); err != nil {
			t.Fatal(err)
		}
		if want := "SEARCH attempt USING INDEX attempt_open (run_id=?)"; plan != want {
			t.Errorf("planned as %q, want %q", plan, want)
		}
	}
}
