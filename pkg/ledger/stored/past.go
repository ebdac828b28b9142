package stored

import (
	"context"
	"errors"
	"iter"

	"notify/pkg/ledger"
	"notify/pkg/message"
)

// Past reads attempts that are over or were settled: see ledger.Tracer.
func (l Common) Past(ctx context.Context, campaign string) iter.Seq2[ledger.Past, error] {
	return func(yield func(ledger.Past, error) bool) {
		in, err := l.searched(ctx, ledger.Sought{Campaign: campaign})
		for i := range in {
			if in[i].name == campaign && err == nil {
				err = l.past(ctx, in[i], func(p ledger.Past) bool { return yield(p, nil) })
			}
		}
		if err != nil && !errors.Is(err, errStop) {
			yield(ledger.Past{}, l.DB.Asking(err, "read the attempts of campaign %s", campaign))
		}
	}
}

func (l Common) past(ctx context.Context, c *searched, each func(ledger.Past) bool) error {
	const within, same = "BETWEEN $2 AND $3", "= n.message_id"
	return l.DB.Read(ctx, func(row Row) error {
		var p ledger.Past
		var r ledger.Settled
		var claimed, settled, since, at int64
		var key message.Key
		if err := row.Scan(&key, &p.Number, &p.Outcome, &p.Reason, &p.Code, &p.Detail, &p.VendorID, &p.Segments, &settled,
			&p.Account, &claimed, &p.Price, &p.Currency, &p.Host, &r.Outcome, &since, &at, &r.Who, &r.Why, &r.Grade); err != nil {
			return err
		}
		p.Key, p.Claimed, p.Settled = key, Moment(claimed), Moment(settled)
		if r.Outcome != "" {
			r.Unknown, r.At = Moment(since), Moment(at)
			p.Resolved = &r
		}
		if !each(p) {
			return errStop
		}
		return nil
	}, `WITH n AS (SELECT a.message_id, a.number FROM attempt a WHERE `+l.Queries.Of("a", within)+`
		UNION SELECT r.message_id, r.number FROM resolution r WHERE `+l.Queries.Of("r", within)+`)
		SELECT m.key, n.number, coalesce(a.outcome, ''), coalesce(a.reason, ''), coalesce(a.code, ''), coalesce(a.detail, ''), coalesce(a.vendor_id, ''),
		coalesce(a.vendor_segments, 0), coalesce(a.settled_at, 0), coalesce(c.account, ''), coalesce(c.claimed_at, 0), coalesce(c.price, 0),
		coalesce(c.currency, ''), coalesce(u.host, ''), coalesce(r.outcome, ''), coalesce(r.unknown_at, 0), coalesce(r.at, 0), coalesce(r.who, ''),
		coalesce(r.why, ''), coalesce(r.grade, '')
		FROM n JOIN message m ON m.campaign_id = $1 AND m.id = n.message_id JOIN recipient p ON p.campaign_id = $1 AND p.id = m.recipient_id
		LEFT JOIN attempt a ON `+l.Queries.Of("a", same)+` AND a.number = n.number LEFT JOIN claim c ON c.id = a.claim_id
		LEFT JOIN run u ON u.id = c.run_id LEFT JOIN resolution r ON `+l.Queries.Of("r", same)+` AND r.number = n.number
		ORDER BY p.row, m.id, n.number`, c.id, c.first, c.last)
}
