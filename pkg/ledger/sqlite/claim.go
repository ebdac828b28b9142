package sqlite

import (
	"database/sql"
	"database/sql/driver"
	"iter"
	"slices"
	"strings"
	"time"

	"notify/pkg/flow"
	"notify/pkg/ledger"
	"notify/pkg/ledger/stored"
	"notify/pkg/message"
	"notify/pkg/words"
)

// claiming is the second half of a turn: pending messages are read once for all its requests.
type claiming struct {
	x       *tx
	shelves map[shelfOf]*shelf
	// Columns of the messages that were passed over: for the first time, and again.
	passed, passedAgain []any
}

func newClaiming(x *tx, t *turn) *claiming {
	c := &claiming{x: x, shelves: make(map[shelfOf]*shelf)}
	for _, req := range t.req.Claim {
		s := c.shelf(t, req.Channel)
		s.demand += req.Max
		s.now = t.req.Now
	}
	return c
}

// grantAll answers the requests of the turn.
func (c *claiming) grantAll(t *turn) error {
	for _, req := range t.req.Claim {
		g, err := c.grant(t, req)
		if err != nil {
			return err
		}
		t.out.Grants = append(t.out.Grants, g)
	}
	if err := c.writePassed(); err != nil {
		return err
	}
	for of, s := range c.shelves {
		if err := c.reached(of, s); err != nil {
			return err
		}
	}
	return nil
}

// reached keeps from where the next turn reads on. A claim has taken it as far as itself goes.
func (c *claiming) reached(of shelfOf, s *shelf) error {
	if s.reach == nil || s.untriedFrom() == s.reach.next {
		return nil
	}
	s.reach.next = s.untriedFrom()
	return c.x.exec("UPDATE reach SET next_id = ? WHERE campaign_id = ? AND channel = ?", s.reach.next, of.campaign, string(of.channel))
}

// grant answers one request. Holds are about messages that are there: where nothing is pending it says so first.
func (c *claiming) grant(t *turn, req ledger.ClaimRequest) (ledger.Grant, error) {
	if held := t.run.stops(); held != ledger.HoldNone || req.Max <= 0 {
		return ledger.Grant{Held: held}, nil
	}
	s, err := c.stocked(t, req.Channel)
	if err != nil {
		return ledger.Grant{}, err
	}
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
	return c.grantFrom(t, req, s, teller)
}

