//go:build unix

package postgres_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"notify/pkg/ledger"
	"notify/pkg/ledger/ledgertest"
	"notify/pkg/ledger/postgres"
	"notify/pkg/ledger/postgres/pgtest"
)

func TestSuite(t *testing.T) {
	t.Parallel()
	ledgertest.Run(t, fresh(t))
}

func TestItKeepsReceipts(t *testing.T) {
	t.Parallel()
	ledgertest.RunReceipts(t, fresh(t))
}

func TestItFindsMessages(t *testing.T) {
	t.Parallel()
	ledgertest.RunTraces(t, fresh(t))
}

// fresh makes a schema for each target. What was asked of the server must be in the list of statements.
func fresh(t *testing.T) func(*testing.T) ledgertest.Target {
	t.Helper()
	s, c := pgtest.Start(t), newCollector(t)
	var n atomic.Int64
	return func(t *testing.T) ledgertest.Target {
		t.Helper()
		url := fmt.Sprintf("%s&schema=suite_%d", s.SocketURL(pgtest.Superuser, "postgres"), n.Add(1))
		return ledgertest.Target{Open: func(t *testing.T) ledger.Ledger {
			t.Helper()
			l, err := postgres.Open(t.Context(), url, postgres.Options{CallersClock: true, Tracer: c})
			if err != nil {
				t.Fatal(err)
			}
			return l
		}}
	}
}
