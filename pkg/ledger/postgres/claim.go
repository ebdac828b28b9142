package postgres

import (
	"database/sql/driver"
	"errors"
	"strings"
	"time"

	"notify/pkg/flow"
	"notify/pkg/ledger"
	"notify/pkg/ledger/stored"
	"notify/pkg/message"
	"notify/pkg/words"

	"github.com/jackc/pgx/v5"
)

func compareNames(a, b string) int { return strings.Compare(a, b) }

func placeLimit(now time.Time) time.Time { return flow.PlaceLimit(now) }

// claiming is the second half of a turn: pending messages of a channel are read once for all its requests.
type claiming struct {
	x        *tx
	t        *turn
	campaign int64
	shelves  map[message.Channel]*shelf
	passed   []passed
}

// wantClaims queues what claims mostly need, so that no further question is asked: pending messages, and ids.
func (c *claiming) wantClaims() {
	for _, s := range c.shelves {
		if s.demand > 0 {
			c.wantFront(s)
		}
	}
	if n := len(c.t.req.Claim); n > 0 {
		if c.t.req.Ordered {
			c.x.lockNamed("claims")
		}
		c.x.ask(func(rows pgx.Rows) error {
			var id int64
			err := rows.Scan(&id)
			c.x.claims = append(c.x.claims, id)
			return err
		}, "SELECT nextval('claim_ids') FROM generate_series(1, $1)", n)
	}
}

// passed is a message that waits for its domain.
type passed struct {
	id, notBefore, paced int64
	channel              message.Channel
	recorded             bool
}

func newClaiming(x *tx, t *turn, campaign int64) *claiming {
	c := &claiming{x: x, t: t, campaign: campaign, shelves: make(map[message.Channel]*shelf)}
	for _, req := range t.req.Claim {
		c.shelf(req.Channel).demand += req.Max
	}
	return c
}

// grantAll answers the requests.
func (c *claiming) grantAll() error {
	for _, req := range c.t.req.Claim {
		g, err := c.grant(req)
		if err != nil {
			return err
		}
		c.t.out.Grants = append(c.t.out.Grants, g)
	}
	c.writePassed()
	for ch, s := range c.shelves {
		if s.reach == nil || s.untriedFrom() == s.reach.next {
			continue
		}
		s.reach.next = s.untriedFrom() // from there the next turn reads on
		c.x.queue("UPDATE reach SET next_id = $1 WHERE campaign_id = $2 AND channel = $3", s.reach.next, c.t.run.campaign, string(ch))
	}
	return nil
}

// grant answers one request. Holds are about messages that are there: where nothing is pending it says so first.
func (c *claiming) grant(req ledger.ClaimRequest) (ledger.Grant, error) {
	if held := c.t.run.stops(); held != ledger.HoldNone || req.Max <= 0 {
		return ledger.Grant{Held: held}, nil
	}
	s, err := c.stocked(req.Channel)
	if err != nil {
		return ledger.Grant{}, err
	}
	if row, err := c.front(s); err != nil || row == nil {
		return c.nothing(s, ledger.Grant{}, err)
	}
	teller, err := c.teller(req)
	if err != nil {
		return ledger.Grant{}, err
	}
	if held, until := teller.Gate(); held != ledger.HoldNone {
		return ledger.Grant{Held: held, Until: until}, nil
	}
	return c.grantFrom(req, s, teller)
}

