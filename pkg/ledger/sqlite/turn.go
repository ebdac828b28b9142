package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"notify/pkg/flow"
	"notify/pkg/ledger"
	"notify/pkg/ledger/stored"
	"notify/pkg/message"
)

// Turn settles and claims in one transaction: see ledger.Runs. The lanes of a run share its turns.
func (l *Ledger) Turn(ctx context.Context, req ledger.Turn) (ledger.Turned, error) {
	if l.writer == nil {
		return ledger.Turned{}, l.failed("turn", ledger.ErrReadOnly)
	}
	t := &turn{req: req}
	err := l.writer.submit(ctx, &request{ctx: ctx, turn: t, done: make(chan error, 1)})
	var outOfTurn *ledger.OutOfTurnError
	if errors.Is(err, ledger.ErrLeaseLost) || errors.As(err, &outOfTurn) {
		return ledger.Turned{}, err
	}
	if err != nil {
		return ledger.Turned{}, l.failed("turn", err)
	}
	return t.out, nil
}

// turn is one Turn on its way through a transaction.
type turn struct {
	req     ledger.Turn
	out     ledger.Turned
	run     *liveRun
	refused error    // why nothing was written for it; the transaction went on without it
	flights []flight // what it claimed
}

// flight is a message that is being attempted.
type flight struct {
	message  int64
	number   int
	segments int
	recorded bool // by a standing of its own, and not because its claim says so
	of       *stored.Claimed
}

func (t *turn) reset() { *t = turn{req: t.req} }

// turnedAway says that nothing was written for it.
func (t *turn) turnedAway() bool { return t.refused != nil }

// skipped says that nothing is to be done for it.
func (t *turn) skipped() bool { return t.turnedAway() || t.out.Before }

// stopped is who stopped a campaign.
type stopped struct{ paused, aborted *ledger.Act }

func (s stopped) stops() ledger.HoldReason {
	switch {
	case s.aborted != nil:
		return ledger.HoldAborted
	case s.paused != nil:
		return ledger.HoldPaused
	}
	return ledger.HoldNone
}

// takeTurn does a turn: first everything that is settled, so that the claims see it, then the claims. Where it is errStale, it
// does it when it is asked once more, to settle singly.
func (x *tx) takeTurn(t *turn, single bool) error {
	x.now = t.req.Now
	s := &settling{x: x, single: single, accepted: x.w.accepted[:0]}
	if err := x.settleTurn(s, t); err != nil {
		return err
	}
	if err := errors.Join(s.write(), x.sealRest()); err != nil {
		return err
	}
	if !t.skipped() {
		if err := newClaiming(x, t).grantAll(t); err != nil {
			return err
		}
		if err := x.beat(t.run, &t.req, t.req.Sent(t.out.Stale)); err != nil {
			return err
		}
	}
	if !t.turnedAway() {
		return x.answer(t)
	}
	return nil
}

// settleTurn lets a turn in, and does what comes before its claims.
func (x *tx) settleTurn(s *settling, t *turn) error {
	if err := x.enter(t); err != nil || t.skipped() {
		return err
	}
	if err := s.settle(t); err != nil {
		return err
	}
	for _, c := range t.req.Accounts {
		if err := x.changeAccount(c); err != nil {
			return err
		}
	}
	for _, c := range t.req.Domains {
		if _, err := x.account(c.Account); err != nil { // it is known from now on
			return err
		}
		d, err := x.domain(c.Account, c.Domain)
		if err != nil {
			return err
		}
		c.Apply(d)
	}
	if err := x.pauseFor(t); err != nil || len(t.req.Waves) == 0 {
		return err
	}
	var err error
	t.out.Wave, err = stored.Wave(sharedTx{x}, t.run.campaign, t.run.name, t.req.Wave)
	return err
}

// enter lets a turn in: that of a run that is alive, with the number that follows, or with that of the last one, which is answered
// once more. Whoever takes a turn looks whether others have died.
func (x *tx) enter(t *turn) error {
	r, err := x.run(t.req.Run)
	if err != nil {
		return err
	}
	if r.ended {
		t.refused = ledger.ErrLeaseLost
		return nil
	}
	t.run = r
	switch t.req.Number {
	case 0, r.turn + 1:
	case r.turn:
		t.out.Before = true
		t.out.Recovered, err = x.recover(r)
		return err
	default:
		t.refused = &ledger.OutOfTurnError{Run: r.id, Asked: t.req.Number, Last: r.turn}
		return nil
	}
	// The newest word counts, not the greatest: after a clock stepped back the lease must not seem to last for hours.
	r.turn++
	r.beat, r.expires = stored.Nanos(t.req.Now), stored.Nanos(t.req.Now.Add(t.req.Extend))
	_, err = x.bury(r.campaign, t.req.Now, r.id)
	return err
}

