package sqlite

import (
	"context"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"strings"

	"notify/pkg/ledger"
	"notify/pkg/words"
)

// A row that decides who is told, or says who was, carries a seal: a checksum of its values. A bit that turns in the file, a row that lands in
// the place of another, and a value that somebody changed by hand do not fit it. It finds damage, and is no signature.
//
// The seals of what every message passes through are written with the rows. Statements that change many rows at once, or few and seldom, leave
// them without: they get theirs before the transaction ends.

// sealer makes seals. The zero value is ready.
type sealer struct{ b []byte }

// add takes in values as the database has them: what is stored as another kind is another value.
func (s *sealer) add(values ...driver.Value) *sealer {
	for _, v := range values {
		switch v := v.(type) {
		case nil:
			s.b = append(s.b, 0)
		case int64:
			s.b = binary.AppendVarint(append(s.b, 1), v)
		case string:
			s.b = append(binary.AppendUvarint(append(s.b, 2), uint64(len(v))), v...)
		case []byte:
			s.b = append(binary.AppendUvarint(append(s.b, 3), uint64(len(v))), v...)
		case float64:
			s.b = binary.LittleEndian.AppendUint64(append(s.b, 4), math.Float64bits(v))
		default:
			s.b = fmt.Appendf(append(s.b, 5), "%T", v)
		}
	}
	return s
}

// seal is that of what was added, and forgets it.
func (s *sealer) seal() int64 {
	sum := crc32.Checksum(s.b, crc32.MakeTable(crc32.Castagnoli))
	s.b = s.b[:0]
	return int64(int32(sum)) // four bytes in a row, where an unsigned one may take six
}

func sealOf(values ...driver.Value) int64 { return new(sealer).add(values...).seal() }

// rowKind is what a row with a seal is, as people are told.
type rowKind string

const (
	rowCampaign    rowKind = "campaign"
	rowMessage     rowKind = "message"
	rowRelist      rowKind = "relist" // what a newer list says of a message
	rowFold        rowKind = "fold"   // a row that is told through another
	rowClaim       rowKind = "claim"
	rowStanding    rowKind = "standing"
	rowAttempt     rowKind = "attempt"
	rowResolution  rowKind = "resolution"
	rowTally       rowKind = "tally"
	rowPrints      rowKind = "prints" // fingerprints
	rowSuppression rowKind = "suppression"
)

// sealed is a table whose rows carry seals.
type sealed struct {
	what    rowKind
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
			rowCampaign, `id, name, digest, spec, recipients, folded, people, first_id, last_id, paused_at, paused_who, paused_what, paused_reason,
			aborted_at, aborted_who, aborted_what, aborted_reason`, "seal FROM campaign", "id",
		},
		{rowMessage, ofMessage, "m.seal FROM message m JOIN recipient r ON r.id = m.recipient_id", ""},
		{
			rowRelist, relisted,
			"l.seal FROM relist l JOIN message m ON m.id = l.message_id JOIN recipient r ON r.id = l.recipient_id", "",
		},
		{rowRelist, "message_id", "seal FROM relist WHERE recipient_id IS NULL", ""},
		{rowFold, "row, campaign_id, key, recipient", "seal FROM fold", ""},
		{
			rowClaim, "id, run_id, turn, campaign_id, channel, account, currency, day, price, claimed_at, deadline, first_id, last_id",
			"seal FROM claim", "",
		},
		{
			rowStanding, `message_id, campaign_id, channel, state, attempts, over, claim_id, code, detail, vendor_id, vendor_segments,
			settled_at, why`, "seal FROM standing", "message_id",
		},
		{
			rowAttempt, "message_id, number, claim_id, segments, outcome, reason, code, detail, vendor_id, vendor_segments, settled_at",
			"seal FROM attempt", "message_id, number",
		},
		{rowResolution, `message_id, number, outcome, unknown_at, at, who, why`, "seal FROM resolution", "message_id, number"},
		{rowTally, `campaign_id, channel, state, account, currency, run_id, messages, segments, cost`, "seal FROM tally", ""},
		{rowPrints, "campaign_id, piece, prints", "seal FROM prints", ""},
		{rowSuppression, "id, address, channel, reason, note, who, at", "seal FROM suppression", ""},
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
	var of sealer
	updates := make([][]driver.NamedValue, 0, 16)
	err := t.rawEach(func(v []driver.Value) error {
		values := []driver.NamedValue{{Value: of.add(v...).seal()}}
		for i := range keys {
			values = append(values, driver.NamedValue{Value: v[i]})
		}
		if updates = append(updates, values); len(updates) == sealAtOnce {
			return errStop
		}
		return nil
	}, "SELECT "+s.columns+" FROM "+s.table()+" INDEXED BY "+s.table()+"_unsealed WHERE seal IS NULL")
	if err != nil && !errors.Is(err, errStop) {
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

// fitsSeal reports that the last value is the seal of the others.
func (s *sealer) fitsSeal(v []driver.Value) bool {
	last := len(v) - 1
	want, ok := v[last].(int64)
	return s.add(v[:last]...).seal() == want && ok
}

// broken are the rows that do not fit their seals, each in a line; at most so many of a table.
func (l *Ledger) broken(ctx context.Context, limit int) (problems []words.Text, err error) {
	conn, err := l.read.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	var of sealer
	for _, s := range seals() {
		found := 0
		row := func(v []driver.Value) error {
			if of.fitsSeal(v) {
				return nil
			}
			problems = append(problems, unfit(s.what, v[0]))
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

// unfit says that a row does not fit its seal.
func unfit(what rowKind, of any) words.Text {
	return words.T("verify.seal", words.A{"table": words.Of("sealed", what), "row": fmt.Sprint(of)})
}

// changed is the error about a row that does not fit its seal.
func changed(what rowKind, of any) error {
	return fmt.Errorf("%w: %s", ledger.ErrDamaged, unfit(what, of))
}
