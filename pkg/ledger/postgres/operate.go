package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

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
	_, err := x.unsealing("UPDATE campaign SET paused_at = $1, paused_who = $2, paused_what = $3, paused_reason = $4, seal = NULL WHERE id = $5",
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
			WHERE id = $1`, c.id)
		return err
	})
}

// Abort ends the campaign: see ledger.Operators. A second abort is ErrAborted.
func (l *Ledger) Abort(ctx context.Context, campaign string, by ledger.Act) (int, error) {
	n := 0
	err := l.buried(ctx, "abort campaign "+campaign, campaign, &by, func(x *tx, c *campaignRow) error {
		n = 0
		if c.Aborted != nil {
			return ledger.ErrAborted
		}
		if _, err := x.unsealing("UPDATE campaign SET aborted_at = $1, aborted_who = $2, aborted_what = $3, aborted_reason = $4, seal = NULL WHERE id = $5",
			stored.Nanos(by.At), by.Who, by.What, by.Reason, c.id); err != nil {
			return err
		}
		if _, err := x.unsealing(`INSERT INTO standing (message_id, campaign_id, channel, state, why) SELECT id, campaign_id, channel, 'cancelled', 'abort'
			FROM message_standing m WHERE m.campaign_id = $1 AND m.state = 'pending' AND NOT m.recorded`, c.id); err != nil {
			return err
		}
		if _, err := x.unsealing("UPDATE standing SET state = 'cancelled', why = 'abort', seal = NULL WHERE campaign_id = $1 AND state = 'pending'", c.id); err != nil {
			return err
		}
		cells, err := x.tally(c.id)
		if err == nil {
			n = cells.CancelAll()
		}
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
		FROM message m JOIN standing s ON s.campaign_id = m.campaign_id AND s.message_id = m.id JOIN claim c ON c.id = s.claim_id
		WHERE m.campaign_id = $1 AND m.key = $2 AND s.state || '' = 'unknown'`, c.id, string(r.Key)) // by the message, and not by all that are unknown
	if errors.Is(err, pgx.ErrNoRows) {
		out.Skipped++
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := x.unsealing(`INSERT INTO resolution (campaign_id, message_id, number, outcome, unknown_at, at, who, why, grade)
		SELECT campaign_id, message_id, attempts, $1::text, settled_at, $2::bigint, $3::text, $4::text, $7::text FROM standing WHERE campaign_id = $5 AND message_id = $6`,
		string(r.As), stored.Nanos(by.At), by.Who, by.Reason, f.of.Campaign, f.message, string(r.Proven())); err != nil {
		return err
	}
	words := []any{said(r.Code), said(r.Detail), said(r.VendorID), stored.Nanos(by.At), f.of.Campaign, f.message}
	x.prints.Add(f.of.Campaign, f.message, clean(r.VendorID))
	debit := f.of.Debit(1, int64(f.segments))
	if r.As == message.OutcomeAccepted {
		out.Accepted++
		sum.Spend(f.of.Currency, debit.Cost)
		if _, err := x.unsealing(`UPDATE standing SET state = 'accepted', code = coalesce($1, code), detail = coalesce($2, detail),
			vendor_id = coalesce($3, vendor_id), settled_at = $4, seal = NULL WHERE campaign_id = $5 AND message_id = $6`, words...); err != nil {
			return err
		}
		return x.settled(f.of, message.Unknown, message.Accepted, debit)
	}
	if _, err := x.unsealing(`INSERT INTO attempt
		(campaign_id, message_id, number, claim_id, segments, outcome, code, detail, vendor_id, vendor_segments, settled_at)
		SELECT campaign_id, message_id, attempts, claim_id, $1::bigint, $2::text, coalesce($3, code), coalesce($4, detail), coalesce($5, vendor_id), vendor_segments,
			$6::bigint FROM standing WHERE campaign_id = $7 AND message_id = $8`, append([]any{f.segments, string(r.As)}, words...)...); err != nil {
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
	return x.relist(f.of.Campaign, f.message)
}

// counted is where a message counts.
type counted struct {
	campaign, segments int64
	at                 stored.Cell
}

func (x *tx) stands(campaign, id int64) (counted, error) {
	of := new(stored.Claimed)
	var state message.State
	var c counted
	err := x.one([]any{&of.Campaign, &c.segments, &of.Channel, &state, &of.Account, &of.Currency, &of.Run},
		`SELECT m.campaign_id, m.segments, m.channel, m.state, coalesce(c.account, ''), coalesce(c.currency, ''), coalesce(c.run_id, 0)
		FROM message_standing m LEFT JOIN claim c ON c.id = m.claim_id WHERE m.campaign_id = $1 AND m.id = $2`, campaign, id)
	c.campaign, c.at = of.Campaign, of.Cell(state)
	return c, err
}

// moves counts the message in another state, in which it is nobody's and costs nothing.
func (x *tx) moves(c counted, to message.State) error {
	return x.shift(c.campaign, c.at, stored.Plain(c.at.Channel, to), ledger.Debit{Messages: 1, Segments: c.segments})
}

// relist brings a message that went back to pending up to the newest list, and cancels it where it is not on it any more.
func (x *tx) relist(campaign, id int64) error {
	var recipient, segments, fingerprint sql.NullInt64
	var seal int64
	err := x.one([]any{&recipient, &segments, &fingerprint, &seal},
		"DELETE FROM relist WHERE campaign_id = $1 AND message_id = $2 RETURNING recipient_id, segments, fingerprint, seal", campaign, id)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil
	case err != nil:
		return err
	case !recipient.Valid:
		return x.leaveOut(campaign, id)
	}
	at, err := x.stands(campaign, id)
	if err != nil {
		return err
	}
	if err := x.resize(at.campaign, at.at.Channel, at.segments, segments.Int64); err != nil {
		return err
	}
	return x.exec("UPDATE message SET recipient_id = $1, segments = $2, fingerprint = $3, seal = $4 WHERE campaign_id = $5 AND id = $6",
		recipient.Int64, segments.Int64, fingerprint.Int64, seal, campaign, id)
}

