package ledgertest

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
)

var _ ledger.Receipts = (*Handle)(nil)

// Keep implements ledger.Receipts.
func (h *Handle) Keep(ctx context.Context, rs []ledger.Receipt) ([]bool, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	news := make([]bool, len(rs))
	for i, r := range rs {
		if r.Fate == "" {
			r.Fate = ledger.ReceiptNew
		}
		if r.Fate != ledger.ReceiptRefused && r.Format != ledger.FormatOneClick && r.At.After(h.m.heard[r.Account]) {
			h.m.heard[r.Account] = r.At
		}
		if at := slices.IndexFunc(h.m.receipts, func(o *ledger.Receipt) bool { return o.Hash == r.Hash }); at >= 0 {
			h.m.receipts[at].Repeats++
			continue
		}
		news[i] = true
		r.ID = int64(len(h.m.receipts) + 1)
		h.m.receipts = append(h.m.receipts, &r)
	}
	return news, nil
}

// Due implements ledger.Receipts.
func (h *Handle) Due(ctx context.Context, now time.Time, most int) ([]ledger.Receipt, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var out []ledger.Receipt
	for _, r := range h.m.receipts {
		if (r.Fate == ledger.ReceiptNew || r.Fate == ledger.ReceiptHeld) && !r.Due.After(now) {
			out = append(out, *r)
		}
	}
	slices.SortStableFunc(out, func(a, b ledger.Receipt) int { return a.Due.Compare(b.Due) })
	return out[:min(most, len(out))], nil
}

// Note implements ledger.Receipts.
func (h *Handle) Note(ctx context.Context, notes []ledger.Note, by ledger.Act) ([]ledger.Noted, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	out := make([]ledger.Noted, len(notes))
	resolved := make(map[string]*ledger.Figures)
	for i, n := range notes {
		r := h.m.receipts[n.Receipt-1]
		for place, e := range n.Events {
			c, to := h.m.about(r.Account, e, r.At)
			h.m.event(&out[i], place, r, e, c, to, by, resolved)
		}
		r.Noted, r.Fate, r.Why, r.Due = out[i], ledger.ReceiptSettled, n.Said, time.Time{}
		r.Ask = nil
		switch {
		case !n.Refuse.IsZero():
			r.Fate, r.Why = ledger.ReceiptRefused, n.Refuse
		case out[i].Held > 0 || n.Hold:
			r.Fate, r.Due = ledger.ReceiptHeld, n.Again
			r.Tries++
		}
	}
	for campaign, sum := range resolved {
		by.Figures = sum
		h.m.enterAudit(campaign, by)
	}
	return out, nil
}

// about is the message that an event is about; nil for none.
func (m *Memory) about(account string, e message.Event, arrived time.Time) (*campaign, *msg) {
	byKey := func(c *campaign, to *msg) bool {
		return e.Key != "" || to.key == message.MakeKey(c.Name, to.channel, e.To, "")
	}
	byID := func(_ *campaign, to *msg) bool { return e.VendorID != "" && to.newest.outcome.VendorID == e.VendorID }
	for _, told := range []func(*campaign, *msg) bool{byKey, byID} {
		for _, c := range slices.Backward(m.campaigns) {
			for _, to := range c.messages {
				if to.newest != nil && told(c, to) && to.candidate(c).Fits(account, e, arrived) {
					return c, to
				}
			}
		}
	}
	return nil, nil
}

