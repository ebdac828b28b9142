package sqlite_test

import (
	"path/filepath"
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
