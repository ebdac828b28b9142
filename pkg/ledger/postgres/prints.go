package postgres

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

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
	if err := st.x.one([]any{&nth}, "SELECT coalesce(max(piece), 0) + 1 FROM prints WHERE campaign_id = $1", st.c.id); err != nil {
		return err
	}
	return st.x.exec("INSERT INTO prints (campaign_id, piece, prints, seal) VALUES ($1, $2, $3, $4)", st.c.id, nth, piece, stored.SealOf(st.c.id, nth, piece))
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

func (l *Ledger) recent(ctx context.Context, except string, since time.Time, pairs iter.Seq[ledger.Sent]) ([]ledger.Sent, error) {
	campaigns, err := l.ranSince(ctx, except, since)
	if err != nil || len(campaigns) == 0 {
		return nil, err // most often no other campaign ran in the window: then no message is looked at
	}
	alias, err := l.Alias(ctx)
	if err != nil {
		return nil, err
	}
	all := stored.PairsOf(pairs, alias)
	for i := range campaigns {
		prints, err := l.common(ctx, campaigns[i].id, all)
		if err != nil {
			return nil, err
		}
		for part := range slices.Chunk(prints, printsAtOnce) {
			if err := l.sentBy(ctx, &campaigns[i], since, part, all.Met); err != nil {
				return nil, err
			}
		}
	}
	return all.Found(), nil
}

// ranSince are the campaigns that had a run since then.
func (l *Ledger) ranSince(ctx context.Context, except string, since time.Time) (campaigns []campaignRow, err error) {
	err = each(ctx, l.read, func(rows pgx.Rows) error {
		var c campaignRow
		err := rows.Scan(&c.id, &c.Name, &c.first, &c.last)
		campaigns = append(campaigns, c)
		return err
	}, `SELECT c.id, c.name, c.first_id, c.last_id FROM campaign c
		WHERE c.name <> $1 AND EXISTS (SELECT 1 FROM run r WHERE r.campaign_id = c.id AND r.beat >= $2) ORDER BY c.id`, except, stored.Nanos(since))
	return campaigns, err
}

// common are the fingerprints that the campaign has, too.
func (l *Ledger) common(ctx context.Context, campaign int64, all *stored.Pairs) (prints []int64, err error) {
	err = each(ctx, l.read, func(rows pgx.Rows) error {
		var piece []byte
		var nth, seal int64
		if err := rows.Scan(&piece, &nth, &seal); err != nil {
			return err
		}
		if seal != stored.SealOf(campaign, nth, piece) {
			return stored.Changed(stored.Prints, campaign)
		}
		prints = all.In(piece, prints)
		return nil
	}, "SELECT prints, piece, seal FROM prints WHERE campaign_id = $1 ORDER BY piece", campaign)
	slices.Sort(prints)
	return slices.Compact(prints), err
}

// printsAtOnce is how many fingerprints one query looks for.
const printsAtOnce = 100_000

// sentBy reads what the campaign sent, or may have, of these fingerprints in the window.
func (l *Ledger) sentBy(ctx context.Context, c *campaignRow, since time.Time, prints []int64, found func(ledger.Sent)) error {
	return each(ctx, l.read, func(rows pgx.Rows) error {
		s := ledger.Sent{Campaign: c.Name}
		var at int64
		err := rows.Scan(&s.Address, &s.Fingerprint, &at)
		s.At = stored.Moment(at)
		found(s)
		return err
	}, `WITH wanted AS MATERIALIZED (SELECT DISTINCT unnest($3::bigint[]) AS print)
		SELECT m.address, m.fingerprint, a.claimed_at FROM message_standing m JOIN wanted w ON w.print = m.fingerprint JOIN claim a ON a.id = m.claim_id
		WHERE m.campaign_id = $1 AND m.state IN ('accepted', 'unknown', 'attempting') AND a.claimed_at >= $2`, c.id, stored.Nanos(since), prints)
}
