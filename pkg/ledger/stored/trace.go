package stored

import (
	"context"
	"fmt"
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
	channels        []message.Channel
}

// Trails reads all that is known of the messages that are sought: see ledger.Tracer.
func (l Common) Trails(ctx context.Context, s ledger.Sought) ([]ledger.Trail, error) {
	in, err := l.searched(ctx, s)
	if err != nil {
		return nil, l.DB.Asking(err, "read campaigns")
	}
	found, err := l.sought(ctx, s, in)
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

func (l Common) searched(ctx context.Context, s ledger.Sought) (out []*searched, err error) {
	at := make(map[int64]*searched)
	err = l.DB.Read(ctx, func(row Row) error {
		c := new(searched)
		err := row.Scan(&c.id, &c.name, &c.first, &c.last)
		out, at[c.id] = append(out, c), c
		return err
	}, `SELECT id, name, first_id, last_id FROM campaign WHERE name = $1 OR $2 ORDER BY created DESC, id DESC`, s.Campaign, s.Campaign == "")
	if err != nil || s.Address == "" {
		return out, err
	}
	return out, l.DB.Read(ctx, func(row Row) error {
		var id int64
		var ch message.Channel
		err := row.Scan(&id, &ch)
		if c := at[id]; c != nil {
			c.channels = append(c.channels, ch)
		}
		return err
	}, "SELECT campaign_id, channel FROM reach ORDER BY campaign_id, channel")
}

// sought are the messages by campaign.
func (l Common) sought(ctx context.Context, s ledger.Sought, in []*searched) (map[int64][]int64, error) {
	found := make(map[int64][]int64)
	var err error
	switch {
	case s.Address != "":
		err = l.byKeys(ctx, addressKeys(s.Address, in), found)
	case s.Key != "":
		var keys []keyIn
		for _, c := range in {
			keys = append(keys, keyIn{c.id, s.Key})
		}
		err = l.byKeys(ctx, keys, found)
	case s.VendorID != "":
		err = l.named(ctx, s.VendorID, in, found)
	case s.Fingerprint != nil:
		limit := ""
		if s.Most > 0 {
			limit = fmt.Sprintf(" LIMIT %d", s.Most)
		}
		err = l.along(ctx, in, found, "message", "id", "fingerprint = $4 ORDER BY id"+limit, *s.Fingerprint)
	}
	return found, err
}

// keyIn is a key that a message may have in a campaign, or what its key begins with.
type keyIn struct {
	campaign int64
	key      message.Key
}

func addressKeys(to message.Address, in []*searched) []keyIn {
	var keys []keyIn
	for _, c := range in {
		for _, ch := range c.channels {
			keys = append(keys, keyIn{c.id, message.Key(message.MakeKey(c.name, ch, to, "").Stem())})
		}
	}
	return keys
}

// keysAtOnce is how many keys one query looks up.
const keysAtOnce = 2000

// byKeys looks keys up. They are part of the text: campaigns are numbers, and of a key only what MakeKey makes is let in.
func (l Common) byKeys(ctx context.Context, keys []keyIn, found map[int64][]int64) error {
	for len(keys) > 0 {
		n := min(len(keys), keysAtOnce)
		var values strings.Builder
		for _, k := range keys[:n] {
			if strings.Trim(string(k.key), "0123456789abcdefghijklmnopqrstuvwxyz") == "" {
				fmt.Fprintf(&values, ", (%d, '%s', '%s~')", k.campaign, k.key, k.key)
			}
		}
		keys = keys[n:]
		if values.Len() == 0 {
			continue
		}
		if err := l.DB.Read(ctx, func(row Row) error {
			var campaign, id int64
			err := row.Scan(&campaign, &id)
			found[campaign] = append(found[campaign], id)
			return err
		}, "SELECT m.campaign_id, m.id FROM (VALUES "+values.String()[2:]+") v JOIN message m ON m.campaign_id = v.column1 AND m.key >= v.column2 AND m.key < v.column3"); err != nil {
			return err
		}
	}
	return nil
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
	in, err := l.searched(ctx, ledger.Sought{Campaign: campaign})
	if err != nil || len(in) == 0 {
		return 0, l.DB.Asking(err, "read campaign %s", campaign)
	}
	found := make(map[int64][]int64)
	if err := l.byKeys(ctx, []keyIn{{in[0].id, key}}, found); err != nil {
		return 0, l.DB.Asking(err, "look for message %s", key)
	}
	for _, id := range found[in[0].id] {
		tries, err := l.over(ctx, in[0].id, id)
		if err != nil {
			return 0, l.DB.Asking(err, "read attempts of message %s", key)
		}
		for _, t := range tries {
			if (message.Outcome{Kind: message.OutcomeKind(t.Outcome), Code: t.Code}).OfMessage() {
				n++
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
