package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/words"

	"github.com/gofrs/flock"
)

// errLocked says that somebody else holds the file lock.
var errLocked = errors.New("file lock is held")

// locks are the file locks of runs: each is held for the life of a run, and the operating system lets go of it when the process ends,
// however it ends. A campaign has one for every run at the same time, told apart by their slots, and slot 0, its gate: who stages
// the campaign, or takes a slot, holds that meanwhile.
type locks struct {
	path    string // of the ledger
	machine string
	off     bool // the lease alone tells whether a run is alive

	mu   sync.Mutex
	held map[ledger.RunID]*flock.Flock
}

// try takes a lock; nil where ledgers here do without.
func (k *locks) try(campaign string, slot int) (*flock.Flock, error) {
	if k.off {
		return nil, nil // no lock is an answer
	}
	for {
		lock := flock.New(k.file(campaign, slot), flock.SetPermissions(0o600))
		ours, err := own(lock)
		if err != nil {
			return nil, err
		}
		if ours {
			return lock, nil
		}
	}
}

// own takes the lock; false where who held it took the file away after it was opened here.
func own(lock *flock.Flock) (bool, error) {
	free, err := lock.TryLock()
	if err != nil {
		return false, fmt.Errorf("lock %s: %w", lock.Path(), err)
	}
	if !free {
		return false, errLocked
	}
	ours, err := stands(lock)
	if !ours {
		err = errors.Join(err, lock.Unlock())
	}
	return ours, err
}

// stands reports whether the file that is locked is still the one under that name: whom the next one finds.
func stands(lock *flock.Flock) (bool, error) {
	locked, err := lock.Stat()
	if err != nil {
		return false, err
	}
	there, err := os.Stat(lock.Path())
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && os.SameFile(locked, there), err
}

// take takes the first slot that is free; 0 where ledgers here do without.
func (k *locks) take(campaign string) (slot int, lock *flock.Flock, err error) {
	if k.off {
		return 0, nil, nil
	}
	for slot = 1; ; slot++ {
		lock, err = k.try(campaign, slot)
		if !errors.Is(err, errLocked) {
			return slot, lock, err
		}
	}
}

// tells reports whether the lock of the run can be asked here.
func (k *locks) tells(r *liveRow) bool { return r.slot > 0 && !k.off && r.machine == k.machine }

// dead reports whether the lock in the slot proves that its run is dead. The lock is shared for that moment: two who look see the same,
// and a run that begins meanwhile takes the next slot.
func (k *locks) dead(campaign string, slot int) (bool, error) {
	lock := flock.New(k.file(campaign, slot), flock.SetPermissions(0o600))
	free, err := lock.TryRLock()
	if err != nil {
		return false, fmt.Errorf("lock %s: %w", lock.Path(), err)
	}
	if !free {
		return false, nil
	}
	return true, lock.Unlock()
}

func (k *locks) keep(run ledger.RunID, lock *flock.Flock) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.held[run] = lock
}

func (k *locks) drop(run ledger.RunID) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	lock := k.held[run]
	delete(k.held, run)
	return unlock(lock)
}

func (k *locks) dropAll() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	var errs []error
	for _, lock := range k.held {
		errs = append(errs, unlock(lock))
	}
	return errors.Join(errs...)
}

// unlock takes the file away with the lock, so that none is left for each campaign there ever was. Where an open file cannot be
// removed, it stays, empty and in nobody's way.
func unlock(lock *flock.Flock) error {
	if lock == nil {
		return nil
	}
	if ours, _ := stands(lock); ours {
		_ = os.Remove(lock.Path())
	}
	return lock.Unlock()
}

// file is "notify.db.award-2020-1f8a2c3d.run", or with a slot "….run2".
func (k *locks) file(campaign string, slot int) string {
	name := k.path + "." + ledger.FileName(campaign) + ".run"
	if slot > 0 {
		name += fmt.Sprint(slot)
	}
	return name
}

// gated runs job while nobody else stages the campaign or begins a run of it. Where somebody does, it says who is at work; a
// caller that is patient waits for its turn.
func (l *Ledger) gated(ctx context.Context, campaign string, patient bool, job func() error) error {
	var waited time.Duration
	gate, err := l.gate(campaign)
	for ; patient && errors.Is(err, errLocked) && waited < busyTimeout; waited += gatePause {
		timer := time.NewTimer(gatePause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
		gate, err = l.gate(campaign)
	}
	if errors.Is(err, errLocked) {
		return l.holder(ctx, campaign)
	}
	if err != nil {
		return err
	}
	return errors.Join(job(), unlock(gate))
}

const gatePause = 10 * time.Millisecond

func (l *Ledger) gate(campaign string) (*flock.Flock, error) {
	if l.writer == nil {
		return nil, nil // it will be refused for another reason
	}
	return l.locks.try(campaign, 0)
}

// holder says who is at work, for somebody who found the gate shut.
func (l *Ledger) holder(ctx context.Context, campaign string) error {
	c, err := l.Campaign(ctx, campaign)
	if err != nil && !errors.Is(err, ledger.ErrNoCampaign) {
		return err
	}
	if len(c.Holders) == 0 {
		return &words.Error{Text: words.T("ledger.error.gate", words.A{"campaign": campaign}), Err: ledger.ErrLeased}
	}
	return &ledger.LeasedError{Holder: c.Holders[0]}
}