func (m *Memory) event(out *ledger.Noted, place int, r *ledger.Receipt, e message.Event, c *campaign, to *msg, by ledger.Act, resolved map[string]*ledger.Figures) {
	if to == nil {
		out.Foreign++
		return
	}
	if to.state == message.Attempting {
		_, _ = m.bury(c, nil, by.At)
	}
	candidate := to.candidate(c)
	judged := candidate.Judge(e, r.At)
	out.Count(judged, place, candidate)
	switch judged {
	case ledger.JudgeRecord:
		m.told(c, to, ledger.FactOf(e, r.At), by.At)
	case ledger.JudgeResolve:
		sum := resolved[c.Name]
		if sum == nil {
			sum = new(ledger.Figures)
			resolved[c.Name] = sum
		}
		sum.Messages++
		res := ledger.ResolutionOf(to.key, e)
		m.resolve(c, res, by.At, new(ledger.Resolved), sum)
		if res.As == message.OutcomeAccepted && e.State != message.Waiting {
			m.told(c, to, ledger.FactOf(e, r.At), by.At)
		}
	case ledger.JudgeOurs, ledger.JudgeForeign, ledger.JudgeLate, ledger.JudgeContrary, ledger.JudgeHold, ledger.JudgeAsk:
	}
}

func (m *msg) candidate(c *campaign) *ledger.Candidate {
	return &ledger.Candidate{Awaited: m.awaited(c), Attempts: m.attempts}
}

func (m *msg) awaited(c *campaign) ledger.Awaited {
	return ledger.Awaited{
		Campaign: c.Name, Key: m.key, Channel: m.channel, Address: m.address, State: m.state, Account: m.newest.account, VendorID: m.newest.outcome.VendorID,
		Claimed: m.newest.claimed,
	}
}

// told records a fact, and what of it follows for the suppression list.
func (m *Memory) told(c *campaign, to *msg, f ledger.Fact, now time.Time) {
	_, known := to.facts[f.State]
	to.record(f)
	of := to.awaited(c)
	if line, follows := ledger.Suppresses(&of, f.State, now); follows && !known && m.standing(line.Address) == nil {
		m.addLine(line)
	}
}

func (m *msg) record(f ledger.Fact) {
	if m.facts == nil {
		m.facts = make(map[message.ReceiptState]ledger.Fact)
	}
	if had, ok := m.facts[f.State]; ok {
		f = had.Join(f)
	}
	m.facts[f.State] = f
}

// known are the facts in order.
func (m *msg) known() []ledger.Fact {
	var out []ledger.Fact
	for _, s := range message.ReceiptStates() {
		if f, ok := m.facts[s]; ok {
			out = append(out, f)
		}
	}
	return out
}

