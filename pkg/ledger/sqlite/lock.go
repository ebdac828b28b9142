package sqlite

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"notify/pkg/ledger"

	"github.com/gofrs/flock"
)

// errLocked says that another run, or another handle of this process, holds the file lock.
var errLocked = errors.New("file lock is held")

// tryLock takes the file lock of a campaign: it is held for the life of a run, and the operating system lets go of it when
// the process ends, however it ends. nil where ledgers here do without.
func (l *Ledger) tryLock(campaign string) (*flock.Flock, error) {
	if l.opts.NoFileLock || l.writer == nil {
		return nil, nil //nolint:nilnil // no lock is an answer
	}
	lock := flock.New(l.lockPath(campaign), flock.SetPermissions(0o600))
	ok, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", lock.Path(), err)
	}
	if !ok {
		return nil, errLocked
	}
	return lock, nil
}

func unlock(lock *flock.Flock) error {
	if lock == nil {
		return nil
	}
	return lock.Unlock()
}

// lockPath is "notify.db.award-2020-1f8a2c3d.run": the name for people, the hash because two names may look alike as files.
func (l *Ledger) lockPath(campaign string) string {
	sum := sha256.Sum256([]byte(campaign))
	clean := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, campaign)
	if r := []rune(clean); len(r) > 40 {
		clean = string(r[:40])
	}
	return l.path + "." + clean + "-" + hex.EncodeToString(sum[:4]) + ".run"
}

// locked runs job while no run holds the campaign's file lock. Where one does, it returns who it is, as a *LeasedError.
func (l *Ledger) locked(campaign string, job func(free bool) error) error {
	lock, err := l.tryLock(campaign)
	if errors.Is(err, errLocked) {
		return l.holder(campaign)
	}
	if err != nil {
		return err
	}
	return errors.Join(job(lock != nil), unlock(lock))
}

// burial is what became of the run that held the lease before.
type burial struct {
	orphans int
	held    *ledger.LeasedError // it may still write: nothing was done
}

// bury ends the campaign's live run if it can no longer write, and makes its open attempts unknown. That its file lock is
// free proves it, on the machine on which it ran; otherwise its lease and every deadline must have passed.
func (x *tx) bury(c int64, now time.Time, lockFree bool, machine string) (burial, error) {
	r, on, err := x.live(c)
	if err != nil {
		return burial{}, err
	}
	if r != nil && (!lockFree || on != machine || on == "") {
		until, err := x.deadline(c, r)
		if err != nil {
			return burial{}, err
		}
		if now.Before(until) {
			return burial{held: &ledger.LeasedError{Holder: *r, Until: until}}, nil
		}
	}
	n, err := x.orphan(c, ledger.CodeCrash, "the run ended without recording what came of it", nanos(now))
	if err != nil || r == nil {
		return burial{orphans: n}, err // without a run nothing is open, unless somebody ended one by hand
	}
	return burial{orphans: n}, x.end(r.ID, now, "lost")
}

// live is the run that owns the lease, and the machine on which it holds the file lock.
func (x *tx) live(campaign int64) (r *ledger.Run, machine string, err error) {
	err = x.each(func(rows *sql.Rows) error {
		found, err := scanRun(rows, &machine)
		r = &found
		return err
	}, "SELECT "+runColumns+", machine FROM run WHERE campaign_id = ? AND ended IS NULL", campaign)
	return r, machine, err
}

// deadline is when the run's lease and all its claims have passed.
func (x *tx) deadline(campaign int64, r *ledger.Run) (time.Time, error) {
	last, err := x.lastDeadline(campaign)
	if at := moment(last.Int64); at.After(r.Expires) {
		return at, err
	}
	return r.Expires, err
}

func (x *tx) end(run ledger.RunID, now time.Time, why string) error {
	return x.exec("UPDATE run SET ended = ?, why = ? WHERE id = ?", nanos(now), why, int64(run))
}

const runColumns = `id, host, pid, user, started, beat, expires, ended, why`

// scanRun scans a row that begins with runColumns.
func scanRun(row scanner, more ...any) (ledger.Run, error) {
	var r ledger.Run
	var id, started, beat, expires int64
	var ended sql.NullInt64
	var why sql.NullString
	err := row.Scan(append([]any{&id, &r.Host, &r.PID, &r.User, &started, &beat, &expires, &ended, &why}, more...)...)
	r.ID, r.Started, r.Beat, r.Expires = ledger.RunID(id), moment(started), moment(beat), moment(expires)
	r.Ended, r.Why = moment(ended.Int64), why.String
	return r, err
}
