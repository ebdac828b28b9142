package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/stored"
)

var _ ledger.Watcher = (*Ledger)(nil)

// AtWork are the runs that can still write: who begins a run asks the same. It shares the locks that it looks at, and for a moment only,
// so that looking can never stand in the way of a run that begins.
func (l *Ledger) AtWork(ctx context.Context, campaign string, now time.Time) ([]ledger.Run, error) {
	c, err := l.row(ctx, campaign)
	if errors.Is(err, ledger.ErrNoCampaign) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var rows []liveRow
	if err := each(ctx, l.read, func(row *sql.Rows) error {
		r, err := scanLive(row)
		rows = append(rows, r)
		return err
	}, liveQuery, c.id); err != nil {
		return nil, l.asking(err, "read the runs of campaign %s", campaign)
	}
	var alive []ledger.Run
	for _, r := range rows {
		dead, err := l.gone(ctx, c.id, &r, now)
		if err != nil {
			return nil, l.asking(err, "look whether run %d is alive", r.ID)
		}
		if !dead {
			alive = append(alive, r.Run)
		}
	}
	return alive, nil
}

// gone is tx.dead for who only reads.
func (l *Ledger) gone(ctx context.Context, campaign int64, r *liveRow, now time.Time) (bool, error) {
	if l.locks.tells(r) {
		if dead, err := l.locks.dead(r.campaign, r.slot); err == nil {
			return dead, nil
		}
		// Who may read the ledger only cannot ask the lock: the lease tells as much, later.
	}
	if r.Expires.After(now) {
		return false, nil
	}
	var last int64
	err := l.read.QueryRowContext(ctx, lastDeadline, campaign, int64(r.ID), int64(r.ID)).Scan(&last)
	return !stored.Moment(last).After(now), err
}

// lastDeadline is that of the newest claims of a run that has something open.
const lastDeadline = `SELECT CASE WHEN EXISTS (SELECT 1 FROM tally WHERE campaign_id = ? AND run_id = ? AND messages > 0)
	THEN (SELECT ifnull(max(deadline), 0) FROM claim WHERE run_id = ?) ELSE 0 END`
