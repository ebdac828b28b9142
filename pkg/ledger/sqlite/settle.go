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
	// acceptedColumns is the width of a row of what is accepted.
	acceptedColumns = 8

	stillOpen = ` WHERE id = ? AND attempts = ? AND campaign_id = ? AND state = 'attempting'`

	settleQuery = `UPDATE OR FAIL message
		SET state = ?, not_before = 0, code = ?, detail = ?, vendor_id = ?, vendor_segments = ?, settled_at = ?` + stillOpen

	// The message follows by a trigger.
	settleOverQuery = `INSERT OR FAIL INTO attempt
		(message_id, number, claim_id, segments, leave_at, outcome, reason, code, detail, vendor_id, vendor_segments, settled_at, retry_at)
		SELECT id, attempts, claim_id, segments, leave_at, ?, ?, ?, ?, ?, ?, ?, ? FROM message` + stillOpen
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

// accepted is a message of the campaign that was accepted.
type accepted struct {
	campaign int64
	*ledger.Settlement
}

// settle takes in what came of a turn's attempts.
func (s *settling) settle(t *turn) error {
	for i := range t.req.Settle {
		st := &t.req.Settle[i]
		if !s.single && st.Outcome.Kind == message.OutcomeAccepted {
			s.accepted = append(s.accepted, accepted{t.run.campaign, st})
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
	slices.SortFunc(s.accepted, func(a, b accepted) int { return cmp.Compare(a.Attempt, b.Attempt) })
	all := s.x.w.values[:0]
	for _, a := range s.accepted {
		id, number := attemptOf(a.Attempt)
		o := a.Outcome
		for _, v := range [acceptedColumns]driver.Value{
			id, int64(number), a.campaign, orNull(o.Code), orNull(o.Detail), orNull(o.VendorID), orNull(int64(o.Segments)), nanos(a.At),
		} {
			all = append(all, driver.NamedValue{Value: v})
		}
	}
	s.x.w.values = all
	for rows, values := range statements(all, acceptedColumns) {
		n, err := s.x.rawChange(settleAccepted(rows), values)
		if err != nil {
			return err
		}
		if n != rows {
			return errStale
		}
	}
	s.accepted = s.accepted[:0]
	s.x.w.accepted = s.accepted
	return nil
}

func settleAccepted(rows int) string {
	return `UPDATE OR FAIL message SET state = 'accepted', not_before = 0, code = v.column4, detail = v.column5, vendor_id = v.column6,
		vendor_segments = v.column7, settled_at = v.column8
		FROM (VALUES ` + placeholders(rows, acceptedColumns) + `) v
		WHERE message.id = v.column1 AND message.attempts = v.column2 AND message.campaign_id = v.column3 AND message.state = 'attempting'`
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
// beside it, so that all that is open was the run's. It reads the campaign once, half a second for a million messages:
// an index of what is open would be written twice for every message.
func (x *tx) orphan(campaign int64, code, detail string, at int64) (int, error) {
	return x.change(`UPDATE message NOT INDEXED SET state = 'unknown', not_before = 0, code = ?, detail = ?, settled_at = ?`+openOf, code, detail, at, campaign, campaign, campaign)
}

// lastDeadline is the latest of what is open.
func (x *tx) lastDeadline(campaign int64) (sql.NullInt64, error) {
	var last sql.NullInt64
	err := x.one([]any{&last}, `SELECT max(c.hold + CASE message.leave_at WHEN 0 THEN c.claimed_at ELSE message.leave_at END)
		FROM message NOT INDEXED JOIN claim c ON c.id = message.claim_id`+openOf, campaign, campaign, campaign)
	return last, err
}

const openOf = ` WHERE message.id BETWEEN (SELECT first_id FROM campaign WHERE id = ?) AND (SELECT last_id FROM campaign WHERE id = ?)
	AND campaign_id = ? AND state = 'attempting'`
