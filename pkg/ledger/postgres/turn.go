package postgres

import (
	"context"
	"errors"
	"slices"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/stored"
	"notify/pkg/message"

	"github.com/jackc/pgx/v5"
)

// Turn settles and claims: see ledger.Runs. All that it reads comes under the locks of its run, its campaign and its accounts, in one
// question; a turn that was made before is answered after a commit of its own, so that what it then says is durable.
func (l *Ledger) Turn(ctx context.Context, req ledger.Turn) (ledger.Turned, error) {
	if err := ctx.Err(); err != nil {
		return ledger.Turned{}, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.opts.Timeout)
	defer cancel()
	t := &turn{req: l.clock.turn(req)}
	err := l.transact(ctx, func(x *tx) error { return x.take(t, false) })
	if errors.Is(err, errSingly) {
		err = l.transact(ctx, func(x *tx) error { return x.take(t, true) })
	}
	if t.refused == nil && err != nil {
		return ledger.Turned{}, l.failed("turn", err)
	}
	if t.refused != nil {
		if errors.Is(t.refused, ledger.ErrLeaseLost) {
			l.forget(req.Run)
		}
		return ledger.Turned{}, t.refused
	}
	l.remember(t)
	return l.clock.turned(t.out), nil
}

// turn is one Turn on its way through a transaction.
type turn struct {
	req     ledger.Turn
	out     ledger.Turned
	run     *liveRun
	refused error    // why nothing was written for it
	flights []flight // what it claimed
	settles *settling
	claims  *claiming
}

// errRefused rolls back a turn that is not let in.
var errRefused = errors.New("refused")

// flight is a message that is being attempted.
type flight struct {
	message  int64
	number   int
	segments int
	recorded bool // by a standing of its own, and not because its claim says so
	of       *stored.Claimed
}

// take makes the turn, mostly with two questions to the server: what was accepted is written with the first, before it is known that the turn is
// let in. Where it is errSingly, it is to be made once more with each outcome settled singly, after that is known.
func (x *tx) take(t *turn, single bool) error {
	x.early = true
	*t = turn{req: t.req, settles: newSettling(t.req.Settle, single)}
	if err := x.enter(t); err != nil || t.out.Before {
		return err
	}
	if err := x.settleAll(t); err != nil {
		return err
	}
	r := t.run
	x.queue("UPDATE run SET beat = $1, expires = $2, turn = $3, sent = sent + $4, waiting = $5 WHERE id = $6", r.beat, r.expires, r.turn, t.req.Sent(t.out.Stale),
		t.req.Waiting.Stored(), int64(r.id))
	if err := x.changes(t); err != nil {
		return err
	}
	if err := x.sealRest(); err != nil {
		return err
	}
	if t.claims == nil {
		t.claims = newClaiming(x, t, r.campaign)
	}
	if err := t.claims.grantAll(); err != nil {
		return err
	}
	if t.run.freed {
		if err := x.cancelReturned(t.run.campaign); err != nil {
			return err
		}
	}
	return x.answer(t)
}

// changes takes in what the turn learned of accounts and domains, and whether it stops the campaign.
func (x *tx) changes(t *turn) error {
	for _, c := range t.req.Accounts {
		a, err := x.account(c.Account)
		if err != nil {
			return err
		}
		c.Apply(&a.AccountState)
		a.dirty = true
	}
	for _, c := range t.req.Domains {
		d, err := x.domain(c.Account, c.Domain)
		if err != nil {
			return err
		}
		c.Apply(d)
	}
	x.l.server.mark(x, t.run.name)
	if !x.doubtful.IsZero() && t.req.Pause == nil {
		t.req.Pause = ledger.Ceased(t.req.Now, x.doubtful)
	}
	if by := t.req.Pause; by != nil && t.run.paused == nil && t.run.aborted == nil {
		t.run.paused = by
		if err := x.pause(t.run.campaign, *by); err != nil {
			return err
		}
	}
	if len(t.req.Waves) == 0 {
		return nil
	}
	var err error
	t.out.Wave, err = stored.Wave(sharedTx{x}, t.run.campaign, t.run.name, t.req.Wave)
	return err
}

