package ledgertest

import (
	"context"
	"slices"
	"time"

	"notify/pkg/flow"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

// Acquire implements ledger.Runs.
func (h *Handle) Acquire(ctx context.Context, a ledger.Acquire) (ledger.Acquired, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return ledger.Acquired{}, err
	}
	defer leave()
	c, err := h.m.find(a.Campaign)
	if err != nil {
		return ledger.Acquired{}, err
	}
	orphans, held := h.m.bury(c, nil, a.Now)
	if held != nil && !a.Join {
		return ledger.Acquired{Orphans: orphans}, held
	}
	if c.Aborted != nil {
		return ledger.Acquired{Orphans: orphans}, ledger.ErrAborted
	}
	h.m.repace(c, a.Rates)
	r := &run{campaign: c, handle: h, Run: ledger.Run{
		ID: ledger.RunID(len(h.m.runs) + 1), Host: a.Host, PID: a.PID, Process: a.Process, User: a.User,
		Started: a.Now, Beat: a.Now, Expires: a.Now.Add(a.Extend),
	}}
	h.m.runs = append(h.m.runs, r)
	return ledger.Acquired{Run: r.Run, Campaign: h.m.view(c), Orphans: orphans}, nil
}

func (m *Memory) repace(c *campaign, pace string) {
	if c.ran && c.pace != pace {
		for _, to := range c.messages {
			if to.state == message.Pending && to.pace != flow.PlaceNone {
				to.notBefore, to.pace = time.Time{}, flow.PlaceNone
			}
		}
		for _, d := range m.domains {
			d.Tail = d.EmptyAt
		}
	}
	c.ran, c.pace = true, pace
}

func (m *Memory) owner(id ledger.RunID) *run {
	if id < 1 || int(id) > len(m.runs) || !m.runs[id-1].Ended.IsZero() {
		return nil
	}
	return m.runs[id-1]
}

// Turn implements ledger.Runs.
func (h *Handle) Turn(ctx context.Context, t ledger.Turn) (ledger.Turned, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return ledger.Turned{}, err
	}
	defer leave()
	r := h.m.owner(t.Run)
	if r == nil {
		return ledger.Turned{}, ledger.ErrLeaseLost
	}
	var out ledger.Turned
	switch t.Number {
	case 0, r.Turn + 1:
	case r.Turn:
		return h.m.again(r, t), nil
	default:
		return out, &ledger.OutOfTurnError{Run: r.ID, Asked: t.Number, Last: r.Turn}
	}
	r.Turn++
	r.Beat, r.Expires, r.Waiting = t.Now, t.Now.Add(t.Extend), t.Waiting
	_, _ = h.m.bury(r.campaign, r, t.Now) // who is alive goes on beside it
	for _, s := range t.Settle {
		if !h.m.settle(r, t.Now, s) {
			out.Stale = append(out.Stale, s.Attempt)
		}
	}
	r.Sent += t.Sent(out.Stale)
	for _, c := range t.Accounts {
		c.Apply(h.m.account(c.Account))
	}
	for _, c := range t.Domains {
		h.m.account(c.Account) // it is known from now on
		c.Apply(h.m.domain(c.Account, c.Domain))
	}
	if t.Pause != nil && r.campaign.Paused == nil && r.campaign.Aborted == nil {
		r.campaign.Paused = t.Pause
	}
	most := 0
	if len(t.Waves) > 0 {
		h.m.waves(r.campaign, t.Wave)
		out.Wave = r.campaign.wave
		most = ledger.WaveMost(t.Waves, out.Wave.Number)
	}
	for _, req := range t.Claim {
		out.Grants = append(out.Grants, h.m.grant(r, t.Now, req, most))
	}
	h.m.answer(r, t, &out)
	return out, nil
}

// again answers a turn that was made before.
func (m *Memory) again(r *run, t ledger.Turn) ledger.Turned {
	out := ledger.Turned{Before: true}
	for _, a := range m.open(r) {
		if a.turn == r.Turn {
			out.Recovered = append(out.Recovered, ledger.Claim{
				Attempt: a.id, Number: a.msg.attempts, Account: a.account, Key: a.msg.key, Channel: a.msg.channel, Address: a.msg.address,
				Segments: a.segments, Row: a.msg.row, Fields: a.msg.fields, Deadline: m.lastDeadline(a),
			})
		}
	}
	if len(t.Waves) > 0 {
		out.Wave = r.campaign.wave
	}
	m.answer(r, t, &out)
	return out
}

