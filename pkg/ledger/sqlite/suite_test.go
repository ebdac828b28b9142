package sqlite_test

import (
	"path/filepath"
	"slices"
	"testing"

	"notify/pkg/ledger"
	"notify/pkg/ledger/ledgertest"
	"notify/pkg/ledger/sqlite"
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
