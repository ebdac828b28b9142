package stored

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"notify/pkg/ledger"
	"notify/pkg/message"
)

// Frozen reads all campaigns as they are frozen: see ledger.Tracer.
func (l Common) Frozen(ctx context.Context) ([]ledger.Frozen, error) {
	var out []ledger.Frozen
	err := l.DB.Read(ctx, func(row Row) error {
		var f ledger.Frozen
		var created int64
		err := row.Scan(&f.Name, &f.Digest, &created, &f.Spec)
		f.Created = Moment(created)
		out = append(out, f)
		return err
	}, "SELECT name, digest, created, spec FROM campaign ORDER BY created DESC, id DESC")
	return out, l.DB.Asking(err, "read campaigns")
}

var _ ledger.Tracer = Common{}

// searched is a campaign in which messages are looked for.
type searched struct {
	id, first, last int64
	name            string
}

// Trails reads all that is known of the messages that are sought: see ledger.Tracer.
func (l Common) Trails(ctx context.Context, s ledger.Sought) ([]ledger.Trail, error) {
	in, found, err := l.sought(ctx, s)
	if err != nil {
		return nil, l.DB.Asking(err, "look for messages")
	}
	if s.Rows {
		if err := l.beside(ctx, in, found); err != nil {
			return nil, l.DB.Asking(err, "look for messages of the same rows")
		}
	}
	var out []ledger.Trail
	for _, c := range in {
		for _, id := range found[c.id] {
			if s.Most > 0 && len(out) == s.Most {
				return out, nil
			}
			t, err := l.trail(ctx, c, id)
			if err != nil {
				return nil, l.DB.Asking(err, "trace message %d", id)
			}
			out = append(out, t)
		}
	}
	return out, nil
}

// searched are the campaigns in which a message may be, the newest first.
func (l Common) searched(ctx context.Context, s ledger.Sought) ([]*searched, error) {
	return l.campaigns(ctx, "name = $1 OR $2", s.Campaign, s.Campaign == "")
}

func (l Common) campaigns(ctx context.Context, where string, args ...any) (out []*searched, err error) {
	return out, l.DB.Read(ctx, func(row Row) error {
		c := new(searched)
		out = append(out, c)
		return row.Scan(&c.id, &c.name, &c.first, &c.last)
	}, "SELECT id, name, first_id, last_id FROM campaign WHERE "+where+" ORDER BY created DESC, id DESC", args...)
}

// sought are the messages by campaign, and the campaigns in which they were looked for: of keys, those in which they are.
func (l Common) sought(ctx context.Context, s ledger.Sought) (in []*searched, found map[int64][]int64, err error) {
	found = make(map[int64][]int64)
	if s.Address != "" || s.Key != "" {
		look := l.byKey
		if s.Address != "" {
			look = l.byAddress
		}
		if err := look(ctx, s, found); err != nil || len(found) == 0 {
			return nil, nil, err
		}
		ids, err := json.Marshal(slices.Sorted(maps.Keys(found)))
		if err != nil {
			return nil, nil, err
		}
		in, err = l.campaigns(ctx, "id IN ("+strings.Trim(string(ids), "[]")+")")
		return in, found, err
	}
	if in, err = l.searched(ctx, s); err != nil {
		return nil, nil, err
	}
	switch {
	case s.VendorID != "":
		err = l.named(ctx, s.VendorID, in, found)
	case s.Fingerprint != nil:
		limit := ""
		if s.Most > 0 {
			limit = fmt.Sprintf(" LIMIT %d", s.Most)
		}
		err = l.along(ctx, in, found, "message", "id", "fingerprint = $4 ORDER BY id"+limit, *s.Fingerprint)
	}
	return in, found, err
}

// byKey looks a key up in each campaign: nobody knows of which one it is.
func (l Common) byKey(ctx context.Context, s ledger.Sought, found map[int64][]int64) error {
	return l.DB.Read(ctx, finds(found), l.Queries.ByKey, s.Campaign, s.Campaign == "", string(s.Key))
}

