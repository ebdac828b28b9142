package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"

	"notify/pkg/ledger/stored"
	"notify/pkg/words"
)

// The seals of what every message passes through are written with the rows. Statements that change many rows at once, or few and seldom, leave
// them without: they get theirs before the transaction ends.

// sealed is a table whose rows carry seals.
type sealed struct {
	what    stored.Kind
	columns string // that are sealed; the first tells the row for people
	from    string // where they and the seal are read, the seal last
	key     string // of a table whose rows may be without a seal while a transaction is under way
}

// seals are the tables with seals. What is only when something may leave, such as not_before, is bounded elsewhere.
func seals() []sealed {
	const (
		ofMessage = "m.id, m.campaign_id, m.recipient_id, m.channel, m.key, m.address, m.segments, m.fingerprint, r.row, r.key, r.fields"
		relisted  = "m.id, m.campaign_id, l.recipient_id, m.channel, m.key, m.address, l.segments, l.fingerprint, r.row, r.key, r.fields"
	)
	return []sealed{
		{
			stored.Campaign, `id, name, digest, spec, recipients, folded, people, first_id, last_id, paused_at, paused_who, paused_what, paused_reason,
			aborted_at, aborted_who, aborted_what, aborted_reason`, "seal FROM campaign", "id",
		},
		{stored.Message, ofMessage, "m.seal FROM message m JOIN recipient r ON r.id = m.recipient_id", ""},
		{
			stored.Relist, relisted,
			"l.seal FROM relist l JOIN message m ON m.id = l.message_id JOIN recipient r ON r.id = l.recipient_id", "",
		},
		{stored.Relist, "message_id", "seal FROM relist WHERE recipient_id IS NULL", ""},
		{stored.Fold, "row, campaign_id, key, recipient", "seal FROM fold", ""},
		{
			stored.Claim, "id, run_id, turn, campaign_id, channel, account, currency, day, scenario, price, claimed_at, deadline, first_id, last_id",
			"seal FROM claim", "",
		},
		{
			stored.Standing, `message_id, campaign_id, channel, state, attempts, over, claim_id, code, detail, vendor_id, vendor_segments,
			settled_at, why`, "seal FROM standing", "message_id",
		},
		{
			stored.Attempt, "message_id, number, claim_id, segments, outcome, reason, code, detail, vendor_id, vendor_segments, settled_at",
			"seal FROM attempt", "message_id, number",
		},
		{stored.Resolution, `message_id, number, outcome, unknown_at, at, who, why, grade`, "seal FROM resolution", "message_id, number"},
		{stored.TallyCell, `campaign_id, channel, state, account, currency, run_id, messages, segments, cost`, "seal FROM tally", ""},
		{stored.Prints, "campaign_id, piece, prints", "seal FROM prints", ""},
		{stored.Suppression, "id, address, channel, reason, note, who, at", "seal FROM suppression", ""},
	}
}

// table is where rows may be without a seal.
func (s sealed) table() string { return s.from[strings.LastIndexByte(s.from, ' ')+1:] }

// unsealing executes a statement that leaves rows without a seal.
func (t *tx) unsealing(query string, args ...any) (int, error) {
	t.unsealed = true
	return t.change(query, args...)
}

// sealAtOnce is how many rows without a seal are read at once.
const sealAtOnce = 512

// sealRest gives their seals to rows that have none.
func (t *tx) sealRest() error {
	if !t.unsealed {
		return nil
	}
	t.unsealed = false
	for _, s := range seals() {
		if s.key == "" {
			continue
		}
		for n := sealAtOnce; n == sealAtOnce; {
			var err error
			if n, err = t.sealSome(s); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *tx) sealSome(s sealed) (int, error) {
	keys := strings.Split(s.key, ", ")
	var of stored.Sealer
	var updates [][]driver.NamedValue
	if err := t.rawEach(func(v []driver.Value) error {
		values := []driver.NamedValue{{Value: of.Add(v...).Seal()}}
		for i := range keys {
			values = append(values, driver.NamedValue{Value: v[i]})
		}
		updates = append(updates, values)
		return nil
	}, fmt.Sprintf("SELECT %s FROM %[2]s INDEXED BY %[2]s_unsealed WHERE seal IS NULL LIMIT %d", s.columns, s.table(), sealAtOnce)); err != nil {
		return 0, err
	}
	update := "UPDATE OR FAIL " + s.table() + " SET seal = ? WHERE " + strings.Join(keys, " = ? AND ") + " = ?"
	for _, values := range updates {
		if _, err := t.rawChange(update, values); err != nil {
			return 0, err
		}
	}
	return len(updates), nil
}

// broken are the rows that do not fit their seals, each in a line; at most so many of a table.
func (l *Ledger) broken(ctx context.Context, limit int) (problems []words.Text, err error) {
	conn, err := l.read.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	var of stored.Sealer
	for _, s := range seals() {
		found := 0
		row := func(v []driver.Value) error {
			if of.Fits(v) {
				return nil
			}
			problems = append(problems, stored.Unfit(s.what, v[0]))
			if found++; found == limit {
				return errStop
			}
			return nil
		}
		err := conn.Raw(func(c any) error { return rawRead(ctx, c, row, "SELECT "+s.columns+", "+s.from) })
		if err != nil && !errors.Is(err, errStop) {
			return problems, err
		}
	}
	return problems, nil
}

// rawRead calls row for every row, with values as the driver has them.
func rawRead(ctx context.Context, conn any, row func([]driver.Value) error, query string) error {
	q, can := conn.(driver.QueryerContext)
	if !can {
		return fmt.Errorf("driver %T reads nothing", conn)
	}
	rows, err := q.QueryContext(ctx, query, nil)
	if err != nil {
		return err
	}
	return drain(rows, row)
}