// answer says how the campaign stands.
func (m *Memory) answer(r *run, t ledger.Turn, out *ledger.Turned) {
	named := make(map[string]bool)
	for _, c := range t.Accounts {
		named[c.Account] = true
	}
	for _, req := range t.Claim {
		named[req.Limits.Account] = true
	}
	for _, name := range t.Watch {
		named[name] = true
	}
	for name := range named {
		out.Accounts = append(out.Accounts, *m.account(name))
	}
	out.Paused, out.Aborted = r.campaign.Paused, r.campaign.Aborted
	out.Tally, out.Reach = r.campaign.tally(), r.campaign.reach()
	live := m.live(r.campaign)
	out.Runs, out.Rank = len(live), slices.Index(live, r)
}

func (c *campaign) tally() ledger.Tally {
	t := make(ledger.Tally)
	for _, m := range c.messages {
		t.Add(m.channel, m.state, 1)
	}
	return t
}

// reach is the last message of each channel that was claimed, of those that were never touched before.
func (c *campaign) reach() ledger.Reach {
	r := make(ledger.Reach)
	for _, m := range c.messages {
		r[m.channel] = max(r[m.channel], 0)
		if m.first {
			r[m.channel] = max(r[m.channel], m.id)
		}
	}
	return r
}

func (m *Memory) settle(r *run, now time.Time, s ledger.Settlement) bool {
	if s.Attempt < 1 || int(s.Attempt) > len(m.attempts) {
		return false
	}
	a := m.attempts[s.Attempt-1]
	if !a.open || a.run != r.ID {
		return false
	}
	if !slices.Contains(message.OutcomeKinds(), s.Outcome.Kind) {
		s.Outcome.Kind = message.OutcomeUnknown
	}
	a.settle(s.Outcome, s.At, ledger.Later(now, s.NotBefore))
	for _, name := range s.Uncount {
		m.domain(a.account, name).Uncount(a.day)
	}
	if s.Outcome.Kind.Definite() {
		m.post(a, -1)
		if r.campaign.Aborted != nil {
			r.campaign.cancelPending()
		}
	}
	return true
}

func (m *Memory) grant(r *run, now time.Time, req ledger.ClaimRequest, most int) ledger.Grant {
	c := r.campaign
	switch {
	case c.Aborted != nil:
		return ledger.Grant{Held: ledger.HoldAborted}
	case c.Paused != nil:
		return ledger.Grant{Held: ledger.HoldPaused}
	case req.Max <= 0:
		return ledger.Grant{}
	}
	ready, next := c.pending(req.Channel, now)
	if len(ready) == 0 {
		return nothing(next)
	}
	acct := m.account(req.Limits.Account)
	books, within, sender := m.opened(c, acct, req, now)
	books.Out, books.WaveMost = c.out(req.Channel), most
	teller := flow.NewTeller(req, now, books)
	if held, until := teller.Gate(); held != ledger.HoldNone {
		return ledger.Grant{Held: held, Until: until}
	}
	var g ledger.Grant
	m.claims++
	for !teller.Full() {
		if len(ready) == 0 {
			_, next := c.pending(req.Channel, now) // with those that were passed over
			none := nothing(next)
			g.Held, g.Until = none.Held, none.Until
			break
		}
		to := ready[0]
		domain := teller.Domain(to.address)
		v := teller.Offer(domain, flow.Offer{Segments: to.segments, To: to.address, Place: to.pace, Domain: m.domain(acct.Account, domain)})
		if v.Held != ledger.HoldNone {
			g.Held, g.Until, g.Which = v.Held, v.Until, v.Which
			break
		}
		ready = ready[1:]
		if !v.Wait.IsZero() {
			to.notBefore, to.pace, to.stood = v.Wait, v.Place, true
			continue
		}
		g.Price = teller.Price()
		g.Claims = append(g.Claims, m.claim(r, now, req, to, v, teller.Deadline(v.LeaveAt)))
	}
	acct.EmptyAt = teller.Books().Account.EmptyAt
	if within != nil {
		within.EmptyAt = teller.Books().Scenario
	}
	if sender != nil && len(g.Claims) > 0 {
		sender.DomainHeld = teller.Books().Ramp
	}
	return g
}