// byAddress looks for what begins as the keys of an address do in each campaign and channel.
func (l Common) byAddress(ctx context.Context, s ledger.Sought, found map[int64][]int64) error {
	stems := make(map[message.Channel]map[int64]string)
	if err := l.DB.Read(ctx, func(row Row) error {
		var id int64
		var name string
		var ch message.Channel
		err := row.Scan(&id, &name, &ch)
		if stems[ch] == nil {
			stems[ch] = make(map[int64]string)
		}
		stems[ch][id] = message.MakeKey(name, ch, s.Address, "").Stem()
		return err
	}, "SELECT c.id, c.name, r.channel FROM reach r JOIN campaign c ON c.id = r.campaign_id WHERE c.name = $1 OR $2", s.Campaign, s.Campaign == ""); err != nil {
		return err
	}
	for _, ch := range slices.Sorted(maps.Keys(stems)) {
		asked, err := json.Marshal(stems[ch])
		if err != nil {
			return err
		}
		if err := l.DB.Read(ctx, finds(found), l.Queries.ByStem, string(asked)); err != nil {
			return err
		}
	}
	return nil
}

// finds adds a message to those of its campaign.
func finds(found map[int64][]int64) func(Row) error {
	return func(row Row) error {
		var campaign, id int64
		err := row.Scan(&campaign, &id)
		found[campaign] = append(found[campaign], id)
		return err
	}
}

// along reads messages of campaigns as they lie.
func (l Common) along(ctx context.Context, in []*searched, found map[int64][]int64, table, id, where string, value any) error {
	for _, c := range in {
		if err := l.DB.Read(ctx, func(row Row) error {
			var id int64
			err := row.Scan(&id)
			found[c.id] = append(found[c.id], id)
			return err
		}, fmt.Sprintf("SELECT %s FROM %s %s WHERE campaign_id = $1 AND %s BETWEEN $2 AND $3 AND %s", id, table, l.Queries.ByID, id, where),
			c.id, c.first, c.last, value); err != nil {
			return err
		}
	}
	return nil
}

// beside adds the other messages of the rows that the found ones are of.
func (l Common) beside(ctx context.Context, in []*searched, found map[int64][]int64) error {
	for _, c := range in {
		for _, id := range slices.Clone(found[c.id]) {
			var row int64
			if err := l.readOne(ctx, []any{&row}, "SELECT recipient_id FROM message WHERE campaign_id = $1 AND id = $2", c.id, id); err != nil {
				return err
			}
			one := []*searched{c}
			if err := l.along(ctx, one, found, "message", "id", "recipient_id = $4", row); err != nil {
				return err
			}
		}
		slices.Sort(found[c.id])
		found[c.id] = slices.Compact(found[c.id])
	}
	return nil
}

