package ledgertest

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"notify/pkg/ledger"
	"notify/pkg/message"
)

// standing is the newest line of an address; nil where it is not on the list.
func (m *Memory) standing(a message.Address) *ledger.Suppression {
	for i := len(m.suppressions) - 1; i >= 0; i-- {
		s := &m.suppressions[i]
		if strings.EqualFold(string(s.Address), string(a)) || s.Address.Forgotten() && s.Address == alias(a) {
			if s.Reason == "" {
				return nil
			}
			return s
		}
	}
	return nil
}

func (m *Memory) addLine(s ledger.Suppression) {
	s.ID = int64(len(m.suppressions) + 1)
	m.suppressions = append(m.suppressions, s)
}

// Suppress implements ledger.Suppressions.
func (h *Handle) Suppress(ctx context.Context, entries iter.Seq2[ledger.Suppression, error], by ledger.Act) (ledger.Suppress, error) {
	var sum ledger.Suppress
	leave, err := h.enter(ctx)
	if err != nil {
		return sum, err
	}
	defer leave()
	defer func() {
		if by.Figures = (&ledger.Figures{Addresses: sum.Added}); sum.Added+sum.Known > 0 {
			h.m.enterAudit("", by)
		}
	}()
	for e, err := range entries {
		if err != nil {
			return sum, err
		}
		first := h.m.standing(e.Address)
		if first == nil {
			sum.Added++
			h.m.addLine(e)
			continue
		}
		sum.Known++
		if len(sum.Kept) < ledger.MaxKept {
			sum.Kept = append(sum.Kept, *first)
		}
	}
	return sum, nil
}

// Unsuppress implements ledger.Suppressions.
func (h *Handle) Unsuppress(ctx context.Context, addresses []message.Address, by ledger.Act) error {
	leave, err := h.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	before := len(h.m.suppressions)
	for _, a := range addresses {
		entry := h.m.standing(a)
		if entry == nil {
			h.m.suppressions = h.m.suppressions[:before]
			return fmt.Errorf("%s: %w", a.Masked(), ledger.ErrNotSuppressed)
		}
		s := *entry
		s.Reason, s.Note, s.Who, s.At = "", by.Reason, by.Who, by.At
		h.m.addLine(s)
	}
	by.Figures = &ledger.Figures{Addresses: len(addresses)}
	h.m.enterAudit("", by)
	return nil
}

// Suppressions implements ledger.SuppressionReader.
func (h *Handle) Suppressions(ctx context.Context) iter.Seq2[ledger.Suppression, error] {
	return h.lines(ctx, func(s *ledger.Suppression) bool {
		now := h.m.standing(s.Address)
		return now != nil && now.ID == s.ID
	})
}

// SuppressionLog implements ledger.SuppressionReader.
func (h *Handle) SuppressionLog(ctx context.Context, after int64) iter.Seq2[ledger.Suppression, error] {
	return h.lines(ctx, func(s *ledger.Suppression) bool { return s.ID > after })
}

func (h *Handle) lines(ctx context.Context, is func(*ledger.Suppression) bool) iter.Seq2[ledger.Suppression, error] {
	return func(yield func(ledger.Suppression, error) bool) {
		leave, err := h.enter(ctx)
		if err != nil {
			yield(ledger.Suppression{}, err)
			return
		}
		var out []ledger.Suppression
		for i := range h.m.suppressions {
			if is(&h.m.suppressions[i]) {
				out = append(out, h.m.suppressions[i])
			}
		}
		leave()
		for _, s := range out {
			if !yield(s, nil) {
				return
			}
		}
	}
}

// Suppressed implements ledger.SuppressionReader.
func (h *Handle) Suppressed(ctx context.Context, asked iter.Seq[ledger.Asked]) iter.Seq2[ledger.Found, error] {
	return func(yield func(ledger.Found, error) bool) {
		for a := range asked {
			leave, err := h.enter(ctx)
			if err != nil {
				yield(ledger.Found{}, err)
				return
			}
			var f *ledger.Found
			if s := h.m.standing(a.Address); s != nil {
				f = &ledger.Found{Row: a.Row, Suppression: *s}
			}
			leave()
			if f != nil && !yield(*f, nil) {
				return
			}
		}
	}
}
