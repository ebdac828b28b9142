package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"notify/pkg/ledger"
	"notify/pkg/ledger/stored"
	"notify/pkg/message"
)

// Pause stops new claims; pausing what is paused keeps the first word on it.
func (l *Ledger) Pause(ctx context.Context, campaign string, by ledger.Act) error {
	return l.act(ctx, "pause campaign "+campaign, campaign, &by, func(x *tx, c *campaignRow) error {
		if c.Aborted != nil {
			return ledger.ErrAborted
		}
		if !by.Outweighs(c.Paused) {
			return nil
		}
		return x.pause(c.id, by)
	})
}

func (x *tx) pause(campaign int64, by ledger.Act) error {
	_, err := x.unsealing("UPDATE campaign SET paused_at = ?, paused_who = ?, paused_what = ?, paused_reason = ?, seal = NULL WHERE id = ?",
		stored.Nanos(by.At), by.Who, by.What, stored.Reason(by), campaign)
	return err
}

// Unpause lifts a pause; lifting none is no error.
func (l *Ledger) Unpause(ctx context.Context, campaign string, by ledger.Act) error {
	return l.act(ctx, "unpause campaign "+campaign, campaign, &by, func(x *tx, c *campaignRow) error {
		if c.Aborted != nil {
			return ledger.ErrAborted
		}
		_, err := x.unsealing(`UPDATE campaign SET paused_at = NULL, paused_who = NULL, paused_what = NULL, paused_reason = NULL, seal = NULL
			WHERE id = ?`, c.id)
		return err
	})
}

// Abort ends the campaign: see ledger.Operators. A second abort is ErrAborted.
func (l *Ledger) Abort(ctx context.Context, campaign string, by ledger.Act) (int, error) {
	var n int
	err := l.buried(ctx, "abort campaign "+campaign, campaign, &by, func(x *tx, c *campaignRow) error {
		if c.Aborted != nil {
			return ledger.ErrAborted
		}
		if _, err := x.unsealing("UPDATE campaign SET aborted_at = ?, aborted_who = ?, aborted_what = ?, aborted_reason = ?, seal = NULL WHERE id = ?",
			stored.Nanos(by.At), by.Who, by.What, by.Reason, c.id); err != nil {
			return err
		}
		for _, query := range []string{
			`INSERT INTO standing (message_id, campaign_id, channel, state, why) SELECT id, campaign_id, channel, 'cancelled', 'abort'` +
				standingOf + ` AND m.state = 'pending' AND NOT m.recorded`,
			`UPDATE standing NOT INDEXED SET state = 'cancelled', why = 'abort', seal = NULL
				WHERE message_id BETWEEN ? AND ? AND campaign_id = ? AND state = 'pending'`,
		} {
			if _, err := x.unsealing(query, c.first, c.last, c.id); err != nil {
				return err
			}
		}
		var err error
		n, err = x.cancelAll(c.id)
		by.Figures = &ledger.Figures{Messages: n}
		return err
	})
	return n, err
}

// Resolve settles unknown messages: see ledger.Operators.
func (l *Ledger) Resolve(ctx context.Context, campaign string, rs []ledger.Resolution, by ledger.Act) (ledger.Resolved, error) {
	var out ledger.Resolved
	for _, r := range rs {
		switch r.As {
		case message.OutcomeAccepted, message.OutcomeUnsent, message.OutcomeRejected:
		case message.OutcomeThrottled, message.OutcomeRefused, message.OutcomeUnknown:
			return out, fmt.Errorf("resolve campaign %s: message %s: %q settles nothing", campaign, r.Key, r.As)
		default:
			return out, fmt.Errorf("resolve campaign %s: message %s: %q is no outcome", campaign, r.Key, r.As)
		}
	}
	err := l.buried(ctx, "resolve campaign "+campaign, campaign, &by, func(x *tx, c *campaignRow) error {
		out = ledger.Resolved{}
		var f ledger.Figures
		for _, r := range rs {
			if err := x.resolve(c, r, by, &out, &f); err != nil {
				return err
			}
		}
		by = out.Of(by, rs, f.Cost)
		if c.Aborted == nil {
			return nil
		}
		return x.cancelReturned(c.id)
	})
	return out, err
}

