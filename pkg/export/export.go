// Package export owns the export of a ledger for those who analyse: what is kept per message, with its attempts and receipts, as lines of
// JSON, as CSV, or as a file of tables. It reads along, and holds one message at a time, however many there are. What it writes is no ledger.
package export

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"time"

	"notify/pkg/channel"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/words"
)

// Source is what is read.
type Source interface {
	Campaign(ctx context.Context, name string) (ledger.Campaign, error)
	Messages(ctx context.Context, campaign string, states ...message.State) iter.Seq2[ledger.Record, error]
	Proofs(ctx context.Context, campaign string, keys ...message.Key) iter.Seq2[ledger.Proof, error]
	Past(ctx context.Context, campaign string) iter.Seq2[ledger.Past, error]
}

// Options say how it is told.
type Options struct {
	// Mask hides addresses, and leaves out whatever names somebody: keys, and the values of rows.
	Mask     bool
	Channels channel.Set
	// Currencies are those of the accounts: the newest attempt does not have its own.
	Currencies map[string]string
	Say        words.Printer
}

// Message is all that is kept of a message.
type Message struct {
	Campaign  string            `json:"campaign"`
	Row       int               `json:"row"`
	Rows      []int             `json:"further_rows,omitempty"` // which are told through it, too
	Recipient string            `json:"recipient,omitempty"`
	Channel   message.Channel   `json:"channel"`
	Address   string            `json:"address"`
	Key       message.Key       `json:"key,omitempty"`
	State     message.State     `json:"state"`
	Segments  int               `json:"segments"`
	Values    map[string]string `json:"values,omitempty"` // of the row, by column
	Attempts  []Attempt         `json:"attempts"`
	Receipts  []Receipt         `json:"receipts"`
}

// Attempt is one try.
type Attempt struct {
	Number   int           `json:"number"`
	Account  string        `json:"account"`
	Claimed  time.Time     `json:"claimed"`
	Settled  time.Time     `json:"settled,omitzero"`
	Outcome  string        `json:"outcome"`
	Reason   string        `json:"reason,omitempty"`
	Code     string        `json:"code,omitempty"`
	Said     string        `json:"said,omitempty"`
	VendorID string        `json:"vendor_id,omitempty"`
	Price    message.Money `json:"price"` // for one segment
	Currency string        `json:"currency,omitempty"`
	// Resolved is how it was settled where it was unknown.
	Resolved *ledger.Settled `json:"resolved,omitempty"`
}

// Receipt is one thing that was told of it.
type Receipt struct {
	State    message.ReceiptState `json:"state"`
	At       time.Time            `json:"at"`
	Grade    message.Grade        `json:"grade"`
	Code     string               `json:"code,omitempty"`
	Said     string               `json:"said,omitempty"`
	Segments int                  `json:"segments,omitempty"`
}

// Written is how much it was.
type Written struct {
	Messages int `json:"messages"`
	Attempts int `json:"attempts"`
	Receipts int `json:"receipts"`
}

// ErrEnding is a file whose name says no form.
var ErrEnding = errors.New("a file of another form")

// writer writes messages in a form.
type writer interface {
	message(ctx context.Context, m *Message) error
	close(keep bool) error
}

// Check refuses a name whose ending is no form.
func Check(path string) error {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".jsonl", ".csv", ".sqlite":
		return nil
	}
	return ErrEnding
}

// Write writes campaigns into an empty file, in the form that the ending of name says.
func Write(ctx context.Context, s Source, campaigns []string, name string, to *os.File, o Options) (w Written, err error) {
	var out writer
	switch strings.ToLower(filepath.Ext(name)) {
	case ".jsonl":
		out = newLines(to)
	case ".csv":
		out, err = newTable(to)
	case ".sqlite":
		out, err = newTables(ctx, to.Name())
	default:
		err = ErrEnding
	}
	if err != nil {
		return w, err
	}
	for _, c := range campaigns {
		if err := o.campaign(ctx, s, c, out, &w); err != nil {
			return w, errors.Join(err, out.close(false))
		}
	}
	return w, out.close(true)
}

