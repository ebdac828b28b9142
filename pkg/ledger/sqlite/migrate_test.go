package sqlite_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/sqlite"
	"notify/pkg/message"
)

const addsAColumn = "ALTER TABLE account ADD COLUMN note TEXT NOT NULL DEFAULT 'none'; UPDATE account SET note = 'kept'"

// half is a ledger with two of five messages sent and one in flight.
func half(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify.db")
	l := open(t, path, sqlite.Options{})
	stage(t, l, "award-2020", 5)
	run := acquire(t, l, "award-2020")
	got, err := l.Turn(t.Context(), ledger.Turn{Run: run, Now: start, Extend: time.Minute, Claim: claimOf(3)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Turn(t.Context(), ledger.Turn{Run: run, Now: start, Extend: time.Minute, Settle: accept(got.Grants)[:2]}); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestALedgerIsBroughtUpStepByStepAndKeepsWhatItHas(t *testing.T) {
	path := half(t)
	was := open(t, path, sqlite.Options{ReadOnly: true})
	before, err := was.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	l, err := sqlite.OpenNewer(t.Context(), path, sqlite.Options{}, addsAColumn, "CREATE TABLE later (id INTEGER PRIMARY KEY)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	after, err := l.Info(t.Context())
	if err != nil || after.Schema != before.Schema+2 || after.ID != before.ID {
		t.Errorf("before %+v, after %+v, %v", before, after, err)
	}
	var note string
	if err := raw(t, path).QueryRow("SELECT note FROM account").Scan(&note); err != nil || note != "kept" {
		t.Errorf("the step said %q, %v", note, err)
	}
	acquire(t, l, "award-2020")
	if c, err := l.Counts(t.Context(), "award-2020"); err != nil || c.Of(message.Accepted) != 2 || c.Of(message.Unknown) != 1 || c.Of(message.Pending) != 2 {
		t.Errorf("%+v, %v", c, err)
	}
	wantSound(t, l)
	if _, err := sqlite.Open(t.Context(), path, sqlite.Options{}); !errors.Is(err, ledger.ErrNewerSchema) {
		t.Errorf("the older program got %v", err)
	}
}

func TestAStepThatFailsLeavesTheLedgerAsItWas(t *testing.T) {
	path := half(t)
	if _, err := sqlite.OpenNewer(t.Context(), path, sqlite.Options{}, addsAColumn, "CREATE TABLE account (id INTEGER)"); err == nil || !strings.Contains(err.Error(), "migrate to schema 3") {
		t.Errorf("got %v", err)
	}
	l := open(t, path, sqlite.Options{})
	wantSound(t, l)
	if err := raw(t, path).QueryRow("SELECT note FROM account").Scan(new(string)); err == nil {
		t.Error("half of the steps were made")
	}
}

func TestALedgerThatWasNotBroughtUpIsNotRead(t *testing.T) {
	path := half(t)
	if _, err := sqlite.OpenNewer(t.Context(), path, sqlite.Options{ReadOnly: true}, addsAColumn); !errors.Is(err, ledger.ErrReadOnly) {
		t.Errorf("got %v", err)
	}
}
