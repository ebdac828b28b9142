package sqlite

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"math"
	"slices"
	"time"

	"notify/pkg/flow"
	"notify/pkg/ledger"
	"notify/pkg/ledger/stored"
	"notify/pkg/message"
)

type shelfOf struct {
	campaign int64
	channel  message.Channel
}

// shelf holds pending messages of one campaign and channel, in the order in which they are claimed.
type shelf struct {
	of     shelfOf
	run    *liveRun
	reach  *reached // nil where the campaign has no such channel, and nothing is pending
	demand int      // how many the turn may still ask for
	now    time.Time
	rows   []pendingRow
	at     cursor // the last row that was read
	fresh  int64  // the last id up to which messages that were never tried were read
	phase  int
}

type cursor struct{ notBefore, id int64 }

type pendingRow struct {
	id        int64
	notBefore time.Time
	pace      flow.Place
	attempts  int
	recorded  bool        // it has a standing
	broken    stored.Kind // what of it does not fit its seal
	recipient string
	claim     ledger.Claim
}

// The phases of a shelf: what waited for its domain; what has no standing; what has. Of the first and the last what is due,
// then what a clock that stepped back left far in the future; then nothing.
const (
	unread = iota
	pacedDue
	pacedStepped
	untried
	due
	stepped
	empty
)

func (c *claiming) shelf(t *turn, ch message.Channel) *shelf {
	of := shelfOf{t.run.campaign, ch}
	s := c.shelves[of]
	if s == nil {
		s = &shelf{of: of, run: t.run}
		c.shelves[of] = s
	}
	return s
}

// stocked is the shelf from which messages are taken.
func (c *claiming) stocked(t *turn, ch message.Channel) (*shelf, error) {
	s := c.shelf(t, ch)
	if s.reach != nil || s.phase == empty {
		return s, nil
	}
	reaches, err := c.x.reach(s.of.campaign)
	if err != nil {
		return nil, err
	}
	if s.reach = reaches[ch]; s.reach == nil {
		s.phase = empty
		return s, nil
	}
	s.fresh = max(s.reach.next, s.run.first) - 1
	return s, nil
}

// untriedFrom is the id below which no message is pending that has no standing: those are claimed in the order of their ids.
func (s *shelf) untriedFrom() int64 {
	for i := range s.rows {
		if !s.rows[i].recorded {
			return s.rows[i].id
		}
	}
	return s.fresh + 1
}

// front is the first message on the shelf that is ready at now, nil where there is none.
func (c *claiming) front(s *shelf, now time.Time) (*pendingRow, error) {
	if s.phase == unread {
		if err := c.begin(s); err != nil {
			return nil, err
		}
	}
	for len(s.rows) == 0 && s.phase != empty {
		if err := c.fill(s); err != nil {
			return nil, err
		}
	}
	if len(s.rows) == 0 || !s.rows[0].ready(now) {
		return nil, nil // no message is an answer
	}
	return &s.rows[0], nil
}

// fill reads the next rows.
func (c *claiming) fill(s *shelf) error {
	limit := min(max(1, s.demand), readAtOnce)
	until := stored.Nanos(s.now)
	if s.phase == pacedStepped || s.phase == stepped {
		until = math.MaxInt64
	}
	n := 0
	s.rows = slices.Grow(s.rows, limit)
	row := func(v []driver.Value) error {
		r, err := c.pendingOf(s.of, v)
		if err != nil {
			return err
		}
		s.at = cursor{notBefore: stored.Nanos(r.notBefore), id: r.id}
		s.rows = append(s.rows, r)
		if n++; n == limit {
			return errStop
		}
		return nil
	}
	var err error
	switch s.phase {
	case untried:
		err = c.x.rawEach(row, untriedQuery, s.fresh+1, s.run.last, s.of.campaign, string(s.of.channel))
		if s.fresh = s.at.id; n < limit {
			s.fresh = s.run.last
		}
	case pacedDue, pacedStepped:
		err = c.x.rawEach(row, pacedQuery, s.of.campaign, string(s.of.channel), s.at.notBefore, s.at.id, until)
	default:
		err = c.x.rawEach(row, againQuery, s.of.campaign, string(s.of.channel), s.at.notBefore, s.at.id, until)
	}
	if errors.Is(err, errStop) {
		return nil
	}
	if err == nil {
		s.enter(s.phase + 1)
	}
	return err
}