// campaign writes the messages of one campaign. Three readings go side by side, all in the order of the list.
func (o *Options) campaign(ctx context.Context, s Source, name string, out writer, w *Written) error {
	c, err := s.Campaign(ctx, name)
	if err != nil {
		return err
	}
	spec, err := plan.DecodeSpec(c.Spec)
	if err != nil {
		return err
	}
	proofs, past := beside(s.Proofs(ctx, name)), beside(s.Past(ctx, name))
	defer proofs.stop()
	defer past.stop()
	for r, err := range s.Messages(ctx, name) {
		if err != nil {
			return err
		}
		m := o.message(name, spec.Columns, &r)
		for past.more && past.at.Key == r.Key {
			o.tried(m, &past.at)
			past.next()
		}
		o.newest(m, &r)
		for proofs.more && proofs.at.Key == r.Key {
			for _, f := range proofs.at.Facts {
				m.Receipts = append(m.Receipts, Receipt{f.State, o.at(f.At), f.Grade, f.Code, o.said(f.Detail), f.Segments})
			}
			proofs.next()
		}
		if err := errors.Join(past.err, proofs.err); err != nil {
			return err
		}
		w.Messages, w.Attempts, w.Receipts = w.Messages+1, w.Attempts+len(m.Attempts), w.Receipts+len(m.Receipts)
		if err := out.message(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// side is a reading that goes beside another one.
type side[T any] struct {
	at   T
	err  error
	more bool
	pull func() (T, error, bool)
	stop func()
}

func beside[T any](seq iter.Seq2[T, error]) *side[T] {
	s := &side[T]{}
	s.pull, s.stop = iter.Pull2(seq)
	s.next()
	return s
}

func (s *side[T]) next() {
	var err error
	if s.at, err, s.more = s.pull(); err != nil {
		s.err, s.more = err, false
	}
}

func (o *Options) message(campaign string, columns []string, r *ledger.Record) *Message {
	m := &Message{
		Campaign: campaign, Row: r.Row, Rows: r.Rows, Channel: r.Channel, State: r.State, Segments: r.Segments, Attempts: []Attempt{}, Receipts: []Receipt{},
	}
	if o.Mask {
		m.Address = o.Channels.Masked(r.Channel, r.Address)
		return m
	}
	m.Address, m.Recipient, m.Key = string(r.Address), r.Recipient, r.Key
	var values []string
	if json.Unmarshal(r.Fields, &values) == nil && len(values) == len(columns) { // of who was forgotten there are none
		m.Values = make(map[string]string, len(values))
		for i, c := range columns {
			m.Values[c] = values[i]
		}
	}
	return m
}

// tried adds an attempt that is over; of one that is not, it keeps how it was settled for newest.
func (o *Options) tried(m *Message, p *ledger.Past) {
	a := Attempt{Number: p.Number, Resolved: p.Resolved}
	if p.Resolved != nil {
		settled := *p.Resolved
		settled.Unknown, settled.At = o.at(settled.Unknown), o.at(settled.At)
		a.Resolved = &settled
	}
	if p.Outcome != "" {
		a.Account, a.Claimed, a.Settled, a.Outcome, a.Reason, a.Code = p.Account, o.at(p.Claimed), o.at(p.Settled), p.Outcome, p.Reason, p.Code
		a.Said, a.VendorID, a.Price, a.Currency = o.said(p.Detail), p.VendorID, p.Price, p.Currency
	}
	m.Attempts = append(m.Attempts, a)
}

// newest adds the newest attempt where it is not over.
func (o *Options) newest(m *Message, r *ledger.Record) {
	now := Attempt{
		Number: r.Attempts, Account: r.Account, Claimed: o.at(r.Claimed), Settled: o.at(r.Settled), Outcome: string(r.State), Code: r.Code, Said: o.said(r.Detail),
		VendorID: r.VendorID, Price: r.Price, Currency: o.Currencies[r.Account],
	}
	n := len(m.Attempts)
	switch {
	case n > 0 && m.Attempts[n-1].Outcome == "": // how it was settled is there already
		now.Resolved = m.Attempts[n-1].Resolved
		m.Attempts[n-1] = now
	case r.Attempts > n:
		m.Attempts = append(m.Attempts, now)
	}
}

// said is what somebody said, as a sentence.
func (o *Options) said(detail string) string { return o.Say.Say(words.Stored(detail)) }

// at is a moment in the zone of the installation.
func (o *Options) at(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.In(o.Say.Zone)
}
