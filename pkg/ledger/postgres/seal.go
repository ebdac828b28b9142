package postgres

import (
	"context"
	"database/sql/driver"
	"strings"

	"notify/pkg/ledger/stored"
	"notify/pkg/words"

	"github.com/jackc/pgx/v5"
)

// The seals of what every message passes through are written with the rows. Statements that change many rows at once, or few and seldom, leave
// them without: they get theirs before the transaction ends.

// sealed is a table whose rows carry seals.
type sealed struct {
	what    stored.Kind
	columns string // that are sealed; the first tells the row for people
	from    string // where they and the seal are read, the seal last
	late    bool   // a row may be without a seal while a transaction is under way
}

// seals are the tables with seals: their columns are those of every driver, so that a copy keeps them.
func seals() []sealed {
	const (
		ofMessage = "m.id, m.campaign_id, m.recipient_id, m.channel, m.key, m.address, m.segments, m.fingerprint, r.row, r.key, r.fields"
		relisted  = "m.id, m.campaign_id, l.recipient_id, m.channel, m.key, m.address, l.segments, l.fingerprint, r.row, r.key, r.fields"
		recipient = " JOIN recipient r ON r.campaign_id = m.campaign_id AND r.id = "
	)
	return []sealed{
		{
			stored.Campaign, `id, name, digest, spec, recipients, folded, people, first_id, last_id, paused_at, paused_who, paused_what, paused_reason,
			aborted_at, aborted_who, aborted_what, aborted_reason`, "seal FROM campaign", true,
		},
		{stored.Message, ofMessage, "m.seal FROM message m" + recipient + "m.recipient_id", false},
		{
			stored.Relist, relisted,
			"l.seal FROM relist l JOIN message m ON m.campaign_id = l.campaign_id AND m.id = l.message_id" + recipient + "l.recipient_id", false,
		},
		{stored.Relist, "message_id", "seal FROM relist WHERE recipient_id IS NULL", false},
		{stored.Fold, "row, campaign_id, key, recipient", "seal FROM fold", false},
		{
			stored.Claim, "id, run_id, turn, campaign_id, channel, account, currency, day, scenario, price, claimed_at, deadline, first_id, last_id",
			"seal FROM claim", false,
		},
		{
			stored.Standing, `message_id, campaign_id, channel, state, attempts, over, claim_id, code, detail, vendor_id, vendor_segments,
			settled_at, why`, "seal FROM standing", true,
		},
		{
			stored.Attempt, "message_id, number, claim_id, segments, outcome, reason, code, detail, vendor_id, vendor_segments, settled_at",
			"seal FROM attempt", true,
		},
		{stored.Resolution, `message_id, number, outcome, unknown_at, at, who, why, grade`, "seal FROM resolution", true},
		{stored.TallyCell, `campaign_id, channel, state, account, currency, run_id, messages, segments, cost`, "seal FROM tally", false},
		{stored.Prints, "campaign_id, piece, prints", "seal FROM prints", false},
		{stored.Suppression, "id, address, channel, reason, note, who, at", "seal FROM suppression", false},
	}
}

// table is where rows may be without a seal.
func (s sealed) table() string { return s.from[strings.LastIndexByte(s.from, ' ')+1:] }

// sealRest gives their seals to rows that have none.
func (x *tx) sealRest() error {
	if !x.unsealed {
		return nil
	}
	x.unsealed = false
	type late struct {
		table string
		sums  []int64
		at    []string
	}
	var all []*late
	for _, s := range seals() {
		if !s.late {
			continue
		}
		var of stored.Sealer
		l := &late{table: s.table()}
		all = append(all, l)
		x.ask(func(rows pgx.Rows) error {
			v, err := valuesOf(rows)
			if err != nil {
				return err
			}
			last := len(v) - 1
			place, _ := v[last].(string)
			l.sums, l.at = append(l.sums, of.Add(v[:last]...).Seal()), append(l.at, place)
			return nil
		}, "SELECT "+s.columns+", ctid::text FROM "+l.table+" WHERE seal IS NULL")
	}
	if err := x.sync(); err != nil {
		return err
	}
	for _, l := range all {
		if len(l.sums) > 0 {
			x.queue("UPDATE "+l.table+` t SET seal = v.sum FROM unnest($1::bigint[], $2::text[]::tid[]) AS v (sum, at) WHERE t.ctid = v.at`, l.sums, l.at)
		}
	}
	return nil
}

// valuesOf are the values of a row as they are sealed: a number is a number, however many bytes it takes here.
func valuesOf(rows pgx.Rows) ([]driver.Value, error) {
	values, err := rows.Values()
	v := make([]driver.Value, len(values))
	for i := range values {
		switch n := values[i].(type) {
		case int32:
			v[i] = int64(n)
		case int16:
			v[i] = int64(n)
		default:
			v[i] = n
		}
	}
	return v, err
}

// broken are the rows that do not fit their seals, each in a line; at most so many of a table.
func (l *Ledger) broken(ctx context.Context, db reader, limit int) (problems []words.Text, err error) {
	var of stored.Sealer
	for _, s := range seals() {
		found := 0
		err := each(ctx, db, func(rows pgx.Rows) error {
			v, err := valuesOf(rows)
			if err != nil || found == limit || of.Fits(v) {
				return err
			}
			found++
			problems = append(problems, stored.Unfit(s.what, v[0]))
			return nil
		}, "SELECT "+s.columns+", "+s.from)
		if err != nil {
			return problems, err
		}
	}
	return problems, nil
}
