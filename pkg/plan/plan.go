// Package plan owns the campaign frozen: campaign × list × texts become messages with keys, segments and cost, under one
// digest. It is pure and offline: the same inputs give the same plan, and it knows neither vendors nor what left before.
// Messages wait in a temporary file, not in memory, so that a plan of a million rows is as small as one of twenty.
package plan

import (
	"context"
	"errors"
	"io"
	"iter"

	"notify/pkg/campaign"
	"notify/pkg/channel"
	"notify/pkg/config"
	"notify/pkg/diag"
	"notify/pkg/list"
	"notify/pkg/message"
	"notify/pkg/render"
	"notify/pkg/words"
)

// Inputs is what a plan is made of.
type Inputs struct {
	Config   *config.Config
	Campaign *campaign.Campaign
	// List is consumed; the caller closes it.
	List list.Reader
	// Problems collects what is wrong with rows. It is the caller's, so that he decides how many are kept; nil keeps the default.
	Problems *diag.List
	// TempDir is where the messages wait; empty means the system's.
	TempDir string
	// Part is the part of the list that is sent now. The digest is that of the whole list all the same.
	Part Part
}

// Plan is a campaign frozen. Close it to free its temporary file.
type Plan struct {
	Spec    Spec
	Digest  string
	Digests Digests
	Header  list.Header

	Part       Part
	Listed     int // rows of the list
	Recipients int // rows that are sent to: all that are listed, or the part of them
	Hidden     int // rows that the spreadsheet hides
	Channels   []ChannelPlan

	// Problems are all problems of rows.
	Problems *diag.List
	// Duplicates is how many messages are told through another row's, because address and text are the same.
	Duplicates int
	// Conflicts is how many rows share an address with another row and differ in their text.
	Conflicts int
	// Facts are what the rendered texts look like; nil in a Plan that Make did not make.
	Facts *Facts

	rows    *spool
	folds   folds
	marks   marks
	entries map[message.Channel]channel.Entry
}

// ChannelPlan is what goes out through one channel.
type ChannelPlan struct {
	Channel  message.Channel `json:"channel"`
	Messages int             `json:"messages"`
	Segments int             `json:"segments"`
	// BySegments is how many messages have so many segments.
	BySegments map[int]int `json:"by_segments,omitempty"`
	// Domains is how many messages go to each recipient domain, or whatever else the channel has a pace for; nil where it has none.
	Domains map[string]int `json:"-"`
	// Countries is what goes to each country; nil where the channel's addresses have none.
	Countries map[string]Units `json:"countries,omitempty"`
	// Subjects is how many different subjects there are, counted up to DistinctSubjects; 0 for short texts.
	Subjects int `json:"subjects,omitempty"`
}

// Units are messages and their segments.
type Units struct {
	Messages int `json:"messages"`
	Segments int `json:"segments"`
}

// Add counts one message.
func (u Units) Add(segments int) Units { return Units{u.Messages + 1, u.Segments + segments} }

// DistinctSubjects is where the counting of different subjects ends.
const DistinctSubjects = 1000

// Recipient is one row as it is staged.
type Recipient struct {
	Row      int
	Key      string
	Fields   []byte // JSON array of the row's values, in the order of Spec.Columns
	Messages []Message
	Folds    []Fold
}

// Message is one recipient × one channel.
type Message struct {
	Key         message.Key
	Channel     message.Channel
	Address     message.Address
	Segments    int
	Fingerprint int64
}

// Fold says that a row is told through another row's message.
type Fold struct {
	Channel message.Channel
	Into    message.Key
}

// Make freezes the campaign. Problems of rows do not end it: they are in Plan.Problems, and the caller must not send while
// one of them stops. An error is a file that cannot be read, a text that cannot be used (*diag.InputError), or ctx.
func Make(ctx context.Context, in Inputs) (*Plan, error) {
	if in.Problems == nil {
		in.Problems = &diag.List{}
	}
	header := in.List.Header()
	renderer, err := render.New(render.Texts{Texts: in.Campaign.Texts}, header.Columns)
	if err != nil {
		return nil, err
	}
	p := &Plan{Part: in.Part, Header: header, Problems: in.Problems, Spec: newSpec(in.Campaign, header)}
	p.rows, err = newSpool(in.TempDir)
	if err != nil {
		return nil, err
	}
	in.List.Use(usedColumns(renderer, in.Campaign.Channels()))
	m := newMaker(p, in, renderer)
	if err := m.read(ctx, in.List); err != nil {
		return nil, errors.Join(err, m.contacts.Close(), p.Close())
	}
	if err := m.finish(); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// Close frees the temporary file.
func (p *Plan) Close() error { return p.rows.Close() }

// Messages is how many messages the plan has.
func (p *Plan) Messages() int {
	n := 0
	for _, c := range p.Channels {
		n += c.Messages
	}
	return n
}

// Channel is the plan of one channel; zero where the campaign does not use it.
func (p *Plan) Channel(ch message.Channel) ChannelPlan {
	for _, c := range p.Channels {
		if c.Channel == ch {
			return c
		}
	}
	return ChannelPlan{Channel: ch}
}

// Rows reads the recipients in the order of the list. A Recipient's slices are valid until the next one.
func (p *Plan) Rows() iter.Seq2[Recipient, error] {
	return func(yield func(Recipient, error) bool) {
		r, err := p.rows.Reader()
		if err != nil {
			yield(Recipient{}, err)
			return
		}
		var rec record
		var out Recipient
		for i := 0; ; i++ {
			err := r.Next(&rec)
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(Recipient{}, words.Wrap(err, "plan.scratch-read", nil))
				return
			}
			p.recipient(i, &rec, &out)
			if !yield(out, nil) {
				return
			}
		}
	}
}

// recipient turns the i-th record into a Recipient: what it sends itself, and what it is told through others.
func (p *Plan) recipient(i int, rec *record, out *Recipient) {
	*out = Recipient{Row: rec.row, Key: rec.key, Fields: rec.fields, Messages: out.Messages[:0], Folds: out.Folds[:0]}
	for c, m := range rec.messages {
		if m.Address == "" {
			continue
		}
		if into, folded := p.folds.into(i, c, m.Key); folded {
			out.Folds = append(out.Folds, Fold{Channel: m.Channel, Into: into})
			continue
		}
		out.Messages = append(out.Messages, m)
	}
}