// grantFrom grants message after message, until the request has what it asked for, or something holds it.
func (c *claiming) grantFrom(req ledger.ClaimRequest, s *shelf, teller *flow.Teller) (ledger.Grant, error) {
	g := ledger.Grant{Claims: make([]ledger.Claim, 0, min(req.Max, len(s.rows)))}
	taken := make([]flight, 0, cap(g.Claims))
	for !teller.Full() {
		row, err := c.front(s)
		if err != nil {
			return g, err
		}
		if row == nil {
			if err := c.close(req, teller, g, taken); err != nil {
				return g, err
			}
			return c.nothing(s, g, nil)
		}
		v, err := c.offer(req, s, teller, row)
		if err != nil {
			return g, err
		}
		if v.Held != ledger.HoldNone {
			g.Held, g.Until, g.Which = v.Held, v.Until, v.Which
			break
		}
		s.rows = s.rows[1:]
		if !v.Wait.IsZero() {
			c.passed = append(c.passed, passed{row.id, stored.Nanos(v.Wait), int64(v.Place), req.Channel, row.recorded})
			continue
		}
		if err := row.fits(c.t.run.name, req.Channel); err != nil {
			return g, err
		}
		g.Claims = append(g.Claims, row.claimed(req, v, teller.Deadline(v.LeaveAt)))
		taken = append(taken, flight{message: row.id, number: row.attempts + 1, segments: row.claim.Segments, recorded: row.recorded})
		g.Price = teller.Price()
	}
	return g, c.close(req, teller, g, taken)
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

func (c *claiming) teller(req ledger.ClaimRequest) (*flow.Teller, error) {
	x := c.x
	for _, name := range debited(req) {
		x.wantDay(stored.DayOf{Account: name, Day: req.Day})
		x.wantOverlap(name, req, c.t.req.Now)
	}
	x.l.sawScenario(req)
	a, err := x.account(req.Limits.Account)
	if err != nil {
		return nil, err
	}
	d, m, err := x.day(stored.DayOf{Account: req.Limits.Account, Day: req.Day})
	if err != nil {
		return nil, err
	}
	cells, err := x.tally(c.t.run.campaign)
	if err != nil {
		return nil, err
	}
	b := flow.Books{
		Account: a.AccountState, Usage: ledger.Usage{Day: d.Debit, Month: *m}, Overlap: *x.overlaps[stored.DayOf{Account: req.Limits.Account, Day: req.Day}],
		CampaignSpent: cells.SpentIn(req.Limits.Currency), Open: cells.OpenAt(req.Channel, req.Limits.Account),
		Out: cells.OutOf(req.Channel), WaveMost: ledger.WaveMost(c.t.req.Waves, c.t.out.Wave.Number),
	}
	if s := req.Limits.Scenario; s != nil {
		of := stored.DayOf{Account: ledger.ScenarioOf(req.Limits.Account, s.Name), Day: req.Day}
		d, o := x.usage[of], x.overlaps[of]
		b.Scenario = x.accounts[of.Account].EmptyAt
		b.ScenarioDay = d.Messages + o.Messages
	}
	if r := req.Limits.Ramp; r != nil {
		of, err := x.domain(req.Limits.Account, ledger.RampOf(r.Sender))
		if err != nil {
			return nil, err
		}
		b.Ramp = of.DomainHeld
	}
	return flow.NewTeller(req, c.t.req.Now, b), nil
}

// debited are the names under which a request is debited: the account's, and its scenario's.
func debited(req ledger.ClaimRequest) []string {
	c := stored.Claimed{Account: req.Limits.Account}
	if s := req.Limits.Scenario; s != nil {
		c.Scenario = s.Name
	}
	return c.Debited()
}

// offer asks the teller about a message. The domains of all messages on the shelf are read together.
func (c *claiming) offer(req ledger.ClaimRequest, s *shelf, teller *flow.Teller, row *pendingRow) (flow.Verdict, error) {
	o := flow.Offer{Segments: row.claim.Segments, To: row.claim.Address, Place: row.pace}
	name := teller.Domain(row.claim.Address)
	if name == "" {
		return teller.Offer(name, o), nil
	}
	if c.x.domains[stored.DomainOf{Account: req.Limits.Account, Domain: name}] == nil {
		var names []string
		for i := range s.rows {
			if n := teller.Domain(s.rows[i].claim.Address); n != "" {
				names = append(names, n)
			}
		}
		c.x.wantDomains(req.Limits.Account, names)
		c.x.l.sawDomains(req.Limits.Account, names)
	}
	var err error
	o.Domain, err = c.x.domain(req.Limits.Account, name)
	if err != nil {
		return flow.Verdict{}, err
	}
	return teller.Offer(name, o), nil
}

// close writes the teller's books back, and the messages as being attempted.
func (c *claiming) close(req ledger.ClaimRequest, teller *flow.Teller, g ledger.Grant, taken []flight) error {
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
	return c.take(req, g, taken)
}

// nothing completes the grant of a request for which there are no more messages.
func (c *claiming) nothing(s *shelf, g ledger.Grant, err error) (ledger.Grant, error) {
	if err != nil {
		return g, err
	}
	c.writePassed()
	g.Held = ledger.HoldEmpty
	g.Until, err = c.x.later(c.t.run.campaign, s.channel, c.t.req.Now)
	if err == nil && g.Until.IsZero() {
		g.Until, err = c.missed(s)
	}
	if !g.Until.IsZero() {
		g.Held = ledger.HoldLater
	}
	return g, err
}

// missed looks, before a campaign is called done, whether the place up to which messages were read had left one out: beyond the
// last range that was claimed, where every message must have a standing. None ever should be; if one was, it is asked for at once.
func (c *claiming) missed(s *shelf) (time.Time, error) {
	var id int64
	if s.reach == nil || s.reach.swept {
		return time.Time{}, nil
	}
	r := c.t.run
	err := c.x.one([]any{&id}, missedQuery, r.campaign, max(r.first, s.reach.last+1), r.last, string(s.channel))
	s.reach.swept = true
	if errors.Is(err, pgx.ErrNoRows) {
		return time.Time{}, nil
	}
	s.fresh = id - 1
	return c.t.req.Now.Add(time.Millisecond), err
}

const missedQuery = `SELECT m.id FROM message m WHERE m.campaign_id = $1 AND m.id BETWEEN $2 AND $3 AND m.channel = $4
	AND NOT EXISTS (SELECT 1 FROM standing s WHERE s.campaign_id = $1 AND s.message_id = m.id) ORDER BY m.id LIMIT 1`

func (r pendingRow) claimed(req ledger.ClaimRequest, v flow.Verdict, deadline time.Time) ledger.Claim {
	cl := r.claim
	cl.Number, cl.Account, cl.Channel = r.attempts+1, req.Limits.Account, req.Channel
	cl.Attempt = stored.AttemptID(r.id, cl.Number)
	cl.LeaveAt, cl.Early, cl.Deadline, cl.Counted = v.LeaveAt, v.Early, deadline, v.Counted
	return cl
}

// take writes the claim. Its range says of all messages that had no standing that they are being attempted: between two of them that
// were picked none is left.
func (c *claiming) take(req ledger.ClaimRequest, g ledger.Grant, taken []flight) error {
	c.writePassed()
	x, r := c.x, c.t.run
	id, err := x.claimID(c.t.req.Ordered)
	if err != nil {
		return err
	}
	of := &stored.Claimed{
		ID: id, Campaign: r.campaign, Run: r.id, Channel: req.Channel,
		Account: req.Limits.Account, Currency: req.Limits.Currency, Day: req.Day, Price: g.Price,
	}
	if s := req.Limits.Scenario; s != nil {
		of.Scenario = s.Name
	}
	var first, last any
	var again []int64 // messages, attempts and seals of those that have a standing
	var numbers, seals []int64
	var deadline time.Time
	segments := 0
	for i := range taken {
		f := &taken[i]
		f.of, g.Claims[i].Grant = of, of.ID
		segments += f.segments
		deadline = ledger.Latest(deadline, g.Claims[i].Deadline)
		switch {
		case f.recorded:
			again, numbers, seals = append(again, f.message), append(numbers, int64(f.number-1)), append(seals, of.SealAttempting(f.message, f.number))
			continue
		case first == nil:
			first = f.message
		}
		last = f.message
	}
	x.claimed(of, r.turn, c.t.req.Now, deadline, first, last)
	if id, ok := last.(int64); ok {
		s := c.shelves[of.Channel]
		s.reach.last, s.reach.next = id, id+1
	}
	if err := x.takeAgain(of, again, numbers, seals); err != nil {
		return err
	}
	c.t.flights = append(c.t.flights, taken...)
	e := of.Debit(int64(len(taken)), int64(segments))
	if err := x.shift(of.Campaign, of.Cell(message.Pending), of.Cell(message.Attempting), e); err != nil {
		return err
	}
	return x.debit(of, e, c.t.req.Now)
}

// takeAgain begins one more attempt of messages that have a standing and so many attempts.
func (x *tx) takeAgain(of *stored.Claimed, ids, numbers, seals []int64) error {
	if len(ids) == 0 {
		return nil
	}
	n, err := x.change(`UPDATE standing s SET state = 'attempting', attempts = s.attempts + 1, paced = 0, claim_id = $1,
		code = NULL, detail = NULL, vendor_id = NULL, vendor_segments = NULL, settled_at = NULL, seal = v.seal
		FROM unnest($3::bigint[], $4::bigint[], $5::bigint[]) AS v (id, number, seal)
		WHERE s.campaign_id = $2 AND s.message_id = v.id AND s.attempts = v.number AND s.state = 'pending'`, of.ID, of.Campaign, ids, numbers, seals)
	if err == nil && n != len(ids) {
		err = words.Err("ledger.error.claimed", words.A{"wanted": len(ids), "claimed": n})
	}
	return err
}

// claimID is the id of the next claim. It is taken under the lock of the campaign: of two claims of a message the later has the greater one.
// Ordered, it is taken under one lock for all campaigns, the last of this transaction: who has a greater id sees what has a smaller one.
func (x *tx) claimID(ordered bool) (id int64, err error) {
	if len(x.claims) > 0 {
		id, x.claims = x.claims[0], x.claims[1:]
		return id, nil
	}
	if ordered {
		x.lockNamed("claims")
	}
	return id, x.one([]any{&id}, "SELECT nextval('claim_ids')")
}

// claimed queues the row of a claim; first and last are the ids of its range, nil where it has none.
func (x *tx) claimed(of *stored.Claimed, turn int64, at, deadline time.Time, first, last any) {
	values := []driver.Value{
		of.ID, int64(of.Run), turn, of.Campaign, string(of.Channel), of.Account, of.Currency, of.Day, of.Scenario, int64(of.Price), stored.Nanos(at),
		stored.Nanos(deadline), first, last,
	}
	args := make([]any, 0, len(values)+1)
	for _, v := range values {
		args = append(args, v)
	}
	x.queue(`INSERT INTO claim (id, run_id, turn, campaign_id, channel, account, currency, day, scenario, price, claimed_at, deadline,
		first_id, last_id, seal) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`, append(args, stored.SealOf(values...))...)
}

// writePassed queues that messages wait that were passed over, many with one statement.
func (c *claiming) writePassed() {
	if len(c.passed) == 0 {
		return
	}
	campaign := c.t.run.campaign
	fresh := make(map[message.Channel][3][]int64)
	var ids, at, paced []int64
	for _, p := range c.passed {
		if p.recorded {
			ids, at, paced = append(ids, p.id), append(at, p.notBefore), append(paced, p.paced)
			continue
		}
		of := fresh[p.channel]
		of[0], of[1], of[2] = append(of[0], p.id), append(of[1], p.notBefore), append(of[2], p.paced)
		fresh[p.channel] = of
	}
	for ch, of := range fresh {
		seals := make([]int64, len(of[0]))
		for i, id := range of[0] {
			seals[i] = stored.SealPending(campaign, ch, id)
		}
		c.x.queue(`INSERT INTO standing (state, campaign_id, channel, message_id, not_before, paced, seal)
			SELECT 'pending', $1, $2, v.* FROM unnest($3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[]) v`, campaign, string(ch), of[0], of[1], of[2], seals)
	}
	if len(ids) > 0 {
		c.x.queue(`UPDATE standing s SET not_before = v.at, paced = v.paced FROM unnest($2::bigint[], $3::bigint[], $4::bigint[]) AS v (id, at, paced)
			WHERE s.campaign_id = $1 AND s.message_id = v.id`, campaign, ids, at, paced)
	}
	c.passed = c.passed[:0]
}
