package ledgertest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
)

func (m *Memory) view(c *campaign) ledger.Campaign {
	v := c.Campaign
	for _, r := range m.live(c) {
		v.Holders = append(v.Holders, r.Run)
	}
	return v
}

// Campaign implements ledger.Campaigns.
func (h *Handle) Campaign(ctx context.Context, name string) (ledger.Campaign, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return ledger.Campaign{}, err
	}
	defer leave()
	c, err := h.m.find(name)
	if err != nil {
		return ledger.Campaign{}, err
	}
	return h.m.view(c), nil
}

// Campaigns implements ledger.Campaigns.
func (h *Handle) Campaigns(ctx context.Context) ([]ledger.Campaign, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var out []ledger.Campaign
	for _, c := range slices.Backward(h.m.campaigns) {
		out = append(out, h.m.view(c))
	}
	slices.SortStableFunc(out, func(a, b ledger.Campaign) int { return b.Created.Compare(a.Created) })
	return out, nil
}

// Info implements ledger.Ledger. Memory is not durable, and says so.
func (h *Handle) Info(ctx context.Context) (ledger.Info, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return ledger.Info{}, err
	}
	defer leave()
	return ledger.Info{ID: fmt.Sprintf("%p", h.m), Driver: "memory", Place: "memory", Schema: 1, Free: -1}, nil
}

// Size implements ledger.Ledger: nothing is kept.
func (h *Handle) Size(context.Context) (int64, error) { return 0, nil }

// Counts implements ledger.Reader.
func (h *Handle) Counts(ctx context.Context, name string) (ledger.Counts, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return ledger.Counts{}, err
	}
	defer leave()
	c, err := h.m.find(name)
	if err != nil {
		return ledger.Counts{}, err
	}
	return c.counts(), nil
}

func (c *campaign) counts() ledger.Counts {
	out := ledger.Counts{ByState: c.tally(), Recipients: c.recipients, Folded: c.folded, People: c.people, Waiting: make(map[message.Channel]int64), Cost: make(map[string]ledger.Debit)}
	for _, m := range c.messages {
		if m.state == message.Pending {
			out.Waiting[m.channel] += int64(m.segments)
		}
	}
	for p, d := range c.spent {
		if d != (ledger.Debit{}) {
			out.Cost[p.account] = add(out.Cost[p.account], d, 1)
		}
	}
	return out
}

// Snapshot implements ledger.Reader.
func (h *Handle) Snapshot(ctx context.Context, name string, day ledger.Day) (ledger.Snapshot, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return ledger.Snapshot{}, err
	}
	defer leave()
	c, err := h.m.find(name)
	if err != nil {
		return ledger.Snapshot{}, err
	}
	s := ledger.Snapshot{Campaign: h.m.view(c), Counts: c.counts(), Reach: c.reach()}
	uses := make(map[string]*ledger.AccountUse)
	for _, m := range c.messages {
		if m.newest == nil || m.state == message.Pending || m.state == message.Cancelled {
			continue
		}
		u := uses[m.newest.account]
		if u == nil {
			u = &ledger.AccountUse{
				State: *h.m.account(m.newest.account), ByState: make(map[message.State]int), Debit: s.Counts.Cost[m.newest.account],
				Usage: h.m.usedOn(m.newest.account, day),
			}
			uses[m.newest.account] = u
		}
		u.ByState[m.state]++
	}
	for _, name := range slices.Sorted(maps.Keys(uses)) {
		s.Accounts = append(s.Accounts, *uses[name])
	}
	for _, r := range h.m.runs {
		if r.campaign == c {
			s.Last = &r.Run
		}
	}
	if s.Last != nil {
		last := *s.Last
		s.Last = &last
	}
	return s, nil
}

// Stamp implements ledger.Reader: a hash of all that can be read.
func (h *Handle) Stamp(ctx context.Context, name string) (string, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	c, err := h.m.find(name)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	for _, r := range h.m.runs {
		if r.campaign == c {
			fmt.Fprintln(sum, r.Ended)
		}
	}
	for _, r := range h.m.receipts {
		fmt.Fprintln(sum, r.Ours)
	}
	for _, m := range c.inOrder() {
		fmt.Fprintln(sum, m.known())
	}
	fmt.Fprintln(sum, c.records(nil), c.Staged)
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// Usage implements ledger.Reader.
func (h *Handle) Usage(ctx context.Context, account string, day ledger.Day) (ledger.Usage, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return ledger.Usage{}, err
	}
	defer leave()
	return h.m.usedOn(account, day), nil
}

