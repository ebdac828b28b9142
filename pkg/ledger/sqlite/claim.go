package sqlite

import (
	"database/sql"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"notify/pkg/ledger"
)

// claiming is the second half of a group of turns: pending messages are read once for all of them.
type claiming struct {
	x       *tx
	shelves map[shelfOf]*shelf
	// Columns of the messages that were passed over: for the first time, and again.
	passed, passedAgain []any
}

// The widths of the rows of what take writes one by one.
const (
	beginColumns = 5
	againColumns = 2
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
			c.pass(s, row, v)
			continue
		}
		g.Claims = append(g.Claims, row.claimed(req, v.LeaveAt, teller.Deadline(v.LeaveAt)))
		ids.add(row)
	}
	return g, c.close(t, req, teller, g, ids)
}

// picked are the messages of one grant, in the order in which they were read.
type picked struct {
	ids      []int64
	recorded []bool
}

func (p *picked) add(row *pendingRow) {
	p.ids, p.recorded = append(p.ids, row.id), append(p.recorded, row.recorded)
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

// missed looks, before a campaign is called done, whether the place up to which messages were read had left one out: beyond the
// last range that was claimed, where every message must have a standing. None ever should be; if one was, it is asked for at once.
func (c *claiming) missed(s *shelf, now time.Time) (time.Time, error) {
	var id sql.NullInt64
	if s.run.swept[s.of.channel] {
		return time.Time{}, nil
	}
	err := c.x.one([]any{&id}, missedQuery, s.run.first, s.of.campaign, string(s.of.channel), s.run.last, s.of.campaign, string(s.of.channel))
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

const missedQuery = `SELECT min(m.id) FROM message m NOT INDEXED
	WHERE m.id BETWEEN max(?, 1 + ifnull((` + reach + `campaign_id = ? AND channel = ?), 0)) AND ?
	AND m.campaign_id = ? AND m.channel = ? AND NOT EXISTS (SELECT 1 FROM standing s WHERE s.message_id = m.id)`

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

// take writes the claim. Where its messages may leave at once and none has a standing, its range says that they are being
// attempted: between two that were picked none is left. Where the account has a rate, or some were tried before, each is written.
func (c *claiming) take(t *turn, req ledger.ClaimRequest, claims []ledger.Claim, ids picked) error {
	if err := c.writePassed(); err != nil {
		return err
	}
	if c.x.nextClaim == 0 {
		if err := c.x.one([]any{&c.x.nextClaim}, "SELECT ifnull(max(id), 0) + 1 FROM claim"); err != nil {
			return err
		}
	}
	together := !slices.Contains(ids.recorded, true)
	for _, cl := range claims {
		together = together && cl.LeaveAt.IsZero()
	}
	var first, last any
	if together {
		first, last = ids.ids[0], ids.ids[len(ids.ids)-1]
	}
	claim := c.x.nextClaim
	c.x.nextClaim++
	if err := c.x.exec(`INSERT OR FAIL INTO claim (id, run_id, campaign_id, channel, account, currency, day, price, claimed_at, hold, first_id, last_id)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, claim, int64(t.req.Run), t.run.campaign, string(req.Channel), req.Limits.Account,
		req.Limits.Currency, req.Day, int64(req.Limits.Price), nanos(t.req.Now), int64(req.Hold), first, last); err != nil {
		return err
	}
	if together {
		for _, id := range ids.ids {
			t.unrecorded = append(t.unrecorded, unrecorded{message: id, claim: claim, campaign: t.run.campaign, channel: req.Channel})
		}
		return nil
	}
	return c.takeEach(t, req, claim, claims, ids)
}

// takeEach writes messages as being attempted that have a standing already, or get one now because they have a time to leave.
func (c *claiming) takeEach(t *turn, req ledger.ClaimRequest, claim int64, claims []ledger.Claim, ids picked) error {
	var begin, again []any
	for i, cl := range claims {
		if ids.recorded[i] {
			again = append(again, ids.ids[i], nanos(cl.LeaveAt))
			continue
		}
		begin = append(begin, ids.ids[i], nanos(cl.LeaveAt), t.run.campaign, string(req.Channel), claim)
	}
	for rows, values := range statements(begin, beginColumns) {
		n, err := c.x.change(takeBegun(rows), values...)
		if err := allOf(n, rows, err); err != nil {
			return err
		}
	}
	for rows, values := range statements(again, againColumns) {
		n, err := c.x.change(takeAgain(rows), append([]any{claim}, values...)...)
		if err := allOf(n, rows, err); err != nil {
			return err
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

func takeBegun(rows int) string {
	return `INSERT OR FAIL INTO standing (state, attempts, message_id, leave_at, campaign_id, channel, claim_id)
		VALUES ` + placeholders(rows, beginColumns, "'attempting'", "1")
}

func takeAgain(rows int) string {
	return `UPDATE OR FAIL standing NOT INDEXED SET state = 'attempting', attempts = attempts + 1, paced = 0, claim_id = ?,
		code = NULL, detail = NULL, vendor_id = NULL, vendor_segments = NULL, settled_at = NULL, leave_at = v.column2
		FROM (VALUES ` + placeholders(rows, againColumns) + `) v WHERE standing.message_id = v.column1 AND standing.state = 'pending'`
}

// statements cuts rows of values into what is written with one statement each, so that any number takes few statements, and few
// are prepared.
func statements[V any](values []V, columns int) iter.Seq2[int, []V] {
	const most, step = 64, 16
	return func(yield func(int, []V) bool) {
		for rows := len(values) / columns; rows > 0; rows = len(values) / columns {
			if rows > step {
				rows = min(rows/step*step, most)
			}
			if !yield(rows, values[:rows*columns]) {
				return
			}
			values = values[rows*columns:]
		}
	}
}

// placeholders are rows of values: first those that are given as SQL, then so many parameters.
func placeholders(rows, columns int, given ...string) string {
	row := "(" + strings.Join(append(given, slices.Repeat([]string{"?"}, columns)...), ",") + ")"
	return strings.TrimSuffix(strings.Repeat(row+",", rows), ",")
}
