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

func TestSuite(t *testing.T) { ledgertest.Run(t, fresh(pgtest.Start(t))) }

func TestItKeepsReceipts(t *testing.T) { ledgertest.RunReceipts(t, fresh(pgtest.Start(t))) }

// fresh makes a schema for each target.
func fresh(s *pgtest.Server) func(*testing.T) ledgertest.Target {
	var n atomic.Int64
	return func(t *testing.T) ledgertest.Target {
		t.Helper()
		url := fmt.Sprintf("%s&schema=suite_%d", s.SocketURL(pgtest.Superuser, "postgres"), n.Add(1))
		return ledgertest.Target{Open: func(t *testing.T) ledger.Ledger {
			t.Helper()
			l, err := postgres.Open(t.Context(), url, postgres.Options{CallersClock: true})
			if err != nil {
				t.Fatal(err)
			}
			return l
		}}
	}
}

func TestItFindsMessages(t *testing.T) { ledgertest.RunTraces(t, fresh(pgtest.Start(t))) }
