package ledgertest

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"notify/pkg/ledger"
	"notify/pkg/message"
)

var _ ledger.Forgetter = (*Handle)(nil)

// alias stands for an address in the model, which has no secrets.
func alias(a message.Address) message.Address {
	if a.Forgotten() {
		return a
	}
	return message.ForgottenMark + message.Address(strings.ToLower(string(a)))
}

// Alias implements ledger.SuppressionReader.
func (h *Handle) Alias(ctx context.Context) (ledger.Alias, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	if !h.m.forgets {
		return nil, nil
	}
	return alias, nil
}

// Forget implements ledger.Forgetter.
func (h *Handle) Forget(ctx context.Context, campaign string, ids []int64, by ledger.Act) (ledger.Forgotten, error) {
	var sum ledger.Forgotten
	leave, err := h.enter(ctx)
	if err != nil {
		return sum, err
	}
	defer leave()
	c, err := h.m.find(campaign)
	if err != nil {
		return sum, err
	}
	_, _ = h.m.bury(c, nil, by.At) // who is alive is left alone
	h.m.forgets = true
	rows := make(map[int]bool)
	for _, m := range c.messages {
		if ids != nil && !slices.Contains(ids, m.id) {
			continue
		}
		switch {
		case m.address.Forgotten():
			sum.Before++
		case m.state == message.Attempting:
			sum.UnderWay++
		default:
			if !rows[m.row] {
				rows[m.row] = true
				sum.Rows++
			}
			m.forget(c, &sum)
		}
	}
	delete(h.m.bookmarks, ledger.FiguresOf(campaign))
	h.m.audit = append(h.m.audit, ledger.AuditEntry{Act: by, Campaign: campaign})
	return sum, nil
}

func (m *msg) forget(c *campaign, sum *ledger.Forgotten) {
	sum.Messages++
	switch {
	case m.state == message.Pending || m.state == message.Rejected:
		sum.Cancelled++
		m.relisted = &relist{gone: true}
		m.back()
	case m.state == message.Unknown || m.relisted != nil:
		m.relisted = &relist{gone: true}
	}
	m.address, m.recipient, m.fields = alias(m.address), string(alias(message.Address(m.recipient))), []byte(`["forgotten:"]`)
	for state, f := range m.facts {
		if f.Detail != "" {
			f.Detail = ""
			m.facts[state] = f
			sum.Facts++
		}
	}
	for row, recipient := range c.folds[m.key] {
		c.folds[m.key][row] = string(alias(message.Address(recipient)))
		sum.Rows++
	}
}

// ForgetAddress implements ledger.Forgetter.
func (h *Handle) ForgetAddress(ctx context.Context, a message.Address, by ledger.Act) (ledger.Forgotten, error) {
	var sum ledger.Forgotten
	leave, err := h.enter(ctx)
	if err != nil {
		return sum, err
	}
	defer leave()
	h.m.forgets = true
	for i := range h.m.suppressions {
		if s := &h.m.suppressions[i]; strings.EqualFold(string(s.Address), string(a)) {
			sum.Lines++
			if s.Address, s.Note = alias(a), ""; s.Reason == "" {
				s.Note = "forgotten"
			}
		}
	}
	digits := []byte(strings.TrimPrefix(string(a), "+"))
	for _, r := range h.m.receipts {
		switch {
		case !bytes.Contains(r.Raw, digits):
		case r.Fate == ledger.ReceiptNew || r.Fate == ledger.ReceiptHeld:
			sum.Waiting++
		default:
			r.Raw, r.Head = []byte{}, nil
			sum.Receipts++
		}
	}
	h.m.audit = append(h.m.audit, ledger.AuditEntry{Act: by})
	return sum, nil
}