// Inbox implements ledger.Receipts.
func (h *Handle) Inbox(ctx context.Context, q ledger.InboxQuery) iter.Seq2[ledger.Receipt, error] {
	return func(yield func(ledger.Receipt, error) bool) {
		leave, err := h.enter(ctx)
		if err != nil {
			yield(ledger.Receipt{}, err)
			return
		}
		var out []ledger.Receipt
		for _, r := range h.m.receipts {
			odd := r.Fate != ledger.ReceiptSettled || r.Foreign+r.Late+r.Contrary > 0
			if (q.Account == "" || q.Account == r.Account) && (!q.Odd || odd) {
				out = append(out, *r)
			}
		}
		leave()
		slices.Reverse(out)
		if q.Most > 0 {
			out = out[:min(q.Most, len(out))]
		}
		for _, r := range out {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// Inboxes implements ledger.Receipts.
func (h *Handle) Inboxes(ctx context.Context) ([]ledger.Inbox, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	by := make(map[string]*ledger.Inbox)
	for _, r := range h.m.receipts {
		in := by[r.Account]
		if in == nil {
			in = &ledger.Inbox{Account: r.Account, Last: h.m.heard[r.Account]}
			by[r.Account] = in
		}
		in.Receipts++
		in.Repeats += int64(r.Repeats)
		in.Ours, in.Foreign, in.Late, in.Contrary = in.Ours+int64(r.Ours), in.Foreign+int64(r.Foreign), in.Late+int64(r.Late), in.Contrary+int64(r.Contrary)
		switch r.Fate {
		case ledger.ReceiptNew, ledger.ReceiptHeld:
			in.Waiting++
		case ledger.ReceiptRefused:
			in.Refused++
		case ledger.ReceiptSettled:
		}
	}
	var out []ledger.Inbox
	for _, in := range by {
		out = append(out, *in)
	}
	slices.SortFunc(out, func(a, b ledger.Inbox) int { return strings.Compare(a.Account, b.Account) })
	return out, nil
}

// Deliveries implements ledger.Receipts.
func (h *Handle) Deliveries(ctx context.Context, name string) ([]ledger.Delivery, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var out []ledger.Delivery
	for _, c := range h.m.campaigns {
		for _, m := range c.messages {
			if c.Name != name || len(m.facts) == 0 {
				continue
			}
			at := slices.IndexFunc(out, func(d ledger.Delivery) bool { return d.Channel == m.channel && d.Account == m.newest.account })
			if at < 0 {
				at = len(out)
				out = append(out, ledger.Delivery{
					Channel: m.channel, Account: m.newest.account, ByState: map[message.ReceiptState]int{}, ByGrade: map[message.Grade]int{},
				})
			}
			for _, n := range ledger.CountsOf(m.known()) {
				out[at].ByState[n.State]++
				if n.State.Final() {
					out[at].ByGrade[n.Grade]++
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b ledger.Delivery) int {
		return strings.Compare(string(a.Channel)+" "+a.Account, string(b.Channel)+" "+b.Account)
	})
	return out, nil
}

// Proofs implements ledger.Receipts.
func (h *Handle) Proofs(ctx context.Context, name string, keys ...message.Key) iter.Seq2[ledger.Proof, error] {
	return func(yield func(ledger.Proof, error) bool) {
		leave, err := h.enter(ctx)
		if err != nil {
			yield(ledger.Proof{}, err)
			return
		}
		var out []ledger.Proof
		for _, c := range h.m.campaigns {
			for _, m := range c.inOrder() {
				if c.Name != name || len(keys) > 0 && !slices.Contains(keys, m.key) {
					continue
				}
				p := ledger.Proof{Key: m.key, Facts: m.known()}
				if m.newest != nil && m.newest.outcome.Kind != message.OutcomeUnsent {
					p.Settled = m.newest.proof
				}
				if p.Settled != "" || len(p.Facts) > 0 {
					out = append(out, p)
				}
			}
		}
		leave()
		for _, p := range out {
			if !yield(p, nil) {
				return
			}
		}
	}
}

// Awaited implements ledger.Receipts.
func (h *Handle) Awaited(ctx context.Context, account string, since time.Time, after ledger.Place, most int) ([]ledger.Awaited, ledger.Place, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return nil, ledger.Place{}, err
	}
	defer leave()
	var out []ledger.Awaited
	for i, c := range h.m.campaigns {
		for _, m := range c.messages {
			place := ledger.Place{Campaign: int64(i + 1), Message: m.id}
			if place.Campaign < after.Campaign || place.Campaign == after.Campaign && place.Message <= after.Message {
				continue
			}
			if m.state != message.Accepted && m.state != message.Unknown || m.newest.account != account || m.newest.claimed.Before(since) ||
				ledger.Ended(m.known()) != nil {
				continue
			}
			if out = append(out, m.awaited(c)); len(out) == most {
				return out, place, nil
			}
		}
	}
	return out, ledger.Place{}, nil
}

// Bookmark implements ledger.Receipts.
func (h *Handle) Bookmark(ctx context.Context, name string) (string, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	return h.m.bookmarks[name], nil
}

// SetBookmark implements ledger.Receipts.
func (h *Handle) SetBookmark(ctx context.Context, name, value string) error {
	leave, err := h.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	h.m.bookmarks[name] = value
	return nil
}

// Secret implements ledger.Receipts.
func (h *Handle) Secret(ctx context.Context) (string, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	return fmt.Sprintf("secret-%p", h.m), nil
}