// want queues all that a turn needs, in the order in which locks are taken.
func (x *tx) want(t *turn) *liveRun {
	r := x.wantRun(t.req.Run)
	x.l.mu.Lock()
	campaign, known := x.l.of[t.req.Run]
	accounts := make(map[string]bool)
	var credited []stored.DayOf
	for _, s := range t.req.Settle {
		id, _ := stored.AttemptOf(s.Attempt)
		if f, ok := x.l.flights[id]; ok && s.Outcome.Kind.Definite() {
			for _, name := range f.of.Debited() {
				accounts[name] = true
				credited = append(credited, stored.DayOf{Account: name, Day: f.of.Day})
			}
		}
	}
	x.l.mu.Unlock()
	if !known {
		return r
	}
	if t.req.Pause != nil {
		x.ask(func(pgx.Rows) error { return nil }, "SELECT id FROM campaign WHERE id = $1 FOR NO KEY UPDATE", campaign)
	}
	x.lockCampaign(campaign)
	x.wantSettled(t, campaign)
	for _, c := range t.req.Accounts {
		accounts[c.Account] = true
	}
	for _, c := range t.req.Domains {
		accounts[c.Account] = true
	}
	for _, c := range t.req.Claim {
		for _, name := range x.l.toDebit(c) {
			accounts[name] = true
		}
	}
	for _, name := range t.req.Watch {
		accounts[name] = true
	}
	for _, name := range stored.SortedKeys(accounts, compareNames) {
		x.wantAccount(name)
	}
	for _, of := range credited {
		x.wantDay(of)
	}
	x.wantDebits(t)
	x.wantLive(campaign)
	t.claims = newClaiming(x, t, campaign)
	t.claims.wantClaims()
	return r
}

// wantDebits queues what claims are measured against, under the locks of their accounts.
func (x *tx) wantDebits(t *turn) {
	domains := make(map[string][]string)
	for _, d := range t.req.Domains {
		domains[d.Account] = append(domains[d.Account], d.Domain)
	}
	for _, s := range t.req.Settle {
		if f, ok := x.inMemory(t.req.Run, s.Attempt); ok {
			domains[f.of.Account] = append(domains[f.of.Account], s.Uncount...)
		}
	}
	for _, c := range t.req.Claim {
		for _, name := range x.l.toDebit(c) {
			x.wantDay(stored.DayOf{Account: name, Day: c.Day})
			x.wantOverlap(name, c, t.req.Now)
		}
		domains[c.Limits.Account] = append(domains[c.Limits.Account], x.l.domainsSeen(c.Limits.Account)...)
	}
	for _, name := range stored.SortedKeys(domains, compareNames) {
		x.wantDomains(name, domains[name])
	}
}

// enter lets a turn in: that of a run that is alive, with the number that follows, or with that of the last one, which is answered
// once more. Whoever takes a turn looks whether others have died.
func (x *tx) enter(t *turn) error {
	fits := x.wantClock()
	r := x.want(t)
	x.wantStop(r)
	if err := x.sync(); err != nil {
		return t.settles.singly(err)
	}
	if r.ended {
		t.refused = ledger.ErrLeaseLost
		return errRefused
	}
	if t.refused = fits(); t.refused != nil {
		return errRefused
	}
	t.run = r
	switch t.req.Number {
	case 0, r.turn + 1:
	case r.turn:
		if t.settles.written {
			return errSingly // nothing may be written but the answer
		}
		return x.again(t)
	default:
		t.refused = &ledger.OutOfTurnError{Run: r.id, Asked: t.req.Number, Last: r.turn}
		return errRefused
	}
	if t.settles.stale {
		return errSingly
	}
	// The newest word counts, not the greatest: after a clock stepped back the lease must not seem to last for hours.
	r.turn++
	r.beat, r.expires = stored.Nanos(t.req.Now), stored.Nanos(t.req.Now.Add(t.req.Extend))
	live, err := x.live(r.campaign)
	if err != nil {
		return err
	}
	for i := range live {
		if live[i].ID == r.id {
			live[i].Beat, live[i].Expires = stored.Moment(r.beat), stored.Moment(r.expires)
		}
	}
	if len(live) == 1 {
		return nil
	}
	_, err = x.bury(r.campaign, t.req.Now, r.id)
	return err
}

// again answers a turn that was made. Its own commit may have been lost on the way to a standby; that of this answer is waited for, and as
// the log is one line, what lies before it has arrived, too: so something is written.
func (x *tx) again(t *turn) (err error) {
	t.out.Before = true
	x.queue("UPDATE run SET beat = beat WHERE id = $1", int64(t.run.id))
	if t.out.Recovered, err = x.recover(t.run); err != nil {
		return err
	}
	return x.answer(t)
}

