//go:build unix

package stored_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"notify/pkg/ledger/postgres"
	"notify/pkg/ledger/postgres/pgtest"
	"notify/pkg/ledger/stored"
)

// onServer opens ledgers on a server, two on each that is fresh.
func onServer(tb testing.TB) func(tb testing.TB) []stored.Common {
	tb.Helper()
	s := pgtest.Start(tb)
	var n atomic.Int64
	return func(tb testing.TB) []stored.Common {
		tb.Helper()
		url := fmt.Sprintf("%s&schema=prints_%d", s.SocketURL(pgtest.Superuser, "postgres"), n.Add(1))
		all := make([]stored.Common, 2)
		for i := range all {
			l, err := postgres.Open(tb.Context(), url, postgres.Options{CallersClock: true})
			if err != nil {
				tb.Fatal(err)
			}
			tb.Cleanup(func() { _ = l.Close() })
			all[i] = l.Common
		}
		return all
	}
}