// pendingOf is a row of untriedQuery, pacedQuery or againQuery.
func (c *claiming) pendingOf(of shelfOf, v []driver.Value) (pendingRow, error) {
	fields, whole := v[5].([]byte)
	number := func(at int) int64 {
		n, is := v[at].(int64)
		whole = whole && is
		return n
	}
	text := func(at int) string {
		s, is := v[at].(string)
		whole = whole && is
		return s
	}
	r := pendingRow{
		id: number(0), recipient: text(6), recorded: len(v) > pendingColumns, broken: c.broken(of, v),
		claim: ledger.Claim{
			Key: message.Key(text(1)), Address: message.Address(text(2)), Segments: int(number(3)), Row: int(number(4)), Fields: fields,
		},
	}
	if r.recorded {
		r.notBefore, r.pace, r.attempts = stored.Moment(number(10)), flow.Place(number(11)), int(number(12))
	}
	if !whole {
		return pendingRow{}, ledger.Damaged("ledger.damaged.pending", nil)
	}
	return r, nil
}

// broken is what of a pending message does not fit its seal.
func (c *claiming) broken(of shelfOf, v []driver.Value) stored.Kind {
	s := &c.x.w.sealer
	s.Add(v[0], of.campaign, v[7], string(of.channel), v[1], v[2], v[3], v[8], v[4], v[6], v[5])
	if s.Seal() != v[9] {
		return stored.Message
	}
	if len(v) == pendingColumns {
		return ""
	}
	s.Add(v[0], of.campaign, string(of.channel), string(message.Pending), v[12])
	if s.Add(v[13:len(v)-1]...).Seal() != v[len(v)-1] {
		return stored.Standing
	}
	return ""
}

// begin finds out whether messages waited for their domains: mostly there are none, and those phases are left out.
func (c *claiming) begin(s *shelf) error {
	if c.x.unpaced[s.of] {
		s.enter(untried)
		return nil
	}
	var first, last sql.NullInt64
	of := []any{s.of.campaign, string(s.of.channel)}
	if err := c.x.one([]any{&first, &last}, firstAndLastPaced, append(of, of...)...); err != nil {
		return err
	}
	switch {
	case first.Valid && first.Int64 <= stored.Nanos(s.now):
		s.enter(pacedDue)
	case last.Valid && last.Int64 > stored.Nanos(flow.PlaceLimit(s.now)):
		s.enter(pacedStepped)
	default:
		s.enter(untried)
	}
	c.x.unpaced[s.of] = !first.Valid
	return nil
}

// enter begins a phase.
func (s *shelf) enter(phase int) {
	s.phase, s.at = phase, cursor{notBefore: math.MinInt64}
	switch phase {
	case pacedStepped:
		s.at = cursor{notBefore: stored.Nanos(flow.PlaceLimit(s.now)), id: math.MaxInt64}
	case stepped:
		s.at = cursor{notBefore: stored.Nanos(s.now.Add(ledger.MaxLater)), id: math.MaxInt64}
	}
}

// CROSS JOIN keeps the order of the index, or of the ids, which is the order of claiming. The wrong way would be read from
// end to end by every Turn. There is no LIMIT, reading stops by itself: SQLite looks into the value of a bound LIMIT when it
// plans, and plans anew for every one that is bound.
const (
	pendingColumns = 10
	pendingRead    = `SELECT m.id, m.key, m.address, m.segments, r.row, r.fields, r.key, m.recipient_id, m.fingerprint, m.seal`
	untriedQuery   = pendingRead + `
		FROM message m NOT INDEXED CROSS JOIN recipient r ON r.id = m.recipient_id
		WHERE m.id BETWEEN ? AND ? AND m.campaign_id = ? AND m.channel = ?
		AND NOT EXISTS (SELECT 1 FROM standing s WHERE s.message_id = m.id) ORDER BY m.id`
	recordedColumns = pendingRead + `, s.not_before, s.paced, s.attempts, s.over, s.claim_id, s.code, s.detail, s.vendor_id, s.vendor_segments,
		s.settled_at, s.why, s.seal `
	recordedWith = ` CROSS JOIN message m ON m.id = s.message_id CROSS JOIN recipient r ON r.id = m.recipient_id
		WHERE s.campaign_id = ? AND s.channel = ? AND s.state = 'pending' AND (s.not_before, s.message_id) > (?, ?) AND s.not_before <= ?`
	againQuery = recordedColumns + `FROM standing s INDEXED BY standing_again` + recordedWith + ` AND s.paced = 0
		ORDER BY s.not_before, s.message_id`
	pacedQuery = recordedColumns + `FROM standing s INDEXED BY standing_paced` + recordedWith + ` AND s.paced > 0
		ORDER BY s.not_before, s.message_id`
	firstAndLastPaced = `SELECT
		(SELECT min(not_before) FROM standing INDEXED BY standing_paced WHERE campaign_id = ? AND channel = ? AND state = 'pending' AND paced > 0),
		(SELECT max(not_before) FROM standing INDEXED BY standing_paced WHERE campaign_id = ? AND channel = ? AND state = 'pending' AND paced > 0)`
)

// readAtOnce is how many pending messages are read at once: the account may allow fewer than are asked for.
const readAtOnce = 64
