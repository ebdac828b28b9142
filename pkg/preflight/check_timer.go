package preflight

import (
	"context"
	"fmt"
	"time"
)

// timerCheck compares the campaign's length with the interval of whatever starts notify again and again. A timer of ten
// minutes was once right for a third of the people; the next run began while the last was still sending, and people were
// told up to five times. The lease makes that harmless here, and it should be known all the same.
func timerCheck() Check {
	return Check{ID: "timer", Group: GroupTime, Run: func(ctx context.Context, s *Subject) Finding {
		interval := s.Config.Timer
		if interval == 0 {
			return Finding{Status: Skip, oldSummary: textNoTimer}
		}
		needs, err := s.Needs(ctx)
		if err != nil {
			return broken(err)
		}
		var a answers
		a.fact("interval_seconds", interval.Seconds())
		for _, n := range needs {
			if n.Messages == 0 {
				continue
			}
			p, err := s.paceNow(ctx, n)
			if err != nil {
				return broken(err)
			}
			_, done := p.schedule(n.Messages, s.now())
			if p.rate == 0 {
				a.add(Warn, fmt.Sprintf(textTimerNoRate, n.Name), fmt.Sprintf(textSayRate, n.Name))
				continue
			}
			took := done.Sub(s.now())
			if !done.IsZero() && took <= interval {
				a.add(Pass, fmt.Sprintf(textTimerGood, n.Name, length(took), length(interval)))
				continue
			}
			a.add(Warn, fmt.Sprintf(textTimerShort, n.Name, tookWord(took, done), length(interval)), textLeaseSees)
			a.offer(s.beforeTheTimer(n, p, done))
		}
		return a.done(textNothingToSend)
	}}
}

// beforeTheTimer are the rates at which the campaign is done before the timer comes again, and a timer that comes less often.
func (s *Subject) beforeTheTimer(n Need, p pace, done time.Time) ways {
	now, interval := s.now(), s.Config.Timer
	var w ways
	s.hasten(&w, n, p, openUntil(p.window, now, now.Add(interval)), func(p pace) bool {
		_, done := p.schedule(n.Messages, now)
		return !done.IsZero() && done.Sub(now) <= interval
	})
	if !done.IsZero() {
		seldom := done.Sub(now).Truncate(time.Minute) + time.Minute
		w.or(Option{
			Kind: OptionTimer, Enough: true, Account: n.Name, Channel: n.Channel,
			Settings: []Setting{{Key: "timer", Value: hours(seldom), Now: hours(interval)}},
			oldText:  fmt.Sprintf(textSeldom, hours(seldom), hours(interval)),
		})
	}
	return w
}

func tookWord(took time.Duration, done time.Time) string {
	if done.IsZero() {
		return "years"
	}
	return length(took)
}

const (
	textNoTimer       = "no timer runs this installation (timer in notify.yaml)"
	textNothingToSend = "nothing is left to send"
	textTimerGood     = "%s: done in %s, the timer comes every %s"
	textTimerShort    = "%s: takes %s, and the timer comes every %s: the next run finds this one alive, and sends nothing (exit code 6)"
	textTimerNoRate   = "%s has no rate: whether it is done before the timer comes again cannot be known"
	textLeaseSees     = "nothing is sent twice, the lease sees to it"
	textSeldom        = "let whatever starts notify come every %s or less often (now %s); then set timer in notify.yaml"
)
