package sqlite_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/ledgertest"
	"notify/pkg/ledger/sqlite"
	"notify/pkg/message"
	"notify/pkg/words"
)

func TestSuite(t *testing.T) {
	for _, tc := range []struct {
		name string
		opts sqlite.Options
	}{
		{"with file locks", sqlite.Options{}},
		{"with leases only", sqlite.Options{NoFileLock: true}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ledgertest.Run(t, func(t *testing.T) ledgertest.Target {
				t.Helper()
				path := filepath.Join(t.TempDir(), "notify.db")
				return ledgertest.Target{
					KnowsDead: !tc.opts.NoFileLock,
					Open: func(t *testing.T) ledger.Ledger {
						t.Helper()
						return open(t, path, tc.opts)
					},
				}
			})
		})
	}
}

// Where file locks do not count none is taken, and a run names no machine whose lock would tell whether it is alive.
func TestWithLeasesOnlyNoFileIsLocked(t *testing.T) {
	for off, want := range map[bool]string{false: "ops-1 1", true: " 0"} {
		path := filepath.Join(t.TempDir(), "notify.db")
		l := open(t, path, sqlite.Options{NoFileLock: off, Machine: "ops-1"})
		locked := func(when string) {
			if files, err := filepath.Glob(path + ".*.run*"); err != nil || (len(files) == 0) != off {
				t.Errorf("without file locks: %t; %s there are %v, %v", off, when, files, err)
			}
		}
		if _, err := l.Stage(t.Context(), ledger.Staging{Campaign: "award-2020", Digest: "d1", Recipients: func(func(ledger.Recipient, error) bool) { locked("while it is staged") }}); err != nil {
			t.Fatal(err)
		}
		acquire(t, l, "award-2020")
		locked("while it runs")
		if got := lines(t, raw(t, path), "SELECT machine || ' ' || slot FROM run"); !slices.Equal(got, []string{want}) {
			t.Errorf("without file locks: %t; the run stands as %q, want %q", off, got, want)
		}
	}
}

func TestARunThatIsNotThereHasEnded(t *testing.T) {
	l, _ := fiveMessages(t)
	if got, err := l.Turn(t.Context(), ledger.Turn{Run: 99, Now: start, Extend: time.Minute, Claim: claimOf(9)}); !errors.Is(err, ledger.ErrLeaseLost) {
		t.Errorf("its turn: %+v, %v", got, err)
	}
	if err := l.Release(t.Context(), 99, start, words.Raw("done")); !errors.Is(err, ledger.ErrLeaseLost) {
		t.Errorf("it is released: %v", err)
	}
}

// What a turn needs and cannot be read is an error, and no reason to say that the run has ended.
func TestATurnNeedsItsRunAndItsAccounts(t *testing.T) {
	for _, broken := range []string{"UPDATE campaign SET last_id = 'x'", "DROP TABLE account"} {
		l, path := fiveMessages(t)
		if err := l.Pause(t.Context(), "award-2020", ledger.Act{Who: "wang", What: "pause", At: start}); err != nil {
			t.Fatal(err)
		}
		run(t, path, broken)
		if got, err := l.Turn(t.Context(), ledger.Turn{Run: 1, Now: start, Extend: time.Minute, Claim: claimOf(1)}); err == nil || errors.Is(err, ledger.ErrLeaseLost) {
			t.Errorf("after %s: %+v, %v", broken, got, err)
		}
	}
}

// A run looks whether others have died, and not whether it has: not even where somebody deleted the file of its lock by hand.
func TestARunDoesNotBuryItself(t *testing.T) {
	l, path := fiveMessages(t)
	if _, err := l.Acquire(t.Context(), ledger.Acquire{Campaign: "award-2020", Join: true, Host: "ops-1", PID: 1, User: "li", Now: start, Extend: time.Minute}); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(path + ".*.run1")
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	_ = os.Remove(files[0]) // where an open file cannot be removed, nobody can delete it by hand
	got, err := l.Turn(t.Context(), ledger.Turn{Run: 1, Now: start, Extend: time.Minute})
	if err != nil || got.Runs != 2 || got.Tally[message.SMS][message.Attempting] != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}

// Of those who were told, who is not on the list any more does not count, and who would be told something else does; where that cannot be read,
// nothing is counted.
func TestTheSamePlanCountsWhoIsOnIt(t *testing.T) {
	l, path := fiveMessages(t)
	if _, err := l.Turn(t.Context(), ledger.Turn{Run: 1, Now: start, Extend: time.Minute, Claim: claimOf(1)}); err != nil {
		t.Fatal(err)
	}
	if err := l.Release(t.Context(), 1, start, words.Raw("done")); err != nil {
		t.Fatal(err)
	}
	var list []ledger.Recipient
	for r, err := range people("award-2020", 4) { // the fifth is gone
		if err != nil {
			t.Fatal(err)
		}
		if r.Row++; len(list) < 3 {
			r.Messages[0].Fingerprint += 100
		}
		list = append(list, r)
	}
	again := func() (ledger.Staged, error) {
		return l.Stage(t.Context(), ledger.Staging{Campaign: "award-2020", Digest: "d2", Spec: []byte("{}"), By: ledger.Act{Who: "wang", What: "stage", At: start}, Recipients: func(yield func(ledger.Recipient, error) bool) {
			for _, r := range list {
				if !yield(r, nil) {
					return
				}
			}
		}})
	}
	want := ledger.Staged{Left: 4, Differs: 3} // the second was rejected
	for range 2 {
		if got, err := again(); err != nil || got != want {
			t.Errorf("staged %+v, %v; want %+v", got, err, want)
		}
	}
	run(t, path, "DROP TABLE relist")
	if got, err := again(); err == nil {
		t.Errorf("staged %+v", got)
	}
}

func TestItKeepsReceipts(t *testing.T) {
	ledgertest.RunReceipts(t, func(t *testing.T) ledgertest.Target {
		t.Helper()
		path := filepath.Join(t.TempDir(), "notify.db")
		return ledgertest.Target{KnowsDead: true, Open: func(t *testing.T) ledger.Ledger {
			t.Helper()
			return open(t, path, sqlite.Options{})
		}}
	})
}

func TestItFindsMessages(t *testing.T) {
	ledgertest.RunTraces(t, func(t *testing.T) ledgertest.Target {
		t.Helper()
		path := filepath.Join(t.TempDir(), "notify.db")
		return ledgertest.Target{KnowsDead: true, Open: func(t *testing.T) ledger.Ledger {
			t.Helper()
			return open(t, path, sqlite.Options{})
		}}
	})
}

// takenBy has another connection begin a transaction, as another process does that has the ledger.
func takenBy(t *testing.T, path string) (letGo func()) {
	t.Helper()
	db := raw(t, path)
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if _, err := conn.ExecContext(t.Context(), "ROLLBACK"); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(conn.Close(), db.Close()); err != nil {
			t.Fatal(err)
		}
	}
}
