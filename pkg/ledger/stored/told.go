package stored

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
)

// What went to an address is found by no index of its own, which would have to be written at random places for every message. Whether a
// campaign has anything to do with an address is read from its prints; its messages to it are found by what their keys begin with.

// AddressPrint is the fingerprint of an address on a channel, among those of the texts.
func AddressPrint(ch message.Channel, to message.Address) int64 {
	sum := sha256.Sum256([]byte(string(ch) + "\x00" + strings.ToLower(string(to))))
	return int64(binary.LittleEndian.Uint64(sum[:]))
}

// teller is a campaign that counts.
type teller struct {
	id, first, last int64
	name            string
}

// tellers are the campaigns that had a sign of life since then, or a run after the given one, and count.
func (l Common) tellers(ctx context.Context, w ledger.Telling) (out []teller, err error) {
	return out, l.DB.Read(ctx, func(row Row) error {
		var t teller
		var spec []byte
		err := row.Scan(&t.id, &t.name, &t.first, &t.last, &spec)
		if w.Class == "" || classOf(spec) == w.Class {
			out = append(out, t)
		}
		return err
	}, `SELECT c.id, c.name, c.first_id, c.last_id, c.spec FROM campaign c
		WHERE c.name <> $1 AND EXISTS (SELECT 1 FROM run r WHERE r.campaign_id = c.id AND r.beat >= $2) ORDER BY c.id`, w.Except, Nanos(w.Since))
}

// classOf is the class that a campaign was staged with; empty where its spec has none.
func classOf(spec []byte) string {
	var of struct {
		Class string `json:"class"`
	}
	_ = json.Unmarshal(spec, &of) // what is no spec has no class
	return of.Class
}

// Told reports what went to addresses: see ledger.Reader.
func (l Common) Told(ctx context.Context, w ledger.Telling, asked iter.Seq[ledger.Told]) iter.Seq2[ledger.Told, error] {
	return func(yield func(ledger.Told, error) bool) {
		if err := l.told(ctx, w, asked, func(t ledger.Told) bool { return yield(t, nil) }); err != nil {
			yield(ledger.Told{}, l.DB.Asking(err, "look for what was sent since %s", w.Since.Format(time.RFC3339)))
		}
	}
}

func (l Common) told(ctx context.Context, w ledger.Telling, asked iter.Seq[ledger.Told], yield func(ledger.Told) bool) error {
	in, err := l.tellers(ctx, w)
	if err != nil || len(in) == 0 {
		return err // most often no other campaign ran in the window: then nobody is asked for
	}
	alias, err := l.Alias(ctx)
	if err != nil {
		return err
	}
	a := newAddressees(asked, alias)
	for i := range in {
		hits, err := l.hits(ctx, in[i].id, a)
		if err != nil {
			return err
		}
		found, err := l.toldBy(ctx, &in[i], w.Since, a, hits)
		if err != nil {
			return err
		}
		for _, f := range found {
			t := a.answer(f.nth)
			t.Campaign, t.At = in[i].name, Moment(f.at)
			if !yield(t) {
				return nil
			}
		}
	}
	return nil
}

// addressees are those who are asked for: as many as a list is long, and so in few bytes each.
type addressees struct {
	alias    ledger.Alias
	channels []message.Channel
	parts    [][]addressee // of addresseesInPart each
	texts    [][]byte      // their addresses, in pieces of addressBytes
	n        int
	marks    []addressMark // by their prints
}

type addressee struct {
	row, from uint32 // from is where its address begins, counted through all pieces
	bytes     uint16
	channel   uint8
}

const (
	addresseesInPart = 1 << 13
	addressBytes     = 1 << 18
)

type addressMark struct {
	mark int64
	nth  int
}

func newAddressees(asked iter.Seq[ledger.Told], alias ledger.Alias) *addressees {
	a := &addressees{alias: alias}
	for t := range asked {
		a.add(&t)
	}
	prints := 1
	if alias != nil {
		prints = 2
	}
	a.marks = make([]addressMark, 0, prints*a.n)
	for nth := range a.n {
		ch, to := a.of(nth)
		a.marks = append(a.marks, addressMark{AddressPrint(ch, to), nth})
		if alias != nil {
			a.marks = append(a.marks, addressMark{AddressPrint(ch, alias(to)), nth})
		}
	}
	slices.SortFunc(a.marks, func(x, y addressMark) int { return cmp.Or(cmp.Compare(x.mark, y.mark), cmp.Compare(x.nth, y.nth)) })
	return a
}