func (x *tx) resolve(c *campaignRow, r ledger.Resolution, by ledger.Act, out *ledger.Resolved, sum *ledger.Figures) error {
	f := flight{of: new(stored.Claimed)}
	err := x.one(append([]any{&f.message, &f.number, &f.segments}, f.of.Dest()...), `SELECT m.id, s.attempts, m.segments, `+claimedColumns+`
		FROM message m JOIN standing s ON s.message_id = m.id JOIN claim c ON c.id = s.claim_id
		WHERE m.campaign_id = ? AND m.key = ? AND s.state = 'unknown'`, c.id, string(r.Key))
	if errors.Is(err, sql.ErrNoRows) {
		out.Skipped++
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := x.unsealing(`INSERT INTO resolution (message_id, number, outcome, unknown_at, at, who, why, grade)
		SELECT message_id, attempts, ?, settled_at, ?, ?, ?, ? FROM standing WHERE message_id = ?`,
		string(r.As), stored.Nanos(by.At), by.Who, by.Reason, string(r.Proven()), f.message); err != nil {
		return err
	}
	said := []any{stored.OrNull(r.Code), stored.OrNull(r.Detail), stored.OrNull(r.VendorID), stored.Nanos(by.At), f.message}
	x.prints.Add(f.of.Campaign, f.message, r.VendorID)
	debit := f.of.Debit(1, int64(f.segments))
	if r.As == message.OutcomeAccepted {
		out.Accepted++
		sum.Spend(f.of.Currency, debit.Cost)
		if _, err := x.unsealing(`UPDATE standing SET state = 'accepted', code = ifnull(?, code), detail = ifnull(?, detail),
			vendor_id = ifnull(?, vendor_id), settled_at = ?, seal = NULL WHERE message_id = ?`, said...); err != nil {
			return err
		}
		return x.settled(f.of, message.Unknown, message.Accepted, debit)
	}
	if _, err := x.unsealing(`INSERT OR FAIL INTO attempt
		(message_id, number, claim_id, segments, outcome, code, detail, vendor_id, vendor_segments, settled_at)
		SELECT message_id, attempts, claim_id, ?, ?, ifnull(?, code), ifnull(?, detail), ifnull(?, vendor_id), vendor_segments, ?
		FROM standing WHERE message_id = ?`, append([]any{f.segments, string(r.As)}, said...)...); err != nil {
		return err
	}
	if err := x.settled(f.of, message.Unknown, r.As.State(), debit); err != nil {
		return err
	}
	if r.As == message.OutcomeRejected {
		out.Rejected++
		return nil
	}
	out.NotSent++
	return x.relist(f.message)
}

// counted is where a message counts.
type counted struct {
	campaign, segments int64
	at                 stored.Cell
}

func (x *tx) stands(id int64) (counted, error) {
	of := new(stored.Claimed)
	var state message.State
	var c counted
	err := x.one([]any{&of.Campaign, &c.segments, &of.Channel, &state, &of.Account, &of.Currency, &of.Run},
		`SELECT m.campaign_id, m.segments, m.channel, m.state, ifnull(c.account, ''), ifnull(c.currency, ''), ifnull(c.run_id, 0)
		FROM message_standing m LEFT JOIN claim c ON c.id = m.claim_id WHERE m.id = ?`, id)
	c.campaign, c.at = of.Campaign, of.Cell(state)
	return c, err
}

// moves counts the message in another state, in which it is nobody's and costs nothing.
func (x *tx) moves(c counted, to message.State) error {
	return x.shift(c.campaign, c.at, stored.Plain(c.at.Channel, to), ledger.Debit{Messages: 1, Segments: c.segments})
}

// relist brings a message that went back to pending up to the newest list, and cancels it where it is not on it any more.
func (x *tx) relist(id int64) error {
	var recipient, segments, fingerprint sql.NullInt64
	var seal int64
	err := x.one([]any{&recipient, &segments, &fingerprint, &seal},
		"DELETE FROM relist WHERE message_id = ? RETURNING recipient_id, segments, fingerprint, seal", id)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return err
	case !recipient.Valid:
		return x.leaveOut(id)
	}
	at, err := x.stands(id)
	if err != nil {
		return err
	}
	return errors.Join(x.resize(at.campaign, at.at.Channel, at.segments, segments.Int64),
		x.exec("UPDATE message SET recipient_id = ?, segments = ?, fingerprint = ?, seal = ? WHERE id = ?",
			recipient.Int64, segments.Int64, fingerprint.Int64, seal, id))
}

