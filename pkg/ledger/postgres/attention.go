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

// Attention reads what of a campaign somebody should look at: see ledger.Reader. What went well is not looked at, but for when.
func (l *Ledger) Attention(ctx context.Context, campaign string, most int) (ledger.Attention, error) {
	var out ledger.Attention
	err := l.atOnce(ctx, func(db reader) error {
		c, err := readCampaign(ctx, db, campaign)
		if err != nil {
			return err
		}
		for _, of := range []struct {
			into  *[]ledger.Record
			query string
			args  []any
		}{
			{&out.Unknown, noted(message.Unknown), []any{c.id}},
			{&out.Rejected, noted(message.Rejected), []any{c.id}},
			{&out.Waiting, waitingQuery, []any{c.id}},
		} {
			if err := each(ctx, db, func(rows pgx.Rows) error {
				r, err := scanRecord(rows)
				*of.into = append(*of.into, r)
				return err
			}, firstOf(of.query, c.ordered), append(of.args, most)...); err != nil {
				return err
			}
		}
		if err := each(ctx, db, func(rows pgx.Rows) error { return rows.Scan(&out.WaitingTotal) },
			"SELECT count(*) FROM ("+waitingQuery+") w", c.id); err != nil {
			return err
		}
		if err := l.reasons(ctx, db, c, &out); err != nil {
			return err
		}
		return l.span(ctx, db, c, &out)
	})
	return out, l.asking(err, "look at what stands out of campaign %s", campaign)
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

func (l *Ledger) reasons(ctx context.Context, db reader, c *campaignRow, a *ledger.Attention) error {
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

func (l *Ledger) span(ctx context.Context, db reader, c *campaignRow, a *ledger.Attention) error {
	return each(ctx, db, func(rows pgx.Rows) error {
		var first, last, settled sql.NullInt64
		err := rows.Scan(&first, &last, &settled)
		a.First, a.Last = stored.Moment(first.Int64), ledger.Latest(stored.Moment(last.Int64), stored.Moment(settled.Int64))
		return err
	}, `SELECT min(claimed_at), max(claimed_at), (SELECT max(settled_at) FROM standing s WHERE s.campaign_id = $1)
		FROM claim WHERE campaign_id = $1`, c.id)
}
