package sqlite

import (
	"database/sql"
	"database/sql/driver"
	"fmt"
	"slices"
	"strings"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
)

// claiming is the second half of a group of turns: pending messages are read once for all of them.
type claiming struct {
	x       *tx
	shelves map[shelfOf]*shelf
	passed  []any // columns of the messages that were passed over
}

type shelfOf struct {
	campaign int64
	channel  message.Channel
}

// shelf holds pending messages of one campaign and channel, in the order in which they are claimed.
type shelf struct {
	of     shelfOf
	run    *liveRun
	demand int // how many the turns of the group may still ask for
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
	pace      ledger.Pace
	attempts  int
	claim     ledger.Claim
}

// The phases of a shelf: what waited for its domain; what was never tried; what was. Of the first and the last what is due,
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

const (
	// readAtOnce is how many pending messages are read at once: the account may allow fewer than are asked for.
	readAtOnce = 64
	// placeColumns is the width of a row of what take writes one by one.
	placeColumns = 2
)

func newClaiming(x *tx, turns []*turn) *claiming {
	c := &claiming{x: x, shelves: make(map[shelfOf]*shelf)}
	for _, t := range turns {
		if t.refused != nil {
			continue
		}
		for _, req := range t.req.Claim {
			s := c.shelf(t, req.Channel)
			s.demand += req.Max
			if t.req.Now.After(s.now) {
				s.now = t.req.Now
			}
		}
	}
	return c
}

func (c *claiming) shelf(t *turn, ch message.Channel) *shelf {
	of := shelfOf{t.run.campaign, ch}
	s := c.shelves[of]
	if s == nil {
		s = &shelf{of: of, run: t.run, at: cursor{notBefore: -1 << 62}, fresh: max(t.run.from[ch], t.run.first) - 1}
		c.shelves[of] = s
	}
	return s
}

// grantAll answers the requests of all turns.
func (c *claiming) grantAll(turns []*turn) error {
	for _, t := range turns {
		if t.refused != nil {
			continue
		}
		t.out.Paused, t.out.Aborted = t.run.paused, t.run.aborted
		for _, req := range t.req.Claim {
			g, err := c.grant(t, req)
			if err != nil {
				return err
			}
			t.out.Grants = append(t.out.Grants, g)
		}
	}
	if err := c.writePassed(); err != nil {
		return err
	}
	for of, s := range c.shelves {
		s.run.from[of.channel] = s.untriedFrom()
	}
	return nil
}

// grant answers one request. Holds are about messages that are there: where nothing is pending it says so first.
func (c *claiming) grant(t *turn, req ledger.ClaimRequest) (ledger.Grant, error) {
	if held := t.run.stops(); held != ledger.HoldNone || req.Max <= 0 {
		return ledger.Grant{Held: held}, nil
	}
	s := c.shelf(t, req.Channel)
	if row, err := c.front(s, t.req.Now); err != nil || row == nil {
		return c.nothing(s, t.req.Now, ledger.Grant{}, err)
	}
	teller, err := c.teller(t, req)
	if err != nil {
		return ledger.Grant{}, err
	}
	if held, until := teller.Gate(); held != ledger.HoldNone {
		return ledger.Grant{Held: held, Until: until}, nil
	}
	g := ledger.Grant{Claims: make([]ledger.Claim, 0, min(req.Max, len(s.rows)))}
	ids := picked{ids: make([]int64, 0, cap(g.Claims))}
	for !teller.Full() {
		row, err := c.front(s, t.req.Now)
		if err != nil {
			return g, err
		}
		if row == nil {
			if err := c.close(t, req, teller, g, ids); err != nil {
				return g, err
			}
			return c.nothing(s, t.req.Now, g, nil)
		}
		v, err := c.offer(req, teller, row)
		if err != nil {
			return g, err
		}
		if v.Held != ledger.HoldNone {
			g.Held, g.Until, g.Which = v.Held, v.Until, v.Which
			break
		}
		s.rows = s.rows[1:]
		if !v.Wait.IsZero() {
			c.passed = append(c.passed, row.id, nanos(v.Wait), int(v.Pace))
			continue
		}
		g.Claims = append(g.Claims, row.claimed(req, v.LeaveAt, teller.Deadline(v.LeaveAt)))
		ids.add(row)
	}
	return g, c.close(t, req, teller, g, ids)
}

