package stored

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"iter"
	"math"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
)

// errStop ends a query because nobody wants more of it.
var errStop = errors.New("stop")

const receiptColumns = `id, hash, account, format, source, head, raw, grade, at, fate, why, tries, due, repeats, ours, foreigns, late, contrary, held`

func scanReceipt(row Row) (ledger.Receipt, error) {
	var r ledger.Receipt
	var at, due int64
	err := row.Scan(&r.ID, &r.Hash, &r.Account, &r.Format, &r.Source, &r.Head, &r.Raw, &r.Grade, &at, &r.Fate, &r.Why, &r.Tries, &due, &r.Repeats,
		&r.Ours, &r.Foreign, &r.Late, &r.Contrary, &r.Held)
	r.At, r.Due = Moment(at), Moment(due)
	return r, err
}

// Keep takes receipts in: see ledger.Receipts.
func (l Common) Keep(ctx context.Context, rs []ledger.Receipt) ([]bool, error) {
	news := make([]bool, len(rs))
	err := l.DB.Write(ctx, "keep receipts", func(x Tx) error {
		for i := range rs {
			var err error
			if news[i], err = keep(x, &rs[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return news, err
}

func keep(x Tx, r *ledger.Receipt) (bool, error) {
	fate := r.Fate
	if fate == "" {
		fate = ledger.ReceiptNew
	}
	n, err := x.Change(`INSERT INTO receipt (hash, account, format, source, head, raw, grade, at, fate, why) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (hash) DO NOTHING`, r.Hash, r.Account, r.Format, r.Source, r.Head, NotNil(r.Raw), string(r.Grade), Nanos(r.At), string(fate), r.Why)
	if err != nil {
		return false, err
	}
	in := ledger.Inbox{Account: r.Account}
	if fate != ledger.ReceiptRefused && r.Format != ledger.FormatOneClick {
		in.Last = r.At
	}
	if n == 0 {
		in.Repeats = 1
		if err := x.Exec("UPDATE receipt SET repeats = repeats + 1 WHERE hash = $1", r.Hash); err != nil {
			return false, err
		}
		return false, tellInbox(x, in)
	}
	in.Receipts = 1
	stands(&in, fate, +1)
	return true, tellInbox(x, in)
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
func tellInbox(x Tx, in ledger.Inbox) error {
	// The row is there first: a figure that goes down would not be taken by an INSERT.
	if err := x.Exec("INSERT INTO inbox VALUES ($1, 0, 0, 0, 0, 0, 0, 0, 0, 0) ON CONFLICT (account) DO NOTHING", in.Account); err != nil {
		return err
	}
	return x.Exec(`UPDATE inbox SET last = CASE WHEN last < $1 THEN $1 ELSE last END, receipts = receipts + $2, repeats = repeats + $3, waiting = waiting + $4, refused = refused + $5,
		ours = ours + $6, foreigns = foreigns + $7, late = late + $8, contrary = contrary + $9 WHERE account = $10`,
		Nanos(in.Last), in.Receipts, in.Repeats, in.Waiting, in.Refused, in.Ours, in.Foreign, in.Late, in.Contrary, in.Account)
}

// Due reads receipts that are to be settled: see ledger.Receipts.
func (l Common) Due(ctx context.Context, now time.Time, most int) ([]ledger.Receipt, error) {
	var out []ledger.Receipt
	err := l.DB.Read(ctx, func(rows Row) error {
		r, err := scanReceipt(rows)
		out = append(out, r)
		return err
	}, "SELECT "+receiptColumns+" FROM receipt WHERE (fate = 'new' OR fate = 'held') AND due <= $1 ORDER BY due, id LIMIT $2", Nanos(now), most)
	return out, l.DB.Asking(err, "read the receipts that are due")
}

// Inbox reads receipts, the newest first: see ledger.Receipts.
func (l Common) Inbox(ctx context.Context, q ledger.InboxQuery) iter.Seq2[ledger.Receipt, error] {
	return func(yield func(ledger.Receipt, error) bool) {
		most := q.Most
		if most == 0 {
			most = math.MaxInt64
		}
		err := l.DB.Read(ctx, func(rows Row) error {
			r, err := scanReceipt(rows)
			if err == nil && !yield(r, nil) {
				err = errStop
			}
			return err
		}, "SELECT "+receiptColumns+` FROM receipt WHERE (account = $1 OR $1 = '') AND (NOT $2 OR fate <> 'settled' OR foreigns + late + contrary > 0)
			ORDER BY id DESC LIMIT $3`, q.Account, q.Odd, most)
		if err != nil && !errors.Is(err, errStop) {
			yield(ledger.Receipt{}, l.DB.Asking(err, "read the inbox"))
		}
	}
}

// Inboxes is how the inboxes stand: see ledger.Receipts.
func (l Common) Inboxes(ctx context.Context) ([]ledger.Inbox, error) {
	var out []ledger.Inbox
	err := l.DB.Read(ctx, func(rows Row) error {
		var in ledger.Inbox
		var last int64
		err := rows.Scan(&in.Account, &last, &in.Receipts, &in.Repeats, &in.Waiting, &in.Refused, &in.Ours, &in.Foreign, &in.Late, &in.Contrary)
		in.Last = Moment(last)
		out = append(out, in)
		return err
	}, "SELECT account, last, receipts, repeats, waiting, refused, ours, foreigns, late, contrary FROM inbox ORDER BY account")
	return out, l.DB.Asking(err, "read the inboxes")
}

// Deliveries is what is known of a campaign's messages: see ledger.Receipts.
func (l Common) Deliveries(ctx context.Context, campaign string) ([]ledger.Delivery, error) {
	var out []ledger.Delivery
	err := l.DB.Read(ctx, func(rows Row) error {
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
	return out, l.DB.Asking(err, "read what became of campaign %s", campaign)
}

// Proofs reads what is known of messages: see ledger.Receipts.
func (l Common) Proofs(ctx context.Context, campaign string, keys ...message.Key) iter.Seq2[ledger.Proof, error] {
	return func(yield func(ledger.Proof, error) bool) {
		var p ledger.Proof
		tell := func() bool {
			known := p.Settled != "" || len(p.Facts) > 0
			return !known || yield(inOrder(p), nil)
		}
		row := func(rows Row) error {
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
			if f.At = Moment(at); f.State != "" {
				p.Facts = append(p.Facts, f)
			}
			return nil
		}
		err := l.proofs(ctx, row, campaign, keys)
		if err == nil && !tell() || errors.Is(err, errStop) {
			return
		}
		if err != nil {
			yield(ledger.Proof{}, l.DB.Asking(err, "read the proofs of campaign %s", campaign))
		}
	}
}

func (l Common) proofs(ctx context.Context, row func(Row) error, campaign string, keys []message.Key) error {
	if len(keys) == 0 {
		return l.DB.Read(ctx, row, l.Queries.Proofs, campaign)
	}
	for _, k := range keys {
		if err := l.DB.Read(ctx, row, l.Queries.ProofsByKey, campaign, string(k)); err != nil {
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

// CROSS JOIN, as SQLite joins in the order that is written then; OFFSET, as PostgreSQL asks for each message then, and does not hold all facts
// against each.
const awaitedQuery = `SELECT s.message_id, m.key, m.channel, m.address, s.state, coalesce(s.vendor_id, ''), c.claimed_at
	FROM standing s CROSS JOIN message m CROSS JOIN claim c
	WHERE s.message_id > $1 AND s.message_id BETWEEN $2 AND $3 AND s.campaign_id = $4 AND (s.state = 'accepted' OR s.state = 'unknown')
		AND m.campaign_id = s.campaign_id AND m.id = s.message_id AND c.id = s.claim_id AND c.account = $5 AND c.claimed_at >= $6
		AND NOT EXISTS (SELECT 1 FROM fact f WHERE f.campaign_id = s.campaign_id AND f.message_id = s.message_id
			AND f.state IN ('delivered', 'undelivered', 'soft-bounce', 'hard-bounce', 'dropped') LIMIT 1 OFFSET 0)
	ORDER BY s.message_id LIMIT $7`

// Awaited reads messages of which it is not known how they ended: see ledger.Receipts.
func (l Common) Awaited(ctx context.Context, account string, since time.Time, after ledger.Place, most int) ([]ledger.Awaited, ledger.Place, error) {
	var of []usedBy
	err := l.DB.Read(ctx, func(rows Row) error {
		var u usedBy
		err := rows.Scan(&u.id, &u.name, &u.first, &u.last)
		of = append(of, u)
		return err
	}, `SELECT c.id, c.name, c.first_id, c.last_id FROM campaign c
		WHERE c.id >= $1 AND EXISTS (SELECT 1 FROM tally t WHERE t.campaign_id = c.id AND t.account = $2) ORDER BY c.id`, after.Campaign, account)
	var out []ledger.Awaited
	place := after
	for i := 0; err == nil && i < len(of); i++ {
		c, from := of[i], int64(0)
		if c.id == after.Campaign {
			from = after.Message
		}
		err = l.DB.Read(ctx, func(rows Row) error {
			a := ledger.Awaited{Campaign: c.name, Account: account}
			var claimed int64
			err := rows.Scan(&place.Message, &a.Key, &a.Channel, &a.Address, &a.State, &a.VendorID, &claimed)
			a.Claimed, place.Campaign = Moment(claimed), c.id
			out = append(out, a)
			return err
		}, awaitedQuery, from, c.first, c.last, c.id, account, Nanos(since), most-len(out))
		if err == nil && len(out) == most {
			return out, place, nil
		}
	}
	if err == nil {
		place = ledger.Place{}
	}
	return out, place, l.DB.Asking(err, "read what account %s is awaited to tell", account)
}

// usedBy is a campaign that an account was used for.
type usedBy struct {
	id          int64
	name        string
	first, last int64
	channels    []message.Channel
}

// Bookmark reads how far something has come: see ledger.Receipts.
func (l Common) Bookmark(ctx context.Context, name string) (string, error) {
	return l.text(ctx, "SELECT value FROM bookmark WHERE name = $1", name)
}

func (l Common) text(ctx context.Context, query string, args ...any) (string, error) {
	var s string
	err := l.readOne(ctx, []any{&s}, query, args...)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return s, l.DB.Asking(err, "read")
}

// SetBookmark remembers how far something has come: see ledger.Receipts.
func (l Common) SetBookmark(ctx context.Context, name, value string) error {
	return l.DB.Write(ctx, "remember how far "+name+" has come", func(x Tx) error {
		return x.Exec("INSERT INTO bookmark (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value)
	})
}

// metaSecret is the name of the ledger's secret.
const metaSecret = "secret"

// Secret is the ledger's: see ledger.Receipts.
func (l Common) Secret(ctx context.Context) (string, error) {
	const query = "SELECT value FROM meta WHERE name = $1"
	if s, err := l.text(ctx, query, metaSecret); err != nil || s != "" {
		return s, err
	}
	var secret string
	err := l.DB.Write(ctx, "make a secret", func(x Tx) error {
		if err := x.Exec("INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING", metaSecret, rand.Text()); err != nil {
			return err
		}
		return x.One([]any{&secret}, query, metaSecret)
	})
	return secret, err
}
