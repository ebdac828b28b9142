package sqlite

import (
	"cmp"
	"database/sql"
	"database/sql/driver"
	"errors"
	"math"
	"slices"

	"notify/pkg/ledger"
	"notify/pkg/ledger/stored"
	"notify/pkg/message"
)

const (
	// acceptedColumns is the width of a row of what is accepted and had a record, begunColumns of what had none.
	acceptedColumns = 8
	begunColumns    = 10

	settleQuery = `UPDATE OR FAIL standing
		SET state = ?, not_before = 0, code = ?, detail = ?, vendor_id = ?, vendor_segments = ?, settled_at = ?, seal = NULL
		WHERE message_id = ? AND state = 'attempting'`

	// The message follows by a trigger.
	overQuery = `INSERT OR FAIL INTO attempt
		(message_id, number, claim_id, segments, outcome, reason, code, detail, vendor_id, vendor_segments, settled_at, retry_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
)

// errStale says that some of what was settled together was stale: the transaction is made again, one by one.
var errStale = errors.New("some of the attempts were settled before")

// settling is the first half of a turn. To be accepted is what comes of nearly all attempts: those are written
// many with one statement. A statement for each costs a third more for a whole Turn.
type settling struct {
	x        *tx
	single   bool       // each with a statement of its own, which tells the stale ones
	accepted []accepted // to be written together
}

// accepted is a message that was accepted.
type accepted struct {
	flight
	*ledger.Settlement
}

// settle takes in what came of a turn's attempts.
func (s *settling) settle(t *turn) error {
	for i := range t.req.Settle {
		st := &t.req.Settle[i]
		if !s.single && st.Outcome.Kind == message.OutcomeAccepted {
			id, number := stored.AttemptOf(st.Attempt)
			if f, ok := s.x.w.flights[id]; ok && f.number == number && f.of.Run == t.req.Run {
				s.accepted = append(s.accepted, accepted{f, st})
				continue
			}
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
	order := func(f flight) int {
		if f.recorded {
			return 0
		}
		return 1
	}
	slices.SortFunc(s.accepted, func(a, b accepted) int {
		return cmp.Or(order(a.flight)-order(b.flight), cmp.Compare(a.message, b.message))
	})
	recorded := 0
	for recorded < len(s.accepted) && s.accepted[recorded].recorded {
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
	err := s.count()
	s.accepted = s.accepted[:0]
	s.x.w.accepted = s.accepted
	return err
}

// count counts what was accepted, claim by claim as they lie.
func (s *settling) count() error {
	for i := 0; i < len(s.accepted); {
		of := s.accepted[i].of
		n, segments := int64(0), int64(0)
		for ; i < len(s.accepted) && s.accepted[i].of == of; i++ {
			n++
			segments += int64(s.accepted[i].segments)
		}
		if err := s.x.settled(of, message.Attempting, message.Accepted, of.Debit(n, segments)); err != nil {
			return err
		}
	}
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
	seals := &s.x.w.sealer
	for _, a := range of {
		if a.recorded {
			add(a.message, int64(a.number))
		} else {
			add(a.message, a.of.Campaign, string(a.of.Channel), a.of.ID)
		}
		o := a.Outcome
		s.x.prints.Add(a.of.Campaign, a.message, o.VendorID)
		add(stored.OrNull(o.Code), stored.OrNull(o.Detail), stored.OrNull(o.VendorID), stored.OrNull(int64(o.Segments)), stored.Nanos(a.At))
		seals.Add(a.message, a.of.Campaign, string(a.of.Channel), string(message.Accepted), int64(a.number), int64(a.number-1), a.of.ID)
		for _, v := range all[len(all)-5:] {
			seals.Add(v.Value)
		}
		add(seals.Add(nil).Seal())
	}
	s.x.w.values = all
	return all
}

func settleAccepted(rows int) string {
	return `UPDATE OR FAIL standing SET state = 'accepted', not_before = 0, code = v.column3, detail = v.column4, vendor_id = v.column5,
		vendor_segments = v.column6, settled_at = v.column7, seal = v.column8
		FROM (VALUES ` + placeholders(rows, acceptedColumns) + `) v
		WHERE standing.message_id = v.column1 AND standing.attempts = v.column2 AND standing.state = 'attempting'`
}

// recordAccepted writes what was accepted and had no record; what has one by now is not written.
func recordAccepted(rows int) string {
	return `INSERT OR FAIL INTO standing (state, attempts, message_id, campaign_id, channel, claim_id, code, detail, vendor_id, vendor_segments, settled_at,
		seal) VALUES ` + placeholders(rows, begunColumns, "'accepted'", "1") + ` ON CONFLICT (message_id) DO NOTHING`
}

// settle records one outcome.
func (x *tx) settle(t *turn, s ledger.Settlement) error {
	o := s.Outcome
	if !slices.Contains(message.OutcomeKinds(), o.Kind) {
		o.Kind = message.OutcomeUnknown
	}
	f, err := x.inFlight(t.run.id, s.Attempt)
	if errors.Is(err, sql.ErrNoRows) {
		t.out.Stale = append(t.out.Stale, s.Attempt)
		return nil
	}
	if err != nil {
		return err
	}
	if err := x.record(f); err != nil {
		return err
	}
	to := o.Kind.State()
	if o.Kind.Definite() {
		var retry int64
		if to == message.Pending {
			retry = stored.Nanos(ledger.Later(t.req.Now, s.NotBefore))
			t.run.freed = t.run.freed || t.run.aborted != nil
		}
		_, err = x.unsealing(overQuery, f.message, f.number, f.of.ID, f.segments, string(o.Kind), stored.OrNull(string(o.Reason)),
			stored.OrNull(o.Code), stored.OrNull(o.Detail), stored.OrNull(o.VendorID), stored.OrNull(o.Segments), stored.Nanos(s.At), retry)
	} else {
		_, err = x.unsealing(settleQuery, string(to), stored.OrNull(o.Code), stored.OrNull(o.Detail), stored.OrNull(o.VendorID), stored.OrNull(o.Segments), stored.Nanos(s.At), f.message)
	}
	if err != nil {
		return err
	}
	x.prints.Add(f.of.Campaign, f.message, o.VendorID)
	if err := stored.Uncount(f.of, s.Uncount, x.domain); err != nil {
		return err
	}
	return x.settled(f.of, message.Attempting, to, f.of.Debit(1, int64(f.segments)))
}

// record gives a message a standing that is attempted because its claim says so.
func (x *tx) record(f flight) error {
	if f.recorded {
		return nil
	}
	_, err := x.unsealing("INSERT OR FAIL INTO standing (message_id, campaign_id, channel, state, attempts, claim_id) VALUES (?, ?, ?, 'attempting', 1, ?)",
		f.message, f.of.Campaign, string(f.of.Channel), f.of.ID)
	return err
}

const (
	claimedColumns = `c.id, c.campaign_id, c.run_id, c.channel, c.account, c.currency, c.day, c.scenario, c.price`
	flightQuery    = `SELECT m.segments, m.recorded, ` + claimedColumns + ` FROM message_standing m JOIN claim c ON c.id = m.claim_id
		WHERE m.id = ? AND m.attempts = ? AND m.state = 'attempting' AND c.run_id = ?`
)

// inFlight is an attempt of the run that is open; sql.ErrNoRows where it is not.
func (x *tx) inFlight(run ledger.RunID, attempt int64) (flight, error) {
	f := flight{of: new(stored.Claimed)}
	f.message, f.number = stored.AttemptOf(attempt)
	return f, x.one(append([]any{&f.segments, &f.recorded}, f.of.Dest()...), flightQuery, f.message, f.number, int64(run))
}

// openClaim is a claim with messages that are open.
type openClaim struct {
	stored.Claimed
	turn, deadline int64
	first, last    int64 // of its range; 0 without one
	// How many are open because the range says so, and how many have a standing that does.
	unrecorded, unrecordedSegments int64
	recorded, recordedSegments     int64
}

func (o *openClaim) dest() []any {
	return append(o.Dest(), &o.turn, &o.deadline, &o.first, &o.last)
}

const openClaimColumns = claimedColumns + `, c.turn, c.deadline, ifnull(c.first_id, 0), ifnull(c.last_id, 0)`

// open are the claims of the run that have messages open, the newest first. The tally says how many messages those are: mostly they
// are found in the newest few, and the others are not looked at.
func (x *tx) open(campaign int64, run ledger.RunID) ([]openClaim, error) {
	cells, err := x.tally(campaign)
	if err != nil {
		return nil, err
	}
	left := cells.OpenOf(run)
	if left == 0 {
		return nil, nil
	}
	byID := make(map[int64]int)
	var open []openClaim
	err = x.each(func(rows *sql.Rows) error {
		var o openClaim
		if err := rows.Scan(append(o.dest(), &o.recorded, &o.recordedSegments)...); err != nil {
			return err
		}
		left -= o.recorded
		byID[o.ID] = len(open)
		open = append(open, o)
		return nil
	}, openRecordedQuery, campaign, int64(run))
	for before := int64(math.MaxInt64); err == nil && left > 0; {
		var o openClaim
		if err = x.one(o.dest(), openRangeQuery, before, int64(run)); err != nil {
			break
		}
		before = o.ID
		if err = x.one([]any{&o.unrecorded, &o.unrecordedSegments}, "SELECT count(*), ifnull(sum(m.segments), 0)"+unrecordedOf,
			o.first, o.last, campaign, string(o.Channel)); err != nil || o.unrecorded == 0 {
			continue
		}
		left -= o.unrecorded
		if i, ok := byID[o.ID]; ok {
			open[i].unrecorded, open[i].unrecordedSegments = o.unrecorded, o.unrecordedSegments
			continue
		}
		open = append(open, o)
	}
	if errors.Is(err, sql.ErrNoRows) {
		err = nil // there are no more claims
	}
	return open, err
}

const (
	openRecordedQuery = `SELECT ` + openClaimColumns + `, count(*), sum(m.segments) FROM standing s INDEXED BY standing_open
		CROSS JOIN claim c ON c.id = s.claim_id CROSS JOIN message m ON m.id = s.message_id
		WHERE s.campaign_id = ? AND s.state = 'attempting' AND c.run_id = ? GROUP BY s.claim_id ORDER BY s.claim_id DESC`
	openRangeQuery = `SELECT ` + openClaimColumns + ` FROM claim c WHERE c.id < ? AND c.run_id = ? AND c.first_id IS NOT NULL
		ORDER BY c.id DESC LIMIT 1`
	// unrecordedOf is what is being attempted because a range says so.
	unrecordedOf = ` FROM message m NOT INDEXED WHERE m.id BETWEEN ? AND ? AND m.campaign_id = ? AND m.channel = ?
		AND NOT EXISTS (SELECT 1 FROM standing s WHERE s.message_id = m.id)`
)

// orphan makes what a run left open unknown. It is not credited: the messages may have left.
func (x *tx) orphan(campaign int64, run ledger.RunID, code, detail string, at int64) (int, error) {
	open, err := x.open(campaign, run)
	if err != nil {
		return 0, err
	}
	n := int64(0)
	for i := range open {
		o := &open[i]
		if o.unrecorded > 0 {
			if _, err := x.unsealing(`INSERT INTO standing (state, attempts, code, detail, settled_at, message_id, campaign_id, channel, claim_id)
				SELECT 'unknown', 1, ?, ?, ?, m.id, m.campaign_id, m.channel, ?`+unrecordedOf,
				code, detail, at, o.ID, o.first, o.last, campaign, string(o.Channel)); err != nil {
				return 0, err
			}
		}
		if o.recorded > 0 {
			if _, err := x.unsealing(`UPDATE standing SET state = 'unknown', not_before = 0, code = ?, detail = ?, settled_at = ?, seal = NULL
				WHERE message_id IN (SELECT message_id FROM standing INDEXED BY standing_open
					WHERE campaign_id = ? AND state = 'attempting' AND claim_id = ?)`, code, detail, at, campaign, o.ID); err != nil {
				return 0, err
			}
		}
		messages := o.unrecorded + o.recorded
		if err := x.settled(&o.Claimed, message.Attempting, message.Unknown, o.Debit(messages, o.unrecordedSegments+o.recordedSegments)); err != nil {
			return 0, err
		}
		n += messages
	}
	return int(n), nil
}

// recover reads what the run's last turn claimed and is still open.
func (x *tx) recover(r *liveRun) ([]ledger.Claim, error) {
	open, err := x.open(r.campaign, r.id)
	if err != nil {
		return nil, err
	}
	var out []ledger.Claim
	for i := range open {
		o := &open[i]
		if o.turn != r.turn {
			continue
		}
		err := x.each(func(rows *sql.Rows) error {
			cl := ledger.Claim{Account: o.Account, Channel: o.Channel, Deadline: stored.Moment(o.deadline)}
			var id int64
			err := rows.Scan(&id, &cl.Number, &cl.Key, &cl.Address, &cl.Segments, &cl.Row, &cl.Fields)
			cl.Attempt = stored.AttemptID(id, cl.Number)
			out = append(out, cl)
			return err
		}, recoverQuery, o.first, o.last, o.Campaign, o.ID, o.Campaign, o.ID)
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

const recoverQuery = `SELECT m.id, m.attempts, m.key, m.address, m.segments, r.row, r.fields
	FROM message_standing m CROSS JOIN recipient r ON r.id = m.recipient_id
	WHERE m.state = 'attempting' AND (m.id BETWEEN ? AND ? AND +m.campaign_id = ? AND m.claim_id = ? AND NOT m.recorded
		OR m.id IN (SELECT message_id FROM standing INDEXED BY standing_open WHERE campaign_id = ? AND state = 'attempting' AND claim_id = ?))
	ORDER BY m.id`
