package plan

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash"
	"io"
	"slices"
	"strings"
	"sync"

	"notify/pkg/campaign"
	"notify/pkg/channel"
	"notify/pkg/config"
	"notify/pkg/diag"
	"notify/pkg/list"
	"notify/pkg/message"
	"notify/pkg/render"
	"notify/pkg/words"
)

// maker is a plan in the making.
type maker struct {
	plan     *Plan
	cfg      *config.Config
	campaign *campaign.Campaign
	renderer *render.Renderer
	channels []message.Channel
	entries  map[message.Channel]channel.Entry
	problems *diag.List
	rows     hash.Hash
	contacts contacts
	counts   map[message.Channel]*ChannelPlan
	subjects map[message.Channel]map[int64]struct{}
	lookers  map[message.Channel]*looker
	name     int // index of the name column, -1 where there is none

	rec record
	msg message.Message
	buf []byte
}

func newMaker(p *Plan, in Inputs, r *render.Renderer) *maker {
	m := &maker{
		plan: p, cfg: in.Config, campaign: in.Campaign, renderer: r, channels: in.Campaign.Channels(), problems: in.Problems,
		rows: sha256.New(), contacts: contacts{dir: in.TempDir}, counts: make(map[message.Channel]*ChannelPlan),
		entries:  make(map[message.Channel]channel.Entry),
		subjects: make(map[message.Channel]map[int64]struct{}), name: slices.Index(p.Header.Columns, p.Header.Mapped["name"]),
	}
	p.folds.channels = len(m.channels)
	p.Facts, m.lookers = &Facts{Channels: make(map[message.Channel]*ChannelFacts)}, make(map[message.Channel]*looker)
	for _, ch := range m.channels {
		m.entries[ch], m.subjects[ch] = in.Config.Channels.Of(ch), make(map[int64]struct{})
		m.lookers[ch] = newLooker(r, ch, m.entries[ch].Class)
		p.Facts.Channels[ch] = m.lookers[ch].facts
	}
	p.entries = m.entries
	m.resetCounts()
	for _, c := range p.Header.Columns {
		writePart(m.rows, c)
	}
	return m
}

// usedColumns are the headers that the texts of the channels fill in.
func usedColumns(r *render.Renderer, channels []message.Channel) []string {
	var used []string
	for _, ch := range channels {
		used = append(used, r.Uses(ch)...)
	}
	return used
}

// batch is a number of rows on their way from the reader to the maker.
type batch struct {
	rows     []list.Row
	problems []diag.Problem
	err      error
}

const batchRows = 256

// read takes the list row by row. Reading a spreadsheet costs most of the time, so it has a goroutine of its own; two
// batches go round between the two.
func (m *maker) read(ctx context.Context, r list.Reader) error {
	ctx, cancel := context.WithCancel(ctx)
	full, empty := make(chan *batch, 4), make(chan *batch, 4)
	for range cap(empty) {
		empty <- &batch{}
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() { readBatches(ctx, r, full, empty) })
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case b := <-full:
			for _, p := range b.problems {
				m.problems.Add(p)
			}
			for i := range b.rows {
				if err := m.row(&b.rows[i]); err != nil {
					return err
				}
			}
			if errors.Is(b.err, io.EOF) {
				return nil
			}
			if b.err != nil {
				return b.err
			}
			empty <- b
		}
	}
}

func readBatches(ctx context.Context, r list.Reader, full, empty chan *batch) {
	var row list.Row
	for {
		var b *batch
		select {
		case <-ctx.Done():
			return
		case b = <-empty:
		}
		b.problems = b.problems[:0]
		problems := diag.List{Keep: -1, Each: func(p diag.Problem) { b.problems = append(b.problems, p) }}
		n := 0
		for n < batchRows && b.err == nil {
			if b.err = r.Next(&row, &problems); b.err != nil {
				break
			}
			b.rows = keepRow(b.rows, n, &row)
			n++
		}
		b.rows = b.rows[:n]
		select {
		case <-ctx.Done():
			return
		case full <- b:
			if b.err != nil {
				return
			}
		}
	}
}

// keepRow copies a row into place n, with the memory that is there.
func keepRow(rows []list.Row, n int, row *list.Row) []list.Row {
	if n < cap(rows) {
		rows = rows[:n+1]
	} else {
		rows = append(rows[:n], list.Row{})
	}
	values, to := append(rows[n].Values[:0], row.Values...), append(rows[n].To[:0], row.To...)
	rows[n] = *row
	rows[n].Values, rows[n].To = values, to
	return rows
}

// row plans one recipient.
func (m *maker) row(row *list.Row) error {
	index, kept := m.plan.Recipients, m.plan.Part.has(m.plan.Recipients, row.Number)
	m.plan.Listed++
	if kept {
		m.plan.Recipients++
		if row.Hidden {
			m.plan.Hidden++
		}
	}
	fields, err := json.Marshal(row.Values)
	if err != nil {
		return words.Wrap(err, "plan.row", words.A{"number": row.Number})
	}
	m.rec = record{row: row.Number, key: row.Key, fields: fields, messages: m.rec.messages[:0]}
	if kept && m.plan.Header.Mapped["key"] != "" {
		if err := m.contacts.Add(newContact("key", row.Key, row, index, recipientKey)); err != nil {
			return err
		}
	}
	writePart(m.rows, row.Key)
	writePart(m.rows, fields)
	m.plan.marks.add(row.Number, row.Key, fields)
	for _, ch := range m.channels {
		msg := m.message(row, ch)
		writePart(m.rows, msg.Address)
		if kept && msg.Address != "" {
			if err := m.contact(&msg, row, index, len(m.rec.messages)); err != nil {
				return err
			}
		}
		m.rec.messages = append(m.rec.messages, msg)
	}
	if !kept {
		return nil
	}
	return m.plan.rows.Append(&m.rec)
}

