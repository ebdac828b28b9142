package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
)

// Turn settles and claims: see ledger.Runs. Turns that come while a commit is flushed share the next transaction.
func (l *Ledger) Turn(ctx context.Context, req ledger.Turn) (ledger.Turned, error) {
	if l.writer == nil {
		return ledger.Turned{}, fmt.Errorf("turn: ledger %s: %w", l.path, ledger.ErrReadOnly)
	}
	t := &turn{req: req}
	err := l.writer.submit(ctx, &request{ctx: ctx, turn: t, done: make(chan error, 1)})
	if errors.Is(err, ledger.ErrLeaseLost) {
		return ledger.Turned{}, err
	}
	if err != nil {
		return ledger.Turned{}, fmt.Errorf("turn: ledger %s: %w", l.path, translate(l.path, err))
	}
	return t.out, nil
}

// turn is one Turn on its way through a transaction.
type turn struct {
	req     ledger.Turn
	out     ledger.Turned
	run     *liveRun
	refused error // why nothing was written for it; the transaction went on without it
	// unrecorded are the messages that were claimed by a range.
	unrecorded []unrecorded
}

// unrecorded is a message that is being attempted because its claim says so, and has no record of its own yet.
type unrecorded struct {
	message, claim, campaign int64
	channel                  message.Channel
}

func (t *turn) reset() { *t = turn{req: t.req} }

// opened is how many more attempts of the run are open after the turn.
func (t *turn) opened() int {
	if t.refused != nil {
		return 0
	}
	n := len(t.out.Stale) - len(t.req.Settle)
	for _, g := range t.out.Grants {
		n += len(g.Claims)
	}
	return n
}

// liveRun is what a transaction knows of a run and its campaign.
type liveRun struct {
	id       ledger.RunID
	campaign int64
	ended    bool
	beat     int64
	expires  int64
	stopped
	first, last int64                     // ids of the campaign's messages
	from        map[message.Channel]int64 // below it no message is pending that has no standing
	swept       map[message.Channel]bool  // beyond what was claimed none was found that is pending
	freed       bool                      // messages came back to pending although the campaign was aborted
}

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

// takeTurns does all turns of a group: first everything that is settled, so that the claims see it, then the claims. Where
// it is errStale, it does them when it is asked once more, to settle singly.
func (x *tx) takeTurns(turns []*turn, single bool) error {
	runs := make(map[ledger.RunID]*liveRun) // of these turns
	s := &settling{x: x, single: single, accepted: x.w.accepted[:0]}
	for _, t := range turns {
		if err := x.checkLease(runs, t); err != nil {
			return err
		}
		if t.refused != nil {
			continue
		}
		if err := s.settle(t); err != nil {
			return err
		}
		for _, c := range t.req.Accounts {
			if err := x.changeAccount(c); err != nil {
				return err
			}
		}
	}
	if err := s.write(); err != nil {
		return err
	}
	if err := newClaiming(x, turns).grantAll(turns); err != nil {
		return err
	}
	for _, r := range runs {
		if err := x.beat(r); err != nil {
			return err
		}
	}
	return nil
}

func (x *tx) checkLease(runs map[ledger.RunID]*liveRun, t *turn) error {
	r, ok := x.runs[t.req.Run]
	if !ok {
		r = &liveRun{id: t.req.Run, ended: true, swept: make(map[message.Channel]bool)}
		err := x.each(func(rows *sql.Rows) (err error) {
			var ended sql.NullInt64
			var sms, email, smsTo, emailTo int64
			r.paused, r.aborted, err = scanStopped(rows, &r.campaign, &ended, &r.beat, &r.expires, &r.first, &r.last, &sms, &email, &smsTo, &emailTo)
			r.ended = ended.Valid
			r.from = map[message.Channel]int64{message.SMS: max(sms, smsTo+1), message.Email: max(email, emailTo+1)}
			return err
		}, `SELECT r.campaign_id, r.ended, r.beat, r.expires, c.first_id, c.last_id, r.sms_from, r.email_from,
			ifnull((`+reach+`campaign_id = c.id AND channel = 'sms'), 0), ifnull((`+reach+`campaign_id = c.id AND channel = 'email'), 0), `+stoppedColumns+`
			FROM run r JOIN campaign c ON c.id = r.campaign_id WHERE r.id = ?`, int64(t.req.Run))
		if err != nil {
			return err
		}
		x.runs[t.req.Run] = r
	}
	runs[t.req.Run] = r
	if r.ended {
		t.refused = ledger.ErrLeaseLost
		return nil
	}
	t.run = r
	// The newest word counts, not the greatest: after a clock stepped back the lease must not seem to last for hours.
	r.beat, r.expires = nanos(t.req.Now), nanos(t.req.Now.Add(t.req.Extend))
	return nil
}

func (x *tx) beat(r *liveRun) error {
	if r.ended {
		return nil
	}
	if err := x.exec("UPDATE run SET beat = ?, expires = ?, sms_from = ?, email_from = ? WHERE id = ?",
		r.beat, r.expires, r.from[message.SMS], r.from[message.Email], int64(r.id)); err != nil {
		return err
	}
	if r.freed {
		r.freed = false
		return x.cancelReturned(r.campaign)
	}
	return nil
}

// cancelReturned ends what came back to pending in a campaign that was aborted.
func (x *tx) cancelReturned(campaign int64) error {
	return x.exec(`UPDATE standing SET state = 'cancelled', why = 'abort'
		WHERE campaign_id = ? AND state = 'pending' AND paced = 0`, campaign)
}

// credit takes back what the newest attempt of a message was debited, on the day on which it was.
func (x *tx) credit(message int64) error {
	e := entry{messages: 1}
	err := x.one([]any{&e.campaign, &e.account, &e.currency, &e.day, &e.segments, &e.cost},
		`SELECT m.campaign_id, c.account, c.currency, c.day, m.segments, m.segments * c.price
		FROM message m JOIN standing s ON s.message_id = m.id JOIN claim c ON c.id = s.claim_id WHERE m.id = ?`, message)
	if err != nil {
		return err
	}
	return x.post(e, -1)
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

// orNull leaves out what is not there, which is most of it: a row then takes a third less.
func orNull[T comparable](v T) any {
	if v == *new(T) {
		return nil
	}
	return v
}

const stoppedColumns = `c.paused_at, c.paused_who, c.paused_what, c.paused_reason, c.aborted_at, c.aborted_who, c.aborted_what, c.aborted_reason`

// scanStopped scans a row that ends with stoppedColumns.
func scanStopped(row scanner, before ...any) (paused, aborted *ledger.Act, err error) {
	var p, a nullAct
	dest := append(before, &p.at, &p.who, &p.what, &p.reason, &a.at, &a.who, &a.what, &a.reason)
	if err := row.Scan(dest...); err != nil {
		return nil, nil, err
	}
	return p.act(), a.act(), nil
}

type nullAct struct {
	at                sql.NullInt64
	who, what, reason sql.NullString
}

func (n nullAct) act() *ledger.Act {
	if !n.at.Valid {
		return nil
	}
	return &ledger.Act{Who: n.who.String, What: n.what.String, Reason: n.reason.String, At: moment(n.at.Int64)}
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
		campaign, string(channel), nanos(now), nanos(now.Add(ledger.MaxLater)),
		campaign, string(channel), nanos(now), nanos(ledger.PaceLimit(now)))
	if again.Valid && paced.Valid {
		return moment(min(again.Int64, paced.Int64)), err
	}
	return moment(max(again.Int64, paced.Int64)), err
}
