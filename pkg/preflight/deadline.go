package preflight

import (
	"context"
	"fmt"
	"math"
	"time"
)

// deadlineCheck asks whether the last message leaves in time, from now on, at the rates, quotas and window there are.
func deadlineCheck() Check {
	return Check{ID: "deadline", Group: GroupTime, Title: "deadline", Run: func(ctx context.Context, s *Subject) Finding {
		needs, err := s.Needs(ctx)
		if err != nil {
			return broken(err)
		}
		var a answers
		for _, n := range needs {
			if err := s.accountDeadline(ctx, &a, n); err != nil {
				return broken(err)
			}
		}
		if !s.Plan.Spec.Deadline.IsZero() {
			a.fact("deadline", s.Plan.Spec.Deadline)
		}
		return a.done(textNoChannel)
	}}
}

func (s *Subject) accountDeadline(ctx context.Context, a *answers, n Need) error {
	if n.Messages == 0 {
		a.add(Pass, fmt.Sprintf(textNothingToPay, n.Name))
		return nil
	}
	p, err := s.paceNow(ctx, n)
	if err != nil {
		return err
	}
	_, done := p.schedule(n.Messages, s.now())
	if p.rate > 0 && !done.IsZero() {
		a.fact("account."+n.Name+"."+string(n.Channel)+".done", done)
	}
	if s.Plan.Spec.Deadline.IsZero() {
		s.openEnded(a, n, p, done)
		return nil
	}
	s.due(a, n, p, done)
	return nil
}

// openEnded is the answer where there is no deadline.
func (s *Subject) openEnded(a *answers, n Need, p pace, done time.Time) {
	switch {
	case p.rate == 0:
		a.add(Pass, fmt.Sprintf(textNoRateNoDeadline, n.Name))
	case done.IsZero():
		a.add(Fail, fmt.Sprintf(textNeverDone, n.Name), s.faster(n, p, s.now().AddDate(0, 0, 1), 0))
	default:
		a.add(Pass, fmt.Sprintf(textDoneBy, n.Name, when(done), ratePhrase(p)))
	}
}

// due is the answer where there is a deadline.
func (s *Subject) due(a *answers, n Need, p pace, done time.Time) {
	now, deadline := s.now(), s.Plan.Spec.Deadline.In(s.Config.Timezone)
	late := done.IsZero() || done.After(deadline)
	switch {
	case !deadline.After(now):
		a.add(Fail, fmt.Sprintf(textDeadlinePassed, when(deadline), count(n.Messages, "message")), textNewDeadline)
	case p.rate == 0 && !late:
		a.add(Warn, fmt.Sprintf(textNoRate, n.Name, when(deadline)), fmt.Sprintf(textSayRate, n.Name))
	case late:
		inTime := p.before(n.Messages, now, deadline)
		a.fact("account."+n.Name+"."+string(n.Channel)+".late", n.Messages-inTime)
		a.add(Fail, fmt.Sprintf(textLate, n.Name, num(n.Messages-inTime), num(n.Messages), when(deadline), doneWord(done)),
			s.faster(n, p, deadline, inTime), textLaterDeadline)
	default:
		a.add(Pass, fmt.Sprintf(textInTime, n.Name, when(done), ratePhrase(p), when(deadline)))
	}
}

func doneWord(done time.Time) string {
	if done.IsZero() {
		return "never"
	}
	return when(done)
}

func ratePhrase(p pace) string {
	if p.limit == "rate" {
		return fmt.Sprintf("%.4g/s", p.rate)
	}
	return fmt.Sprintf("%.4g/s, held by %s", p.rate, p.limit)
}

// faster is the rate at which everything would be in time, or that the window is not open any more until then.
func (s *Subject) faster(n Need, p pace, deadline time.Time, inTime int) string {
	open := openUntil(p.window, s.now(), deadline)
	if open <= 0 {
		return textWindowShut
	}
	want := float64(n.Messages) / open.Seconds()
	if p.rate == 0 || p.rate >= want {
		return fmt.Sprintf(textQuotaHolds, num(inTime))
	}
	factor := want / p.rate
	return fmt.Sprintf(textFaster, n.Name, math.Ceil(want*10)/10, fmt.Sprintf("%.4g", p.rate), math.Ceil(factor*10)/10, limitWord(p))
}

func limitWord(p pace) string {
	if p.limit == "rate" {
		return "its own rate"
	}
	return "the rate of " + p.limit
}

const (
	textDoneBy           = "%s: done %s at %s; no deadline"
	textInTime           = "%s: done %s at %s, before the deadline %s"
	textLate             = "%s: %s of %s messages would leave after the deadline %s (done: %s)"
	textDeadlinePassed   = "the deadline %s has passed, with %s still to send"
	textNewDeadline      = "set a new deadline in the campaign file, or do not send it any more"
	textLaterDeadline    = "or move the deadline in the campaign file, widen its window, or put more accounts on the route"
	textNoRate           = "%s has no rate: whether it is done by %s cannot be known"
	textNoRateNoDeadline = "%s has no rate: how long it takes cannot be known; no deadline"
	textSayRate          = "set accounts.%s.rate in notify.yaml to what the contract allows"
	textNeverDone        = "%s: at this pace it is not done within ten years"
	textWindowShut       = "the window does not open before the deadline: widen it in the campaign file"
	textQuotaHolds       = "the rate would do; the quota of the day holds it back (%s leave in time): see there"
	textFaster           = "raise the rate of %s to at least %.1f/s (now %s/s, %.1f times as much; it is held by %s)"
)
