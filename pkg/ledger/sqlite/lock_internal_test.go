package sqlite

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gofrs/flock"

	"notify/pkg/ledger"
)

var staged = ledger.Act{Who: "wang@ops-1", What: "stage", At: time.Unix(1_800_000_000, 0)}

// gatedLedger is one with a campaign.
func gatedLedger(t *testing.T) (l *Ledger, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "notify.db")
	l, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	if _, err := l.Stage(t.Context(), ledger.Staging{
		Campaign: "award", Digest: "d", Spec: []byte("{}"), By: staged, Recipients: func(func(ledger.Recipient, error) bool) {},
	}); err != nil {
		t.Fatal(err)
	}
	return l, path
}

// shut takes the gate of the campaign, as another process does.
func shut(t *testing.T, l *Ledger) (open func()) {
	t.Helper()
	gate, err := l.locks.try("award", 0)
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := unlock(gate); err != nil {
			t.Error(err)
		}
	}
}

func begin() ledger.Acquire {
	return ledger.Acquire{Campaign: "award", Host: "ops-1", PID: 1, User: "wang", Now: staged.At, Extend: time.Minute}
}

// Whoever finds that another one begins a run or stages is told who is at work, or that somebody is.
func TestWhoFindsTheGateShutIsToldWhoIsAtWork(t *testing.T) {
	t.Parallel()
	l, _ := gatedLedger(t)
	enter := func(ctx context.Context) error {
		defer shut(t, l)()
		return l.gated(ctx, "award", false, func() error { return nil })
	}
	var holder *ledger.LeasedError
	if err := enter(t.Context()); !errors.Is(err, ledger.ErrLeased) || errors.As(err, &holder) {
		t.Errorf("nobody is at work, and it says %v", err)
	}
	got, err := l.Acquire(t.Context(), begin())
	if err != nil {
		t.Fatal(err)
	}
	if err := enter(t.Context()); !errors.As(err, &holder) || holder.Holder.ID != got.Run.ID {
		t.Errorf("run %d is at work, and it says %v", got.Run.ID, err)
	}
	left, leave := context.WithCancel(t.Context())
	leave()
	if err := enter(left); !errors.Is(err, context.Canceled) || errors.Is(err, ledger.ErrLeased) {
		t.Errorf("who is at work was not read, and it says %v", err)
	}
}

// Whoever joins waits for the gate: until it is open, until he leaves, or as long as for a transaction.
func TestWhoIsPatientWaitsAtTheGate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, _ := gatedLedger(t)
		open := shut(t, l)
		wait := func(most time.Duration) (waited time.Duration, entered bool, err error) {
			ctx, cancel := context.WithTimeout(t.Context(), most)
			defer cancel()
			begun := time.Now()
			err = l.gated(ctx, "award", true, func() error {
				entered = true
				return nil
			})
			return time.Since(begun), entered, err
		}
		if waited, entered, err := wait(2 * busyTimeout); waited != busyTimeout || entered || !errors.Is(err, ledger.ErrLeased) {
			t.Errorf("where it stays shut: after %s: %t, %v", waited, entered, err)
		}
		if waited, entered, err := wait(time.Second); waited != time.Second || entered || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("who leaves: after %s: %t, %v", waited, entered, err)
		}
		time.AfterFunc(time.Second, open)
		if waited, entered, err := wait(2 * busyTimeout); waited < time.Second || waited > time.Second+gatePause || !entered || err != nil {
			t.Errorf("where it opens: after %s: %t, %v", waited, entered, err)
		}
	})
}

