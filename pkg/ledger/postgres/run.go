package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/stored"
	"notify/pkg/message"
	"notify/pkg/words"

	"github.com/jackc/pgx/v5"
)

// Acquire makes a run with a lease: see ledger.Runs.
func (l *Ledger) Acquire(ctx context.Context, a ledger.Acquire) (ledger.Acquired, error) {
	var got ledger.Acquired
	var refused error
	var campaign int64
	a.Now = l.clock.server(a.Now)
	doing := "acquire campaign " + a.Campaign
	err := l.do(ctx, doing, func(x *tx) error {
		got, refused = ledger.Acquired{}, nil
		fits := x.wantClock()
		c, err := x.campaign(a.Campaign)
		if err != nil {
			return err
		}
		if err := fits(); err != nil {
			return err
		}
		b, err := x.buryAll(c.id, a.Now)
		if err != nil {
			return err
		}
		campaign, got.Orphans = c.id, b.orphans
		switch {
		case b.held != nil && !a.Join:
			refused = b.held
			return nil
		case c.Aborted != nil:
			refused = ledger.ErrAborted
			return nil // what a dead run left is settled all the same
		}
		return x.begin(c, a, &got)
	})
	if err = errors.Join(err, refused); err != nil {
		var held *ledger.LeasedError
		if errors.As(err, &held) {
			held.Until = l.clock.caller(held.Until)
		}
		return ledger.Acquired{Orphans: got.Orphans}, err
	}
	l.mu.Lock()
	l.of[got.Run.ID] = campaign
	l.mu.Unlock()
	return got, nil
}

// begin writes the run.
func (x *tx) begin(c *campaignRow, a ledger.Acquire, got *ledger.Acquired) error {
	if err := x.repace(c.id, a.Rates); err != nil {
		return err
	}
	got.Run = ledger.Run{
		Host: a.Host, PID: a.PID, Process: stored.UTC(a.Process), User: a.User, Started: stored.UTC(a.Now), Beat: stored.UTC(a.Now),
		Expires: stored.UTC(a.Now.Add(a.Extend)),
	}
	var id int64
	if err := x.one([]any{&id}, `INSERT INTO run (campaign_id, host, pid, process, login, started, beat, expires, pace)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id`, c.id, a.Host, a.PID, stored.Nanos(a.Process), a.User,
		stored.Nanos(a.Now), stored.Nanos(a.Now), stored.Nanos(a.Now.Add(a.Extend)), a.Rates); err != nil {
		return err
	}
	got.Run.ID = ledger.RunID(id)
	delete(x.lives, c.id)
	got.Campaign = c.Campaign
	var err error
	got.Campaign.Holders, err = x.live(c.id)
	return err
}

