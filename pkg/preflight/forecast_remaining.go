package preflight

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/fnv"
	"iter"
	"strconv"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/words"
)

var (
	errNoLedger   = words.Err("preflight.no-ledger", nil)
	errCannotTell = words.Err("preflight.cannot-tell", nil)
)

// Remaining is what is still to be sent of the plan: without the messages that left, or may have left, under this
// campaign's name.
type Remaining struct {
	// Staged is the campaign as the ledger has it; nil where the name is new.
	Staged *ledger.Campaign
	// Channels are in the order of the plan's.
	Channels []RemainingChannel
	// Changes is how the plan's rows differ from those that are staged; zero where the name is new.
	Changes Changes
	// People is how many recipients what is still to be sent tells.
	People int
	// Fields is how many bytes the rows of the whole list hold.
	Fields int64
	// Outside is how many addresses of the whole list the allow list does not match; Strangers are the first of them.
	Outside   int
	Strangers []words.Text

	staged map[uint64]mark // by short key
	same   bool            // the very plan is staged: what is not in staged is pending
}

// Changes are how the plan's messages differ from the staged ones. Added + Changed + Same + Left are the plan's messages.
type Changes struct {
	Added   int `json:"added"`   // not staged, or cancelled by an earlier list
	Changed int `json:"changed"` // staged and not sent yet, with another row now
	Same    int `json:"same"`    // staged and not sent yet
	Removed int `json:"removed"` // staged and not sent yet, or rejected, and not on the list any more
	Left    int `json:"left"`    // left already, or may have; or rejected
	Differs int `json:"differs"` // of Left: the row is another now
	Gone    int `json:"gone"`    // left already, and not on the list any more
}

// mark is what is kept of a staged message: a hash of its row, and its fate.
type mark uint32

const (
	fateBits    = 2
	fatePending = 0
	fateLeft    = 1
	fateOff     = 2 // cancelled: a list that has it again restores it
	fateRefused = 3 // rejected: not sent again, and cancelled by a list without it
)

// marked puts a fate and the hash of a row into one word.
func marked(fate mark, fields []byte) mark {
	h := fnv.New32a()
	h.Write(fields)
	return mark(h.Sum32())<<fateBits | fate
}

func (m mark) fate() mark { return m & (1<<fateBits - 1) }

// compare counts one message of the plan against what is staged.
func (r *Remaining) compare(k message.Key, fields []byte) (left bool) {
	was, known := r.find(k)
	switch {
	case !known && r.same:
		r.Changes.Same++
		return false
	case !known:
		r.Changes.Added++
		return false
	}
	same := was == marked(was.fate(), fields)
	switch was.fate() {
	case fateLeft, fateRefused:
		r.Changes.Left++
		if was.fate() == fateLeft {
			r.Changes.Gone--
		} else {
			r.Changes.Removed--
		}
		if !same {
			r.Changes.Differs++
		}
		return true
	case fateOff:
		r.Changes.Added++
		return false
	}
	r.Changes.Removed--
	delete(r.staged, short(k)) // it is on the list: what stays pending is not
	if same {
		r.Changes.Same++
	} else {
		r.Changes.Changed++
	}
	return false
}

// RemainingChannel is one channel. The plan's messages of the channel are Left + Messages.
type RemainingChannel struct {
	Channel  message.Channel
	Messages int
	Segments int
	Left     int
	// Domains is how many of Messages go to each receiver, by the name of a domain or of a mail host; nil where the channel has no pace
	// by domain. There are Named domains, of Unsaid of which nobody knows their mail hosts.
	Domains       map[string]int
	Named, Unsaid int

	// Countries is what of it goes to each country; nil where the channel's addresses have none.
	Countries map[string]plan.Units

	pace, country func(message.Address) string
}

// Messages is how many are still to be sent on all channels.
func (r *Remaining) Messages() int {
	n := 0
	for _, c := range r.Channels {
		n += c.Messages
	}
	return n
}

// Left is how many have left, or may have.
func (r *Remaining) Left() int {
	n := 0
	for _, c := range r.Channels {
		n += c.Left
	}
	return n
}

// Channel is what remains on one channel.
func (r *Remaining) Channel(ch message.Channel) RemainingChannel {
	for _, c := range r.Channels {
		if c.Channel == ch {
			return c
		}
	}
	return RemainingChannel{Channel: ch}
}

// hasLeft reports whether the message has left, or may have.
func (r *Remaining) hasLeft(k message.Key) bool {
	was, known := r.find(k)
	return known && was.fate() == fateLeft
}

// find is what is kept of a staged message.
func (r *Remaining) find(k message.Key) (was mark, known bool) {
	if len(r.staged) > 0 { // a new name: no need to hash every key of the list
		was, known = r.staged[short(k)]
	}
	return was, known
}

// short is 64 bits of a key: a million keys then fit into 20 MB, and what is counted with them is a figure, not a send.
func short(k message.Key) uint64 {
	h := sha256.Sum256([]byte(k))
	return binary.LittleEndian.Uint64(h[:])
}

// Remaining compares the plan with the ledger, once in a run.
func (s *Subject) Remaining(ctx context.Context) (*Remaining, error) {
	return s.memo.remain.get(ctx, s.memo.base, s.remaining)
}

