package sqlite_test

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/sqlite"
)

// TestAtWorkIsAboutLockAndLease looks from a second handle, as another terminal would. What a run says of its host and its number has
// no part in it.
func TestAtWorkIsAboutLockAndLease(t *testing.T) {
	for _, tt := range []struct {
		name, machine string // of who looks
		ended         bool   // without a word
		later         time.Duration
		alive         bool
	}{
		{"its lock is held", "boot-1", false, 0, true},
		{"its lock is held, long after its lease: it sleeps", "boot-1", false, time.Hour, true},
		{"its lock is free, and its number is that of another process", "boot-1", true, 0, false},
		{"elsewhere the lease tells", "boot-2", true, 0, true},
		{"elsewhere the lease tells, until it has passed", "boot-2", true, time.Minute, false},
		{"elsewhere, after the clock was put back: what it holds may still leave", "boot-2", true, -time.Hour, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "notify.db")
			run := open(t, path, sqlite.Options{Machine: "boot-1"})
			if alive, err := run.AtWork(t.Context(), "award-2020", start); alive != nil || err != nil {
				t.Errorf("a campaign that is not known: %v %v", alive, err)
			}
			stage(t, run, "award-2020", 2)
			host, _ := os.Hostname()
			if _, err := run.Acquire(t.Context(), ledger.Acquire{
				Campaign: "award-2020", Host: host, PID: os.Getpid(), Process: start.Add(-time.Second), Now: start, Extend: time.Minute,
			}); err != nil {
				t.Fatal(err)
			}
			if tt.ended {
				if err := run.Close(); err != nil {
					t.Fatal(err)
				}
			}
			now := start.Add(tt.later)
			other := open(t, path, sqlite.Options{Machine: tt.machine})
			alive, err := other.AtWork(t.Context(), "award-2020", now)
			if err != nil || (len(alive) > 0) != tt.alive {
				t.Errorf("at work: %+v %v", alive, err)
			}
			if len(alive) > 0 && !alive[0].Process.Equal(start.Add(-time.Second)) {
				t.Errorf("its process began at %s", alive[0].Process)
			}
			_, err = other.Acquire(t.Context(), ledger.Acquire{Campaign: "award-2020", Host: host, PID: 1, Now: now, Extend: time.Minute})
			if (err != nil) != tt.alive {
				t.Errorf("who begins is told: %v", err)
			}
		})
	}
}

// TestLookingIsInNobodysWay looks all the time, from several sides, while runs begin and end: none is refused for that.
func TestLookingIsInNobodysWay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify.db")
	stage(t, open(t, path, sqlite.Options{}), "award-2020", 2)
	ctx, stop := context.WithCancel(t.Context())
	var lookers sync.WaitGroup
	for range 3 {
		l := open(t, path, sqlite.Options{})
		lookers.Go(func() {
			for ctx.Err() == nil {
				if _, err := l.AtWork(ctx, "award-2020", start); err != nil && ctx.Err() == nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 40 {
		l := open(t, path, sqlite.Options{})
		acquire(t, l, "award-2020")
		if err := l.Close(); err != nil { // without a word: the next one takes over
			t.Fatal(err)
		}
	}
	stop()
	lookers.Wait()
}