// Retry puts rejected messages back to pending, those that the newest list still has: see ledger.Operators.
func (l *Ledger) Retry(ctx context.Context, campaign string, codes []string, by ledger.Act) (int, error) {
	n := 0
	err := l.act(ctx, "retry campaign "+campaign, campaign, &by, func(x *tx, c *campaignRow) error {
		if c.Aborted != nil {
			return ledger.ErrAborted
		}
		if _, err := x.tally(c.id); err != nil { // its lock
			return err
		}
		want := make(map[string]bool, len(codes))
		for _, code := range codes {
			want[code] = true
		}
		var ids []int64
		err := x.each(func(rows pgx.Rows) error {
			var id int64
			var code sql.NullString
			if err := rows.Scan(&id, &code); err != nil {
				return err
			}
			if len(want) == 0 || want[code.String] {
				ids = append(ids, id)
			}
			return nil
		}, `SELECT s.message_id, s.code FROM standing s WHERE s.campaign_id = $1 AND s.state = 'rejected' AND NOT EXISTS (SELECT 1 FROM relist r
			WHERE r.campaign_id = $1 AND r.message_id = s.message_id AND r.recipient_id IS NULL) ORDER BY s.message_id`, c.id)
		if err != nil {
			return err
		}
		for _, id := range ids {
			at, err := x.stands(c.id, id)
			if err != nil {
				return err
			}
			if _, err := x.unsealing("UPDATE standing SET state = 'pending', not_before = 0, seal = NULL WHERE campaign_id = $1 AND message_id = $2", c.id, id); err != nil {
				return err
			}
			if err := x.moves(at, message.Pending); err != nil {
				return err
			}
			if err := x.relist(c.id, id); err != nil {
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