// picked are the messages of one grant, in the order in which they were read.
type picked struct {
	ids   []int64
	again bool // some were tried before, or waited for their domains
}

func (p *picked) add(row *pendingRow) {
	p.again = p.again || !row.untried()
	p.ids = append(p.ids, row.id)
}

// untried reports whether the message was never attempted, nor held by its domain. Those are claimed in the order of their
// ids, so that between two that were picked none is left.
func (r *pendingRow) untried() bool { return r.attempts == 0 && r.pace == ledger.PaceNone }

// untriedFrom is the id below which none is pending that was never tried.
func (s *shelf) untriedFrom() int64 {
	for i := range s.rows {
		if s.rows[i].untried() {
			return s.rows[i].id
		}
	}
	return s.fresh + 1
}

func (c *claiming) teller(t *turn, req ledger.ClaimRequest) (*ledger.Teller, error) {
	a, err := c.x.account(req.Limits.Account)
	if err != nil {
		return nil, err
	}
	d, m, err := c.x.day(req.Limits.Account, req.Day)
	if err != nil {
		return nil, err
	}
	spent, err := c.x.spentIn(t.run.campaign, req.Limits.Currency)
	if err != nil {
		return nil, err
	}
	return ledger.NewTeller(req, t.req.Now, ledger.Books{
		Account: a.AccountState, Usage: ledger.Usage{Day: d.Debit, Month: *m}, CampaignSpent: spent,
	}), nil
}

// close writes the teller's books back, and the messages as being attempted.
func (c *claiming) close(t *turn, req ledger.ClaimRequest, teller *ledger.Teller, g ledger.Grant, ids picked) error {
	a, err := c.x.account(req.Limits.Account)
	if err != nil {
		return err
	}
	if at := teller.Books().Account.EmptyAt; !at.Equal(a.EmptyAt) {
		a.EmptyAt, a.dirty = at, true
	}
	if len(g.Claims) == 0 {
		return nil
	}
	if err := c.take(t, req, g.Claims, ids); err != nil {
		return err
	}
	e := entry{campaign: t.run.campaign, account: req.Limits.Account, currency: req.Limits.Currency, day: req.Day}
	for _, cl := range g.Claims {
		e.messages++
		e.segments += int64(cl.Segments)
		e.cost += req.Limits.Price.Times(cl.Segments)
	}
	return c.x.post(e, +1)
}

// nothing completes the grant of a request for which there are no more messages.
func (c *claiming) nothing(s *shelf, now time.Time, g ledger.Grant, err error) (ledger.Grant, error) {
	if err != nil {
		return g, err
	}
	if err := c.writePassed(); err != nil {
		return g, err
	}
	g.Held = ledger.HoldEmpty
	g.Until, err = c.x.later(s.of.campaign, s.of.channel, now)
	if err == nil && g.Until.IsZero() {
		g.Until, err = c.missed(s, now)
	}
	if !g.Until.IsZero() {
		g.Held = ledger.HoldLater
	}
	return g, err
}

// missed looks, before a campaign is called done, whether the place up to which messages were read had left one out. None
// ever should be; if one was, it is asked for at once.
func (c *claiming) missed(s *shelf, now time.Time) (time.Time, error) {
	var id sql.NullInt64
	if s.run.swept[s.of.channel] {
		return time.Time{}, nil
	}
	err := c.x.one([]any{&id}, "SELECT min(id) FROM message NOT INDEXED WHERE id BETWEEN ? AND ?"+untriedWhere,
		s.run.first, s.run.last, s.of.campaign, string(s.of.channel))
	if err != nil {
		return time.Time{}, err
	}
	s.run.swept[s.of.channel] = true
	if !id.Valid {
		return time.Time{}, nil
	}
	s.fresh = id.Int64 - 1
	return now.Add(time.Millisecond), nil
}

func (r pendingRow) claimed(req ledger.ClaimRequest, leaveAt, deadline time.Time) ledger.Claim {
	cl := r.claim
	cl.Number, cl.Account, cl.Channel = r.attempts+1, req.Limits.Account, req.Channel
	cl.Attempt = attemptID(r.id, cl.Number)
	cl.LeaveAt, cl.Deadline = leaveAt, deadline
	return cl
}

// An attempt is known outside by one number, made of its message's id and its own number: no message was ever attempted
// a million times, and no ledger has 2^43 messages.
const numberBits = 20

func attemptID(message int64, number int) int64 { return message<<numberBits | int64(number) }

