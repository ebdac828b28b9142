package postgres

import (
	"context"
	"database/sql"
	"errors"
	"iter"
	"slices"

	"github.com/jackc/pgx/v5"

	"notify/pkg/ledger"
	"notify/pkg/ledger/stored"
	"notify/pkg/message"
)

// errStop ends a query because nobody wants more of it.
var errStop = errors.New("stop")

// Messages reads the messages of a campaign by row: see ledger.Reader. One read transaction holds a consistent view.
func (l *Ledger) Messages(ctx context.Context, campaign string, states ...message.State) iter.Seq2[ledger.Record, error] {
	return func(yield func(ledger.Record, error) bool) {
		err := l.messages(ctx, campaign, states, func(r ledger.Record) error {
			if !yield(r, nil) {
				return errStop
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(ledger.Record{}, err)
		}
	}
}

const recordColumns = `m.key, m.channel, m.address, m.segments, m.state, m.attempts, m.not_before,
	m.id, r.row, r.key, r.fields, c.account, c.claimed_at, m.settled_at, m.code, m.detail, m.vendor_id, c.price,
	(SELECT array_agg(f.row ORDER BY f.row) FROM fold f WHERE f.campaign_id = $1 AND f.key = m.key)`

// joined is what belongs to a message in its record.
const joined = ` JOIN recipient r ON r.campaign_id = $1 AND r.id = m.recipient_id LEFT JOIN claim c ON c.id = m.claim_id`

// ranked reads the records of a query's ids, in its order. The ids alone are sorted: whole rows would not fit in memory.
func ranked(ids string) string {
	return `WITH ranked AS MATERIALIZED (SELECT q.id, row_number() OVER () AS nth FROM (` + ids + `) q)
		SELECT ` + recordColumns + ` FROM ranked JOIN message_standing m ON m.campaign_id = $1 AND m.id = ranked.id` + joined + ` ORDER BY ranked.nth`
}

func scanRecord(rows pgx.Rows) (ledger.Record, error) {
	var r ledger.Record
	var notBefore, id int64
	var claimed, settled, price sql.NullInt64
	var account, code, detail, vendorID sql.NullString
	var folds []int
	err := rows.Scan(&r.Key, &r.Channel, &r.Address, &r.Segments, &r.State, &r.Attempts, &notBefore, &id, &r.Row, &r.Recipient, &r.Fields,
		&account, &claimed, &settled, &code, &detail, &vendorID, &price, &folds)
	if err != nil {
		return r, err
	}
	r.NotBefore, r.Claimed, r.Settled = stored.Moment(notBefore), stored.Moment(claimed.Int64), stored.Moment(settled.Int64)
	r.Account, r.Price = account.String, message.Money(price.Int64)
	if r.Attempts > 0 {
		r.Attempt = stored.AttemptID(id, r.Attempts)
	}
	r.Code, r.Detail, r.VendorID = code.String, detail.String, vendorID.String
	r.Rows = folds
	return r, nil
}

func (l *Ledger) messages(ctx context.Context, campaign string, states []message.State, record func(ledger.Record) error) error {
	c, err := l.row(ctx, campaign)
	if err != nil {
		return err
	}
	args := []any{c.id}
	from := ` FROM message_standing m`
	where := ` WHERE m.campaign_id = $1`
	if len(states) > 0 {
		where += ` AND m.state = ANY($2)`
		args = append(args, names(states))
		if !slices.Contains(states, message.Pending) && !slices.Contains(states, message.Attempting) {
			from = ` FROM standing s JOIN message_standing m ON m.campaign_id = $1 AND m.id = s.message_id` // far fewer, mostly
			where += ` AND s.campaign_id = $1 AND s.state = ANY($2)`
		}
	}
	query := `SELECT ` + recordColumns + from + joined + where + ` ORDER BY m.id`
	if !c.ordered {
		query = ranked(`SELECT m.id` + from + ` JOIN recipient r ON r.campaign_id = $1 AND r.id = m.recipient_id` + where + ` ORDER BY r.row, m.id`)
	}
	err = each(ctx, l.read, func(rows pgx.Rows) error {
		r, err := scanRecord(rows)
		if err != nil {
			return err
		}
		return record(r)
	}, query, args...)
	if errors.Is(err, errStop) {
		return err
	}
	return l.asking(err, "read the messages of campaign %s", campaign)
}

func names(states []message.State) []string {
	out := make([]string, len(states))
	for i, s := range states {
		out[i] = string(s)
	}
	return out
}