// grantFrom grants message after message, until the request has what it asked for, or something holds it.
func (c *claiming) grantFrom(t *turn, req ledger.ClaimRequest, s *shelf, teller *flow.Teller) (ledger.Grant, error) {
	g := ledger.Grant{Claims: make([]ledger.Claim, 0, min(req.Max, len(s.rows)))}
	taken := make([]flight, 0, cap(g.Claims))
	for !teller.Full() {
		row, err := c.front(s, t.req.Now)
		if err != nil {
			return g, err
		}
		if row == nil {
			if err := c.close(t, req, teller, g, taken); err != nil {
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
		if err := row.fits(t.run.name, req.Channel); err != nil {
			return g, err
		}
		g.Claims = append(g.Claims, row.claimed(req, v, teller.Deadline(v.LeaveAt)))
		taken = append(taken, flight{message: row.id, number: row.attempts + 1, segments: row.claim.Segments, recorded: row.recorded})
		g.Price = teller.Price()
	}
	return g, c.close(t, req, teller, g, taken)
}

// fits refuses a message that was changed since it was written, or that does not fit its key. Nothing of the transaction stays: in a ledger of
// which one row was changed nobody knows what else was.
func (r *pendingRow) fits(campaign string, ch message.Channel) error {
	if r.broken != "" {
		return stored.Changed(r.broken, r.claim.Key)
	}
	if stored.Fits(r.claim.Key, campaign, ch, r.claim.Address, r.recipient) {
		return nil
	}
	return ledger.Damaged("ledger.damaged.key", words.A{"message": string(r.claim.Key)})
}

func (c *claiming) teller(t *turn, req ledger.ClaimRequest) (*flow.Teller, error) {
	a, err := c.x.account(req.Limits.Account)
	if err != nil {
		return nil, err
	}
	d, m, err := c.x.day(req.Limits.Account, req.Day)
	if err != nil {
		return nil, err
	}
	cells, err := c.x.tally(t.run.campaign)
	if err != nil {
		return nil, err
	}
	overlap, err := c.x.overlap(req.Limits.Account, req, t.req.Now)
	if err != nil {
		return nil, err
	}
	b := flow.Books{
		Account: a.AccountState, Usage: ledger.Usage{Day: d.Debit, Month: *m}, Overlap: overlap, CampaignSpent: cells.SpentIn(req.Limits.Currency), Open: cells.OpenAt(req.Channel, req.Limits.Account),
		Out: cells.OutOf(req.Channel), WaveMost: ledger.WaveMost(t.req.Waves, t.out.Wave.Number),
	}
	if err := c.scenario(t, req, &b); err != nil {
		return nil, err
	}
	if r := req.Limits.Ramp; r != nil {
		of, err := c.x.domain(req.Limits.Account, ledger.RampOf(r.Sender))
		if err != nil {
			return nil, err
		}
		b.Ramp = of.DomainHeld
	}
	return flow.NewTeller(req, t.req.Now, b), nil
}

// scenario reads the books of the request's scenario.
func (c *claiming) scenario(t *turn, req ledger.ClaimRequest, b *flow.Books) error {
	if req.Limits.Scenario == nil {
		return nil
	}
	name := ledger.ScenarioOf(req.Limits.Account, req.Limits.Scenario.Name)
	a, err := c.x.account(name)
	if err != nil {
		return err
	}
	d, _, err := c.x.day(name, req.Day)
	if err != nil {
		return err
	}
	o, err := c.x.overlap(name, req, t.req.Now)
	if err != nil {
		return err
	}
	b.Scenario = a.EmptyAt
	b.ScenarioDay = d.Messages + o.Messages
	return nil
}

// close writes the teller's books back, and the messages as being attempted.
func (c *claiming) close(t *turn, req ledger.ClaimRequest, teller *flow.Teller, g ledger.Grant, taken []flight) error {
	a, err := c.x.account(req.Limits.Account)
	if err != nil {
		return err
	}
	if at := teller.Books().Account.EmptyAt; !at.Equal(a.EmptyAt) {
		a.EmptyAt, a.dirty = at, true
	}
	if s := req.Limits.Scenario; s != nil {
		a, err := c.x.account(ledger.ScenarioOf(req.Limits.Account, s.Name))
		if err != nil {
			return err
		}
		a.EmptyAt, a.dirty = teller.Books().Scenario, true
	}
	if len(g.Claims) == 0 {
		return nil
	}
	if r := req.Limits.Ramp; r != nil {
		of, err := c.x.domain(req.Limits.Account, ledger.RampOf(r.Sender))
		if err != nil {
			return err
		}
		of.DomainHeld = teller.Books().Ramp
	}
	return c.take(t, req, g, taken)
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
	if s.reach == nil || s.reach.swept {
		return time.Time{}, nil
	}
	err := c.x.one([]any{&id}, missedQuery, max(s.run.first, s.reach.last+1), s.run.last, s.of.campaign, string(s.of.channel))
	if err != nil {
		return time.Time{}, err
	}
	s.reach.swept = true
	if !id.Valid {
		return time.Time{}, nil
	}
	s.fresh = id.Int64 - 1
	return now.Add(time.Millisecond), nil
}

const missedQuery = `SELECT min(m.id) FROM message m NOT INDEXED WHERE m.id BETWEEN ? AND ?
	AND m.campaign_id = ? AND m.channel = ? AND NOT EXISTS (SELECT 1 FROM standing s WHERE s.message_id = m.id)`

func (r pendingRow) claimed(req ledger.ClaimRequest, v flow.Verdict, deadline time.Time) ledger.Claim {
	cl := r.claim
	cl.Number, cl.Account, cl.Channel = r.attempts+1, req.Limits.Account, req.Channel
	cl.Attempt = stored.AttemptID(r.id, cl.Number)
	cl.LeaveAt, cl.Early, cl.Deadline, cl.Counted = v.LeaveAt, v.Early, deadline, v.Counted
	return cl
}

// take writes the claim. Its range says of all messages that had no standing that they are being attempted: between two of them that
// were picked none is left. Where each may leave is in nobody's way: only the run that claimed it lets it out, who takes over waits
// for the last deadline, and a place whose answer was lost has passed. So an account with a rate takes the same row as one without.
func (c *claiming) take(t *turn, req ledger.ClaimRequest, g ledger.Grant, taken []flight) error {
	if err := c.writePassed(); err != nil {
		return err
	}
	id, err := c.x.claimID()
	if err != nil {
		return err
	}
	of := &stored.Claimed{
		ID: id, Campaign: t.run.campaign, Run: t.run.id, Channel: req.Channel,
		Account: req.Limits.Account, Currency: req.Limits.Currency, Day: req.Day, Price: g.Price,
	}
	if s := req.Limits.Scenario; s != nil {
		of.Scenario = s.Name
	}
	var first, last any
	var again []any
	var deadline time.Time
	segments := 0
	for i := range taken {
		f := &taken[i]
		f.of, g.Claims[i].Grant = of, of.ID
		segments += f.segments
		deadline = ledger.Latest(deadline, g.Claims[i].Deadline)
		switch {
		case f.recorded:
			again = append(again, f.message, of.SealAttempting(f.message, f.number))
			continue
		case first == nil:
			first = f.message
		}
		last = f.message
	}
	if err := c.x.claimed(of, t.run.turn, t.req.Now, deadline, first, last); err != nil {
		return err
	}
	if id, ok := last.(int64); ok {
		s := c.shelves[shelfOf{of.Campaign, of.Channel}]
		s.reach.last, s.reach.next = id, id+1
	}
	for rows, values := range statements(again, 2) {
		n, err := c.x.change(takeAgain(rows), append([]any{of.ID}, values...)...)
		if err := allOf(n, rows, err); err != nil {
			return err
		}
	}
	t.flights = append(t.flights, taken...)
	e := of.Debit(int64(len(taken)), int64(segments))
	if err := c.x.shift(of.Campaign, of.Cell(message.Pending), of.Cell(message.Attempting), e); err != nil {
		return err
	}
	return c.x.debit(of, e, t.req.Now)
}

// claimID is the id of the next claim.
func (x *tx) claimID() (int64, error) {
	if x.nextClaim == 0 {
		if err := x.one([]any{&x.nextClaim}, "SELECT ifnull(max(id), 0) + 1 FROM claim"); err != nil {
			return 0, err
		}
	}
	x.nextClaim++
	return x.nextClaim - 1, nil
}

// claimed writes the row of a claim; first and last are the ids of its range, nil where it has none.
func (x *tx) claimed(of *stored.Claimed, turn int64, at, deadline time.Time, first, last any) error {
	values := []driver.Value{
		of.ID, int64(of.Run), turn, of.Campaign, string(of.Channel), of.Account, of.Currency, of.Day, of.Scenario, int64(of.Price), stored.Nanos(at), stored.Nanos(deadline), first, last,
	}
	return x.write(`INSERT OR FAIL INTO claim (id, run_id, turn, campaign_id, channel, account, currency, day, scenario, price, claimed_at, deadline,
		first_id, last_id, seal) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, append(values, stored.SealOf(values...)))
}

// allOf turns a claim that found other messages than were read into an error: nothing of the transaction stays.
func allOf(n, want int, err error) error {
	if err == nil && n != want {
		return words.Err("ledger.error.claimed", words.A{"wanted": want, "claimed": n})
	}
	return err
}

func takeAgain(rows int) string {
	return `UPDATE OR FAIL standing SET state = 'attempting', attempts = attempts + 1, paced = 0, claim_id = ?,
		code = NULL, detail = NULL, vendor_id = NULL, vendor_segments = NULL, settled_at = NULL, seal = v.column2
		FROM (VALUES ` + placeholders(rows, 2) + `) v WHERE standing.message_id = v.column1 AND standing.state = 'pending'`
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
