// Package trace owns the question who sent this: it reads what somebody has in hand, a number, an address, an id or a text, and finds the messages
// that it may be about, with all that is known of each. It reads the ledger and shows nothing.
package trace

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"notify/pkg/channel"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/plan"
)

// Source is what a trace reads.
type Source interface {
	ledger.Tracer
	Campaign(ctx context.Context, name string) (ledger.Campaign, error)
	SignOffs(ctx context.Context, campaign string) ([]ledger.SignOff, error)
}

// Kind is what a query was read as.
type Kind string

// The kinds of queries.
const (
	ByAddress  Kind = "address"
	ByKey      Kind = "key"
	ByVendorID Kind = "vendor-id"
	ByText     Kind = "text"
)

// Query is what somebody has in hand.
type Query struct {
	Kind    Kind
	Channel message.Channel // of an address
	Address message.Address
	Text    string // a key, a vendor's id, or a text
}

var (
	keyForm = regexp.MustCompile(`^[0-9a-hjkmnp-z]{26}$`)
	idForm  = regexp.MustCompile(`^[!-~]{1,200}$`)
)

// shortest is how long a text is that may hold digits like an address and is none.
const shortest = 20

// Read reads a query as people type it, or paste it. country is that of numbers without one.
func Read(s string, channels channel.Set, country string) (Query, error) {
	s = strings.TrimSpace(s)
	if keyForm.MatchString(s) {
		return Query{Kind: ByKey, Text: s}, nil
	}
	var slip error
	for _, e := range channels.All() {
		if !e.Is(s) {
			continue
		}
		a, err := e.Parse(s, country)
		if err == nil {
			return Query{Kind: ByAddress, Channel: e.Name, Address: a}, nil
		}
		slip = err
	}
	switch {
	case idForm.MatchString(s):
		return Query{Kind: ByVendorID, Text: s}, nil
	case slip != nil && utf8.RuneCountInString(s) <= shortest && !wordy(s):
		return Query{}, slip
	}
	return Query{Kind: ByText, Text: s}, nil
}

// wordy reports that a short text holds digits as texts do, and not as a number with a slip does.
func wordy(s string) bool {
	n := 0
	for _, r := range s {
		switch {
		case r == '@' || r == '＠':
			return false
		case unicode.IsLetter(r):
			n++
		case unicode.IsDigit(r):
			n--
		}
	}
	return n > 0
}

// Result is what was found.
type Result struct {
	By        Kind       `json:"by"`
	Query     string     `json:"query"` // an address is masked, unless the whole was asked for
	Full      bool       `json:"full"`
	Messages  int        `json:"messages"`
	More      bool       `json:"more"` // than are shown
	Campaigns []Campaign `json:"campaigns"`
}

// Campaign is one of which there are messages; or whose text fits, though none of its messages has exactly this one.
type Campaign struct {
	Name     string    `json:"name"`
	Owner    string    `json:"owner"`
	Team     string    `json:"team,omitempty"`
	Class    string    `json:"class"`
	Digest   string    `json:"digest"`
	Created  time.Time `json:"created"`
	Texts    []Text    `json:"texts"`
	Signed   []Signed  `json:"signed"`
	Messages []Message `json:"messages"`
}

// Text is the template of a channel.
type Text struct {
	Channel message.Channel `json:"channel"`
	Subject string          `json:"subject,omitempty"`
	Text    string          `json:"text"`
}

// Signed is a sign-off that stands.
type Signed struct {
	Item string    `json:"item"`
	Role string    `json:"role"`
	Name string    `json:"name"`
	At   time.Time `json:"at"`
	// Same says that it is of the plan that the campaign has now.
	Same bool `json:"same_plan"`
}

// Message is one that the query is about.
type Message struct {
	ID        int64             `json:"-"`
	Row       int               `json:"row"`
	Recipient string            `json:"recipient"`
	Channel   message.Channel   `json:"channel"`
	Address   string            `json:"address"`
	Key       message.Key       `json:"key"`
	State     message.State     `json:"state"`
	Segments  int               `json:"segments"`
	Cost      *message.Money    `json:"cost"` // null: not known
	Currency  string            `json:"currency,omitempty"`
	Values    map[string]string `json:"values,omitempty"` // only where the whole was asked for
	Attempts  []Attempt         `json:"attempts"`
	Facts     []Fact            `json:"facts"`
	Settled   message.Grade     `json:"settled_by,omitempty"` // the proof on which it was settled after it had been unknown
	Forgotten bool              `json:"forgotten,omitempty"`
}

// Attempt is one try.
type Attempt struct {
	Number   int             `json:"number"`
	Account  string          `json:"account"`
	Host     string          `json:"host"`
	At       time.Time       `json:"at"`
	Settled  time.Time       `json:"settled,omitzero"`
	Outcome  string          `json:"outcome"`
	Reason   string          `json:"reason,omitempty"`
	Code     string          `json:"code,omitempty"`
	Said     string          `json:"said,omitempty"`
	VendorID string          `json:"vendor_id,omitempty"`
	Resolved *ledger.Settled `json:"resolved,omitempty"`
}

// Fact is what a receipt told.
type Fact struct {
	State message.ReceiptState `json:"state"`
	Code  string               `json:"code,omitempty"`
	Said  string               `json:"said,omitempty"`
	Grade message.Grade        `json:"grade"`
	At    time.Time            `json:"at"`
}

// Options say what is shown.
type Options struct {
	Channels channel.Set
	Full     bool // addresses and values as they are
	Most     int  // how many messages; 0: all
	Rows     bool // also what the same rows have on other channels
}

