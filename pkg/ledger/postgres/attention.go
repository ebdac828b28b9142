package postgres

import (
	"context"
	"database/sql"
	"slices"

	"github.com/jackc/pgx/v5"

	"notify/pkg/ledger"
	"notify/pkg/ledger/stored"
	"notify/pkg/message"
)

// Review is all that a report tells of a campaign: see ledger.Reader.
func (l *Ledger) Review(ctx context.Context, campaign string, most int) (ledger.Review, error) {
	var out ledger.Review
	err := l.atOnce(ctx, func(db reader) error {
		c, err := readCampaign(ctx, db, campaign)
		if err != nil {
			return err
		}
		var s ledger.Snapshot
		if err := readTally(ctx, db, c, &s); err != nil {
			return err
		}
		out = ledger.Review{Campaign: c.Campaign, Counts: s.Counts}
		if out.Runs, err = readRuns(ctx, db, c); err != nil {
			return err
		}
		if out.Audit, err = readAudit(ctx, db, campaign); err != nil {
			return err
		}
		return readAttention(ctx, db, c, most, &out.Attention)
	})
	return out, l.asking(err, "review campaign %s", campaign)
}

// readAttention reads what stands out. What went well is not looked at, but for when.
func readAttention(ctx context.Context, db reader, c *campaignRow, most int, out *ledger.Attention) error {
	for _, of := range []struct {
		into  *[]ledger.Record
		query string
	}{{&out.Unknown, noted(message.Unknown)}, {&out.Rejected, noted(message.Rejected)}, {&out.Waiting, waitingQuery}} {
		if err := each(ctx, db, func(rows pgx.Rows) error {
			r, err := scanRecord(rows)
			*of.into = append(*of.into, r)
			return err
		}, firstOf(of.query, c.ordered), c.id, most); err != nil {
			return err
		}
	}
	if err := each(ctx, db, func(rows pgx.Rows) error { return rows.Scan(&out.WaitingTotal) },
		"SELECT count(*) FROM ("+waitingQuery+") w", c.id); err != nil {
		return err
	}
	if err := reasons(ctx, db, c, out); err != nil {
		return err
	}
	return span(ctx, db, c, out)
}

// notedIn is the index of what is unknown or rejected; a state that were bound would not tell that it is there.
func notedIn(s message.State) string {
	return ` FROM standing WHERE campaign_id = $1 AND state = '` + string(s) + `'`
}

func noted(s message.State) string { return `SELECT message_id` + notedIn(s) }

const (
	waitingQuery = `SELECT message_id FROM standing WHERE campaign_id = $1 AND state = 'pending' AND paced = 0 AND attempts > 0
		UNION ALL SELECT message_id FROM standing WHERE campaign_id = $1 AND state = 'pending' AND paced > 0 AND attempts > 0`
)

// firstOf reads the first messages of a query in the order of the list.
func firstOf(ids string, ordered bool) string {
	if ordered {
		return ranked(`SELECT i.message_id AS id FROM (` + ids + `) i ORDER BY i.message_id LIMIT $2`)
	}
	return ranked(`SELECT m.id FROM (` + ids + `) i JOIN message m ON m.campaign_id = $1 AND m.id = i.message_id
		JOIN recipient r ON r.campaign_id = $1 AND r.id = m.recipient_id ORDER BY r.row, m.id LIMIT $2`)
}

func reasons(ctx context.Context, db reader, c *campaignRow, a *ledger.Attention) error {
	for _, state := range []message.State{message.Unknown, message.Rejected} {
		if err := each(ctx, db, func(rows pgx.Rows) error {
			r := ledger.Reason{State: state}
			err := rows.Scan(&r.Code, &r.Messages, &r.Detail)
			a.Reasons = append(a.Reasons, r)
			return err
		}, `SELECT coalesce(code, ''), n, coalesce((SELECT s.detail FROM standing s WHERE s.campaign_id = $1 AND s.message_id = one), '') FROM (
			SELECT code, count(*) AS n, min(message_id) AS one`+notedIn(state)+` GROUP BY code) g`, c.id); err != nil {
			return err
		}
	}
	slices.SortFunc(a.Reasons, ledger.Reason.Compare)
	return nil
}

func span(ctx context.Context, db reader, c *campaignRow, a *ledger.Attention) error {
	return each(ctx, db, func(rows pgx.Rows) error {
		var first, last, settled sql.NullInt64
		err := rows.Scan(&first, &last, &settled)
		a.First, a.Last = stored.Moment(first.Int64), ledger.Latest(stored.Moment(last.Int64), stored.Moment(settled.Int64))
		return err
	}, `SELECT min(claimed_at), max(claimed_at), (SELECT max(settled_at) FROM standing s WHERE s.campaign_id = $1)
		FROM claim WHERE campaign_id = $1`, c.id)
}
