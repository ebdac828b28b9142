package sqlite

import (
	"cmp"
	"database/sql"
	"database/sql/driver"
	"errors"
	"slices"

	"notify/pkg/ledger"
	"notify/pkg/message"
)

const (
	// acceptedColumns is the width of a row of what is accepted, begunColumns of what has no record before that.
	acceptedColumns = 8
	begunColumns    = 9

	stillOpen = ` WHERE message_id = ? AND attempts = ? AND campaign_id = ? AND state = 'attempting'`

	// recordQuery gives a message its record that is attempted because its claim says so.
	recordQuery = `INSERT OR FAIL INTO standing (message_id, campaign_id, channel, state, attempts, claim_id)
		SELECT id, campaign_id, channel, state, attempts, claim_id FROM message_standing
		WHERE id = ? AND attempts = ? AND campaign_id = ? AND state = 'attempting' AND NOT recorded`

	settleQuery = `UPDATE OR FAIL standing
		SET state = ?, not_before = 0, code = ?, detail = ?, vendor_id = ?, vendor_segments = ?, settled_at = ?` + stillOpen

	// newestAttempt is how a row of attempt begins.
	newestAttempt = `SELECT message_id, attempts, claim_id, (SELECT segments FROM message WHERE id = message_id), leave_at`

	// The message follows by a trigger.
	settleOverQuery = `INSERT OR FAIL INTO attempt
		(message_id, number, claim_id, segments, leave_at, outcome, reason, code, detail, vendor_id, vendor_segments, settled_at, retry_at)
		` + newestAttempt + `, ?, ?, ?, ?, ?, ?, ?, ? FROM standing` + stillOpen
)

// errStale says that some of what was settled together was stale: the transaction is made again, one by one.
var errStale = errors.New("some of the attempts were settled before, or are another run's")

// settling is the first half of a group of turns. To be accepted is what comes of nearly all attempts: those are written
// many with one statement. A statement for each costs a third more for a whole Turn.
type settling struct {
	x        *tx
	single   bool       // each with a statement of its own, which tells the stale ones
	accepted []accepted // to be written together
}

// accepted is a message that was accepted.
type accepted struct {
	unrecorded // claim 0: it has a record
	number     int64
	*ledger.Settlement
}

// settle takes in what came of a turn's attempts.
func (s *settling) settle(t *turn) error {
	for i := range t.req.Settle {
		st := &t.req.Settle[i]
		if !s.single && st.Outcome.Kind == message.OutcomeAccepted {
			id, number := attemptOf(st.Attempt)
			a := accepted{unrecorded{message: id, campaign: t.run.campaign}, int64(number), st}
			if u, ok := s.x.w.unrecorded[id]; ok && number == 1 && u.campaign == t.run.campaign {
				a.unrecorded = u
			}
			s.accepted = append(s.accepted, a)
			continue
		}
		if err := s.write(); err != nil {
			return err
		}
		if err := s.x.settle(t, *st); err != nil {
			return err
		}
	}
	return nil
}

// write records what was accepted, in the order of the messages: in the order in which they were answered, each is on another
// page than the one before.
func (s *settling) write() error {
	slices.SortFunc(s.accepted, func(a, b accepted) int {
		return cmp.Or(cmp.Compare(min(a.claim, 1), min(b.claim, 1)), cmp.Compare(a.message, b.message))
	})
	recorded := 0
	for recorded < len(s.accepted) && s.accepted[recorded].claim == 0 {
		recorded++
	}
	for _, part := range []struct {
		of      []accepted
		columns int
		query   func(rows int) string
	}{{s.accepted[:recorded], acceptedColumns, settleAccepted}, {s.accepted[recorded:], begunColumns, recordAccepted}} {
		for rows, values := range statements(s.values(part.of), part.columns) {
			n, err := s.x.rawChange(part.query(rows), values)
			if err != nil {
				return err
			}
			if n != rows {
				return errStale
			}
		}
	}
	s.accepted = s.accepted[:0]
	s.x.w.accepted = s.accepted
	return nil
}

// values are the columns of what was accepted, all of it with or all of it without a record.
func (s *settling) values(of []accepted) []driver.NamedValue {
	all := s.x.w.values[:0]
	add := func(values ...driver.Value) {
		for _, v := range values {
			all = append(all, driver.NamedValue{Value: v})
		}
	}
	for _, a := range of {
		if a.claim == 0 {
			add(a.message, a.campaign, a.number)
		} else {
			add(a.message, a.campaign, string(a.channel), a.claim)
		}
		o := a.Outcome
		add(orNull(o.Code), orNull(o.Detail), orNull(o.VendorID), orNull(int64(o.Segments)), nanos(a.At))
	}
	s.x.w.values = all
	return all
}