func (s *Subject) remaining(ctx context.Context) (*Remaining, error) {
	r := &Remaining{}
	if err := s.readLeft(ctx, r); err != nil {
		return nil, words.Wrap(err, "preflight.read-left", nil)
	}
	at := make(map[message.Channel]int)
	for i, c := range s.Plan.Channels {
		at[c.Channel] = i
		e := s.Config.Channels.Of(c.Channel)
		rc := RemainingChannel{Channel: c.Channel, pace: e.PaceKey, country: e.Region}
		if rc.country != nil {
			rc.Countries = make(map[string]plan.Units)
		}
		if rc.pace != nil {
			rc.Domains = make(map[string]int)
		}
		r.Channels = append(r.Channels, rc)
	}
	guarded := s.guarded()
	err := s.eachRow(ctx, func(row *plan.Recipient) bool {
		r.Fields += int64(len(row.Fields))
		if r.tells(row) {
			r.People++
		}
		for _, m := range row.Messages {
			if guarded && !s.Config.Allows(m.Address) {
				r.stranger(row.Row, s.Config.Channels.Masked(m.Channel, m.Address))
			}
			r.Channels[at[m.Channel]].take(m, r.compare(m.Key, row.Fields))
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	for i := range r.Channels {
		s.tellReceivers(ctx, &r.Channels[i])
	}
	return r, nil
}

func (c *RemainingChannel) take(m plan.Message, left bool) {
	if left {
		c.Left++
		return
	}
	c.Messages++
	c.Segments += m.Segments
	if c.Countries != nil {
		country := c.country(m.Address)
		c.Countries[country] = c.Countries[country].Add(m.Segments)
	}
	if c.Domains != nil {
		c.Domains[c.pace(m.Address)]++
	}
}

const firstStrangers = 5

func (r *Remaining) stranger(at int, address string) {
	r.Outside++
	if len(r.Strangers) < firstStrangers {
		r.Strangers = append(r.Strangers, words.T("preflight.row-says", words.A{"row": row(at), "said": address}))
	}
}

// readLeft collects the keys that are not sent again. Without a ledger nothing is known to have left; the ledger's own
// check fails then, so that no figure made here lets a campaign through.
func (s *Subject) readLeft(ctx context.Context, r *Remaining) error {
	if s.Ledger == nil {
		return nil
	}
	c, err := s.Ledger.Campaign(ctx, s.name())
	if errors.Is(err, ledger.ErrNoCampaign) {
		return nil
	}
	if err != nil {
		return err
	}
	r.Staged, r.staged, r.same = &c, make(map[uint64]mark), c.Digest == s.Plan.Staged()
	for rec, err := range s.Ledger.Messages(ctx, s.name(), r.states()...) {
		if err != nil {
			return err
		}
		fate := s.fate(rec.State)
		switch fate { // until it is found on the list
		case fatePending, fateRefused:
			r.Changes.Removed++
		case fateLeft:
			r.Changes.Gone++
		}
		r.staged[short(rec.Key)] = marked(fate, rec.Fields)
	}
	return nil
}

// fate is what becomes of a message in the state.
func (s *Subject) fate(state message.State) mark {
	switch {
	case state == message.Pending:
		return fatePending
	case state == message.Cancelled:
		return fateOff
	case state == message.Rejected && s.Plan.Part.All(): // a part of the list takes nobody off it
		return fateRefused
	}
	return fateLeft
}

// states are those that must be read to compare: all, or, where nothing has changed, those that are not sent again.
func (r *Remaining) states() []message.State {
	if !r.same {
		return nil
	}
	return []message.State{message.Accepted, message.Attempting, message.Unknown, message.Rejected}
}

// eachRow reads the plan's rows until f says no.
func (s *Subject) eachRow(ctx context.Context, f func(*plan.Recipient) bool) error {
	select {
	case s.memo.rows <- struct{}{}:
		defer func() { <-s.memo.rows }()
	case <-ctx.Done():
		return ctx.Err()
	}
	for row, err := range s.Plan.Rows() {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if !f(&row) {
			return nil
		}
	}
	return nil
}

// eachCells is eachRow with the values of a row's cells, which are valid until the next one.
func (s *Subject) eachCells(ctx context.Context, f func(row *plan.Recipient, values []string) bool) error {
	var values []string
	var bad error
	err := s.eachRow(ctx, func(row *plan.Recipient) bool {
		if err := json.Unmarshal(row.Fields, &values); err != nil {
			bad = words.Wrap(err, "preflight.read-row", words.A{"row": strconv.Itoa(row.Row)})
			return false
		}
		return f(row, values)
	})
	return errors.Join(err, bad)
}

// whole makes sure that the plan has all of its rows. What was counted while it was made says nothing about rows that can not be
// read any more, or not all of them.
func (s *Subject) whole(ctx context.Context) error {
	v, err := s.survey(ctx)
	if err != nil {
		return words.Wrap(err, "preflight.read-plan", nil)
	}
	if v.Rows != s.Plan.Recipients {
		return words.Err("preflight.plan-short", words.A{"planned": words.N(s.Plan.Recipients, "recipient"), "read": v.Rows})
	}
	return nil
}

// pairs are what is still to be sent, as the ledger compares it with what other campaigns sent. An error is put into err.
func (s *Subject) pairs(ctx context.Context, r *Remaining, err *error) iter.Seq[ledger.Sent] {
	return func(yield func(ledger.Sent) bool) {
		*err = s.eachRow(ctx, func(row *plan.Recipient) bool {
			for _, m := range row.Messages {
				if !r.hasLeft(m.Key) && !yield(ledger.Sent{Address: m.Address, Fingerprint: m.Fingerprint}) {
					return false
				}
			}
			return true
		})
	}
}
