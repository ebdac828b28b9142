package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"iter"
	"slices"
	"strings"

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

const (
	plainColumns = `m.key, m.channel, m.address, m.segments, m.state, m.attempts, m.not_before,
	m.id, r.row, r.key, r.fields, c.account, c.claimed_at, m.settled_at, m.code, m.detail, m.vendor_id, c.price, `
	foldsColumn   = `(SELECT json_group_array(f.row) FROM fold f WHERE f.campaign_id = m.campaign_id AND f.key = m.key)`
	recordColumns = plainColumns + foldsColumn
)

// Of the messages of a campaign those that have a standing.
const (
	recorded   = ` FROM standing s NOT INDEXED CROSS JOIN message_standing m ON m.id = s.message_id`
	recordedOf = ` WHERE s.message_id BETWEEN ? AND ? AND s.campaign_id = ?`
)

// recordsOf reads records in the order of the ids.
func recordsOf(from, where, id string) string {
	return `SELECT ` + recordColumns + from + ` CROSS JOIN recipient r ON r.id = m.recipient_id LEFT JOIN claim c ON c.id = m.claim_id` +
		where + ` ORDER BY ` + id
}

// ranked reads the records of a query's ids, in its order.
func ranked(ids string) string {
	return `WITH ranked AS MATERIALIZED (` + ids + `) SELECT ` + recordColumns + ` FROM ranked CROSS JOIN message_standing m ON m.id = ranked.id
		CROSS JOIN recipient r ON r.id = m.recipient_id LEFT JOIN claim c ON c.id = m.claim_id`
}

func scanRecord(rows *sql.Rows) (ledger.Record, error) {
	var r ledger.Record
	var notBefore, id int64
	var claimed, settled, price sql.NullInt64
	var account, code, detail, vendorID sql.NullString
	var folds string
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
	if folds != "[]" {
		err = json.Unmarshal([]byte(folds), &r.Rows)
	}
	return r, err
}

func (l *Ledger) messages(ctx context.Context, campaign string, states []message.State, record func(ledger.Record) error) error {
	c, err := l.row(ctx, campaign)
	if err != nil {
		return err
	}
	names, err := json.Marshal(states)
	if err != nil {
		return err
	}
	from, where, id := standings, ofCampaign, "m.id"
	if len(states) > 0 && !slices.Contains(states, message.Pending) && !slices.Contains(states, message.Attempting) {
		from, where, id = recorded, recordedOf, "s.message_id" // far fewer, mostly
	}
	args := []any{c.first, c.last, c.id}
	if len(states) > 0 {
		if from == recorded {
			where += ` AND s.state IN (SELECT value FROM json_each(?))` // before the others are joined
		} else {
			where += ` AND m.state IN (SELECT value FROM json_each(?))`
		}
		args = append(args, string(names))
	}
	query := recordsOf(from, where, id)
	if !c.ordered {
		// The ids alone are sorted: whole rows would not fit in memory.
		query = ranked(`SELECT m.id` + from + ` CROSS JOIN recipient r ON r.id = m.recipient_id` + where + ` ORDER BY r.row, m.id`)
	}
	folds := false
	if err := each(ctx, l.read, func(rows *sql.Rows) error { return rows.Scan(&folds) },
		"SELECT EXISTS (SELECT 1 FROM fold WHERE campaign_id = ?)", c.id); err != nil {
		return l.asking(err, "read the messages of campaign %s", campaign)
	}
	if !folds { // a look for each message is a sixth of reading it
		query = strings.Replace(query, foldsColumn, "'[]'", 1)
	}
	err = each(ctx, l.read, func(rows *sql.Rows) error {
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
