package preflight

import (
	"context"
	"slices"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/plan"
)

// ramping is a quota of the day that grows with every day on which something is sent.
type ramping struct {
	ramp  ledger.Ramp
	days  int  // before today
	begun bool // something was attempted today
	share float64
}

// later makes what says, of one day after the other, how many messages the quota leaves on the next: it is told how many leave on each.
func (p pace) later() func(sent int) int64 {
	whole, ahead := p.whole(), p.ahead
	return func(sent int) int64 {
		left := whole(sent)
		left = max(min(left, 0), left-ahead) // none stays none
		ahead = 0
		return left
	}
}

// fromTomorrow is the pace as it is when the day that comes next has begun, and nothing more is sent today.
func (p pace) fromTomorrow() pace {
	p.first, p.ahead = p.later()(0), 0
	if p.grow != nil && p.grow.begun {
		grow := *p.grow
		grow.days, grow.begun = grow.days+1, false
		p.grow = &grow
	}
	return p
}

// whole is later without what is used up of those days already.
func (p pace) whole() func(sent int) int64 {
	if p.grow == nil {
		return func(int) int64 { return p.daily }
	}
	days, begun := p.grow.days, p.grow.begun
	return func(sent int) int64 {
		if begun || sent > 0 {
			days++
		}
		begun = false
		most := int64(float64(p.grow.ramp.Most(days)) * p.grow.share)
		return lower(p.daily, most)
	}
}

// grown takes in that an account has a quota that grows. The ledger was asked before, so that there is one.
func (s *Subject) grown(ctx context.Context, account string, q *Quota) error {
	c := s.Config.Accounts[account].Ramp
	if c == nil {
		return nil
	}
	senders, err := s.Ledger.Senders(ctx, account)
	if err != nil {
		return err
	}
	ramp := ledger.Ramp{Sender: s.senderAt(account), Start: c.Start, Factor: c.Factor}
	of := senders[ramp.Sender].On(s.now().Format(time.DateOnly))
	q.grow = &ramping{ramp: ramp, days: of.Days, begun: of.Sent > 0}
	if most := ramp.Most(of.Days); q.Limit < 0 || most-of.Sent <= q.Limit-q.Used { // of two, this one cannot be raised
		q.Limit, q.Used, q.Ramp = most, of.Sent, true
	}
	return nil
}

// senderAt is in whose name an account sends.
func (s *Subject) senderAt(account string) string {
	for _, ch := range s.Plan.Spec.Channels() {
		if sender := s.Plan.Spec.Sender(ch); sender != "" && slices.Contains(plan.RouteAccounts(s.route(ch)), account) {
			return sender
		}
	}
	return ""
}
