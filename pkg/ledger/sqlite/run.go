package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"notify/pkg/ledger"

	"github.com/gofrs/flock"
)

// Acquire takes the campaign's file lock, and then the lease: see ledger.Runs.
func (l *Ledger) Acquire(ctx context.Context, a ledger.Acquire) (ledger.Acquired, error) {
	doing := "acquire campaign " + a.Campaign
	lock, err := l.tryLock(a.Campaign)
	if errors.Is(err, errLocked) {
		return ledger.Acquired{}, l.holder(a.Campaign)
	}
	if err != nil {
		return ledger.Acquired{}, fmt.Errorf("%s: %w", doing, translate(l.path, err))
	}
	got, err := l.acquire(ctx, doing, a, lock)
	if err != nil {
		return ledger.Acquired{}, errors.Join(err, unlock(lock))
	}
	if lock != nil {
		l.mu.Lock()
		l.locks[got.Run.ID] = lock
		l.mu.Unlock()
	}
	return got, nil
}

func (l *Ledger) acquire(ctx context.Context, doing string, a ledger.Acquire, lock *flock.Flock) (ledger.Acquired, error) {
	var got ledger.Acquired
	var held *ledger.LeasedError
	aborted := false
	err := l.do(ctx, doing, func(x *tx) error {
		got, held = ledger.Acquired{}, nil
		c, err := x.campaign(a.Campaign)
		if err != nil {
			return err
		}
		b, err := x.bury(c.id, a.Now, lock != nil, l.opts.Machine)
		if err != nil {
			return err
		}
		held = b.held
		if b.held != nil {
			return nil //nolint:nilerr // it is the caller's answer, not a reason to roll back
		}
		got.Orphans = b.orphans
		if aborted = c.Aborted != nil; aborted {
			return nil // what the dead run left is settled all the same
		}
		machine := ""
		if lock != nil {
			machine = l.opts.Machine
		}
		got.Run = ledger.Run{
			Host: a.Host, PID: a.PID, User: a.User, Started: utc(a.Now), Beat: utc(a.Now), Expires: utc(a.Now.Add(a.Extend)),
		}
		if err := x.repace(c.id, a.Pace); err != nil {
			return err
		}
		var id int64
		if err := x.one([]any{&id}, `INSERT INTO run (campaign_id, host, pid, user, machine, started, beat, expires, pace)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`, c.id, a.Host, a.PID, a.User, machine,
			nanos(a.Now), nanos(a.Now), nanos(a.Now.Add(a.Extend)), a.Pace); err != nil {
			return err
		}
		got.Run.ID = ledger.RunID(id)
		got.Campaign = c.Campaign
		holder := got.Run
		got.Campaign.Holder = &holder
		return nil
	})
	switch {
	case err != nil:
		return got, err
	case held != nil:
		return got, held
	case aborted:
		return got, fmt.Errorf("%s: %w", doing, ledger.ErrAborted)
	}
	return got, nil
}

// holder says who holds the file lock.
func (l *Ledger) holder(campaign string) error {
	c, err := l.Campaign(context.Background(), campaign)
	if err != nil && !errors.Is(err, ledger.ErrNoCampaign) {
		return err
	}
	if c.Holder == nil {
		return fmt.Errorf("campaign %s: %w: another process is staging or changing it at this moment", campaign, ledger.ErrLeased)
	}
	return &ledger.LeasedError{Holder: *c.Holder}
}

// Release ends the run: see ledger.Runs. Where it could not be written, the file lock stays with the lease.
func (l *Ledger) Release(ctx context.Context, run ledger.RunID, now time.Time, why string) error {
	lost := false
	err := l.do(ctx, fmt.Sprintf("release run %d", run), func(x *tx) error {
		lr := make(map[ledger.RunID]*liveRun)
		t := &turn{req: ledger.Turn{Run: run, Now: now}}
		if err := x.checkLease(lr, t); err != nil {
			return err
		}
		if lost = t.refused != nil; lost {
			return nil
		}
		if open, known := x.w.open[run]; !known || open > 0 {
			if _, err := x.orphan(t.run.campaign, ledger.CodeUnsettled, "the run was released without recording what came of it", nanos(now)); err != nil {
				return err
			}
		}
		return x.end(run, now, why)
	})
	if err != nil {
		return err // the lock stays with the lease, which was not given up
	}
	l.mu.Lock()
	lock := l.locks[run]
	delete(l.locks, run)
	l.mu.Unlock()
	if lost {
		return errors.Join(ledger.ErrLeaseLost, unlock(lock))
	}
	return unlock(lock)
}

func utc(t time.Time) time.Time { return moment(nanos(t)) }
