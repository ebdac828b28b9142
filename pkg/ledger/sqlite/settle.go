package sqlite

import (
	"errors"
	"slices"

	"notify/pkg/ledger"
	"notify/pkg/message"
)

const (
	settleTo = `UPDATE OR FAIL attempt SET outcome = ?, reason = ?, code = ?, detail = ?, vendor_id = ?, vendor_segments = ?,
		settled_at = ?, retry_at = ?`
	settleOpen = ` WHERE id = ? AND run_id = ? AND outcome IS NULL`

	settleQuery     = settleTo + settleOpen
	settleOverQuery = settleTo + `, over = 1` + settleOpen

	// acceptedColumns is the width of a row of settling.accepted.
	acceptedColumns = 7
)

// errStale says that some of what was settled together was stale: the transaction is made again, one by one.
var errStale = errors.New("some of the attempts were settled before, or are another run's")

// settling is the first half of a group of turns. To be accepted is what comes of nearly all attempts: those are written
// many with one statement, in the order in which they came. A statement for each costs a third more for a whole Turn.
type settling struct {
	x        *tx
	single   bool  // each with a statement of its own, which tells the stale ones
	accepted []any // columns of what is to be written together, row after row
}

// settle takes in what came of a turn's attempts.
func (s *settling) settle(t *turn) error {
	for _, st := range t.req.Settle {
		if o := st.Outcome; !s.single && o.Kind == message.OutcomeAccepted && o.Reason == "" {
			s.accepted = append(s.accepted, st.Attempt, int64(t.req.Run),
				orNull(o.Code), orNull(o.Detail), orNull(o.VendorID), orNull(o.Segments), nanos(st.At))
			continue
		}
		if err := s.write(); err != nil {
			return err
		}
		if err := s.x.settle(t, st); err != nil {
			return err
		}
	}
	return nil
}

// write records what was accepted.
func (s *settling) write() error {
	for _, rows := range []int{64, 8, 1} {
		for width := rows * acceptedColumns; len(s.accepted) >= width; s.accepted = s.accepted[width:] {
			n, err := s.x.change(settleAccepted(rows), s.accepted[:width]...)
			if err != nil {
				return err
			}
			if n != rows {
				return errStale
			}
		}
	}
	return nil
}

func settleAccepted(rows int) string {
	return `UPDATE OR FAIL attempt SET outcome = 'accepted', code = v.column3, detail = v.column4, vendor_id = v.column5,
		vendor_segments = v.column6, settled_at = v.column7
		FROM (VALUES ` + placeholders(rows, acceptedColumns) + `) v
		WHERE attempt.id = v.column1 AND attempt.run_id = v.column2 AND attempt.outcome IS NULL`
}

// settle records one outcome.
func (x *tx) settle(t *turn, s ledger.Settlement) error {
	o := s.Outcome
	if !slices.Contains(message.OutcomeKinds(), o.Kind) {
		o.Kind = message.OutcomeUnknown
	}
	var retry int64
	if o.Kind.State() == message.Pending {
		retry = nanos(ledger.Later(t.req.Now, s.NotBefore))
	}
	query := settleQuery
	if o.Kind.Definite() {
		query = settleOverQuery
	}
	n, err := x.change(query,
		string(o.Kind), orNull(string(o.Reason)), orNull(o.Code), orNull(o.Detail), orNull(o.VendorID), orNull(o.Segments),
		nanos(s.At), orNull(retry), s.Attempt, int64(t.req.Run))
	if err != nil {
		return err
	}
	if n == 0 {
		t.out.Stale = append(t.out.Stale, s.Attempt)
		return nil
	}
	if o.Kind.Definite() {
		if err := x.credit(t.run.campaign, s.Attempt); err != nil {
			return err
		}
		t.run.freed = t.run.freed || t.run.aborted != nil
	}
	return nil
}
