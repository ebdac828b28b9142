package ledgertest_test

import (
	"testing"

	"notify/pkg/ledger"
	"notify/pkg/ledger/ledgertest"
)

func TestMemoryKeepsReceipts(t *testing.T) {
	ledgertest.RunReceipts(t, func(*testing.T) ledgertest.Target {
		m := ledgertest.NewMemory()
		return ledgertest.Target{KnowsDead: true, Open: func(*testing.T) ledger.Ledger { return m.Open() }}
	})
}

func TestMemory(t *testing.T) {
	t.Run("where the end of a process is known", func(t *testing.T) {
		ledgertest.Run(t, func(*testing.T) ledgertest.Target {
			m := ledgertest.NewMemory()
			return ledgertest.Target{KnowsDead: true, Open: func(*testing.T) ledger.Ledger { return m.Open() }}
		})
	})
	t.Run("where only leases tell", func(t *testing.T) {
		ledgertest.Run(t, func(*testing.T) ledgertest.Target {
			m := ledgertest.NewLeasedMemory()
			return ledgertest.Target{Open: func(*testing.T) ledger.Ledger { return m.Open() }}
		})
	})
}