// pauseFor pauses the campaign, where a turn wants it to.
func (x *tx) pauseFor(t *turn) error {
	by, r := t.req.Pause, t.run
	if by == nil || r.paused != nil || r.aborted != nil {
		return nil
	}
	for _, other := range x.runs {
		if other.campaign == r.campaign {
			other.paused = by
		}
	}
	return x.pause(r.campaign, *by)
}

func (x *tx) beat(r *liveRun, t *ledger.Turn, sent int64) error {
	if err := x.exec("UPDATE run SET beat = ?, expires = ?, turn = ?, sent = sent + ?, waiting = ? WHERE id = ?", r.beat, r.expires, r.turn, sent,
		t.Waiting.Stored(), int64(r.id)); err != nil {
		return err
	}
	if r.freed {
		r.freed = false
		return x.cancelReturned(r.campaign)
	}
	return nil
}

// answer says how the campaign stands after the turn.
func (x *tx) answer(t *turn) error {
	r, out := t.run, &t.out
	out.Paused, out.Aborted = r.paused, r.aborted
	var err error
	if out.Before && len(t.req.Waves) > 0 {
		if out.Wave, err = stored.Wave(sharedTx{x}, r.campaign, r.name, nil); err != nil {
			return err
		}
	}
	if out.Tally, err = x.states(r.campaign); err != nil {
		return err
	}
	reaches, err := x.reach(r.campaign)
	if err != nil {
		return err
	}
	out.Reach = make(ledger.Reach, len(reaches))
	for ch, at := range reaches {
		out.Reach[ch] = at.last
	}
	live, err := x.live(r.campaign)
	if err != nil {
		return err
	}
	out.Runs, out.Rank = len(live), slices.IndexFunc(live, func(l liveRow) bool { return l.ID == r.id })
	return x.accountsOf(t)
}

// accountsOf says how the accounts stand that the turn was about.
func (x *tx) accountsOf(t *turn) error {
	out := &t.out
	named := make(map[string]bool)
	add := func(name string) error {
		if named[name] {
			return nil
		}
		named[name] = true
		a, err := x.account(name)
		if err == nil {
			out.Accounts = append(out.Accounts, a.AccountState)
		}
		return err
	}
	for _, c := range t.req.Accounts {
		if err := add(c.Account); err != nil {
			return err
		}
	}
	for _, c := range t.req.Claim {
		if err := add(c.Limits.Account); err != nil {
			return err
		}
	}
	for _, name := range t.req.Watch {
		if err := add(name); err != nil {
			return err
		}
	}
	return nil
}

// cancelReturned ends what came back to pending in a campaign that was aborted.
func (x *tx) cancelReturned(campaign int64) error {
	if _, err := x.cancelAll(campaign); err != nil {
		return err
	}
	_, err := x.unsealing(`UPDATE standing SET state = 'cancelled', why = 'abort', seal = NULL
		WHERE campaign_id = ? AND state = 'pending' AND paced = 0`, campaign)
	return err
}

func (x *tx) changeAccount(c ledger.AccountChange) error {
	a, err := x.account(c.Account)
	if err != nil {
		return err
	}
	c.Apply(&a.AccountState)
	a.dirty = true
	return nil
}

const stoppedColumns = `c.paused_at, c.paused_who, c.paused_what, c.paused_reason, c.aborted_at, c.aborted_who, c.aborted_what, c.aborted_reason`

// scanStopped scans a row that ends with stoppedColumns.
func scanStopped(row scanner, before ...any) (paused, aborted *ledger.Act, err error) {
	var p, a stored.Act
	dest := append(before, slices.Concat(p.Dest(), a.Dest())...)
	if err := row.Scan(dest...); err != nil {
		return nil, nil, err
	}
	return p.Act(), a.Act(), nil
}

// later is the first time at which one of the pending messages may be claimed again; zero where none waits. What a clock that
// stepped back left further ahead is ready, and may have been claimed in this transaction.
func (x *tx) later(campaign int64, channel message.Channel, now time.Time) (time.Time, error) {
	var again, paced sql.NullInt64
	err := x.one([]any{&again, &paced}, `SELECT
		(SELECT min(not_before) FROM standing INDEXED BY standing_again
			WHERE campaign_id = ? AND channel = ? AND state = 'pending' AND not_before > ? AND not_before <= ? AND paced = 0),
		(SELECT min(not_before) FROM standing INDEXED BY standing_paced
			WHERE campaign_id = ? AND channel = ? AND state = 'pending' AND paced > 0 AND not_before > ? AND not_before <= ?)`,
		campaign, string(channel), stored.Nanos(now), stored.Nanos(now.Add(ledger.MaxLater)),
		campaign, string(channel), stored.Nanos(now), stored.Nanos(flow.PlaceLimit(now)))
	if again.Valid && paced.Valid {
		return stored.Moment(min(again.Int64, paced.Int64)), err
	}
	return stored.Moment(max(again.Int64, paced.Int64)), err
}