// trail reads all that is known of one message.
func (l Common) trail(ctx context.Context, c *searched, id int64) (ledger.Trail, error) {
	t := ledger.Trail{ID: id, Campaign: c.name}
	var now ledger.Try
	var notBefore, claimed, settled int64
	err := l.readOne(ctx, []any{
		&t.Key, &t.Channel, &t.Address, &t.Segments, &t.State, &t.Attempts, &notBefore, &t.Row, &t.Recipient, &t.Fields,
		&now.Account, &now.Host, &claimed, &settled, &now.Code, &now.Detail, &now.VendorID, &now.Segments, &now.Price, &now.Currency,
	}, `SELECT m.key, m.channel, m.address, m.segments, m.state, m.attempts, m.not_before, r.row, r.key, r.fields,
		coalesce(c.account, ''), coalesce(n.host, ''), coalesce(c.claimed_at, 0), coalesce(m.settled_at, 0), coalesce(m.code, ''), coalesce(m.detail, ''),
		coalesce(m.vendor_id, ''), coalesce(m.vendor_segments, 0), coalesce(c.price, 0), coalesce(c.currency, '')
		FROM message_standing m JOIN recipient r ON r.campaign_id = m.campaign_id AND r.id = m.recipient_id
		LEFT JOIN claim c ON c.id = m.claim_id LEFT JOIN run n ON n.id = c.run_id WHERE m.campaign_id = $1 AND m.id = $2`, c.id, id)
	if err != nil {
		return t, err
	}
	now.Number, now.Claimed, now.Settled, now.Outcome = t.Attempts, Moment(claimed), Moment(settled), string(t.State)
	t.NotBefore, t.Claimed, t.Settled = Moment(notBefore), now.Claimed, now.Settled
	t.Account, t.Code, t.Detail, t.VendorID, t.Price, t.Currency = now.Account, now.Code, now.Detail, now.VendorID, now.Price, now.Currency
	if t.Tries, err = l.over(ctx, c.id, id); err != nil {
		return t, err
	}
	if t.Attempts > len(t.Tries) { // the newest is not over
		t.Tries = append(t.Tries, now)
	}
	if err := l.resolutions(ctx, c.id, id, t.Tries); err != nil {
		return t, err
	}
	for p, err := range l.Proofs(ctx, c.name, t.Key) {
		if err != nil {
			return t, err
		}
		t.Proof = p
	}
	return t, nil
}

// over reads the attempts of a message that are over.
func (l Common) over(ctx context.Context, campaign, id int64) (out []ledger.Try, err error) {
	return out, l.DB.Read(ctx, func(row Row) error {
		var t ledger.Try
		var claimed, settled int64
		err := row.Scan(&t.Number, &t.Outcome, &t.Reason, &t.Code, &t.Detail, &t.VendorID, &t.Segments, &settled, &t.Account, &claimed, &t.Price, &t.Currency, &t.Host)
		t.Claimed, t.Settled = Moment(claimed), Moment(settled)
		out = append(out, t)
		return err
	}, `SELECT a.number, a.outcome, coalesce(a.reason, ''), coalesce(a.code, ''), coalesce(a.detail, ''), coalesce(a.vendor_id, ''),
		coalesce(a.vendor_segments, 0), a.settled_at, c.account, c.claimed_at, c.price, c.currency, coalesce(n.host, '')
		FROM attempt a JOIN claim c ON c.id = a.claim_id LEFT JOIN run n ON n.id = c.run_id WHERE `+l.Queries.Of("a", "= $2")+` ORDER BY a.number`, campaign, id)
}

// Tried implements ledger.Reader.
func (l Common) Tried(ctx context.Context, campaign string, key message.Key) (n int, err error) {
	found := make(map[int64][]int64)
	if err := l.byKey(ctx, ledger.Sought{Campaign: campaign, Key: key}, found); err != nil {
		return 0, l.DB.Asking(err, "look for message %s", key)
	}
	for of, ids := range found {
		for _, id := range ids {
			tries, err := l.over(ctx, of, id)
			if err != nil {
				return 0, l.DB.Asking(err, "read attempts of message %s", key)
			}
			for _, t := range tries {
				if (message.Outcome{Kind: message.OutcomeKind(t.Outcome), Code: t.Code}).OfMessage() {
					n++
				}
			}
		}
	}
	return n, nil
}

// resolutions reads how attempts that were unknown were settled.
func (l Common) resolutions(ctx context.Context, campaign, id int64, tries []ledger.Try) error {
	return l.DB.Read(ctx, func(row Row) error {
		var number int
		var since, at int64
		s := new(ledger.Settled)
		err := row.Scan(&number, &s.Outcome, &since, &at, &s.Who, &s.Why, &s.Grade)
		s.Unknown, s.At = Moment(since), Moment(at)
		for i := range tries {
			if tries[i].Number == number {
				tries[i].Resolved = s
			}
		}
		return err
	}, `SELECT r.number, r.outcome, r.unknown_at, r.at, r.who, r.why, r.grade FROM resolution r WHERE `+l.Queries.Of("r", "= $2"), campaign, id)
}
