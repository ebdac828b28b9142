package ledgertest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"notify/pkg/flow"
	"notify/pkg/ledger"
	"notify/pkg/message"
)

// act does something on a campaign, with its audit entry.
func (h *Handle) act(ctx context.Context, name string, by *ledger.Act, do func(c *campaign) error) error {
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
	h.m.enterAudit(name, *by)
	return nil
}

// stands is an act as a campaign keeps it: without what only the audit has.
func stands(by ledger.Act) *ledger.Act {
	by.As, by.Figures = "", nil
	return &by
}

// enterAudit adds an entry; nobody can change those before it, so that its place is all of the chain.
func (m *Memory) enterAudit(campaign string, by ledger.Act) {
	id := int64(len(m.audit) + 1)
	m.audit = append(m.audit, ledger.AuditEntry{ID: id, Hash: fmt.Sprint(id), Act: by, Campaign: campaign})
}

// Pause implements ledger.Operators.
func (h *Handle) Pause(ctx context.Context, name string, by ledger.Act) error {
	return h.act(ctx, name, &by, func(c *campaign) error {
		if c.Aborted != nil {
			return ledger.ErrAborted
		}
		if by.Outweighs(c.Paused) {
			c.Paused = stands(by)
		}
		return nil
	})
}

// Unpause implements ledger.Operators.
func (h *Handle) Unpause(ctx context.Context, name string, by ledger.Act) error {
	return h.act(ctx, name, &by, func(c *campaign) error {
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
	err := h.act(ctx, name, &by, func(c *campaign) error {
		if c.Aborted != nil {
			return ledger.ErrAborted
		}
		_, _ = h.m.bury(c, nil, by.At) // a run that is alive is left alone
		c.Aborted = stands(by)
		n = c.cancelPending()
		by.Figures = &ledger.Figures{Messages: n}
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
	var sum ledger.Figures
	err := h.act(ctx, name, &by, func(c *campaign) error {
		_, _ = h.m.bury(c, nil, by.At) // a run that is alive is left alone
		for _, r := range rs {
			h.m.resolve(c, r, by.At, &out, &sum)
		}
		by = out.Of(by, rs, sum.Cost)
		if c.Aborted != nil {
			c.cancelPending()
		}
		return nil
	})
	return out, err
}

func (m *Memory) resolve(c *campaign, r ledger.Resolution, at time.Time, out *ledger.Resolved, sum *ledger.Figures) {
	to := c.byKey[r.Key]
	if to == nil || to.state != message.Unknown {
		out.Skipped++
		return
	}
	o := to.newest.outcome
	o.Kind, o.Code, o.Detail, o.VendorID = r.As, cmp.Or(r.Code, o.Code), cmp.Or(r.Detail, o.Detail), cmp.Or(r.VendorID, o.VendorID)
	to.newest.settle(o, at, time.Time{})
	to.newest.proof = r.Proven()
	if r.As == message.OutcomeAccepted {
		out.Accepted++
		sum.Spend(to.newest.currency, to.newest.debit().Cost)
		return
	}
	if r.As == message.OutcomeRejected {
		out.Rejected++
	} else {
		out.NotSent++
		to.back()
	}
	m.post(to.newest, -1)
}

// Doubt implements ledger.Operators.
func (h *Handle) Doubt(ctx context.Context, name string, lost []ledger.Lost, by ledger.Act) (int, error) {
	n := 0
	err := h.act(ctx, name, &by, func(c *campaign) error {
		_, held := h.m.bury(c, nil, by.At)
		if held != nil {
			return held
		}
		r := &run{campaign: c, handle: h, Run: ledger.Run{
			ID: ledger.RunID(len(h.m.runs) + 1), User: by.Who, Started: by.At, Beat: by.At, Expires: by.At, Ended: by.At, Why: ledger.WhyForgotten(),
		}}
		h.m.runs = append(h.m.runs, r)
		for _, l := range lost {
			for _, k := range l.Keys {
				if to := c.byKey[k]; to != nil && to.channel == l.Channel && to.mayBeDoubted() {
					h.m.doubt(r, l, to)
					n++
				}
			}
		}
		by.Figures = &ledger.Figures{Messages: n}
		return nil
	})
	return n, err
}

func (m *msg) mayBeDoubted() bool {
	return m.state == message.Pending || m.state == message.Rejected || m.state == message.Cancelled && m.byList
}

// doubt makes a message unknown as if the run had claimed it and said nothing of it.
func (m *Memory) doubt(r *run, l ledger.Lost, to *msg) {
	to.byList = false
	m.claim(r, r.Started, ledger.ClaimRequest{
		Channel: l.Channel, Day: l.Day, Limits: ledger.Limits{Account: l.Account, Currency: l.Currency, Price: l.Price},
	}, to, flow.Verdict{}, r.Started)
	to.newest.settle(message.Outcome{Kind: message.OutcomeUnknown, Code: ledger.CodeForgotten}, r.Started, time.Time{})
}

// Retry implements ledger.Operators.
func (h *Handle) Retry(ctx context.Context, name string, codes []string, by ledger.Act) (int, error) {
	n := 0
	err := h.act(ctx, name, &by, func(c *campaign) error {
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
		by.Figures = &ledger.Figures{Messages: n}
		return nil
	})
	return n, err
}

// SetAccount implements ledger.Operators.
func (h *Handle) SetAccount(ctx context.Context, account string, s ledger.AccountSetting, by ledger.Act) error {
	leave, err := h.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	s.Apply(h.m.account(account), by)
	h.m.enterAudit("", by)
	return nil
}

// Audit implements ledger.Operators.
func (h *Handle) Audit(ctx context.Context, name string, by ledger.Act) error {
	leave, err := h.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	h.m.enterAudit(name, by)
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
