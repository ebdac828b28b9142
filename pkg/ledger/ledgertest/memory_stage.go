package ledgertest

import (
	"bytes"
	"context"
	"fmt"
	"maps"

	"notify/pkg/flow"
	"notify/pkg/ledger"
	"notify/pkg/message"
)

// Stage implements ledger.Campaigns.
func (h *Handle) Stage(ctx context.Context, s ledger.Staging) (ledger.Staged, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return ledger.Staged{}, err
	}
	defer leave()
	c, err := h.m.find(s.Campaign)
	known := err == nil
	if known {
		if h.m.held(c, s.By.At) {
			_, held := h.m.bury(c, nil, s.By.At)
			return ledger.Staged{}, held
		}
		if c.Aborted != nil {
			return ledger.Staged{}, ledger.ErrAborted
		}
		_, _ = h.m.bury(c, nil, s.By.At) // nobody holds it: that was asked
		if c.Digest == s.Digest {
			return c.same(), nil
		}
	} else {
		c = &campaign{
			Campaign: ledger.Campaign{Name: s.Campaign, Created: s.By.At},
			byKey:    make(map[message.Key]*msg), spent: make(map[purse]ledger.Debit),
		}
	}
	// The whole plan is looked at before anything is changed: it is staged, or nothing is.
	p, err := readPlan(c, s)
	if err != nil {
		return ledger.Staged{}, err
	}
	if !known {
		h.m.campaigns = append(h.m.campaigns, c)
	}
	c.Digest, c.Spec, c.Staged = s.Digest, bytes.Clone(s.Spec), s.By.At
	c.recipients, c.folded = p.rows, p.folded
	if !s.Part || c.folds == nil {
		c.folds = make(map[message.Key]map[int]string)
	}
	for key, rows := range p.folds {
		if c.folds[key] == nil {
			c.folds[key] = make(map[int]string)
		}
		maps.Copy(c.folds[key], rows)
	}
	h.m.enterAudit(s.Campaign, s.By)
	out := h.m.apply(c, p)
	c.people = p.rows
	if s.Part {
		c.people = c.told()
	}
	return out, nil
}

// told is how many recipients have a message that is not cancelled, or share one.
func (c *campaign) told() int {
	people := make(map[string]bool)
	for _, m := range c.messages {
		if m.state == message.Cancelled {
			continue
		}
		people[m.recipient] = true
		for _, recipient := range c.folds[m.key] {
			people[recipient] = true
		}
	}
	return len(people)
}

func (c *campaign) same() ledger.Staged {
	var out ledger.Staged
	for _, m := range c.messages {
		switch {
		case m.state == message.Pending:
			out.Same++
		case m.state == message.Cancelled || m.relisted != nil && m.relisted.gone:
		default:
			out.Left++
			if m.relisted != nil && m.relisted.fingerprint != m.fingerprint {
				out.Differs++
			}
		}
	}
	return out
}

// plan is a stream of recipients, read.
type plan struct {
	messages     []*msg
	listed       map[message.Key]bool
	folds        map[message.Key]map[int]string
	rows, folded int
	part         bool
}

func readPlan(c *campaign, s ledger.Staging) (plan, error) {
	p := plan{part: s.Part, listed: make(map[message.Key]bool), folds: make(map[message.Key]map[int]string)}
	foldRow := make(map[message.Key]int)
	for r, err := range s.Recipients {
		if err != nil {
			return p, err
		}
		p.rows++
		for _, n := range r.Messages {
			if p.listed[n.Key] {
				return p, fmt.Errorf("row %d: message %s is twice on the list", r.Row, n.Key)
			}
			if old := c.byKey[n.Key]; old != nil && !old.address.Forgotten() && (old.channel != n.Channel || old.address != n.Address) {
				return p, fmt.Errorf("row %d: message %s was for %s, and is for %s now", r.Row, n.Key, old.address.Masked(), n.Address.Masked())
			}
			p.listed[n.Key] = true
			p.messages = append(p.messages, &msg{
				row: r.Row, recipient: r.Key, fields: bytes.Clone(r.Fields), key: n.Key, channel: n.Channel, address: n.Address,
				segments: n.Segments, fingerprint: n.Fingerprint, state: message.Pending,
			})
		}
		for _, f := range r.Folds {
			p.folded++
			if p.folds[f.Into] == nil {
				p.folds[f.Into] = make(map[int]string)
			}
			p.folds[f.Into][r.Row] = r.Key
			foldRow[f.Into] = r.Row
		}
	}
	for key, row := range foldRow {
		if !p.listed[key] {
			return p, fmt.Errorf("row %d: it is told through message %s, which is not on the list", row, key)
		}
	}
	return p, nil
}

func (m *Memory) apply(c *campaign, p plan) ledger.Staged {
	var out ledger.Staged
	for _, n := range p.messages {
		old := c.byKey[n.key]
		if old == nil {
			m.messages++
			n.id = m.messages
			c.byKey[n.key] = n
			c.messages = append(c.messages, n)
			out.Added++
			continue
		}
		old.meet(n, &out)
	}
	for _, old := range c.messages {
		switch {
		case p.listed[old.key] || old.state == message.Cancelled:
		case old.state == message.Pending || old.state == message.Rejected && !p.part:
			old.relisted = &relist{gone: true}
			old.back()
			out.Gone++
		default:
			old.relisted = &relist{gone: true}
		}
	}
	return out
}

// meet brings a message together with what a new list says of it.
func (m *msg) meet(n *msg, out *ledger.Staged) {
	if m.address.Forgotten() {
		out.Left++
		return
	}
	same := m.row == n.row && m.recipient == n.recipient && bytes.Equal(m.fields, n.fields) &&
		m.segments == n.segments && m.fingerprint == n.fingerprint
	m.relisted = &relist{row: n.row, recipient: n.recipient, fields: n.fields, segments: n.segments, fingerprint: n.fingerprint}
	switch {
	case m.state == message.Cancelled:
		out.Restored++
		m.state, m.byList, m.notBefore, m.pace = message.Pending, false, n.notBefore, flow.PlaceNone
		m.back()
	case m.state == message.Pending && same:
		out.Same++
		m.relisted = nil
	case m.state == message.Pending:
		out.Updated++
		m.back()
	default:
		out.Left++
		if m.fingerprint != n.fingerprint {
			out.Differs++
		}
		if same {
			m.relisted = nil
		}
	}
}
