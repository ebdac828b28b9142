package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"notify/pkg/ledger"
	"notify/pkg/ledger/stored"
	"notify/pkg/message"
)

const forgottenDetail = "the ledger had forgotten this attempt, and a witness remembered it"

// Doubt makes unknown what the ledger has forgotten: see ledger.Operators. It is done as a run would have: what may have left is claimed
// again, under a run that ends without settling it. So the states, the tally and the debits agree by the way that they always take.
func (l *Ledger) Doubt(ctx context.Context, campaign string, lost []ledger.Lost, by ledger.Act) (n int, err error) {
	err = l.gated(ctx, campaign, false, func() error {
		return l.buried(ctx, "reconcile campaign "+campaign, campaign, &by, func(x *tx, c *campaignRow) (err error) {
			live, err := x.live(c.id)
			if err != nil {
				return err
			}
			if len(live) > 0 {
				return &ledger.LeasedError{Holder: live[0].Run}
			}
			n, err = x.doubt(c, lost, by)
			by.Figures = &ledger.Figures{Messages: n}
			return err
		})
	})
	return n, err
}

func (x *tx) doubt(c *campaignRow, lost []ledger.Lost, by ledger.Act) (int, error) {
	var got ledger.Acquired
	if err := x.begin(c, ledger.Acquire{Campaign: c.Name, Host: x.w.locks.machine, User: by.Who, Now: by.At}, 0, &got); err != nil {
		return 0, err
	}
	d := &doubting{x: x, c: c, run: got.Run.ID, by: by}
	for _, l := range lost {
		if err := d.claim(l); err != nil {
			return 0, err
		}
	}
	return x.end(c.id, got.Run.ID, by.At, ledger.CodeForgotten, forgottenDetail, ledger.WhyForgotten())
}

// doubting claims again what was forgotten.
type doubting struct {
	x   *tx
	c   *campaignRow
	run ledger.RunID
	by  ledger.Act
}

// claim takes up what a grant had claimed, and what has not left as far as the ledger knows.
func (d *doubting) claim(l ledger.Lost) error {
	var of *stored.Claimed
	for _, key := range l.Keys {
		m, err := d.pending(l.Channel, key)
		if err != nil {
			return err
		}
		if m == nil {
			continue
		}
		if of == nil {
			id, err := d.x.claimID()
			if err != nil {
				return err
			}
			of = &stored.Claimed{
				ID: id, Campaign: d.c.id, Run: d.run, Channel: l.Channel, Account: l.Account, Currency: l.Currency, Day: l.Day, Price: l.Price,
			}
			if err := d.x.claimed(of, 1, d.by.At, d.by.At, nil, nil); err != nil {
				return err
			}
		}
		n, err := d.x.change(takeAgain(1), of.ID, m.id, of.SealAttempting(m.id, m.attempts+1))
		if err := allOf(n, 1, err); err != nil {
			return err
		}
		e := of.Debit(1, m.segments)
		if err := d.x.shift(d.c.id, m.from, of.Cell(message.Attempting), e); err != nil {
			return err
		}
		if err := d.x.post(of, e, +1); err != nil {
			return err
		}
	}
	return nil
}

// doubted is a message that is to be claimed again, and where it counted.
type doubted struct {
	id, segments int64
	attempts     int
	from         stored.Cell
}

// pending makes the message pending by a record of its own, where nothing of it is accepted, unknown or open; nil where there is nothing
// to be done.
func (d *doubting) pending(ch message.Channel, key message.Key) (*doubted, error) {
	m := &doubted{from: stored.Plain(ch, message.Pending)}
	var recorded bool
	var why sql.NullString
	var state message.State
	err := d.x.one([]any{&m.id, &m.segments, &m.attempts, &recorded, &why, &state}, `SELECT id, segments, attempts, recorded, why, state FROM message_standing
		WHERE campaign_id = ? AND key = ? AND channel = ?`, d.c.id, string(key), string(ch))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil // it is not on the list that was staged
	}
	if err != nil {
		return nil, err
	}
	switch {
	case state == message.Pending && recorded:
		return m, nil
	case state == message.Pending:
		return m, d.x.exec("INSERT INTO standing (message_id, campaign_id, channel, state, seal) VALUES (?, ?, ?, 'pending', ?)",
			m.id, d.c.id, string(ch), stored.SealPending(d.c.id, ch, m.id))
	case state == message.Rejected, state == message.Cancelled && why.String == "list":
		at, err := d.x.stands(m.id)
		if err != nil {
			return nil, err
		}
		m.from = at.at
		_, err = d.x.unsealing("UPDATE standing SET state = 'pending', not_before = 0, why = NULL, seal = NULL WHERE message_id = ?", m.id)
		return m, err
	}
	return nil, nil // the ledger knows of it, or has ended it
}