// Accounts implements ledger.Reader.
func (h *Handle) Accounts(ctx context.Context) ([]ledger.AccountState, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var out []ledger.AccountState
	for _, a := range h.m.accounts {
		out = append(out, *a)
	}
	slices.SortFunc(out, func(a, b ledger.AccountState) int { return strings.Compare(a.Account, b.Account) })
	return out, nil
}

// Messages implements ledger.Reader.
func (h *Handle) Messages(ctx context.Context, name string, states ...message.State) iter.Seq2[ledger.Record, error] {
	return func(yield func(ledger.Record, error) bool) {
		records, err := h.records(ctx, name, states)
		if err != nil {
			yield(ledger.Record{}, err)
			return
		}
		for _, r := range records {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func (h *Handle) records(ctx context.Context, name string, states []message.State) ([]ledger.Record, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	c, err := h.m.find(name)
	if err != nil {
		return nil, err
	}
	return c.records(states), nil
}

// records are the campaign's messages in the order of the list, those in states only; none means all.
func (c *campaign) records(states []message.State) []ledger.Record {
	var out []ledger.Record
	for _, m := range c.inOrder() {
		if len(states) > 0 && !slices.Contains(states, m.state) {
			continue
		}
		r := ledger.Record{
			Row: m.row, Recipient: m.recipient, Fields: m.fields, Key: m.key, Channel: m.channel, Address: m.address, Segments: m.segments,
			State: m.state, Attempts: m.attempts, NotBefore: m.notBefore, Rows: slices.Sorted(maps.Keys(c.folds[m.key])),
		}
		if a := m.newest; a != nil {
			r.Attempt, r.Account, r.Claimed, r.Settled, r.Price = a.id, a.account, a.claimed, a.settled, a.price
			r.Code, r.Detail, r.VendorID = a.outcome.Code, a.outcome.Detail, a.outcome.VendorID
		}
		out = append(out, r)
	}
	return out
}

// inOrder are the messages in the order of the list.
func (c *campaign) inOrder() []*msg {
	return slices.SortedStableFunc(slices.Values(c.messages), func(a, b *msg) int { return cmp.Compare(a.row, b.row) })
}

// Review implements ledger.Reader.
func (h *Handle) Review(ctx context.Context, name string, most int) (ledger.Review, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return ledger.Review{}, err
	}
	defer leave()
	c, err := h.m.find(name)
	if err != nil {
		return ledger.Review{}, err
	}
	return ledger.Review{
		Campaign: h.m.view(c), Counts: c.counts(), Attention: h.m.attention(c, most), Runs: h.m.runsOf(c), Audit: h.m.auditOf(name),
	}, nil
}

func (m *Memory) attention(c *campaign, most int) ledger.Attention {
	var out ledger.Attention
	reasons := make(map[ledger.Reason]*ledger.Reason)
	for _, r := range c.records(nil) {
		out.First, out.Last = span(out.First, out.Last, r)
		switch {
		case r.State == message.Unknown:
			out.Unknown = append(out.Unknown, r)
		case r.State == message.Rejected:
			out.Rejected = append(out.Rejected, r)
		case r.State == message.Pending && r.Attempts > 0:
			out.Waiting = append(out.Waiting, r)
			out.WaitingTotal++
		}
		if r.State != message.Unknown && r.State != message.Rejected {
			continue
		}
		of := ledger.Reason{State: r.State, Code: r.Code}
		if reasons[of] == nil {
			reasons[of] = &ledger.Reason{State: r.State, Code: r.Code, Detail: r.Detail}
		}
		reasons[of].Messages++
	}
	for _, r := range reasons {
		out.Reasons = append(out.Reasons, *r)
	}
	slices.SortFunc(out.Reasons, ledger.Reason.Compare)
	for _, a := range m.attempts { // earlier ones of a message count, too
		if a.campaign == c {
			out.First, out.Last = span(out.First, out.Last, ledger.Record{Claimed: a.claimed})
		}
	}
	for _, of := range []*[]ledger.Record{&out.Unknown, &out.Rejected, &out.Waiting} {
		*of = (*of)[:min(len(*of), most)]
	}
	return out
}

func span(first, last time.Time, r ledger.Record) (_, _ time.Time) {
	if r.Claimed.IsZero() {
		return first, last
	}
	if first.IsZero() || r.Claimed.Before(first) {
		first = r.Claimed
	}
	return first, ledger.Latest(ledger.Latest(last, r.Claimed), r.Settled)
}

// Recent implements ledger.Reader.
func (h *Handle) Recent(ctx context.Context, except string, since time.Time, pairs iter.Seq[ledger.Sent]) iter.Seq2[ledger.Sent, error] {
	return func(yield func(ledger.Sent, error) bool) {
		sent, err := h.sent(ctx, except, since)
		if err != nil {
			yield(ledger.Sent{}, err)
			return
		}
		for p := range pairs {
			s, ok := sent[ledger.Sent{Address: p.Address, Fingerprint: p.Fingerprint}]
			if !ok {
				s, ok = sent[ledger.Sent{Address: alias(p.Address), Fingerprint: p.Fingerprint}]
			}
			if ok && !yield(s, nil) {
				return
			}
		}
	}
}

func (h *Handle) sent(ctx context.Context, except string, since time.Time) (map[ledger.Sent]ledger.Sent, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	out := make(map[ledger.Sent]ledger.Sent)
	for _, c := range h.m.campaigns {
		for _, m := range c.messages {
			switch {
			case c.Name == except || m.newest == nil || m.newest.claimed.Before(since):
			case m.state == message.Accepted || m.state == message.Unknown || m.state == message.Attempting:
				k := ledger.Sent{Address: m.address, Fingerprint: m.fingerprint}
				if was, ok := out[k]; !ok || m.newest.claimed.After(was.At) {
					out[k] = ledger.Sent{Address: m.address, Fingerprint: m.fingerprint, Campaign: c.Name, At: m.newest.claimed}
				}
			}
		}
	}
	return out, nil
}

// AuditLog implements ledger.Reader.
func (h *Handle) AuditLog(ctx context.Context, name string) ([]ledger.AuditEntry, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	return h.m.auditOf(name), nil
}

func (m *Memory) auditOf(name string) []ledger.AuditEntry {
	var out []ledger.AuditEntry
	for _, e := range m.audit {
		if name == "" || e.Campaign == name {
			out = append(out, e)
		}
	}
	return out
}

// Check implements ledger.Reader.
func (h *Handle) Check(ctx context.Context, name, digest string) (ledger.Check, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return ledger.Check{}, err
	}
	defer leave()
	for _, c := range slices.Backward(h.m.checks) {
		if c.Campaign == name && c.Digest == digest {
			return c, nil
		}
	}
	return ledger.Check{}, ledger.ErrNoCheck
}

// Runs implements ledger.Reader.
func (h *Handle) Runs(ctx context.Context, name string) ([]ledger.Run, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	c, err := h.m.find(name)
	if err != nil {
		return nil, err
	}
	return h.m.runsOf(c), nil
}

func (m *Memory) runsOf(c *campaign) []ledger.Run {
	var out []ledger.Run
	for _, r := range slices.Backward(m.runs) {
		if r.campaign == c {
			out = append(out, r.Run)
		}
	}
	return out
}

// Spent implements ledger.Reader.
func (h *Handle) Spent(ctx context.Context) ([]ledger.Spent, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var out []ledger.Spent
	for _, c := range h.m.campaigns {
		cells := make(map[[4]string]*ledger.Spent)
		for _, m := range c.messages {
			if m.newest == nil || m.state == message.Pending || m.state == message.Cancelled {
				continue
			}
			k := [4]string{string(m.channel), m.newest.account, m.newest.currency, string(m.state)}
			s := cells[k]
			if s == nil {
				s = &ledger.Spent{Campaign: c.Name, Channel: m.channel, Account: m.newest.account, Currency: m.newest.currency, State: m.state}
				cells[k] = s
			}
			s.Messages++
			if m.state != message.Rejected {
				s.Segments += int64(m.newest.segments)
				s.Cost += m.newest.price.Times(m.newest.segments)
			}
		}
		for _, k := range slices.SortedFunc(maps.Keys(cells), func(a, b [4]string) int { return slices.Compare(a[:], b[:]) }) {
			h.m.claimed(c, cells[k])
			out = append(out, *cells[k])
		}
	}
	return out, nil
}

// claimed says when and at what prices claims of a channel and account were made.
func (m *Memory) claimed(c *campaign, s *ledger.Spent) {
	for _, a := range m.attempts {
		if a.campaign != c || a.account != s.Account || a.msg.channel != s.Channel {
			continue
		}
		if s.First.IsZero() {
			s.First, s.Last, s.Least, s.Most = a.claimed, a.claimed, a.price, a.price
		}
		if a.claimed.Before(s.First) {
			s.First = a.claimed
		}
		s.Last, s.Least, s.Most = ledger.Latest(s.Last, a.claimed), min(s.Least, a.price), max(s.Most, a.price)
	}
}
