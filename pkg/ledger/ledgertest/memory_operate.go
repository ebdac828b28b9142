package ledgertest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
)

// act does something on a campaign, with its audit entry.
func (h *Handle) act(ctx context.Context, name string, by ledger.Act, do func(c *campaign) error) error {
	leave, err := h.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	c, err := h.m.find(name)
	if err != nil {
		return err
	}
	if err := do(c); err != nil {
		return err
	}
	h.m.audit = append(h.m.audit, ledger.AuditEntry{Act: by, Campaign: name})
	return nil
}

// Pause implements ledger.Operators.
func (h *Handle) Pause(ctx context.Context, name string, by ledger.Act) error {
	return h.act(ctx, name, by, func(c *campaign) error {
		if c.Aborted != nil {
			return ledger.ErrAborted
		}
		if c.Paused == nil {
			c.Paused = &by
		}
		return nil
	})
}

// Unpause implements ledger.Operators.
func (h *Handle) Unpause(ctx context.Context, name string, by ledger.Act) error {
	return h.act(ctx, name, by, func(c *campaign) error {
		if c.Aborted != nil {
			return ledger.ErrAborted
		}
		c.Paused = nil
		return nil
	})
}

// Abort implements ledger.Operators.
func (h *Handle) Abort(ctx context.Context, name string, by ledger.Act) (int, error) {
	n := 0
	err := h.act(ctx, name, by, func(c *campaign) error {
		if c.Aborted != nil {
			return ledger.ErrAborted
		}
		_, _ = h.m.bury(c, nil, by.At) // a run that is alive is left alone
		c.Aborted = &by
		n = c.cancelPending()
		return nil
	})
	return n, err
}

// Resolve implements ledger.Operators.
func (h *Handle) Resolve(ctx context.Context, name string, rs []ledger.Resolution, by ledger.Act) (ledger.Resolved, error) {
	var out ledger.Resolved
	for _, r := range rs {
		if !slices.Contains([]message.OutcomeKind{message.OutcomeAccepted, message.OutcomeUnsent, message.OutcomeRejected}, r.As) {
			return out, fmt.Errorf("resolve campaign %s: message %s: %q settles nothing", name, r.Key, r.As)
		}
	}
	err := h.act(ctx, name, by, func(c *campaign) error {
		_, _ = h.m.bury(c, nil, by.At) // a run that is alive is left alone
		for _, r := range rs {
			m := c.byKey[r.Key]
			if m == nil || m.state != message.Unknown {
				out.Skipped++
				continue
			}
			o := m.newest.outcome
			o.Kind, o.Code, o.Detail, o.VendorID = r.As, cmp.Or(r.Code, o.Code), cmp.Or(r.Detail, o.Detail), cmp.Or(r.VendorID, o.VendorID)
			m.newest.settle(o, by.At, time.Time{})
			if r.As == message.OutcomeAccepted {
				out.Accepted++
				continue
			}
			if r.As == message.OutcomeRejected {
				out.Rejected++
			} else {
				out.NotSent++
				m.back()
			}
			h.m.post(m.newest, -1)
		}
		if c.Aborted != nil {
			c.cancelPending()
		}
		return nil
	})
	return out, err
}

// Retry implements ledger.Operators.
func (h *Handle) Retry(ctx context.Context, name string, codes []string, by ledger.Act) (int, error) {
	n := 0
	err := h.act(ctx, name, by, func(c *campaign) error {
		if c.Aborted != nil {
			return ledger.ErrAborted
		}
		for _, m := range c.messages {
			switch {
			case m.state != message.Rejected || m.relisted != nil && m.relisted.gone:
			case len(codes) == 0 || slices.Contains(codes, m.newest.outcome.Code):
				m.state = message.Pending
				m.back()
				n++
			}
		}
		return nil
	})
	return n, err
}

// Audit implements ledger.Operators.
func (h *Handle) Audit(ctx context.Context, name string, by ledger.Act) error {
	leave, err := h.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	h.m.audit = append(h.m.audit, ledger.AuditEntry{Act: by, Campaign: name})
	return nil
}

// SaveCheck implements ledger.Operators.
func (h *Handle) SaveCheck(ctx context.Context, c ledger.Check) error {
	leave, err := h.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	h.m.checks = append(h.m.checks, c)
	return nil
}