func settleAccepted(rows int) string {
	return `UPDATE OR FAIL standing SET state = 'accepted', not_before = 0, code = v.column4, detail = v.column5, vendor_id = v.column6,
		vendor_segments = v.column7, settled_at = v.column8
		FROM (VALUES ` + placeholders(rows, acceptedColumns) + `) v
		WHERE standing.message_id = v.column1 AND standing.campaign_id = v.column2 AND standing.attempts = v.column3
		AND standing.state = 'attempting'`
}

// recordAccepted writes what was accepted and had no record; what has one by now is not written.
func recordAccepted(rows int) string {
	return `INSERT OR FAIL INTO standing (state, attempts, message_id, campaign_id, channel, claim_id, code, detail, vendor_id, vendor_segments, settled_at)
		VALUES ` + placeholders(rows, begunColumns, "'accepted'", "1") + ` ON CONFLICT (message_id) DO NOTHING`
}

// settle records one outcome.
func (x *tx) settle(t *turn, s ledger.Settlement) error {
	o := s.Outcome
	if !slices.Contains(message.OutcomeKinds(), o.Kind) {
		o.Kind = message.OutcomeUnknown
	}
	id, number := attemptOf(s.Attempt)
	open := []any{id, number, t.run.campaign}
	said := []any{orNull(o.Code), orNull(o.Detail), orNull(o.VendorID), orNull(o.Segments), nanos(s.At)}
	if number == 1 {
		if err := x.exec(recordQuery, open...); err != nil {
			return err
		}
	}
	var n int
	var err error
	if o.Kind.Definite() {
		var retry int64
		if o.Kind.State() == message.Pending {
			retry = nanos(ledger.Later(t.req.Now, s.NotBefore))
		}
		n, err = x.change(settleOverQuery, slices.Concat([]any{string(o.Kind), orNull(string(o.Reason))}, said, []any{retry}, open)...)
	} else {
		n, err = x.change(settleQuery, slices.Concat([]any{string(o.Kind.State())}, said, open)...)
	}
	if err != nil {
		return err
	}
	if n == 0 {
		t.out.Stale = append(t.out.Stale, s.Attempt)
		return nil
	}
	if o.Kind.Definite() {
		t.run.freed = t.run.freed || t.run.aborted != nil
		return x.credit(id)
	}
	return nil
}

// orphan makes what a run left open unknown. It is not credited: the messages may have left. The campaign had no other run
// beside it, so that all that is open was the run's. It reads what was claimed of the campaign once, about half a second for a million
// messages: an index of what is open would be written twice for every message.
func (x *tx) orphan(campaign int64, code, detail string, at int64) (int, error) {
	n := 0
	for _, query := range []string{
		`INSERT INTO standing (state, code, detail, settled_at, message_id, campaign_id, channel, attempts, claim_id)
			SELECT 'unknown', ?, ?, ?, m.id, m.campaign_id, m.channel, m.attempts, m.claim_id` + unrecordedOf,
		`UPDATE standing SET state = 'unknown', not_before = 0, code = ?, detail = ?, settled_at = ?
			WHERE message_id IN (SELECT s.message_id` + openOf + `)`,
	} {
		changed, err := x.change(query, code, detail, at, campaign, campaign, campaign)
		if err != nil {
			return 0, err
		}
		n += changed
	}
	return n, nil
}

// lastDeadline is the latest of what is open.
func (x *tx) lastDeadline(campaign int64) (sql.NullInt64, error) {
	var last sql.NullInt64
	err := x.one([]any{&last}, `SELECT max(c.hold + CASE o.leave_at WHEN 0 THEN c.claimed_at ELSE o.leave_at END)
		FROM (SELECT m.claim_id, m.leave_at`+unrecordedOf+` UNION ALL SELECT s.claim_id, s.leave_at`+openOf+`) o CROSS JOIN claim c ON c.id = o.claim_id`,
		campaign, campaign, campaign, campaign, campaign, campaign)
	return last, err
}

// What is being attempted, because a range reaches it, and by its own record. Beyond the last range nothing is looked at.
const (
	unrecordedOf = ` FROM message_standing m WHERE m.id BETWEEN (SELECT first_id FROM campaign WHERE id = ?)
		AND (` + reach + `campaign_id = ?)
		AND +m.campaign_id = ? AND m.state = 'attempting' AND NOT m.recorded`
	openOf = ` FROM standing s NOT INDEXED WHERE s.message_id BETWEEN (SELECT first_id FROM campaign WHERE id = ?)
		AND (SELECT last_id FROM campaign WHERE id = ?) AND s.campaign_id = ? AND s.state = 'attempting'`
)