// answer says how the campaign stands after the turn.
func (x *tx) answer(t *turn) error {
	r, out := t.run, &t.out
	out.Paused, out.Aborted = r.paused, r.aborted
	if out.Before && len(t.req.Waves) > 0 {
		w, err := stored.Wave(sharedTx{x}, r.campaign, r.name, nil)
		if err != nil {
			return err
		}
		out.Wave = w
	}
	cells, err := x.tally(r.campaign)
	if err != nil {
		return err
	}
	out.Tally = cells.States()
	out.Reach = make(ledger.Reach)
	for ch, at := range x.reaches[r.campaign] {
		out.Reach[ch] = at.last
	}
	live, err := x.live(r.campaign)
	if err != nil {
		return err
	}
	out.Runs, out.Rank = len(live), slices.IndexFunc(live, func(l ledger.Run) bool { return l.ID == r.id })
	named := make(map[string]bool)
	names := make([]string, 0, len(t.req.Accounts)+len(t.req.Claim))
	for _, c := range t.req.Accounts {
		names = append(names, c.Account)
	}
	for _, c := range t.req.Claim {
		names = append(names, c.Limits.Account)
	}
	names = append(names, t.req.Watch...)
	for _, name := range names {
		if named[name] {
			continue
		}
		named[name] = true
		a, err := x.account(name)
		if err != nil {
			return err
		}
		out.Accounts = append(out.Accounts, a.AccountState)
	}
	return nil
}

// cancelReturned ends what came back to pending in a campaign that was aborted.
func (x *tx) cancelReturned(campaign int64) error {
	cells, err := x.tally(campaign)
	if err != nil {
		return err
	}
	cells.CancelAll()
	_, err = x.unsealing(`UPDATE standing SET state = 'cancelled', why = 'abort', seal = NULL
		WHERE campaign_id = $1 AND state = 'pending' AND paced = 0`, campaign)
	return err
}

// turn is the request on the server's clock.
func (c *clock) turn(t ledger.Turn) ledger.Turn {
	if c.differs() == 0 {
		return t
	}
	t.Now = c.server(t.Now)
	t.Settle = slices.Clone(t.Settle)
	for i := range t.Settle {
		s := &t.Settle[i]
		s.At, s.NotBefore = c.server(s.At), c.server(s.NotBefore)
	}
	t.Accounts = slices.Clone(t.Accounts)
	for i := range t.Accounts {
		a := &t.Accounts[i]
		a.At, a.NotBefore, a.OpenUntil = c.server(a.At), c.server(a.NotBefore), c.server(a.OpenUntil)
	}
	t.Domains = slices.Clone(t.Domains)
	for i := range t.Domains {
		d := &t.Domains[i]
		d.At, d.SlowUntil, d.Until = c.server(d.At), c.server(d.SlowUntil), c.server(d.Until)
	}
	return t
}

// turned is the answer on the caller's clock.
func (c *clock) turned(t ledger.Turned) ledger.Turned {
	if c.differs() == 0 {
		return t
	}
	all := [][]ledger.Claim{t.Recovered}
	for i := range t.Grants {
		t.Grants[i].Until = c.caller(t.Grants[i].Until)
		all = append(all, t.Grants[i].Claims)
	}
	for _, claims := range all {
		for i := range claims {
			claims[i].LeaveAt, claims[i].Early, claims[i].Deadline = c.caller(claims[i].LeaveAt), c.caller(claims[i].Early), c.caller(claims[i].Deadline)
		}
	}
	for i := range t.Accounts {
		a := &t.Accounts[i]
		for _, at := range []*time.Time{&a.EmptyAt, &a.Since, &a.NotBefore, &a.OpenUntil, &a.At} {
			*at = c.caller(*at)
		}
	}
	return t
}

// later is the first time at which one of the pending messages may be claimed again; zero where none waits. What a clock that
// stepped back left further ahead is ready, and may have been claimed in this transaction.
func (x *tx) later(campaign int64, channel message.Channel, now time.Time) (time.Time, error) {
	var again, paced *int64
	err := x.one([]any{&again, &paced}, laterQuery, campaign, string(channel), stored.Nanos(now), stored.Nanos(now.Add(ledger.MaxLater)), stored.Nanos(placeLimit(now)))
	var first time.Time
	for _, at := range []*int64{again, paced} {
		if at != nil && (first.IsZero() || stored.Moment(*at).Before(first)) {
			first = stored.Moment(*at)
		}
	}
	return first, err
}

const laterQuery = `SELECT
	(SELECT not_before FROM standing WHERE campaign_id = $1 AND channel = $2 AND state = 'pending' AND paced = 0
		AND not_before > $3 AND not_before <= $4 ORDER BY not_before LIMIT 1),
	(SELECT not_before FROM standing WHERE campaign_id = $1 AND channel = $2 AND state = 'pending' AND paced > 0
		AND not_before > $3 AND not_before <= $5 ORDER BY not_before LIMIT 1)`