func attemptOf(id int64) (message int64, number int) {
	return id >> numberBits, int(id & (1<<numberBits - 1))
}

// take writes the claim, and its messages as being attempted: all with one statement where they are neighbours with one time
// to leave, which they are unless the account has a rate or some were tried before.
func (c *claiming) take(t *turn, req ledger.ClaimRequest, claims []ledger.Claim, ids picked) error {
	if err := c.writePassed(); err != nil {
		return err
	}
	if c.x.nextClaim == 0 {
		if err := c.x.one([]any{&c.x.nextClaim}, "SELECT ifnull(max(id), 0) + 1 FROM claim"); err != nil {
			return err
		}
	}
	neighbours := !ids.again
	for _, cl := range claims {
		neighbours = neighbours && cl.LeaveAt.Equal(claims[0].LeaveAt)
	}
	claim := c.x.nextClaim
	c.x.nextClaim++
	if err := c.x.exec(`INSERT OR FAIL INTO claim (id, run_id, account, currency, day, price, claimed_at, hold)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, claim, int64(t.req.Run), req.Limits.Account, req.Limits.Currency, req.Day,
		int64(req.Limits.Price), nanos(t.req.Now), int64(req.Hold)); err != nil {
		return err
	}
	if neighbours {
		n, err := c.x.change(takeTogether, claim, nanos(claims[0].LeaveAt), ids.ids[0], ids.ids[len(ids.ids)-1],
			t.run.campaign, string(req.Channel))
		return allOf(n, len(claims), err)
	}
	places := make([]any, 0, len(claims)*placeColumns)
	for i, cl := range claims {
		places = append(places, ids.ids[i], nanos(cl.LeaveAt))
	}
	for _, rows := range together() {
		for width := rows * placeColumns; len(places) >= width; places = places[width:] {
			n, err := c.x.change(takeOneByOne(rows), append([]any{claim}, places[:width]...)...)
			if err := allOf(n, rows, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// allOf turns a claim that found other messages than were read into an error: nothing of the transaction stays.
func allOf(n, want int, err error) error {
	if err == nil && n != want {
		return fmt.Errorf("%d messages were to be claimed, and %d could be", want, n)
	}
	return err
}

// NOT INDEXED: by their ids, which no index is faster for.
const takeTo = `UPDATE OR FAIL message NOT INDEXED SET state = 'attempting', attempts = attempts + 1, paced = 0, claim_id = ?,
	code = NULL, detail = NULL, vendor_id = NULL, vendor_segments = NULL, settled_at = NULL, leave_at = `

const takeTogether = takeTo + `? WHERE id BETWEEN ? AND ? AND campaign_id = ? AND channel = ? AND state = 'pending'
	AND attempts = 0 AND paced = 0`

func takeOneByOne(rows int) string {
	return takeTo + `v.column2 FROM (VALUES ` + placeholders(rows, placeColumns) + `) v
		WHERE message.id = v.column1 AND message.state = 'pending'`
}

// together is how many rows are written with one statement: powers of two, so that any number takes few statements, and few
// are prepared.
func together() []int { return []int{64, 32, 16, 8, 4, 2, 1} }

// placeholders are rows of values: first those that are given as SQL, then so many parameters.
func placeholders(rows, columns int, given ...string) string {
	row := "(" + strings.Join(append(given, slices.Repeat([]string{"?"}, columns)...), ",") + ")"
	return strings.TrimSuffix(strings.Repeat(row+",", rows), ",")
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
		return nil, nil //nolint:nilnil // no message is an answer
	}
	return &s.rows[0], nil
}

// fill reads the next rows.
func (c *claiming) fill(s *shelf) error {
	limit := min(max(1, s.demand), readAtOnce)
	until := nanos(s.now)
	if s.phase == pacedStepped || s.phase == stepped {
		until = 1<<63 - 1
	}
	n := 0
	s.rows = slices.Grow(s.rows, limit)
	row := func(v []driver.Value) error {
		r, err := pendingOf(v)
		if err != nil {
			return err
		}
		s.at = cursor{notBefore: nanos(r.notBefore), id: r.id}
		s.rows = append(s.rows, r)
		n++
		return nil
	}
	var err error
	switch s.phase {
	case untried:
		err = c.x.rawEach(row, untriedQuery, s.fresh+1, s.run.last, s.of.campaign, string(s.of.channel), int64(limit))
		if s.fresh = s.at.id; n < limit {
			s.fresh = s.run.last
		}
	case pacedDue, pacedStepped:
		err = c.x.rawEach(row, pacedQuery, s.of.campaign, string(s.of.channel), s.at.notBefore, s.at.id, until, int64(limit))
	default:
		err = c.x.rawEach(row, againQuery, s.of.campaign, string(s.of.channel), s.at.notBefore, s.at.id, until, int64(limit))
	}
	if err == nil && n < limit {
		s.enter(s.phase + 1)
	}
	return err
}

// pendingOf is a row of untriedQuery, pacedQuery or againQuery.
func pendingOf(v []driver.Value) (pendingRow, error) {
	var numbers [6]int64
	for i, at := range []int{0, 1, 2, 3, 6, 7} {
		n, ok := v[at].(int64)
		if !ok {
			return pendingRow{}, fmt.Errorf("column %d of a pending message is %T", at+1, v[at])
		}
		numbers[i] = n
	}
	key, isKey := v[4].(string)
	address, isAddress := v[5].(string)
	fields, isFields := v[8].([]byte)
	if !isKey || !isAddress || !isFields {
		return pendingRow{}, fmt.Errorf("a pending message has a key that is %T, an address that is %T and fields that are %T", v[4], v[5], v[8])
	}
	return pendingRow{
		id: numbers[0], notBefore: moment(numbers[1]), pace: ledger.Pace(numbers[2]), attempts: int(numbers[3]),
		claim: ledger.Claim{
			Key: message.Key(key), Address: message.Address(address), Segments: int(numbers[4]), Row: int(numbers[5]), Fields: fields,
		},
	}, nil
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
	case first.Valid && first.Int64 <= nanos(s.now):
		s.enter(pacedDue)
	case last.Valid && last.Int64 > nanos(ledger.PaceLimit(s.now)):
		s.enter(pacedStepped)
	default:
		s.enter(untried)
	}
	c.x.unpaced[s.of] = !first.Valid
	return nil
}

// enter begins a phase.
func (s *shelf) enter(phase int) {
	s.phase, s.at = phase, cursor{notBefore: -1 << 62}
	switch phase {
	case pacedStepped:
		s.at = cursor{notBefore: nanos(ledger.PaceLimit(s.now)), id: 1<<63 - 1}
	case stepped:
		s.at = cursor{notBefore: nanos(s.now.Add(ledger.MaxLater)), id: 1<<63 - 1}
	}
}

// CROSS JOIN keeps the order of the index, or of the ids, which is the order of claiming. The wrong way would be read from
// end to end by every Turn.
const (
	pendingColumns = `SELECT m.id, m.not_before, m.paced, m.attempts, m.key, m.address, m.segments, r.row, r.fields `
	untriedWhere   = ` AND campaign_id = ? AND channel = ? AND state = 'pending' AND attempts = 0 AND paced = 0`
	untriedQuery   = pendingColumns + `FROM message m NOT INDEXED CROSS JOIN recipient r ON r.id = m.recipient_id
		WHERE m.id BETWEEN ? AND ? AND m.campaign_id = ? AND m.channel = ? AND m.state = 'pending' AND m.attempts = 0 AND m.paced = 0
		ORDER BY m.id LIMIT ?`
	againQuery = pendingColumns + `FROM message m INDEXED BY message_again CROSS JOIN recipient r ON r.id = m.recipient_id
		WHERE m.campaign_id = ? AND m.channel = ? AND m.state = 'pending' AND m.attempts > 0 AND (m.not_before, m.id) > (?, ?)
		AND m.not_before <= ? AND m.paced = 0 ORDER BY m.not_before, m.id LIMIT ?`
	pacedQuery = pendingColumns + `FROM message m INDEXED BY message_paced CROSS JOIN recipient r ON r.id = m.recipient_id
		WHERE m.campaign_id = ? AND m.channel = ? AND m.state = 'pending' AND (m.not_before, m.id) > (?, ?) AND m.not_before <= ?
		AND m.paced > 0 ORDER BY m.not_before, m.id LIMIT ?`
	firstAndLastPaced = `SELECT
		(SELECT min(not_before) FROM message INDEXED BY message_paced WHERE campaign_id = ? AND channel = ? AND state = 'pending' AND paced > 0),
		(SELECT max(not_before) FROM message INDEXED BY message_paced WHERE campaign_id = ? AND channel = ? AND state = 'pending' AND paced > 0)`
)