// Find finds the messages that a query is about.
func Find(ctx context.Context, s Source, q Query, o Options) (*Result, error) {
	r := &Result{By: q.Kind, Query: q.Text, Full: o.Full, Campaigns: []Campaign{}}
	if q.Kind == ByAddress {
		if r.Query = string(q.Address); !o.Full {
			r.Query = o.Channels.Masked(q.Channel, q.Address)
		}
	}
	trails, fitting, err := look(ctx, s, q, o)
	if err != nil {
		return nil, err
	}
	if o.Most > 0 && len(trails) > o.Most {
		trails, r.More = trails[:o.Most], true
	}
	at := make(map[string]int)
	for _, name := range fitting {
		if err := r.campaign(ctx, s, name, at); err != nil {
			return nil, err
		}
	}
	specs := make(map[string]*plan.Spec)
	for i := range trails {
		t := &trails[i]
		if err := r.campaign(ctx, s, t.Campaign, at); err != nil {
			return nil, err
		}
		spec := specs[t.Campaign]
		if o.Full && spec == nil {
			if spec, err = specOf(ctx, s, t.Campaign); err != nil {
				return nil, err
			}
			specs[t.Campaign] = spec
		}
		c := &r.Campaigns[at[t.Campaign]]
		c.Messages = append(c.Messages, messageOf(t, spec, o))
		r.Messages++
	}
	return r, nil
}

func specOf(ctx context.Context, s Source, name string) (*plan.Spec, error) {
	c, err := s.Campaign(ctx, name)
	if err != nil {
		return nil, err
	}
	spec, err := plan.DecodeSpec(c.Spec)
	return &spec, err
}

// look finds messages, and for a text the campaigns whose own fits it.
func look(ctx context.Context, s Source, q Query, o Options) (trails []ledger.Trail, fitting []string, err error) {
	sought := ledger.Sought{Rows: o.Rows}
	if o.Most > 0 {
		sought.Most = o.Most + 1
	}
	switch q.Kind {
	case ByAddress:
		sought.Address = q.Address
	case ByKey:
		sought.Key = message.Key(q.Text)
	case ByVendorID:
		sought.VendorID = q.Text
	case ByText:
		return byText(ctx, s, q.Text, sought)
	}
	trails, err = s.Trails(ctx, sought)
	return trails, nil, err
}

// campaign adds a campaign to the result, once.
func (r *Result) campaign(ctx context.Context, s Source, name string, at map[string]int) error {
	if _, known := at[name]; known {
		return nil
	}
	c, err := s.Campaign(ctx, name)
	if err != nil {
		return err
	}
	spec, err := plan.DecodeSpec(c.Spec)
	if err != nil {
		return err
	}
	signed, err := s.SignOffs(ctx, name)
	if err != nil {
		return err
	}
	out := Campaign{
		Name: name, Owner: spec.Owner, Team: spec.Team, Class: spec.Class, Digest: c.Digest, Created: c.Created,
		Texts: []Text{}, Signed: []Signed{}, Messages: []Message{},
	}
	for i := range spec.Texts {
		switch t := &spec.Texts[i]; {
		case t.Short != nil:
			out.Texts = append(out.Texts, Text{Channel: t.Channel, Text: t.Short.Text})
		case t.Mail != nil:
			out.Texts = append(out.Texts, Text{Channel: t.Channel, Subject: t.Mail.Subject, Text: t.Mail.Text})
		}
	}
	for _, so := range signed {
		if so.Revoked == nil {
			out.Signed = append(out.Signed, Signed{Item: so.Item, Role: so.Role, Name: so.Name, At: so.At, Same: so.Digest == c.Digest})
		}
	}
	at[name] = len(r.Campaigns)
	r.Campaigns = append(r.Campaigns, out)
	return nil
}

// messageOf is a message as it is shown. spec is wanted for its values.
func messageOf(t *ledger.Trail, spec *plan.Spec, o Options) Message {
	m := Message{
		ID: t.ID, Row: t.Row, Recipient: t.Recipient, Channel: t.Channel, Address: string(t.Address), Key: t.Key, State: t.State, Segments: t.Segments,
		Currency: t.Currency, Settled: t.Proof.Settled, Forgotten: t.Address.Forgotten(), Attempts: []Attempt{}, Facts: []Fact{},
	}
	switch {
	case !o.Full:
		m.Address, m.Recipient = o.Channels.Masked(t.Channel, t.Address), o.Channels.MaskedKey(t.Recipient)
	case spec != nil && !m.Forgotten:
		m.Values = valuesOf(spec.Columns, t.Fields)
	}
	for _, a := range t.Tries {
		m.Attempts = append(m.Attempts, Attempt{
			Number: a.Number, Account: a.Account, Host: a.Host, At: a.Claimed, Settled: a.Settled, Outcome: a.Outcome, Reason: a.Reason, Code: a.Code,
			Said: a.Detail, VendorID: a.VendorID, Resolved: a.Resolved,
		})
	}
	for _, f := range t.Proof.Facts {
		m.Facts = append(m.Facts, Fact{State: f.State, Code: f.Code, Said: f.Detail, Grade: f.Grade, At: f.At})
	}
	switch {
	case t.State == message.Pending || t.State == message.Rejected || t.State == message.Cancelled:
		m.Cost = new(message.Money(0))
	case t.Price > 0:
		m.Cost = new(t.Price.Times(t.Segments))
	}
	return m
}

// valuesOf are a row's values by column.
func valuesOf(columns []string, fields []byte) map[string]string {
	var values []string
	if json.Unmarshal(fields, &values) != nil {
		return nil // what cannot be read is not shown
	}
	out := make(map[string]string, len(columns))
	for i, c := range columns {
		if i < len(values) && c != "" {
			out[c] = values[i]
		}
	}
	return out
}