// repace gives back all places under the rates of domains, where those were others when the campaign ran last: the queues are
// made anew by who asks first. What has left counts as before.
func (x *tx) repace(campaign int64, pace string) error {
	var last string
	err := x.one([]any{&last}, "SELECT pace FROM run WHERE campaign_id = $1 ORDER BY id + 0 DESC LIMIT 1", campaign)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && last == pace {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := x.tally(campaign); err != nil { // its lock
		return err
	}
	if err := x.exec("UPDATE standing SET not_before = 0, paced = 0 WHERE campaign_id = $1 AND state = 'pending' AND paced > 0", campaign); err != nil {
		return err
	}
	// Another campaign may be at a domain at this moment, under the lock of its account.
	var names []string
	if err := x.each(func(rows pgx.Rows) error {
		var name string
		err := rows.Scan(&name)
		names = append(names, name)
		return err
	}, "SELECT DISTINCT account FROM domain_pace ORDER BY account"); err != nil {
		return err
	}
	for _, name := range names {
		x.wantAccount(name)
	}
	return x.exec("UPDATE domain_pace SET tail = empty_at WHERE tail <> empty_at")
}

// Release ends the run: see ledger.Runs.
func (l *Ledger) Release(ctx context.Context, run ledger.RunID, now time.Time, why words.Text) error {
	lost := false
	now = l.clock.server(now)
	err := l.do(ctx, fmt.Sprintf("release run %d", run), func(x *tx) error {
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
	l.forget(run)
	if lost {
		return ledger.ErrLeaseLost
	}
	return nil
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
	paused   *ledger.Act
	aborted  *ledger.Act
	first    int64 // ids of the campaign's messages
	last     int64
	freed    bool // messages came back to pending although the campaign was aborted
}

func (r *liveRun) stops() ledger.HoldReason {
	switch {
	case r.aborted != nil:
		return ledger.HoldAborted
	case r.paused != nil:
		return ledger.HoldPaused
	}
	return ledger.HoldNone
}

const (
	lockRun        = `SELECT campaign_id, ended, turn, beat, expires FROM run WHERE id = $1 FOR NO KEY UPDATE`
	runsCampaign   = `SELECT c.first_id, c.last_id, c.name, ` + stoppedColumns + ` FROM campaign c WHERE c.id = (SELECT campaign_id FROM run WHERE id = $1)`
	stoppedColumns = `c.paused_at, c.paused_who, c.paused_what, c.paused_reason, c.aborted_at, c.aborted_who, c.aborted_what, c.aborted_reason`
)

// wantRun queues the lock of a run. Its campaign is read after all locks are had: by wantStop.
func (b *books) wantRun(id ledger.RunID) *liveRun {
	if r, ok := b.runs[id]; ok {
		return r
	}
	r := &liveRun{id: id, ended: true}
	b.runs[id] = r
	b.t.ask(func(rows pgx.Rows) error {
		var ended sql.NullInt64
		err := rows.Scan(&r.campaign, &ended, &r.turn, &r.beat, &r.expires)
		r.ended = ended.Valid
		return err
	}, lockRun, int64(id))
	return r
}

// wantStop queues who stopped the run's campaign.
func (b *books) wantStop(r *liveRun) {
	b.t.ask(func(rows pgx.Rows) error {
		var p, a stored.Act
		err := rows.Scan(slices.Concat([]any{&r.first, &r.last, &r.name}, p.Dest(), a.Dest())...)
		r.paused, r.aborted = p.Act(), a.Act()
		return err
	}, runsCampaign, int64(r.id))
}

// run is what is known of the run, which stays locked; one that is not there has ended.
func (b *books) run(id ledger.RunID) (*liveRun, error) {
	r := b.wantRun(id)
	return r, b.t.need()
}

const (
	runColumns = `id, host, pid, process, login, started, beat, expires, turn, sent, waiting, ended, why`
	liveQuery  = "SELECT " + runColumns + ` FROM run WHERE campaign_id = $1 AND ended IS NULL ORDER BY id`
)

// scanRun scans a row that begins with runColumns.
func scanRun(row scanner) (ledger.Run, error) {
	var r ledger.Run
	var id, process, started, beat, expires int64
	var ended sql.NullInt64
	err := row.Scan(&id, &r.Host, &r.PID, &process, &r.User, &started, &beat, &expires, &r.Turn, &r.Sent, &r.Waiting, &ended, &r.Why)
	r.ID, r.Started, r.Beat, r.Expires = ledger.RunID(id), stored.Moment(started), stored.Moment(beat), stored.Moment(expires)
	r.Process, r.Ended = stored.Moment(process), stored.Moment(ended.Int64)
	if ended.Valid {
		r.Waiting = words.Text{}
	}
	return r, err
}

// wantLive queues the runs of the campaign that have not ended.
func (b *books) wantLive(campaign int64) {
	if _, ok := b.lives[campaign]; ok {
		return
	}
	b.lives[campaign] = nil
	b.t.ask(func(rows pgx.Rows) error {
		r, err := scanRun(rows)
		b.lives[campaign] = append(b.lives[campaign], r)
		return err
	}, liveQuery, campaign)
}

// live are the runs of the campaign that have not ended, in the order in which they began.
func (b *books) live(campaign int64) ([]ledger.Run, error) {
	b.wantLive(campaign)
	err := b.t.need()
	return b.lives[campaign], err
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
	if _, err := x.tally(campaign); err != nil { // its lock: a turn of another that is under way is waited for
		return b, err
	}
	live, err := x.live(campaign)
	if err != nil {
		return b, err
	}
	for _, r := range slices.Clone(live) {
		if r.ID == own || own != 0 && now.Before(r.Expires) { // who asks in every turn wants to know who died, and not until when the others may write
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
			b.held = &ledger.LeasedError{Holder: r, Until: until}
		} else if until.After(b.held.Until) {
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
	live, err := x.live(campaign)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, k := range stored.SortedKeys(cells, stored.Cell.Compare) {
		if k.State != message.Attempting || cells[k].Messages == 0 || slices.ContainsFunc(live, func(r ledger.Run) bool { return r.ID == k.Run }) {
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

// stillRun locks a run that seems dead, unless its own process holds it: then a turn of it is under way, and it is alive.
const stillRun = `SELECT beat, expires FROM run WHERE id = $1 AND coalesce(ended, 0) = 0 FOR NO KEY UPDATE SKIP LOCKED`

// dead reports whether the run can no longer write: its lease and the deadline of everything that it has open have passed. A clock
// that was put back makes that wait longer, and never shorter: what a run holds may still leave. Until when they have not.
func (x *tx) dead(campaign int64, r *ledger.Run, now time.Time) (bool, time.Time, error) {
	until := r.Expires
	open, err := x.open(campaign, r.ID)
	if err != nil {
		return false, until, err
	}
	for _, o := range open {
		until = ledger.Latest(until, stored.Moment(o.deadline))
	}
	if now.Before(until) {
		return false, until, nil
	}
	var beat, expires int64
	err = x.one([]any{&beat, &expires}, stillRun, int64(r.ID))
	if errors.Is(err, pgx.ErrNoRows) {
		return false, until, nil
	}
	until = ledger.Latest(until, stored.Moment(expires))
	return err == nil && !now.Before(until), until, err
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
	x.lives[campaign] = slices.DeleteFunc(x.lives[campaign], func(r ledger.Run) bool { return r.ID == run })
	return n, x.exec("UPDATE run SET ended = $1, why = $2 WHERE id = $3", stored.Nanos(now), why, int64(run))
}

// AtWork are the runs that can still write, and until when, if they say nothing more: who begins a run asks the same.
func (l *Ledger) AtWork(ctx context.Context, campaign string, now time.Time) ([]ledger.Run, error) {
	c, err := l.row(ctx, campaign)
	if errors.Is(err, ledger.ErrNoCampaign) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	now = l.clock.server(now)
	var alive []ledger.Run
	err = l.atOnce(ctx, func(db reader) error {
		alive = nil
		return each(ctx, db, func(rows pgx.Rows) error {
			var until int64
			r, err := scanRun(more{rows, []any{&until}})
			if r.Expires = ledger.Latest(r.Expires, stored.Moment(until)); err == nil && r.Expires.After(now) {
				r.Expires = l.clock.caller(r.Expires)
				alive = append(alive, r)
			}
			return err
		}, "SELECT "+runColumns+`, CASE WHEN EXISTS (SELECT 1 FROM tally t WHERE t.campaign_id = run.campaign_id AND t.run_id = run.id AND messages > 0)
			THEN (SELECT coalesce(max(deadline), 0) FROM claim WHERE run_id = run.id) ELSE 0 END
			FROM run WHERE campaign_id = $1 AND ended IS NULL ORDER BY id`, c.id)
	})
	return alive, l.asking(err, "read the runs of campaign %s", campaign)
}

// more scans further columns behind those of a row.
type more struct {
	scanner
	rest []any
}

func (m more) Scan(dest ...any) error { return m.scanner.Scan(append(dest, m.rest...)...) }
