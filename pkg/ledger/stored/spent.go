package stored

import (
	"context"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
)

// Spent is what was tried and spent, of all campaigns: see ledger.Reader.
func (l Common) Spent(ctx context.Context) ([]ledger.Spent, error) {
	type of struct {
		campaign int64
		channel  message.Channel
		account  string
	}
	type claimed struct {
		first, last time.Time
		least, most message.Money
	}
	var out []ledger.Spent
	var ofs []of
	// The cells are read before the claims: whatever was claimed meanwhile makes the times wider, and leaves nothing out.
	err := l.DB.Read(ctx, func(row Row) error {
		var s ledger.Spent
		var o of
		err := row.Scan(&o.campaign, &s.Campaign, &s.Channel, &s.Account, &s.Currency, &s.State, &s.Messages, &s.Segments, &s.Cost)
		o.channel, o.account = s.Channel, s.Account
		out, ofs = append(out, s), append(ofs, o)
		return err
	}, `SELECT c.id, c.name, t.channel, t.account, t.currency, t.state, CAST(sum(t.messages) AS bigint), CAST(sum(t.segments) AS bigint),
		CAST(sum(t.cost) AS bigint) FROM campaign c JOIN tally t ON t.campaign_id = c.id
		WHERE t.account <> '' AND t.messages > 0 GROUP BY c.id, c.name, t.channel, t.account, t.currency, t.state ORDER BY c.id, t.channel, t.account, t.currency, t.state`)
	if err != nil {
		return nil, l.DB.Asking(err, "read what was spent")
	}
	claims := make(map[of]claimed)
	err = l.DB.Read(ctx, func(row Row) error {
		var o of
		var c claimed
		var first, last int64
		err := row.Scan(&o.campaign, &o.channel, &o.account, &first, &last, &c.least, &c.most)
		c.first, c.last = Moment(first), Moment(last)
		claims[o] = c
		return err
	}, "SELECT campaign_id, channel, account, min(claimed_at), max(claimed_at), min(price), max(price) FROM claim GROUP BY campaign_id, channel, account")
	for i := range out {
		c := claims[ofs[i]]
		out[i].First, out[i].Last, out[i].Least, out[i].Most = c.first, c.last, c.least, c.most
	}
	return out, l.DB.Asking(err, "read what was claimed")
}
