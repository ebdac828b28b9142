package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"iter"
	"slices"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/stored"
)

// keepPrint remembers a fingerprint: of a message that is new, or says something else now, and of an address.
func (st *staging) keepPrint(fingerprint int64) error {
	st.prints = append(st.prints, fingerprint)
	if len(st.prints) < stored.PrintsAtMost {
		return nil
	}
	return st.writePrints()
}

func (st *staging) writePrints() error {
	if len(st.prints) == 0 {
		return nil
	}
	piece := stored.Piece(st.prints)
	st.prints = st.prints[:0]
	var nth int64
	if err := st.x.one([]any{&nth}, "SELECT ifnull(max(piece), 0) + 1 FROM prints WHERE campaign_id = ?", st.c.id); err != nil {
		return err
	}
	return st.x.exec("INSERT INTO prints (campaign_id, piece, prints, seal) VALUES (?, ?, ?, ?)", st.c.id, nth, piece, stored.SealOf(st.c.id, nth, piece))
}

// Recent looks for what other campaigns sent in the window: see ledger.Reader. In the order of the pairs.
func (l *Ledger) Recent(ctx context.Context, except string, since time.Time, pairs iter.Seq[ledger.Sent]) iter.Seq2[ledger.Sent, error] {
	return func(yield func(ledger.Sent, error) bool) {
		found, err := l.recent(ctx, except, since, pairs)
		if err != nil {
			yield(ledger.Sent{}, l.asking(err, "look for what was sent since %s", since.Format(time.RFC3339)))
			return
		}
		for _, s := range found {
			if !yield(s, nil) {
				return
			}
		}
	}
}

func (l *Ledger) recent(ctx context.Context, except string, since time.Time, pairs iter.Seq[ledger.Sent]) (found []ledger.Sent, err error) {
	campaigns, err := l.ranSince(ctx, except, since)
	if err != nil || len(campaigns) == 0 {
		return nil, err // most often no other campaign ran in the window: then no message is looked at
	}
	alias, err := l.Alias(ctx)
	if err != nil {
		return nil, err
	}
	all := stored.PairsOf(pairs, alias)
	var w *wanted
	defer func() { err = errors.Join(err, w.close()) }()
	for i := range campaigns {
		prints, err := l.common(ctx, campaigns[i].id, all)
		if err != nil {
			return nil, err
		}
		if len(prints) == 0 {
			continue
		}
		if w == nil {
			if w, err = l.wanted(ctx); err != nil {
				return nil, err
			}
		}
		if err := w.sentBy(ctx, &campaigns[i], since, prints, all.Met); err != nil {
			return nil, err
		}
	}
	return all.Found(), nil
}

// ranSince are the campaigns that had a run since then.
func (l *Ledger) ranSince(ctx context.Context, except string, since time.Time) (campaigns []campaignRow, err error) {
	err = each(ctx, l.read, func(rows *sql.Rows) error {
		var c campaignRow
		err := rows.Scan(&c.id, &c.Name, &c.first, &c.last)
		campaigns = append(campaigns, c)
		return err
	}, `SELECT c.id, c.name, c.first_id, c.last_id FROM campaign c
		WHERE c.name <> ? AND EXISTS (SELECT 1 FROM run r WHERE r.campaign_id = c.id AND r.beat >= ?) ORDER BY c.id`, except, stored.Nanos(since))
	return campaigns, err
}

// common are the fingerprints that the campaign has, too.
func (l *Ledger) common(ctx context.Context, campaign int64, all *stored.Pairs) (prints []int64, err error) {
	err = each(ctx, l.read, func(rows *sql.Rows) error {
		var piece sql.RawBytes
		var nth, seal int64
		if err := rows.Scan(&piece, &nth, &seal); err != nil {
			return err
		}
		if seal != stored.SealOf(campaign, nth, []byte(piece)) {
			return stored.Changed(stored.Prints, campaign)
		}
		prints = all.In(piece, prints)
		return nil
	}, "SELECT prints, piece, seal FROM prints WHERE campaign_id = ? ORDER BY piece", campaign)
	slices.Sort(prints)
	return slices.Compact(prints), err
}

// wanted is a connection with a temporary table for fingerprints, which is thrown away with it.
type wanted struct {
	conn *sql.Conn
	add  *sql.Stmt
}

func (l *Ledger) wanted(ctx context.Context) (*wanted, error) {
	conn, err := l.read.Conn(ctx)
	if err != nil {
		return nil, err
	}
	w := &wanted{conn: conn}
	if _, err = conn.ExecContext(ctx, "PRAGMA query_only = OFF; CREATE TEMP TABLE wanted (print INTEGER PRIMARY KEY)"); err == nil {
		w.add, err = conn.PrepareContext(ctx, "INSERT INTO wanted VALUES (?)")
	}
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func (w *wanted) close() error {
	if w == nil {
		return nil
	}
	var err error
	if w.add != nil {
		err = w.add.Close()
	}
	_ = w.conn.Raw(func(any) error { return driver.ErrBadConn }) // so that it is not used again
	_ = w.conn.Close()
	return err
}

// sentBy reads what the campaign sent, or may have, of these fingerprints in the window.
func (w *wanted) sentBy(ctx context.Context, c *campaignRow, since time.Time, prints []int64, found func(ledger.Sent)) error {
	if _, err := w.conn.ExecContext(ctx, "DELETE FROM wanted"); err != nil {
		return err
	}
	for _, p := range prints {
		if _, err := w.add.ExecContext(ctx, p); err != nil {
			return err
		}
	}
	return each(ctx, w.conn, func(rows *sql.Rows) error {
		s := ledger.Sent{Campaign: c.Name}
		var at int64
		err := rows.Scan(&s.Address, &s.Fingerprint, &at)
		s.At = stored.Moment(at)
		found(s)
		return err
	}, `SELECT m.address, m.fingerprint, a.claimed_at FROM message_standing m CROSS JOIN claim a ON a.id = m.claim_id
		WHERE m.id BETWEEN ? AND ? AND m.campaign_id = ? AND m.fingerprint IN (SELECT print FROM wanted)
		AND (m.state = 'accepted' OR m.state = 'unknown' OR m.state = 'attempting') AND a.claimed_at >= ?`, c.first, c.last, c.id, stored.Nanos(since))
}
