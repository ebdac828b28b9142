package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/stored"
	"notify/pkg/message"
	"notify/pkg/words"

	"github.com/gofrs/flock"
)

// Acquire makes a run, with a file lock and a lease: see ledger.Runs.
func (l *Ledger) Acquire(ctx context.Context, a ledger.Acquire) (ledger.Acquired, error) {
	var got ledger.Acquired
	err := l.gated(ctx, a.Campaign, a.Join, func() (err error) {
		got, err = l.acquire(ctx, a)
		return err
	})
	return got, err
}

func (l *Ledger) acquire(ctx context.Context, a ledger.Acquire) (ledger.Acquired, error) {
	var got ledger.Acquired
	var refused error
	var lock *flock.Flock
	doing := "acquire campaign " + a.Campaign
	err := l.do(ctx, doing, func(x *tx) error {
		got, refused = ledger.Acquired{}, nil
		c, err := x.campaign(a.Campaign)
		if err != nil {
			return err
		}
		b, err := x.buryAll(c.id, a.Now)
		if err != nil {
			return err
		}
		switch got.Orphans = b.orphans; {
		case b.held != nil && !a.Join:
			refused = b.held
			return nil
		case c.Aborted != nil:
			refused = fmt.Errorf("%s: %w", doing, ledger.ErrAborted)
			return nil // what a dead run left is settled all the same
		}
		var slot int
		if slot, lock, err = l.locks.take(a.Campaign); err != nil {
			return err
		}
		return x.begin(c, a, slot, &got)
	})
	if err == nil {
		err = refused
	}
	if err != nil {
		_ = unlock(lock) // nothing was begun under it
		return ledger.Acquired{Orphans: got.Orphans}, err
	}
	l.locks.keep(got.Run.ID, lock)
	return got, nil
}

// begin writes the run.
func (x *tx) begin(c *campaignRow, a ledger.Acquire, slot int, got *ledger.Acquired) error {
	if err := x.repace(c.id, a.Rates); err != nil {
		return err
	}
	machine := ""
	if slot > 0 {
		machine = x.w.locks.machine
	}
	got.Run = ledger.Run{
		Host: a.Host, PID: a.PID, Process: stored.UTC(a.Process), User: a.User, Started: stored.UTC(a.Now), Beat: stored.UTC(a.Now), Expires: stored.UTC(a.Now.Add(a.Extend)),
	}
	var id int64
	if err := x.one([]any{&id}, `INSERT INTO run (campaign_id, host, pid, process, user, machine, slot, started, beat, expires, pace)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`, c.id, a.Host, a.PID, stored.Nanos(a.Process), a.User, machine, slot,
		stored.Nanos(a.Now), stored.Nanos(a.Now), stored.Nanos(a.Now.Add(a.Extend)), a.Rates); err != nil {
		return err
	}
	got.Run.ID = ledger.RunID(id)
	now, err := x.campaign(c.Name)
	if err != nil {
		return err
	}
	got.Campaign = now.Campaign
	return nil
}

// Release ends the run: see ledger.Runs. Where it could not be written, the file lock stays with the lease.
func (l *Ledger) Release(ctx context.Context, run ledger.RunID, now time.Time, why words.Text) error {
	lost := false
	err := l.doAnyway(ctx, fmt.Sprintf("release run %d", run), func(x *tx) error {
		r, err := x.run(run)
		if err != nil {
			return err
		}
		if lost = r.ended; lost {
			return nil
		}
		_, err = x.end(r.campaign, run, now, ledger.CodeUnsettled, "the run was released without recording what came of it", why)
		return err
	})
	if err != nil {
		return err
	}
	err = l.locks.drop(run)
	if lost {
		return ledger.ErrLeaseLost
	}
	return err
}

// liveRun is what a transaction knows of a run and its campaign.
type liveRun struct {
	id       ledger.RunID
	campaign int64
	name     string // of the campaign
	ended    bool
	turn     int64
	beat     int64
	expires  int64
	stopped
	first, last int64 // ids of the campaign's messages
	freed       bool  // messages came back to pending although the campaign was aborted
}

// run is what is known of the run; one that is not there has ended.
func (b *books) run(id ledger.RunID) (*liveRun, error) {
	if r, ok := b.runs[id]; ok {
		return r, nil
	}
	r := &liveRun{id: id, ended: true}
	err := b.t.each(func(rows *sql.Rows) (err error) {
		var ended sql.NullInt64
		r.paused, r.aborted, err = scanStopped(rows, &r.campaign, &ended, &r.turn, &r.beat, &r.expires, &r.first, &r.last, &r.name)
		r.ended = ended.Valid
		return err
	}, `SELECT r.campaign_id, r.ended, r.turn, r.beat, r.expires, c.first_id, c.last_id, c.name, `+stoppedColumns+`
		FROM run r JOIN campaign c ON c.id = r.campaign_id WHERE r.id = ?`, int64(id))
	if err != nil {
		return nil, err
	}
	b.runs[id] = r
	return r, nil
}

// liveRow is a run that has not ended, with what shows whether it is dead.
type liveRow struct {
	ledger.Run
	machine, campaign string
	slot              int
}

const liveQuery = "SELECT " + runColumns + `, machine, slot, (SELECT name FROM campaign WHERE id = campaign_id) FROM run
	WHERE campaign_id = ? AND ended IS NULL ORDER BY id`