func (a *addressees) add(t *ledger.Told) {
	ch := slices.Index(a.channels, t.Channel)
	if ch < 0 {
		ch = len(a.channels)
		a.channels = append(a.channels, t.Channel)
	}
	if last := len(a.texts) - 1; last < 0 || len(a.texts[last])+len(t.Address) > addressBytes {
		a.texts = append(a.texts, make([]byte, 0, addressBytes))
	}
	if a.n%addresseesInPart == 0 {
		a.parts = append(a.parts, make([]addressee, 0, addresseesInPart))
	}
	text, part := &a.texts[len(a.texts)-1], &a.parts[len(a.parts)-1]
	*part = append(*part, addressee{
		row: uint32(t.Row), from: uint32((len(a.texts)-1)*addressBytes + len(*text)), bytes: uint16(len(t.Address)), channel: uint8(ch),
	})
	*text = append(*text, t.Address...)
	a.n++
}

func (a *addressees) at(nth int) *addressee {
	return &a.parts[nth/addresseesInPart][nth%addresseesInPart]
}

// of is the address that is asked for, and its channel.
func (a *addressees) of(nth int) (message.Channel, message.Address) {
	e := a.at(nth)
	piece, from := a.texts[e.from/addressBytes], e.from%addressBytes
	return a.channels[e.channel], message.Address(piece[from : from+uint32(e.bytes)])
}

// answer is what is handed back of one.
func (a *addressees) answer(nth int) ledger.Told {
	ch, to := a.of(nth)
	return ledger.Told{Channel: ch, Address: to, Row: int(a.at(nth).row)}
}

// with calls take for each who has the print.
func (a *addressees) with(mark int64, take func(nth int)) {
	at, _ := slices.BinarySearchFunc(a.marks, mark, func(m addressMark, p int64) int { return cmp.Compare(m.mark, p) })
	for ; at < len(a.marks) && a.marks[at].mark == mark; at++ {
		take(a.marks[at].nth)
	}
}

// is reports that a message on a channel to an address went to this one.
func (a *addressees) is(nth int, ch message.Channel, to message.Address) bool {
	of, address := a.of(nth)
	return of == ch && (strings.EqualFold(string(address), string(to)) || a.alias != nil && a.alias(address) == to)
}

// hits are those of the addressees whose prints a campaign has.
func (l Common) hits(ctx context.Context, campaign int64, a *addressees) (hits []int, err error) {
	err = l.DB.Read(ctx, func(row Row) error {
		var piece []byte
		var nth, seal int64
		if err := row.Scan(&piece, &nth, &seal); err != nil {
			return err
		}
		if seal != SealOf(campaign, nth, piece) {
			return Changed(Prints, campaign)
		}
		at := 0
		for ; len(piece) >= 8 && at < len(a.marks); piece = piece[8:] {
			p := int64(binary.LittleEndian.Uint64(piece))
			for at < len(a.marks) && a.marks[at].mark < p {
				at++
			}
			for ; at < len(a.marks) && a.marks[at].mark == p; at++ {
				hits = append(hits, a.marks[at].nth)
			}
		}
		return nil
	}, "SELECT prints, piece, seal FROM prints WHERE campaign_id = $1 ORDER BY piece", campaign)
	slices.Sort(hits)
	return slices.Compact(hits), err
}

// reached is a message that went to somebody who is asked for.
type reached struct {
	nth           int
	message, from int64 // its id, and that of its claim
	at            int64
}

// manyHits is up to which part of a campaign's messages are found one by one; beyond it, all are read as they lie.
const manyHits = 8

// toldBy is what a campaign sent to those.
func (l Common) toldBy(ctx context.Context, t *teller, since time.Time, a *addressees, hits []int) (found []reached, err error) {
	if int64(len(hits))*manyHits > t.last-t.first {
		found, err = l.toldAlong(ctx, t, since, a)
	} else {
		stems := make([]stemIn, len(hits))
		for i, nth := range hits {
			ch, to := a.of(nth)
			stems[i] = stemIn{nth, t.id, message.MakeKey(t.name, ch, to, "").Stem()}
		}
		err = l.byStems(ctx, since, stems, func(r reached) { found = append(found, r) })
	}
	slices.SortFunc(found, func(x, y reached) int { return cmp.Or(cmp.Compare(x.nth, y.nth), cmp.Compare(x.message, y.message)) })
	return found, err
}