// Retry puts rejected messages back to pending, those that the newest list still has: see ledger.Operators.
func (l *Ledger) Retry(ctx context.Context, campaign string, codes []string, by ledger.Act) (int, error) {
	var n int
	err := l.act(ctx, "retry campaign "+campaign, campaign, &by, func(x *tx, c *campaignRow) error {
		if c.Aborted != nil {
			return ledger.ErrAborted
		}
		want := make(map[string]bool, len(codes))
		for _, code := range codes {
			want[code] = true
		}
		var ids []int64
		err := x.each(func(rows *sql.Rows) error {
			var id int64
			var code sql.NullString
			if err := rows.Scan(&id, &code); err != nil {
				return err
			}
			if len(want) == 0 || want[code.String] {
				ids = append(ids, id)
			}
			return nil
		}, `SELECT s.message_id, s.code FROM standing s NOT INDEXED`+recordedOf+` AND s.state = 'rejected'
			AND NOT EXISTS (SELECT 1 FROM relist r WHERE r.message_id = s.message_id AND r.recipient_id IS NULL)`, c.first, c.last, c.id)
		if err != nil {
			return err
		}
		for _, id := range ids {
			at, err := x.stands(id)
			if err != nil {
				return err
			}
			if _, err := x.unsealing("UPDATE standing SET state = 'pending', not_before = 0, seal = NULL WHERE message_id = ?", id); err != nil {
				return err
			}
			if err := x.moves(at, message.Pending); err != nil {
				return err
			}
			if err := x.relist(id); err != nil {
				return err
			}
		}
		n = len(ids)
		by.Figures = &ledger.Figures{Messages: n}
		return nil
	})
	return n, err
}

// SetAccount changes what all processes share about an account: see ledger.Operators.
func (l *Ledger) SetAccount(ctx context.Context, account string, s ledger.AccountSetting, by ledger.Act) error {
	return l.do(ctx, "set account "+account, func(x *tx) error {
		a, err := x.account(account)
		if err != nil {
			return err
		}
		s.Apply(&a.AccountState, by)
		a.dirty = true
		return x.audit("", by)
	})
}

func (x *tx) audit(campaign string, by ledger.Act) error {
	return stored.WriteAudit(sharedTx{x}, campaign, by)
}

// act does something that a person asked for on a campaign, with its audit entry. do may set the figures of by.
func (l *Ledger) act(ctx context.Context, doing, campaign string, by *ledger.Act, do func(*tx, *campaignRow) error) error {
	return l.do(ctx, doing, func(x *tx) error {
		c, err := x.campaign(campaign)
		if err != nil {
			return err
		}
		if err := do(x, c); err != nil {
			return err
		}
		return x.audit(campaign, *by)
	})
}

// buried is act after what dead runs left was made unknown; a run that is alive is left alone.
func (l *Ledger) buried(ctx context.Context, doing, campaign string, by *ledger.Act, do func(*tx, *campaignRow) error) error {
	return l.act(ctx, doing, campaign, by, func(x *tx, c *campaignRow) error {
		if _, err := x.buryAll(c.id, by.At); err != nil {
			return err
		}
		return do(x, c)
	})
}
