package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

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
	return each(ctx, s.l.read, func(rows pgx.Rows) error { return row(rows) }, query, args...)
}

// Asking implements stored.Database.
func (s shared) Asking(err error, format string, args ...any) error {
	return s.l.asking(err, format, args...)
}

// lockNamed lets one at a time change what has no row of its own for a lock, until the transaction ends.
func (x *tx) lockNamed(name string) {
	x.ask(func(pgx.Rows) error { return nil }, "SELECT pg_advisory_xact_lock($1, hashtext($2))", lockKind, x.l.at.schema+"/"+name)
}

// sharedTx is a transaction for the same.
type sharedTx struct{ x *tx }

// Lock implements stored.Tx.
func (s sharedTx) Lock(name string) { s.x.lockNamed(name) }

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
	return s.x.each(func(rows pgx.Rows) error { return row(rows) }, query, args...)
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
func (s sharedTx) Clean(text string) string { return clean(text) }

// proofsQuery looks facts up message by message (OFFSET keeps the two conditions together): by stale statistics they were all read for each.
const proofsQuery = `SELECT m.key, coalesce(r.grade, ''), coalesce(f.state, ''), coalesce(f.code, ''), coalesce(f.detail, ''), coalesce(f.grade, ''), coalesce(f.at, 0),
	coalesce(f.segments, 0) FROM campaign c JOIN message m ON m.campaign_id = c.id JOIN recipient p ON p.campaign_id = c.id AND p.id = m.recipient_id
	LEFT JOIN standing s ON s.campaign_id = m.campaign_id AND s.message_id = m.id
	LEFT JOIN resolution r ON r.campaign_id = m.campaign_id AND r.message_id = m.id AND r.number = s.attempts AND r.outcome <> 'unsent'
	LEFT JOIN LATERAL (SELECT * FROM fact t WHERE t.campaign_id = m.campaign_id AND t.message_id = m.id OFFSET 0) f ON true
	WHERE c.name = $1 AND (f.message_id IS NOT NULL OR r.message_id IS NOT NULL)%s AND (EXISTS (SELECT 1 FROM fact y WHERE y.campaign_id = c.id)
		OR EXISTS (SELECT 1 FROM resolution z WHERE z.campaign_id = c.id)) ORDER BY p.row, m.id` // nothing is known of most campaigns

func queries() stored.Queries {
	return stored.Queries{
		// OFFSET keeps the planner from joining them all at once, for which it would read all there is.
		ByKey: `SELECT m.campaign_id, m.id FROM campaign c CROSS JOIN LATERAL (SELECT x.campaign_id, x.id FROM message x
			WHERE x.campaign_id = c.id AND x.key = $3 OFFSET 0) m WHERE c.name = $1 OR $2`,
		ByStem: `SELECT m.campaign_id, m.id FROM json_each_text($1::json) v CROSS JOIN LATERAL (SELECT x.campaign_id, x.id FROM message x
			WHERE x.campaign_id = v.key::bigint AND x.key >= v.value AND x.key < v.value || '~' OFFSET 0) m`,
		Keyed:      `CROSS JOIN LATERAL (SELECT x.* FROM message_standing x WHERE x.campaign_id = v.column2 AND x.key > v.column3 AND x.key < v.column4 OFFSET 0) m`,
		Suppressed: `s.folded = lower($1 COLLATE "C")`, SameSuppressed: "n.folded = s.folded",
		SuppressedAmong: `(SELECT address, nth - 1 AS nth FROM jsonb_array_elements_text($1::jsonb) WITH ORDINALITY AS e (address, nth)) j
			CROSS JOIN LATERAL (SELECT n.id FROM suppression n WHERE n.folded = lower(j.address COLLATE "C") ORDER BY n.id DESC LIMIT 1) newest
			JOIN suppression s ON s.id = newest.id`,
		Within: "m.campaign_id = $1 AND m.id BETWEEN $2 AND $3",
		Proofs: fmt.Sprintf(proofsQuery, ""), ProofsByKey: fmt.Sprintf(proofsQuery, " AND m.key = $2"),
		Of: func(table, ids string) string { return table + ".campaign_id = $1 AND " + table + ".message_id " + ids },
	}
}

// Campaign implements stored.Tx.
func (s sharedTx) Campaign(name string, now time.Time) (stored.Staged, error) {
	c, err := s.x.campaign(name)
	if err != nil {
		return stored.Staged{}, err
	}
	if _, err := s.x.tally(c.id); err != nil { // its lock
		return stored.Staged{}, err
	}
	_, err = s.x.buryAll(c.id, now)
	return stored.Staged{ID: c.id, First: c.first, Last: c.last}, err
}

// LeaveOut implements stored.Tx.
func (s sharedTx) LeaveOut(campaign, message int64) error { return s.x.leaveOut(campaign, message) }

// Unlist implements stored.Tx.
func (s sharedTx) Unlist(campaign, message int64, anyway bool) error {
	n, err := s.x.change(`UPDATE relist SET recipient_id = NULL, segments = NULL, fingerprint = NULL, seal = $1
		WHERE campaign_id = $2 AND message_id = $3`, stored.SealOf(message), campaign, message)
	if err != nil || n > 0 || !anyway {
		return err
	}
	return s.x.exec("INSERT INTO relist (campaign_id, message_id, seal) VALUES ($1, $2, $3)", campaign, message, stored.SealOf(message))
}

// Row implements stored.Tx.
func (s sharedTx) Row(campaign int64, row int, key string, fields []byte) (id int64, err error) {
	err = s.x.one([]any{&id}, `INSERT INTO recipient (campaign_id, id, row, key, fields) VALUES ($1, nextval('recipient_ids'), $2, $3, $4) RETURNING id`,
		campaign, row, key, stored.NotNil(fields))
	return id, err
}

// DropRows implements stored.Tx.
func (s sharedTx) DropRows(c stored.Staged, rows map[int64]bool) error {
	ids := make([]int64, 0, len(rows))
	for id := range rows {
		ids = append(ids, id)
	}
	return s.x.exec(`WITH gone AS MATERIALIZED (SELECT unnest($2::bigint[]) AS id EXCEPT (SELECT recipient_id FROM message WHERE campaign_id = $1
		UNION ALL SELECT recipient_id FROM relist WHERE campaign_id = $1)) DELETE FROM recipient r USING gone WHERE r.campaign_id = $1 AND r.id = gone.id`, c.ID, ids)
}
