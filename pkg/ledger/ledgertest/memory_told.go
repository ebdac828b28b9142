package ledgertest

import (
	"context"
	"encoding/json"
	"iter"
	"strings"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
)

// went reports that the message left, or may have, at or after since, for the address.
func (to *msg) went(since time.Time, ch message.Channel, a message.Address) bool {
	return to.newest != nil && !to.newest.claimed.Before(since) && to.channel == ch &&
		(to.state == message.Accepted || to.state == message.Unknown || to.state == message.Attempting) &&
		(strings.EqualFold(string(to.address), string(a)) || to.address == alias(a))
}

// class is what the campaign was staged with.
func (c *campaign) class() string {
	var of struct {
		Class string `json:"class"`
	}
	_ = json.Unmarshal(c.Spec, &of)
	return of.Class
}

// Told implements ledger.Reader.
func (h *Handle) Told(ctx context.Context, w ledger.Telling, asked iter.Seq[ledger.Told]) iter.Seq2[ledger.Told, error] {
	return func(yield func(ledger.Told, error) bool) {
		found, err := h.told(ctx, w, asked)
		if err != nil {
			yield(ledger.Told{}, err)
			return
		}
		for _, t := range found {
			if !yield(t, nil) {
				return
			}
		}
	}
}

func (h *Handle) told(ctx context.Context, w ledger.Telling, asked iter.Seq[ledger.Told]) ([]ledger.Told, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var out []ledger.Told
	for _, c := range h.m.campaigns {
		if c.Name == w.Except || w.Class != "" && w.Class != c.class() {
			continue
		}
		for t := range asked {
			for _, to := range c.messages {
				if to.went(w.Since, t.Channel, t.Address) {
					t.Campaign, t.At = c.Name, to.newest.claimed
					out = append(out, t)
				}
			}
		}
	}
	return out, nil
}

// Earlier implements ledger.Reader.
func (h *Handle) Earlier(ctx context.Context, of *ledger.Counting, claims []ledger.Claim) ([]int, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	out := make([]int, len(claims))
	for i, cl := range claims {
		own := h.m.attempts[cl.Attempt-1]
		for _, c := range h.m.campaigns {
			for _, to := range c.messages {
				if c.class() == of.Class && to.went(of.Since, cl.Channel, cl.Address) &&
					(to.newest.claim < own.claim || to.newest.claim == own.claim && to.id < own.msg.id) {
					out[i]++
				}
			}
		}
	}
	return out, nil
}
