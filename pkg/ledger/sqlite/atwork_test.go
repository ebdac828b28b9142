package sqlite_test

import (
	"context"
	"iter"
	"os"
	"path/filepath"
	"testing"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/sqlite"
)

// TestAtWorkIsAboutTheProcess looks from a second handle, as another terminal would.
func TestAtWorkIsAboutTheProcess(t *testing.T) {
	for _, tt := range []struct {
		name, host string
		pid        int
		alive      bool
	}{
		{"this process is alive", "ops-1", os.Getpid(), true},
		{"a process that cannot be is dead", "ops-1", 1 << 30, false},
		{"of another machine the lease alone is known", "ops-2", 1 << 30, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx, path := context.Background(), filepath.Join(t.TempDir(), "ledger.db")
			open := func() *sqlite.Ledger {
				l, err := sqlite.Open(ctx, path, sqlite.Options{Machine: "ops-1", Now: time.Now})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = l.Close() })
				return l
			}
			l := open()
			if run, err := l.AtWork(ctx, "award"); run != nil || err != nil {
				t.Errorf("a campaign that is not known: %v %v", run, err)
			}
			none := iter.Seq2[ledger.Recipient, error](func(func(ledger.Recipient, error) bool) {})
			if _, err := l.Stage(ctx, ledger.Staging{Campaign: "award", Digest: "d", Spec: []byte("{}"), Recipients: none}); err != nil {
				t.Fatal(err)
			}
			got, err := l.Acquire(ctx, ledger.Acquire{Campaign: "award", Host: tt.host, PID: tt.pid, Now: time.Now(), Extend: time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			run, err := open().AtWork(ctx, "award")
			if err != nil || (len(run) > 0) != tt.alive {
				t.Errorf("at work: %+v %v", run, err)
			}
			if err := l.Release(ctx, got.Run.ID, time.Now(), "done"); err != nil {
				t.Fatal(err)
			}
			if run, err := l.AtWork(ctx, "award"); run != nil || err != nil {
				t.Errorf("after the end: %+v %v", run, err)
			}
		})
	}
}