// message renders a row for one channel. A row without an address, or whose text cannot be made, has no message; the
// list, or a problem added here, says why.
func (m *maker) message(row *list.Row, ch message.Channel) Message {
	to := row.Address(ch)
	if to == "" {
		return Message{Channel: ch}
	}
	m.msg = message.Message{Channel: ch, To: to}
	if err := m.renderer.Render(ch, row.Values, &m.msg); err != nil {
		m.renderProblem(row, ch, err)
		return Message{Channel: ch}
	}
	segments := m.segments(ch, to, m.msg.Text)
	m.lookers[ch].look(row.Number, row.Values, &m.msg, segments)
	recipient := ""
	if m.campaign.Shared == campaign.SharedEach {
		recipient = row.Key
	}
	return Message{
		Channel: ch, Key: message.MakeKey(m.campaign.Name, ch, to, recipient), Address: to, Segments: segments,
		Fingerprint: m.fingerprint(),
	}
}

func (m *maker) renderProblem(row *list.Row, ch message.Channel, err error) {
	place := diag.Place{File: m.plan.Header.File, Sheet: m.plan.Header.Sheet, Row: row.Number}
	var missing *render.MissingError
	if errors.As(err, &missing) {
		for _, column := range missing.Columns {
			place.Column = column
			m.problems.Add(diag.Err(place, "plan.variable-missing", words.A{"channel": m.entries[ch].Word, "variable": "{{" + column + "}}"}).Do("plan.do.variable", nil))
		}
		return
	}
	m.problems.Add(diag.Err(place, "plan.text-failed", words.A{"channel": m.entries[ch].Word, "cause": words.Cause(err)}).Do("plan.do.show", nil))
}

// segments counts a text as the accounts on its route will: with the signature that the vendor puts before it.
func (m *maker) segments(ch message.Channel, to message.Address, text string) int {
	e := m.entries[ch]
	n, rule := e.Count(text, to, m.cfg.Counting(ch))
	if rule == channel.Mainland {
		m.lookers[ch].facts.Mainland++
	}
	return n
}

// fingerprint tells equal texts from different ones: all that the recipient will read.
func (m *maker) fingerprint() int64 {
	if seen := m.subjects[m.msg.Channel]; m.msg.Subject != "" && len(seen) < DistinctSubjects {
		s := sha256.Sum256([]byte(m.msg.Subject))
		seen[int64(binary.LittleEndian.Uint64(s[:8]))] = struct{}{} // any 64 bits will do
	}
	var fp int64
	fp, m.buf = fingerprint(m.buf[:0], m.msg.Subject, m.msg.Text, m.msg.HTML)
	return fp
}

// Fingerprint is that of a message by what its recipient reads of it.
func Fingerprint(subject, text, html string) int64 {
	fp, _ := fingerprint(nil, subject, text, html)
	return fp
}

func fingerprint(buf []byte, parts ...string) (int64, []byte) {
	for _, part := range parts {
		buf = appendBytes(buf, part)
	}
	h := sha256.Sum256(buf)
	return int64(binary.LittleEndian.Uint64(h[:8])), buf // any 64 bits will do
}

func (m *maker) contact(msg *Message, row *list.Row, index, channel int) error {
	m.count(msg)
	c := newContact(string(msg.Channel), strings.ToLower(string(msg.Address)), row, index, channel)
	c.Fingerprint = msg.Fingerprint
	copy(c.Key[:], msg.Key)
	return m.contacts.Add(c)
}

func newContact(kind, what string, row *list.Row, index, channel int) contact {
	h := sha256.Sum256([]byte(kind + "\x00" + what))
	return contact{
		Address: [16]byte(h[:16]),
		Index:   uint32(index), Channel: uint8(channel), Row: uint32(row.Number), // bounded by list.MaxRows
	}
}

func (m *maker) count(msg *Message) {
	count := m.counts[msg.Channel]
	count.Messages++
	count.Segments += msg.Segments
	if count.BySegments != nil {
		count.BySegments[msg.Segments]++
	}
	if e := m.entries[msg.Channel]; count.Countries != nil {
		country := e.RegionOf(msg.Address)
		count.Countries[country] = count.Countries[country].Add(msg.Segments)
	}
	if count.Domains != nil {
		e := m.entries[msg.Channel]
		count.Domains[e.PaceOf(msg.Address)]++
	}
}

func (m *maker) resetCounts() {
	for _, ch := range m.channels {
		m.counts[ch] = &ChannelPlan{Channel: ch}
		if m.entries[ch].Units != nil {
			m.counts[ch].BySegments = make(map[int]int)
		}
		if m.entries[ch].Region != nil {
			m.counts[ch].Countries = make(map[string]Units)
		}
		if m.entries[ch].PaceKey != nil {
			m.counts[ch].Domains = make(map[string]int)
		}
	}
}
