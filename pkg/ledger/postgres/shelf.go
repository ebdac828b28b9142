package postgres

import (
	"database/sql"
	"database/sql/driver"
	"time"

	"github.com/jackc/pgx/v5"

	"notify/pkg/flow"
	"notify/pkg/ledger"
	"notify/pkg/ledger/stored"
	"notify/pkg/message"
)

// shelf holds pending messages of one channel, in the order in which they are claimed.
type shelf struct {
	channel message.Channel
	reach   *reached // nil where the campaign has no such channel, and nothing is pending
	demand  int      // how many the requests may still ask for
	rows    []pendingRow
	at      cursor // the last row that was read
	fresh   int64  // the last id up to which messages that were never tried were read
	phase   int

	// What begin reads.
	first, last sql.NullInt64 // when the first and the last of those that waited for their domains may be claimed
	read        bool
	limit       int // how many were asked for that have no standing
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

func (c *claiming) shelf(ch message.Channel) *shelf {
	s := c.shelves[ch]
	if s == nil {
		s = &shelf{channel: ch, at: cursor{notBefore: -1 << 62}}
		c.shelves[ch] = s
	}
	return s
}

// stocked is the shelf from which messages are taken.
func (c *claiming) stocked(ch message.Channel) (*shelf, error) {
	s := c.shelf(ch)
	if s.reach != nil || s.phase == empty {
		return s, nil
	}
	reaches, err := c.x.reach(c.t.run.campaign)
	if err != nil {
		return nil, err
	}
	if s.reach = reaches[ch]; s.reach == nil {
		s.phase = empty
		return s, nil
	}
	s.fresh = max(s.reach.next, c.t.run.first) - 1
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

// front is the first message on the shelf that is ready now, nil where there is none.
func (c *claiming) front(s *shelf) (*pendingRow, error) {
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
	if len(s.rows) == 0 || !s.rows[0].ready(c.t.req.Now) {
		return nil, nil // no message is an answer
	}
	return &s.rows[0], nil
}

func (r *pendingRow) ready(now time.Time) bool {
	if r.pace != flow.PlaceNone {
		return flow.ReadyPlaced(r.notBefore, now)
	}
	return ledger.Ready(r.notBefore, now)
}

// readAtOnce is how many pending messages are read at once: the account may allow fewer than are asked for.
const readAtOnce = 1024

// fill reads the next rows.
func (c *claiming) fill(s *shelf) error {
	limit := min(max(1, s.demand), readAtOnce)
	n := c.want(s, limit)
	if err := c.x.sync(); err != nil {
		return err
	}
	if s.phase == untried {
		if s.fresh = s.at.id; *n < limit {
			s.fresh = c.t.run.last
		}
	}
	if *n < limit {
		c.enter(s, s.phase+1)
	}
	return nil
}

// want queues the reading of the next rows of the phase, and says how many those were.
func (c *claiming) want(s *shelf, limit int) *int {
	r, until := c.t.run, stored.Nanos(c.t.req.Now)
	if s.phase == pacedStepped || s.phase == stepped {
		until = 1<<63 - 1
	}
	n := new(int)
	row := func(rows pgx.Rows) error {
		p, err := c.pendingOf(s, rows)
		if err != nil {
			return err
		}
		*n++
		s.at = cursor{notBefore: stored.Nanos(p.notBefore), id: p.id}
		s.rows = append(s.rows, p)
		return nil
	}
	switch s.phase {
	case untried:
		c.x.ask(row, untriedQuery, r.campaign, s.fresh+1, r.last, string(s.channel), limit)
	case pacedDue, pacedStepped:
		c.x.ask(row, pacedQuery, r.campaign, string(s.channel), s.at.notBefore, s.at.id, until, limit)
	default:
		c.x.ask(row, againQuery, r.campaign, string(s.channel), s.at.notBefore, s.at.id, until, limit)
	}
	return n
}

// pendingOf is a row of untriedQuery, pacedQuery or againQuery.
func (c *claiming) pendingOf(s *shelf, rows pgx.Rows) (pendingRow, error) {
	v, err := valuesOf(rows)
	if err != nil {
		return pendingRow{}, err
	}
	number := func(at int) int64 {
		n, ok := v[at].(int64)
		if !ok {
			err = ledger.Damaged("ledger.damaged.pending", nil)
		}
		return n
	}
	text := func(at int) string {
		t, ok := v[at].(string)
		if !ok {
			err = ledger.Damaged("ledger.damaged.pending", nil)
		}
		return t
	}
	fields, _ := v[5].([]byte)
	p := pendingRow{
		id: number(0), recipient: text(6), recorded: len(v) > pendingColumns, broken: c.broken(s.channel, v),
		claim: ledger.Claim{
			Key: message.Key(text(1)), Address: message.Address(text(2)), Segments: int(number(3)), Row: int(number(4)), Fields: fields,
		},
	}
	if p.recorded {
		p.notBefore, p.pace, p.attempts = stored.Moment(number(10)), flow.Place(number(11)), int(number(12))
	}
	return p, err
}

// broken is what of a pending message does not fit its seal.
func (c *claiming) broken(ch message.Channel, v []driver.Value) stored.Kind {
	campaign := c.campaign
	var s stored.Sealer
	s.Add(v[0], campaign, v[7], string(ch), v[1], v[2], v[3], v[8], v[4], v[6], v[5])
	if s.Seal() != v[9] {
		return stored.Message
	}
	if len(v) == pendingColumns {
		return ""
	}
	s.Add(v[0], campaign, string(ch), string(message.Pending), v[12])
	if s.Add(v[13:len(v)-1]...).Seal() != v[len(v)-1] {
		return stored.Standing
	}
	return ""
}

// begin finds out whether messages waited for their domains: mostly there are none, and those phases are left out. What has no standing
// is read with the same question.
func (c *claiming) begin(s *shelf) error {
	if !s.read {
		c.wantFront(s)
	}
	if err := c.x.need(); err != nil {
		return err
	}
	now := c.t.req.Now
	switch {
	case s.first.Valid && s.first.Int64 <= stored.Nanos(now):
		s.rows = nil
		c.enter(s, pacedDue)
		return nil
	case s.last.Valid && s.last.Int64 > stored.Nanos(flow.PlaceLimit(now)):
		s.rows = nil
		c.enter(s, pacedStepped)
		return nil
	}
	n := len(s.rows)
	if c.enter(s, untried); n > 0 {
		s.at.id = s.rows[n-1].id
		s.fresh = s.at.id
	}
	if n < s.limit {
		s.fresh = c.t.run.last
		c.enter(s, due)
	}
	return nil
}

// wantFront queues what begin looks at. It is asked for before the campaign and its reach are known.
func (c *claiming) wantFront(s *shelf) {
	s.read, s.limit = true, min(max(1, s.demand), readAtOnce)
	c.x.ask(func(rows pgx.Rows) error { return rows.Scan(&s.first, &s.last) }, firstAndLastPaced, c.campaign, string(s.channel))
	c.x.ask(func(rows pgx.Rows) error {
		p, err := c.pendingOf(s, rows)
		s.rows = append(s.rows, p)
		return err
	}, frontQuery, c.campaign, string(s.channel), s.limit)
}

// enter begins a phase.
func (c *claiming) enter(s *shelf, phase int) {
	s.phase, s.at = phase, cursor{notBefore: -1 << 62}
	switch phase {
	case pacedStepped:
		s.at = cursor{notBefore: stored.Nanos(flow.PlaceLimit(c.t.req.Now)), id: 1<<63 - 1}
	case stepped:
		s.at = cursor{notBefore: stored.Nanos(c.t.req.Now.Add(ledger.MaxLater)), id: 1<<63 - 1}
	}
}

const (
	pendingColumns = 10
	pendingRead    = `SELECT m.id, m.key, m.address, m.segments, r.row, r.fields, r.key, m.recipient_id, m.fingerprint, m.seal`
	untriedQuery   = pendingRead + `
		FROM message m JOIN recipient r ON r.campaign_id = $1 AND r.id = m.recipient_id
		WHERE m.campaign_id = $1 AND m.id BETWEEN $2 AND $3 AND m.channel = $4
		AND (SELECT 1 FROM standing s WHERE s.campaign_id = $1 AND s.message_id = m.id) IS NULL ORDER BY m.id LIMIT $5`
	// frontQuery is untriedQuery from where the reach is.
	frontQuery = pendingRead + `
		FROM message m JOIN recipient r ON r.campaign_id = $1 AND r.id = m.recipient_id
		WHERE m.campaign_id = $1 AND m.id >= (SELECT greatest(h.next_id, c.first_id) FROM reach h JOIN campaign c ON c.id = h.campaign_id
			WHERE h.campaign_id = $1 AND h.channel = $2) AND m.id <= (SELECT last_id FROM campaign WHERE id = $1) AND m.channel = $2
		AND (SELECT 1 FROM standing s WHERE s.campaign_id = $1 AND s.message_id = m.id) IS NULL ORDER BY m.id LIMIT $3`
	recordedColumns = pendingRead + `, s.not_before, s.paced, s.attempts, s.over, s.claim_id, s.code, s.detail, s.vendor_id, s.vendor_segments,
		s.settled_at, s.why, s.seal `
	recordedWith = `FROM standing s JOIN message m ON m.campaign_id = $1 AND m.id = s.message_id JOIN recipient r ON r.campaign_id = $1 AND r.id = m.recipient_id
		WHERE s.campaign_id = $1 AND s.channel = $2 AND s.state = 'pending' AND (s.not_before, s.message_id) > ($3, $4) AND s.not_before <= $5`
	againQuery        = recordedColumns + recordedWith + ` AND s.paced = 0 ORDER BY s.not_before, s.message_id LIMIT $6`
	pacedQuery        = recordedColumns + recordedWith + ` AND s.paced > 0 ORDER BY s.not_before, s.message_id LIMIT $6`
	firstAndLastPaced = `SELECT
		(SELECT not_before FROM standing WHERE campaign_id = $1 AND channel = $2 AND state = 'pending' AND paced > 0 ORDER BY not_before LIMIT 1),
		(SELECT not_before FROM standing WHERE campaign_id = $1 AND channel = $2 AND state = 'pending' AND paced > 0 ORDER BY not_before DESC LIMIT 1)`
)