// opened are the books of a request, with what it has beside its account: the scenario, and what a growing quota is kept on; nil for none.
func (m *Memory) opened(c *campaign, acct *ledger.AccountState, req ledger.ClaimRequest, now time.Time) (flow.Books, *ledger.AccountState, *ledger.DomainState) {
	books := m.books(c, acct, req)
	day := req.On(now)
	books.Overlap = m.overlap(acct.Account, day)
	var within *ledger.AccountState
	if s := req.Limits.Scenario; s != nil {
		of := ledger.ScenarioOf(acct.Account, s.Name)
		within = m.account(of)
		books.Scenario, books.ScenarioDay = within.EmptyAt, m.usedOn(of, day).Day.Messages
	}
	var sender *ledger.DomainState
	if r := req.Limits.Ramp; r != nil {
		sender = m.domain(acct.Account, ledger.RampOf(r.Sender))
		books.Ramp = sender.DomainHeld
	}
	return books, within, sender
}

// nothing is the grant where no message is ready; next is when the first of those that wait is.
func nothing(next time.Time) ledger.Grant {
	if next.IsZero() {
		return ledger.Grant{Held: ledger.HoldEmpty}
	}
	return ledger.Grant{Held: ledger.HoldLater, Until: next}
}

// books are what the teller of a request goes by.
func (m *Memory) books(c *campaign, acct *ledger.AccountState, req ledger.ClaimRequest) flow.Books {
	b := flow.Books{Account: *acct, Usage: m.usageOn(acct.Account, req.Day)}
	for p, d := range c.spent {
		if p.currency == req.Limits.Currency {
			b.CampaignSpent += d.Cost
		}
	}
	for _, a := range m.attempts {
		if a.open && a.campaign == c && a.msg.channel == req.Channel && a.account == acct.Account {
			b.Open++
		}
	}
	return b
}

func (m *Memory) claim(r *run, now time.Time, req ledger.ClaimRequest, to *msg, v flow.Verdict, deadline time.Time) ledger.Claim {
	a := &attempt{
		id: int64(len(m.attempts) + 1), msg: to, campaign: r.campaign, run: r.ID, turn: r.Turn, claim: m.claims, account: req.Limits.Account, currency: req.Limits.Currency,
		day: req.Day, segments: to.segments, price: req.Limits.PriceFor(to.address), claimed: now, deadline: deadline, open: true,
	}
	if s := req.Limits.Scenario; s != nil {
		a.scenario = s.Name
	}
	m.attempts = append(m.attempts, a)
	m.post(a, +1)
	for _, day := range a.days() {
		m.debited[day] = now
	}
	to.first = to.first || !to.stood
	to.state, to.newest, to.pace, to.stood = message.Attempting, a, flow.PlaceNone, true
	to.attempts++
	return ledger.Claim{
		Attempt: a.id, Number: to.attempts, Grant: a.claim, Account: a.account, Key: to.key, Channel: to.channel,
		Address: to.address, Segments: to.segments, Row: to.row, Fields: to.fields, LeaveAt: v.LeaveAt, Early: v.Early, Deadline: deadline, Counted: v.Counted,
	}
}

// Release implements ledger.Runs.
func (h *Handle) Release(ctx context.Context, id ledger.RunID, now time.Time, why words.Text) error {
	leave, err := h.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	r := h.m.owner(id)
	if r == nil {
		return ledger.ErrLeaseLost
	}
	h.m.orphan(r, now, ledger.CodeUnsettled, "the run was released without recording what came of it")
	r.Ended, r.Waiting, r.Why = now, words.Text{}, why
	return nil
}

// Gather implements ledger.Runs: the model looks at everything.
func (h *Handle) Gather(ctx context.Context) error {
	leave, err := h.enter(ctx)
	if err == nil {
		leave()
	}
	return err
}
