package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/jackc/pgx/v5"

	"notify/pkg/ledger"
	"notify/pkg/ledger/stored"
	"notify/pkg/message"
)

var _ ledger.Receipts = (*Ledger)(nil)

const receiptColumns = `id, hash, account, format, source, head, raw, grade, at, fate, why, tries, due, repeats, ours, foreigns, late, contrary, held`

func scanReceipt(row scanner) (ledger.Receipt, error) {
	var r ledger.Receipt
	var at, due int64
	err := row.Scan(&r.ID, &r.Hash, &r.Account, &r.Format, &r.Source, &r.Head, &r.Raw, &r.Grade, &at, &r.Fate, &r.Why, &r.Tries, &due, &r.Repeats,
		&r.Ours, &r.Foreign, &r.Late, &r.Contrary, &r.Held)
	r.At, r.Due = stored.Moment(at), stored.Moment(due)
	return r, err
}

// Keep takes receipts in: see ledger.Receipts.
func (l *Ledger) Keep(ctx context.Context, rs []ledger.Receipt) ([]bool, error) {
	news := make([]bool, len(rs))
	err := l.do(ctx, "keep receipts", func(x *tx) error {
		for i := range rs {
			var err error
			if news[i], err = x.keep(&rs[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return news, err
}

func (x *tx) keep(r *ledger.Receipt) (bool, error) {
	fate := r.Fate
	if fate == "" {
		fate = ledger.ReceiptNew
	}
	n, err := x.change(`INSERT INTO receipt (hash, account, format, source, head, raw, grade, at, fate, why) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (hash) DO NOTHING`, r.Hash, r.Account, r.Format, r.Source, r.Head, stored.NotNil(r.Raw), string(r.Grade), stored.Nanos(r.At), string(fate), r.Why)
	if err != nil {
		return false, err
	}
	in := ledger.Inbox{Account: r.Account}
	if fate != ledger.ReceiptRefused {
		in.Last = r.At
	}
	if n == 0 {
		in.Repeats = 1
		if err := x.exec("UPDATE receipt SET repeats = repeats + 1 WHERE hash = $1", r.Hash); err != nil {
			return false, err
		}
		return false, x.tellInbox(in)
	}
	in.Receipts = 1
	stands(&in, fate, +1)
	return true, x.tellInbox(in)
}

// stands counts where a receipt stands.
func stands(in *ledger.Inbox, fate ledger.ReceiptFate, n int64) {
	switch fate {
	case ledger.ReceiptNew, ledger.ReceiptHeld:
		in.Waiting += n
	case ledger.ReceiptRefused:
		in.Refused += n
	case ledger.ReceiptSettled:
	}
}

// tellInbox adds to how an inbox stands.
func (x *tx) tellInbox(in ledger.Inbox) error {
	// The row is there first: a figure that goes down would not be taken by an INSERT.
	if err := x.exec("INSERT INTO inbox VALUES ($1, 0, 0, 0, 0, 0, 0, 0, 0, 0) ON CONFLICT (account) DO NOTHING", in.Account); err != nil {
		return err
	}
	return x.exec(`UPDATE inbox SET last = greatest(last, $1), receipts = receipts + $2, repeats = repeats + $3, waiting = waiting + $4, refused = refused + $5,
		ours = ours + $6, foreigns = foreigns + $7, late = late + $8, contrary = contrary + $9 WHERE account = $10`,
		stored.Nanos(in.Last), in.Receipts, in.Repeats, in.Waiting, in.Refused, in.Ours, in.Foreign, in.Late, in.Contrary, in.Account)
}

// Due reads receipts that are to be settled: see ledger.Receipts.
func (l *Ledger) Due(ctx context.Context, now time.Time, most int) ([]ledger.Receipt, error) {
	var out []ledger.Receipt
	err := each(ctx, l.read, func(rows pgx.Rows) error {
		r, err := scanReceipt(rows)
		out = append(out, r)
		return err
	}, "SELECT "+receiptColumns+" FROM receipt WHERE (fate = 'new' OR fate = 'held') AND due <= $1 ORDER BY due, id LIMIT $2", stored.Nanos(now), most)
	return out, l.asking(err, "read the receipts that are due")
}

// Inbox reads receipts, the newest first: see ledger.Receipts.
func (l *Ledger) Inbox(ctx context.Context, q ledger.InboxQuery) iter.Seq2[ledger.Receipt, error] {
	return func(yield func(ledger.Receipt, error) bool) {
		most := stored.OrNull(q.Most)
		err := each(ctx, l.read, func(rows pgx.Rows) error {
			r, err := scanReceipt(rows)
			if err == nil && !yield(r, nil) {
				err = errStop
			}
			return err
		}, "SELECT "+receiptColumns+` FROM receipt WHERE (account = $1 OR $1 = '') AND (NOT $2 OR fate <> 'settled' OR foreigns + late + contrary > 0)
			ORDER BY id DESC LIMIT $3`, q.Account, q.Odd, most)
		if err != nil && !errors.Is(err, errStop) {
			yield(ledger.Receipt{}, l.asking(err, "read the inbox"))
		}
	}
}

// Inboxes is how the inboxes stand: see ledger.Receipts.
func (l *Ledger) Inboxes(ctx context.Context) ([]ledger.Inbox, error) {
	var out []ledger.Inbox
	err := each(ctx, l.read, func(rows pgx.Rows) error {
		var in ledger.Inbox
		var last int64
		err := rows.Scan(&in.Account, &last, &in.Receipts, &in.Repeats, &in.Waiting, &in.Refused, &in.Ours, &in.Foreign, &in.Late, &in.Contrary)
		in.Last = stored.Moment(last)
		out = append(out, in)
		return err
	}, "SELECT account, last, receipts, repeats, waiting, refused, ours, foreigns, late, contrary FROM inbox ORDER BY account")
	return out, l.asking(err, "read the inboxes")
}

// Deliveries is what is known of a campaign's messages: see ledger.Receipts.
func (l *Ledger) Deliveries(ctx context.Context, campaign string) ([]ledger.Delivery, error) {
	var out []ledger.Delivery
	err := each(ctx, l.read, func(rows pgx.Rows) error {
		var ch message.Channel
		var account string
		var state message.ReceiptState
		var grade message.Grade
		var n int
		if err := rows.Scan(&ch, &account, &state, &grade, &n); err != nil {
			return err
		}
		if last := len(out) - 1; last < 0 || out[last].Channel != ch || out[last].Account != account {
			out = append(out, ledger.Delivery{Channel: ch, Account: account, ByState: map[message.ReceiptState]int{}, ByGrade: map[message.Grade]int{}})
		}
		d := &out[len(out)-1]
		d.ByState[state] += n
		if state.Final() {
			d.ByGrade[grade] += n
		}
		return nil
	}, `SELECT t.channel, t.account, t.state, t.grade, t.messages FROM fact_tally t JOIN campaign c ON c.id = t.campaign_id
		WHERE c.name = $1 AND t.messages > 0 ORDER BY t.channel, t.account`, campaign)
	return out, l.asking(err, "read what became of campaign %s", campaign)
}

// Proofs reads what is known of messages: see ledger.Receipts.
func (l *Ledger) Proofs(ctx context.Context, campaign string, keys ...message.Key) iter.Seq2[ledger.Proof, error] {
	return func(yield func(ledger.Proof, error) bool) {
		var p ledger.Proof
		tell := func() bool {
			known := p.Settled != "" || len(p.Facts) > 0
			return !known || yield(inOrder(p), nil)
		}
		row := func(rows pgx.Rows) error {
			var key message.Key
			var settled message.Grade
			var f ledger.Fact
			var at int64
			if err := rows.Scan(&key, &settled, &f.State, &f.Code, &f.Detail, &f.Grade, &at, &f.Segments); err != nil {
				return err
			}
			if key != p.Key {
				if !tell() {
					return errStop
				}
				p = ledger.Proof{Key: key, Settled: settled}
			}
			if f.At = stored.Moment(at); f.State != "" {
				p.Facts = append(p.Facts, f)
			}
			return nil
		}
		err := l.proofs(ctx, row, campaign, keys)
		if err == nil && !tell() || errors.Is(err, errStop) {
			return
		}
		if err != nil {
			yield(ledger.Proof{}, l.asking(err, "read the proofs of campaign %s", campaign))
		}
	}
}

func (l *Ledger) proofs(ctx context.Context, row func(pgx.Rows) error, campaign string, keys []message.Key) error {
	const query = `SELECT m.key, coalesce(r.grade, ''), coalesce(f.state, ''), coalesce(f.code, ''), coalesce(f.detail, ''), coalesce(f.grade, ''), coalesce(f.at, 0),
		coalesce(f.segments, 0) FROM campaign c JOIN message m ON m.campaign_id = c.id
		LEFT JOIN standing s ON s.campaign_id = c.id AND s.message_id = m.id
		LEFT JOIN resolution r ON r.campaign_id = c.id AND r.message_id = m.id AND r.number = s.attempts AND r.outcome <> 'unsent'
		LEFT JOIN fact f ON f.campaign_id = c.id AND f.message_id = m.id
		WHERE c.name = $1 AND (f.message_id IS NOT NULL OR r.message_id IS NOT NULL)%s ORDER BY m.id`
	if len(keys) == 0 {
		return each(ctx, l.read, row, fmt.Sprintf(query, ""), campaign)
	}
	for _, k := range keys {
		if err := each(ctx, l.read, row, fmt.Sprintf(query, " AND m.key = $2"), campaign, string(k)); err != nil {
			return err
		}
	}
	return nil
}

// inOrder puts facts in the order of their states.
func inOrder(p ledger.Proof) ledger.Proof {
	sorted := make([]ledger.Fact, 0, len(p.Facts))
	for _, s := range message.ReceiptStates() {
		for _, f := range p.Facts {
			if f.State == s {
				sorted = append(sorted, f)
			}
		}
	}
	p.Facts = sorted
	return p
}

const awaitedQuery = `SELECT s.message_id, m.key, m.channel, m.address, s.state, coalesce(s.vendor_id, ''), c.claimed_at
	FROM standing s JOIN message m ON m.campaign_id = $2 AND m.id = s.message_id JOIN claim c ON c.id = s.claim_id
	WHERE s.message_id > $1 AND s.campaign_id = $2 AND (s.state = 'accepted' OR s.state = 'unknown')
		AND c.account = $3 AND c.claimed_at >= $4
		AND NOT EXISTS (SELECT 1 FROM fact f WHERE f.campaign_id = $2 AND f.message_id = s.message_id
			AND f.state IN ('delivered', 'undelivered', 'soft-bounce', 'hard-bounce', 'dropped'))
	ORDER BY s.message_id LIMIT $5`

// Awaited reads messages of which it is not known how they ended: see ledger.Receipts.
func (l *Ledger) Awaited(ctx context.Context, account string, since time.Time, after ledger.Place, most int) ([]ledger.Awaited, ledger.Place, error) {
	var out []ledger.Awaited
	place := after
	err := l.atOnce(ctx, func(db reader) error {
		var of []usedBy
		if err := each(ctx, db, func(rows pgx.Rows) error {
			var u usedBy
			err := rows.Scan(&u.id, &u.name, &u.first, &u.last)
			of = append(of, u)
			return err
		}, `SELECT c.id, c.name, c.first_id, c.last_id FROM campaign c
			WHERE c.id >= $1 AND EXISTS (SELECT 1 FROM tally t WHERE t.campaign_id = c.id AND t.account = $2) ORDER BY c.id`, after.Campaign, account); err != nil {
			return err
		}
		for _, c := range of {
			from := int64(0)
			if c.id == after.Campaign {
				from = after.Message
			}
			if err := each(ctx, db, func(rows pgx.Rows) error {
				a := ledger.Awaited{Campaign: c.name, Account: account}
				var claimed int64
				err := rows.Scan(&place.Message, &a.Key, &a.Channel, &a.Address, &a.State, &a.VendorID, &claimed)
				a.Claimed, place.Campaign = stored.Moment(claimed), c.id
				out = append(out, a)
				return err
			}, awaitedQuery, from, c.id, account, stored.Nanos(since), most-len(out)); err != nil {
				return err
			}
			if len(out) == most {
				return nil
			}
		}
		place = ledger.Place{}
		return nil
	})
	return out, place, l.asking(err, "read what account %s is awaited to tell", account)
}

// usedBy is a campaign that an account was used for.
type usedBy struct {
	id          int64
	name        string
	first, last int64
	channels    []message.Channel
}

// Bookmark reads how far something has come: see ledger.Receipts.
func (l *Ledger) Bookmark(ctx context.Context, name string) (string, error) {
	return l.text(ctx, "SELECT value FROM bookmark WHERE name = $1", name)
}

func (l *Ledger) text(ctx context.Context, query string, args ...any) (string, error) {
	var s string
	err := l.read.QueryRow(ctx, query, args...).Scan(&s)
	if errors.Is(err, pgx.ErrNoRows) {
		err = nil
	}
	return s, l.asking(err, "read")
}

// SetBookmark remembers how far something has come: see ledger.Receipts.
func (l *Ledger) SetBookmark(ctx context.Context, name, value string) error {
	return l.do(ctx, "remember how far "+name+" has come", func(x *tx) error {
		return x.exec("INSERT INTO bookmark (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value)
	})
}

// metaSecret is the name of the ledger's secret.
const metaSecret = "secret"

// Secret is the ledger's: see ledger.Receipts.
func (l *Ledger) Secret(ctx context.Context) (string, error) {
	const query = "SELECT value FROM meta WHERE name = $1"
	if s, err := l.text(ctx, query, metaSecret); err != nil || s != "" {
		return s, err
	}
	var secret string
	err := l.do(ctx, "make a secret", func(x *tx) error {
		if err := x.exec("INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING", metaSecret, rand.Text()); err != nil {
			return err
		}
		return x.one([]any{&secret}, query, metaSecret)
	})
	return secret, err
}
