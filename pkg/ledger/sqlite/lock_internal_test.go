package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gofrs/flock"

	"notify/pkg/ledger"
)

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
