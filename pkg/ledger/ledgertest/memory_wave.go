package ledgertest

import (
	"context"

	"notify/pkg/ledger"
	"notify/pkg/message"
)

// waves makes a change to how far a campaign has come; nil makes none.
func (m *Memory) waves(c *campaign, change *ledger.WaveChange) {
	if change == nil {
		return
	}
	if by := change.Apply(&c.wave); by != nil {
		m.audit = append(m.audit, ledger.AuditEntry{Act: *by, Campaign: c.Name})
	}
}

// out is how many messages of the channel were tried, and are not to be tried again.
func (c *campaign) out(ch message.Channel) int {
	n := 0
	for _, to := range c.messages {
		if to.channel == ch && to.state != message.Pending && to.state != message.Cancelled {
			n++
		}
	}
	return n
}

// Wave implements ledger.Reader.
func (h *Handle) Wave(ctx context.Context, name string) (ledger.WaveState, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return ledger.WaveState{}, err
	}
	defer leave()
	c, err := h.m.find(name)
	if err != nil {
		return ledger.WaveState{}, nil
	}
	return c.wave, nil
}

// Tried implements ledger.Reader.
func (h *Handle) Tried(ctx context.Context, campaign string, key message.Key) (n int, err error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return 0, err
	}
	defer leave()
	for _, a := range h.m.attempts {
		if a.campaign.Name == campaign && a.msg.key == key && !a.open && a.outcome.Kind.Definite() && a.outcome.OfMessage() {
			n++
		}
	}
	return n, nil
}

// Senders implements ledger.Reader.
func (h *Handle) Senders(ctx context.Context, account string) (map[string]ledger.DomainHeld, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	out := make(map[string]ledger.DomainHeld)
	for of, d := range h.m.domains {
		if sender, is := ledger.SenderOf(of[1]); is && of[0] == account {
			out[sender] = d.DomainHeld
		}
	}
	return out, nil
}