func scanLive(rows *sql.Rows) (r liveRow, err error) {
	r.Run, err = scanRun(rows, &r.machine, &r.slot, &r.campaign)
	return r, err
}

// live are the runs of the campaign that have not ended, in the order in which they began.
func (b *books) live(campaign int64) ([]liveRow, error) {
	if rs, ok := b.lives[campaign]; ok {
		return rs, nil
	}
	rs := make([]liveRow, 0, 1)
	err := b.t.each(func(rows *sql.Rows) error {
		r, err := scanLive(rows)
		rs = append(rs, r)
		return err
	}, liveQuery, campaign)
	if err != nil {
		return nil, err
	}
	b.lives[campaign] = rs
	return rs, nil
}

// burial is what became of the runs of a campaign.
type burial struct {
	orphans int
	held    *ledger.LeasedError // one that may still write, and until when they may
}

// buryAll is bury, for who is not a run.
func (x *tx) buryAll(campaign int64, now time.Time) (burial, error) {
	b, err := x.bury(campaign, now, 0)
	if err != nil {
		return b, err
	}
	n, err := x.forgotten(campaign, now)
	b.orphans += n
	return b, err
}

// bury ends the runs of the campaign that can no longer write, but for the caller's own, and makes what they left open unknown.
func (x *tx) bury(campaign int64, now time.Time, own ledger.RunID) (burial, error) {
	var b burial
	live, err := x.live(campaign)
	if err != nil {
		return b, err
	}
	for _, r := range slices.Clone(live) {
		if r.ID == own {
			continue
		}
		dead, until, err := x.dead(campaign, &r, now)
		if err != nil {
			return b, err
		}
		if dead {
			n, err := x.end(campaign, r.ID, now, ledger.CodeCrash, crashed, words.T("run.why.lost", nil))
			if err != nil {
				return b, err
			}
			b.orphans += n
			continue
		}
		if b.held == nil {
			b.held = &ledger.LeasedError{Holder: r.Run, Until: until}
		} else if until.IsZero() || !b.held.Until.IsZero() && until.After(b.held.Until) {
			b.held.Until = until
		}
	}
	return b, nil
}

const crashed = "the run ended without recording what came of it"

// forgotten makes unknown what is open of runs that have ended all the same, because somebody ended one by hand.
func (x *tx) forgotten(campaign int64, now time.Time) (int, error) {
	cells, err := x.tally(campaign)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, k := range stored.SortedKeys(cells, stored.Cell.Compare) {
		if k.State != message.Attempting || cells[k].Messages == 0 {
			continue
		}
		r, err := x.run(k.Run)
		if err != nil {
			return n, err
		}
		if !r.ended {
			continue
		}
		orphans, err := x.orphan(campaign, k.Run, ledger.CodeCrash, crashed, stored.Nanos(now))
		if err != nil {
			return n, err
		}
		n += orphans
	}
	return n, nil
}

// dead reports whether the run can no longer write: where it holds a file lock here, because that is free, and otherwise because its
// lease and the deadline of everything that it has open have passed. A clock that was put back makes that wait longer, and never shorter: what
// a run holds may still leave. Until when they have not; zero where only the run can end it.
func (x *tx) dead(campaign int64, r *liveRow, now time.Time) (bool, time.Time, error) {
	if k := x.w.locks; k.tells(r) {
		dead, err := k.dead(r.campaign, r.slot)
		return dead, time.Time{}, err
	}
	if known, ok := x.runs[r.ID]; ok {
		r.Beat, r.Expires = stored.Moment(known.beat), stored.Moment(known.expires)
	}
	until := r.Expires
	open, err := x.open(campaign, r.ID)
	if err != nil {
		return false, until, err
	}
	for _, o := range open {
		if at := stored.Moment(o.deadline); at.After(until) {
			until = at
		}
	}
	return !now.Before(until), until, nil
}

// end ends a run; what it has open becomes unknown. It says how many those were.
func (x *tx) end(campaign int64, run ledger.RunID, now time.Time, code, detail string, why words.Text) (int, error) {
	n, err := x.orphan(campaign, run, code, detail, stored.Nanos(now))
	if err != nil {
		return n, err
	}
	if r, ok := x.runs[run]; ok {
		r.ended = true
	}
	delete(x.lives, campaign)
	return n, x.exec("UPDATE run SET ended = ?, why = ? WHERE id = ?", stored.Nanos(now), why, int64(run))
}

const runColumns = `id, host, pid, process, user, started, beat, expires, turn, sent, waiting, ended, why`

// scanRun scans a row that begins with runColumns.
func scanRun(row scanner, more ...any) (ledger.Run, error) {
	var r ledger.Run
	var id, process, started, beat, expires int64
	var ended sql.NullInt64
	err := row.Scan(append([]any{&id, &r.Host, &r.PID, &process, &r.User, &started, &beat, &expires, &r.Turn, &r.Sent, &r.Waiting, &ended, &r.Why}, more...)...)
	r.ID, r.Started, r.Beat, r.Expires = ledger.RunID(id), stored.Moment(started), stored.Moment(beat), stored.Moment(expires)
	r.Process, r.Ended = stored.Moment(process), stored.Moment(ended.Int64)
	if ended.Valid {
		r.Waiting = words.Text{}
	}
	return r, err
}