// toldAlong reads all messages of a campaign.
func (l Common) toldAlong(ctx context.Context, t *teller, since time.Time, a *addressees) (found []reached, err error) {
	return found, l.DB.Read(ctx, func(row Row) error {
		var r reached
		var ch message.Channel
		var to message.Address
		if err := row.Scan(&r.message, &ch, &to, &r.at); err != nil {
			return err
		}
		a.with(AddressPrint(ch, to), func(nth int) {
			if a.is(nth, ch, to) {
				r.nth = nth
				found = append(found, r)
			}
		})
		return nil
	}, `SELECT m.id, m.channel, m.address, c.claimed_at FROM message_standing m CROSS JOIN claim c
		WHERE `+l.Queries.Within+` AND c.id = m.claim_id AND `+wentSince("$4"), t.id, t.first, t.last, Nanos(since))
}

// wentSince is true of a message m under claim c that left, or may have.
func wentSince(since string) string {
	return "(m.state = 'accepted' OR m.state = 'unknown' OR m.state = 'attempting') AND c.claimed_at >= " + since
}

// stemIn is what the keys of a campaign's messages to an address begin with.
type stemIn struct {
	nth      int
	campaign int64
	stem     string
}

// keysAtOnce is how many keys one query looks up.
const keysAtOnce = 2000

// byStems finds messages that went to addresses.
func (l Common) byStems(ctx context.Context, since time.Time, stems []stemIn, found func(reached)) error {
	for part := range slices.Chunk(stems, keysAtOnce) {
		var values strings.Builder
		for _, s := range part {
			fmt.Fprintf(&values, ", (%d, %d, '%s', '%s~')", s.nth, s.campaign, s.stem, s.stem) // a number, and what MakeKey makes
		}
		if err := l.DB.Read(ctx, func(row Row) error {
			var r reached
			err := row.Scan(&r.nth, &r.message, &r.from, &r.at)
			found(r)
			return err
		}, `SELECT v.column1, m.id, c.id, c.claimed_at FROM (VALUES `+values.String()[2:]+`) v `+l.Queries.Keyed+` CROSS JOIN claim c
			WHERE m.campaign_id = v.column2 AND m.key > v.column3 AND m.key < v.column4 AND c.id = m.claim_id AND `+wentSince("$1"), Nanos(since)); err != nil {
			return err
		}
	}
	return nil
}

// Earlier counts what was claimed before: see ledger.Reader.
func (l Common) Earlier(ctx context.Context, c *ledger.Counting, claims []ledger.Claim) ([]int, error) {
	out, err := l.earlier(ctx, c, claims)
	return out, l.DB.Asking(err, "look for what was claimed before")
}

func (l Common) earlier(ctx context.Context, c *ledger.Counting, claims []ledger.Claim) ([]int, error) {
	if err := l.look(ctx, c); err != nil {
		return nil, err
	}
	var stems []stemIn
	for nth := range claims {
		for id, name := range c.Campaigns {
			if name != "" {
				stems = append(stems, stemIn{nth, id, message.MakeKey(name, claims[nth].Channel, claims[nth].Address, "").Stem()})
			}
		}
	}
	out := make([]int, len(claims))
	return out, l.byStems(ctx, c.Since, stems, func(r reached) {
		cl := &claims[r.nth]
		if own, _ := AttemptOf(cl.Attempt); r.from < cl.Grant || r.from == cl.Grant && r.message < own {
			out[r.nth]++
		}
	})
}

// runsInTheAir is how many runs may have begun before the newest that is seen and not be seen themselves yet.
const runsInTheAir = 64

// look learns of campaigns that began to send since the last look: the first time all that did in the window, or still may.
func (l Common) look(ctx context.Context, c *ledger.Counting) error {
	query, from := "SELECT r.campaign_id, r.id FROM run r WHERE r.id > $1", int64(c.Newest)-runsInTheAir
	if c.Campaigns == nil {
		query, from = "SELECT r.campaign_id, r.id FROM run r WHERE r.beat >= $1 OR r.ended IS NULL", Nanos(c.Since)
		c.Campaigns = make(map[int64]string)
	}
	var fresh []int64
	if err := l.DB.Read(ctx, func(row Row) error {
		var campaign int64
		var run ledger.RunID
		err := row.Scan(&campaign, &run)
		c.Newest = max(c.Newest, run)
		if _, known := c.Campaigns[campaign]; !known && !slices.Contains(fresh, campaign) {
			fresh = append(fresh, campaign)
		}
		return err
	}, query, from); err != nil {
		return err
	}
	for _, id := range fresh {
		var name string
		var spec []byte
		if err := l.readOne(ctx, []any{&name, &spec}, "SELECT name, spec FROM campaign WHERE id = $1", id); err != nil {
			return err
		}
		if classOf(spec) != c.Class {
			name = ""
		}
		c.Campaigns[id] = name
	}
	return nil
}
