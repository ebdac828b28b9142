package stored

import (
	"context"

	"notify/pkg/ledger"
	"notify/pkg/message"
)

var _ ledger.Ahead = Common{}

// lookAhead is how many ids behind the reach are looked at: those of a row's channels lie side by side.
const lookAhead = 32

// reachOf is how far a channel of a campaign was handed out.
type reachOf struct {
	campaign, next int64
	channel        string
}

// Next are the messages that are handed out next: see ledger.Ahead. Each is looked up by its id, so that no planner reads all of a campaign.
func (l Common) Next(ctx context.Context, campaign string, n int) ([]ledger.Record, error) {
	var all []reachOf
	err := l.DB.Read(ctx, func(row Row) error {
		var r reachOf
		err := row.Scan(&r.campaign, &r.channel, &r.next)
		all = append(all, r)
		return err
	}, `SELECT c.id, r.channel, CASE WHEN r.next_id > c.first_id THEN r.next_id ELSE c.first_id END
		FROM campaign c JOIN reach r ON r.campaign_id = c.id WHERE c.name = $1 ORDER BY r.channel`, campaign)
	var out []ledger.Record
	for _, r := range all {
		found := 0
		for id := r.next; err == nil && found < n && id < r.next+lookAhead; id++ {
			err = l.untouched(ctx, r, id, func(rec ledger.Record) {
				found++
				out = append(out, rec)
			})
		}
	}
	return out, l.DB.Asking(err, "read what is next of campaign %s", campaign)
}

// untouched reads the message of this id, where it is of the channel and nothing was made of it yet.
func (l Common) untouched(ctx context.Context, r reachOf, id int64, found func(ledger.Record)) error {
	return l.DB.Read(ctx, func(row Row) error {
		rec := ledger.Record{Channel: message.Channel(r.channel), State: message.Pending}
		var key, address string
		err := row.Scan(&key, &address, &rec.Segments, &rec.Row, &rec.Recipient, &rec.Fields)
		rec.Key, rec.Address = message.Key(key), message.Address(address)
		found(rec)
		return err
	}, `SELECT m.key, m.address, m.segments, p.row, p.key, p.fields FROM message m
		JOIN recipient p ON p.id = m.recipient_id AND p.campaign_id = m.campaign_id
		WHERE m.id = $1 AND m.campaign_id = $2 AND m.channel = $3
		AND NOT EXISTS (SELECT 1 FROM standing s WHERE s.message_id = m.id AND s.campaign_id = m.campaign_id)`, id, r.campaign, r.channel)
}
