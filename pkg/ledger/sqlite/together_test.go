package sqlite_test

import (
	"context"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"notify/pkg/ledger/sqlite"
)

// TestManyMakeOneLedger: processes that are started at the same time find no ledger, and make one.
func TestManyMakeOneLedger(t *testing.T) {
	for range 20 {
		path := filepath.Join(t.TempDir(), "ledger.db")
		ids := make([]string, 8)
		var wg sync.WaitGroup
		for i := range ids {
			wg.Go(func() {
				l, err := sqlite.Open(context.Background(), path, sqlite.Options{Now: time.Now})
				if err != nil {
					t.Errorf("open: %v", err)
					return
				}
				defer l.Close()
				info, err := l.Info(context.Background())
				if err != nil {
					t.Errorf("info: %v", err)
				}
				ids[i] = info.ID
			})
		}
		wg.Wait()
		for _, id := range ids {
			if id != ids[0] || id == "" {
				t.Errorf("two identities for one ledger: %q", ids)
			}
		}
	}
}
