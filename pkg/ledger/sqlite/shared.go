package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/stored"
)

// shared is the ledger for what is written once for all drivers.
type shared struct{ l *Ledger }

// Write implements stored.Database.
func (s shared) Write(ctx context.Context, doing string, job func(stored.Tx) error) error {
	return s.l.do(ctx, doing, func(x *tx) error { return job(sharedTx{x}) })
}

// Read implements stored.Database.
func (s shared) Read(ctx context.Context, row func(stored.Row) error, query string, args ...any) error {
	return each(ctx, s.l.read, func(rows *sql.Rows) error { return row(rows) }, query, args...)
}

// Asking implements stored.Database.
func (s shared) Asking(err error, format string, args ...any) error {
	return s.l.asking(err, format, args...)
}

// sharedTx is a transaction for the same.
type sharedTx struct{ x *tx }

// Lock implements stored.Tx: nobody else writes while a transaction is under way.
func (s sharedTx) Lock(string) {}

// Exec implements stored.Tx.
func (s sharedTx) Exec(query string, args ...any) error { return s.x.exec(query, args...) }

// Change implements stored.Tx.
func (s sharedTx) Change(query string, args ...any) (int, error) { return s.x.change(query, args...) }

// One implements stored.Tx.
func (s sharedTx) One(dest []any, query string, args ...any) error {
	return s.x.one(dest, query, args...)
}

// Each implements stored.Tx.
func (s sharedTx) Each(row func(stored.Row) error, query string, args ...any) error {
	return s.x.each(func(rows *sql.Rows) error { return row(rows) }, query, args...)
}

// Audit implements stored.Tx.
func (s sharedTx) Audit(campaign string, by ledger.Act) error { return s.x.audit(campaign, by) }

// BuryAll implements stored.Tx.
func (s sharedTx) BuryAll(campaign int64, now time.Time) error {
	_, err := s.x.buryAll(campaign, now)
	return err
}

// Resolve implements stored.Tx.
func (s sharedTx) Resolve(campaign int64, r ledger.Resolution, by ledger.Act, sum *ledger.Figures) error {
	return s.x.resolve(&campaignRow{id: campaign}, r, by, new(ledger.Resolved), sum)
}

// Clean implements stored.Tx.
func (s sharedTx) Clean(text string) string { return text }

const byID = "NOT INDEXED"

const proofsQuery = `SELECT m.key, ifnull(r.grade, ''), ifnull(f.state, ''), ifnull(f.code, ''), ifnull(f.detail, ''), ifnull(f.grade, ''), ifnull(f.at, 0),
	ifnull(f.segments, 0) FROM campaign c CROSS JOIN message m %s ON m.id BETWEEN c.first_id AND c.last_id AND m.campaign_id = c.id
	CROSS JOIN recipient p ON p.id = m.recipient_id LEFT JOIN standing s ON s.message_id = m.id
	LEFT JOIN resolution r ON r.message_id = m.id AND r.number = s.attempts AND r.outcome <> 'unsent'
	LEFT JOIN fact f ON f.campaign_id = c.id AND f.message_id = m.id
	WHERE c.name = $1 AND (f.message_id IS NOT NULL OR r.message_id IS NOT NULL) %s AND (EXISTS (SELECT 1 FROM fact y WHERE y.campaign_id = c.id)
		OR EXISTS (SELECT 1 FROM resolution z WHERE z.message_id BETWEEN c.first_id AND c.last_id)) ORDER BY p.row, m.id` // nothing is known of most campaigns

func queries() stored.Queries {
	return stored.Queries{
		ByKey: "SELECT m.campaign_id, m.id FROM campaign c CROSS JOIN message m WHERE (c.name = $1 OR $2) AND m.campaign_id = c.id AND m.key = $3",
		ByStem: `SELECT m.campaign_id, m.id FROM json_each($1) v CROSS JOIN message m
			WHERE m.campaign_id = CAST(v.key AS INTEGER) AND m.key >= v.value AND m.key < v.value || '~'`,
		Keyed:      "CROSS JOIN message_standing m",
		Within:     "+m.campaign_id = $1 AND m.id BETWEEN $2 AND $3",
		Suppressed: "s.address = $1", SameSuppressed: "n.address = s.address", // the column knows no case
		SuppressedAmong: `(SELECT key AS nth, value AS address FROM json_each($1)) j
			CROSS JOIN suppression s ON s.id = (SELECT max(n.id) FROM suppression n WHERE n.address = j.address)`,
		ByID: byID, Proofs: fmt.Sprintf(proofsQuery, byID, ""), ProofsByKey: fmt.Sprintf(proofsQuery, "", "AND m.key = $2"),
		Of: func(table, ids string) string { return "$1 > 0 AND " + table + ".message_id " + ids },
	}
}

// Campaign implements stored.Tx.
func (s sharedTx) Campaign(name string, now time.Time) (stored.Staged, error) {
	c, err := s.x.campaign(name)
	if err != nil {
		return stored.Staged{}, err
	}
	_, err = s.x.buryAll(c.id, now)
	return stored.Staged{ID: c.id, First: c.first, Last: c.last}, err
}

// LeaveOut implements stored.Tx.
func (s sharedTx) LeaveOut(_, message int64) error { return s.x.leaveOut(message) }

// Unlist implements stored.Tx.
func (s sharedTx) Unlist(_, message int64, anyway bool) error {
	n, err := s.x.change("UPDATE relist SET recipient_id = NULL, segments = NULL, fingerprint = NULL, seal = ? WHERE message_id = ?",
		stored.SealOf(message), message)
	if err != nil || n > 0 || !anyway {
		return err
	}
	return s.x.exec("INSERT INTO relist (message_id, seal) VALUES (?, ?)", message, stored.SealOf(message))
}

// Row implements stored.Tx.
func (s sharedTx) Row(campaign int64, row int, key string, fields []byte) (id int64, err error) {
	err = s.x.one([]any{&id}, "INSERT INTO recipient (campaign_id, row, key, fields) VALUES (?, ?, ?, ?) RETURNING id", campaign, row, key, stored.NotNil(fields))
	return id, err
}

// DropRows implements stored.Tx.
func (s sharedTx) DropRows(c stored.Staged, rows map[int64]bool) error {
	of := func(rows map[int64]bool) func(*sql.Rows) error {
		return func(r *sql.Rows) error {
			var id int64
			err := r.Scan(&id)
			delete(rows, id)
			return err
		}
	}
	if err := s.x.each(of(rows), "SELECT m.recipient_id"+messagesOf, c.First, c.Last, c.ID); err != nil {
		return err
	}
	if err := s.x.each(of(rows), "SELECT recipient_id FROM relist WHERE message_id BETWEEN ? AND ? AND recipient_id IS NOT NULL", c.First, c.Last); err != nil {
		return err
	}
	for id := range rows {
		if err := s.x.exec("DELETE FROM recipient WHERE id = ?", id); err != nil {
			return err
		}
	}
	return nil
}
