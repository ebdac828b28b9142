package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gofrs/flock"

	"notify/pkg/ledger"
)

// Whoever finds that another one begins a run or stages is told who is at work, or that somebody is.
func TestWhoFindsTheGateShutIsToldWhoIsAtWork(t *testing.T) {
	t.Parallel()
	l, err := Open(t.Context(), filepath.Join(t.TempDir(), "notify.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	by := ledger.Act{Who: "wang@ops-1", What: "stage", At: time.Unix(1_800_000_000, 0)}
	if _, err := l.Stage(t.Context(), ledger.Staging{
		Campaign: "award", Digest: "d", Spec: []byte("{}"), By: by, Recipients: func(func(ledger.Recipient, error) bool) {},
	}); err != nil {
		t.Fatal(err)
	}
	enter := func() error {
		gate, err := l.locks.try("award", 0)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = unlock(gate) }()
		return l.gated(t.Context(), "award", false, func() error { return nil })
	}
	var holder *ledger.LeasedError
	if err := enter(); !errors.Is(err, ledger.ErrLeased) || errors.As(err, &holder) {
		t.Errorf("nobody is at work, and it says %v", err)
	}
	got, err := l.Acquire(t.Context(), ledger.Acquire{Campaign: "award", Host: "ops-1", PID: 1, User: "wang", Now: by.At, Extend: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if err := enter(); !errors.As(err, &holder) || holder.Holder.ID != got.Run.ID {
		t.Errorf("run %d is at work, and it says %v", got.Run.ID, err)
	}
}

// Whoever lets a lock go takes its file away: the next one must not believe that it has a lock on a file that nobody else finds.
func TestALockHasOneOwnerAndLeavesNoFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "notify.db")
	var owners atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			k := &locks{path: path, held: make(map[ledger.RunID]*flock.Flock)}
			for taken := 0; taken < 100; {
				lock, err := k.try("award", 0)
				if errors.Is(err, errLocked) {
					runtime.Gosched()
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				if n := owners.Add(1); n != 1 {
					t.Errorf("%d own the lock", n)
				}
				taken++
				owners.Add(-1)
				if err := unlock(lock); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(left) > 0 && runtime.GOOS != "windows" {
		t.Errorf("%d files are left: %v", len(left), left)
	}
}

// A lock whose file somebody deleted by hand is not that of the run that began since, whose file stays.
func TestALockThatLostItsFileLeavesThatOfOthersAlone(t *testing.T) {
	t.Parallel()
	k := &locks{path: filepath.Join(t.TempDir(), "notify.db"), held: make(map[ledger.RunID]*flock.Flock)}
	first, err := k.try("award", 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(first.Path()); (err != nil) != (runtime.GOOS == "windows") {
		t.Fatal(err)
	} else if err != nil { // what cannot happen needs no guard
		if err := unlock(first); err != nil {
			t.Fatal(err)
		}
		return
	}
	second, err := k.try("award", 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := unlock(first); err != nil {
		t.Fatal(err)
	}
	if _, err := k.try("award", 1); !errors.Is(err, errLocked) {
		t.Errorf("a third got %v beside the second", err)
	}
	if err := unlock(second); err != nil {
		t.Fatal(err)
	}
}