// A ledger that is open for reading takes no lock: whoever has it, it says that it changes nothing.
func TestALedgerThatIsReadHasNoGate(t *testing.T) {
	t.Parallel()
	l, path := gatedLedger(t)
	defer shut(t, l)()
	r, err := Open(t.Context(), path, Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	if got, err := r.Acquire(t.Context(), begin()); !errors.Is(err, ledger.ErrReadOnly) {
		t.Errorf("%+v, %v", got, err)
	}
}

// Where a lock cannot be taken, or looked at, that is said, and nothing is done without it.
func TestALockThatCannotBeTakenIsNot(t *testing.T) {
	t.Parallel()
	l, _ := gatedLedger(t)
	l.locks.path = filepath.Join(t.TempDir(), "gone", "notify.db")
	gated := func(patient bool) func() error {
		return func() error {
			return l.gated(t.Context(), "award", patient, func() error {
				t.Error("it is done")
				return nil
			})
		}
	}
	for what, try := range map[string]func() error{
		"its gate":                gated(false),
		"its gate, after a while": gated(true),
		"a slot": func() error {
			_, _, err := l.locks.take("award")
			return err
		},
		"that of a run": func() error {
			_, err := l.locks.dead("award", 1)
			return err
		},
	} {
		if err := try(); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "lock "+l.locks.path) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// Other versions of the program look for the same files. Whoever looks at one that is not there makes one that is read by its owner only.
func TestTheFilesOfLocksKeepTheirNames(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "notify.db")
	k := &locks{path: path}
	for slot, want := range []string{".run", ".run1", ".run2"} {
		want = path + "." + ledger.FileName("award") + want
		if got := k.file("award", slot); got != want {
			t.Errorf("slot %d: %s, want %s", slot, got, want)
		}
		if dead, err := k.dead("award", slot); err != nil || !dead {
			t.Errorf("slot %d: it is free: %t, %v", slot, dead, err)
		}
		if at, err := os.Stat(want); err != nil || runtime.GOOS != "windows" && at.Mode().Perm() != 0o600 {
			t.Errorf("slot %d: %v, %v", slot, at, err)
		}
	}
}

// A lock tells of runs that took one, on the machine on which they did.
func TestALockTellsOfItsRunOnly(t *testing.T) {
	t.Parallel()
	run := func(machine string, slot int) *liveRow { return &liveRow{machine: machine, slot: slot} }
	for _, tc := range []struct {
		what string
		k    *locks
		r    *liveRow
		want bool
	}{
		{"a run of this machine", &locks{machine: "ops-1"}, run("ops-1", 1), true},
		{"a run of another machine", &locks{machine: "ops-1"}, run("ops-2", 1), false},
		{"a run without a lock", &locks{machine: "ops-1"}, run("", 0), false},
		{"a run of machines without names", &locks{}, run("", 1), true},
		{"a run without a lock, of machines without names", &locks{}, run("", 0), false},
		{"where no locks are taken", &locks{machine: "ops-1", off: true}, run("ops-1", 1), false},
	} {
		if got := tc.k.tells(tc.r); got != tc.want {
			t.Errorf("%s: %t", tc.what, got)
		}
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

// A lock is one's own as long as its file is the one that others find: after it was taken away, or where that cannot be seen, it is let go.
func TestALockWithoutItsFileIsNobodysOwn(t *testing.T) {
	t.Parallel()
	for what, tc := range map[string]struct {
		loses func(folder string) error
		fails bool
	}{
		"the file is gone": {loses: os.RemoveAll},
		"the folder is no folder": {func(folder string) error {
			return errors.Join(os.Rename(folder, folder+"-2"), os.WriteFile(folder, nil, 0o600))
		}, true},
	} {
		folder := filepath.Join(t.TempDir(), "ledger")
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		k := &locks{path: filepath.Join(folder, "notify.db")}
		lock, err := k.try("award", 1)
		if err != nil {
			t.Fatal(err)
		}
		if ours, err := own(lock); !ours || err != nil {
			t.Errorf("before %s: %t, %v", what, ours, err)
		}
		err = tc.loses(folder)
		if (err != nil) != (runtime.GOOS == "windows") {
			t.Fatal(err)
		}
		if err == nil { // where an open file cannot be taken away, it is not
			if ours, err := own(lock); ours || (err != nil) != tc.fails || lock.Locked() {
				t.Errorf("%s: %t, %v, and it is held: %t", what, ours, err, lock.Locked())
			}
			if ours, err := stands(lock); ours || err == nil {
				t.Errorf("after %s, nothing is held: %t, %v", what, ours, err)
			}
		}
		if err := lock.Unlock(); err != nil {
			t.Error(err)
		}
	}
}
