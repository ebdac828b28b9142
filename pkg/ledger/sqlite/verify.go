package sqlite

import (
	"context"
	"database/sql"
	"fmt"
)

// verifyLimit is how many problems of one kind are listed.
const verifyLimit = 20

// questions are queries whose every row is a problem, in words: what must be true of a ledger beyond what the schema enforces.
func questions() []string {
	return []string{
		`SELECT 'usage of ' || account || ' on ' || day || ' is ' || sum(messages) || ' messages, ' || sum(segments) || ' segments, ' || sum(cost)
			|| ' money more than its attempts'
			FROM (SELECT account, day, messages, segments, cost FROM usage
				UNION ALL SELECT account, day, -1, -segments, -segments * price FROM attempt
				WHERE outcome IS NULL OR outcome IN ('accepted', 'unknown'))
			GROUP BY account, day HAVING sum(messages) <> 0 OR sum(segments) <> 0 OR sum(cost) <> 0`,
		`SELECT 'campaign ' || campaign_id || ' has spent ' || sum(messages) || ' messages, ' || sum(cost) || ' money more on ' || account
			|| ' than its attempts'
			FROM (SELECT campaign_id, account, currency, messages, segments, cost FROM spent
				UNION ALL SELECT r.campaign_id, a.account, a.currency, -1, -a.segments, -a.segments * a.price
				FROM attempt a JOIN run r ON r.id = a.run_id WHERE a.outcome IS NULL OR a.outcome IN ('accepted', 'unknown'))
			GROUP BY campaign_id, account, currency HAVING sum(messages) <> 0 OR sum(segments) <> 0 OR sum(cost) <> 0`,
		`SELECT 'message ' || m.key || ' is ' || m.state || ', and its newest attempt is ' || ifnull(a.outcome, 'open')
			FROM message m LEFT JOIN attempt a ON a.id = m.attempt_id
			WHERE CASE m.state
				WHEN 'attempting' THEN a.id IS NULL OR a.outcome IS NOT NULL
				WHEN 'accepted' THEN a.outcome IS NOT 'accepted'
				WHEN 'unknown' THEN a.outcome IS NOT 'unknown'
				WHEN 'rejected' THEN a.outcome IS NOT 'rejected'
				ELSE a.id IS NOT NULL AND (a.outcome IS NULL OR a.outcome IN ('accepted', 'unknown')) END`,
		`SELECT 'message ' || m.key || ' counts ' || m.attempts || ' attempts, and has ' || ifnull(a.n, 0)
			FROM message m LEFT JOIN (SELECT message_id, count(*) AS n FROM attempt GROUP BY message_id) a ON a.message_id = m.id
			WHERE m.attempts <> ifnull(a.n, 0)`,
		`SELECT 'message ' || key || ' has no campaign or no recipient' FROM message m
			WHERE NOT EXISTS (SELECT 1 FROM campaign WHERE id = m.campaign_id AND m.id BETWEEN first_id AND last_id)
			OR NOT EXISTS (SELECT 1 FROM recipient WHERE id = m.recipient_id)`,
		`SELECT 'attempt ' || a.id || ' has no message or no run' FROM attempt a
			WHERE NOT EXISTS (SELECT 1 FROM message WHERE id = a.message_id) OR NOT EXISTS (SELECT 1 FROM run WHERE id = a.run_id)`,
		`SELECT 'attempt ' || a.id || ' is open, and its run has ended' FROM attempt a JOIN run r ON r.id = a.run_id
			WHERE a.outcome IS NULL AND r.ended IS NOT NULL`,
	}
}

// Verify reads everything: see ledger.Verifier.
func (l *Ledger) Verify(ctx context.Context) ([]string, error) {
	var problems []string
	line := func(rows *sql.Rows) error {
		var s string
		if err := rows.Scan(&s); err != nil {
			return err
		}
		if s != "ok" {
			problems = append(problems, s)
		}
		return nil
	}
	if err := each(ctx, l.read, line, fmt.Sprintf("PRAGMA integrity_check(%d)", verifyLimit)); err != nil {
		return nil, l.asking(err, "verify")
	}
	err := each(ctx, l.read, func(rows *sql.Rows) error {
		var table, parent string
		var id, fk sql.NullInt64
		if err := rows.Scan(&table, &id, &parent, &fk); err != nil {
			return err
		}
		problems = append(problems, fmt.Sprintf("row %d of %s refers to no %s", id.Int64, table, parent))
		return nil
	}, "PRAGMA foreign_key_check")
	if err != nil {
		return nil, l.asking(err, "verify")
	}
	for _, q := range questions() {
		if err := each(ctx, l.read, line, q+fmt.Sprintf(" LIMIT %d", verifyLimit)); err != nil {
			return nil, l.asking(err, "verify")
		}
	}
	return problems, nil
}
