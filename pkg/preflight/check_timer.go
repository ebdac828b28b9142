package preflight

import (
	"context"
	"time"

	"notify/pkg/words"
)

// timerCheck compares the campaign's length with the interval of whatever starts notify again and again. A timer of ten
// minutes was once right for a third of the people; the next run began while the last was still sending, and people were
// told up to five times. The lease makes that harmless here, and it should be known all the same.
//
// *Does it take longer than the interval of whatever starts notify again and again?* Set `timer: 10m` in notify.yaml where something does.
// WARN: the next run finds this one alive and sends nothing, so that nothing goes out twice; with the rate that would be needed.
func timerCheck() Check {
	return Check{ID: "timer", Group: GroupTime, Run: func(ctx context.Context, s *Subject) Finding {
		interval := s.Config.Timer
		if interval == 0 {
			return Finding{Status: Skip, Summary: said("timer.none", nil)}
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
				a.say(Warn, "timer.no-rate", words.A{"account": n.Name}, sayRate(n.Name))
				continue
			}
			took := done.Sub(s.now())
			if !done.IsZero() && took <= interval {
				a.say(Pass, "timer.good", words.A{"account": n.Name, "took": took, "interval": interval})
				continue
			}
			var takes any = took
			if done.IsZero() {
				takes = words.T("timer.years", nil)
			}
			a.say(Warn, "timer.short", words.A{"account": n.Name, "took": takes, "interval": interval}, words.T("timer.harmless", nil))
			a.offer(s.beforeTheTimer(n, p, done))
		}
		return a.done(words.T("timer.nothing", nil))
	}}
}

// beforeTheTimer are the rates at which the campaign is done before the timer comes again, and a timer that comes less often.
func (s *Subject) beforeTheTimer(n Need, p pace, done time.Time) ways {
	now, interval := s.now(), s.Config.Timer
	var w ways
	s.hasten(&w, n, p, p.openUntil(now, now.Add(interval)), func(p pace) bool {
		_, done := p.schedule(n.Messages, now)
		return !done.IsZero() && done.Sub(now) <= interval
	})
	if !done.IsZero() {
		seldom := done.Sub(now).Truncate(time.Minute) + time.Minute
		w.or(Option{
			Kind: OptionTimer, Enough: true, Account: n.Name, Channel: n.Channel,
			Settings: []Setting{{Key: "timer", Value: words.Span(seldom), Now: words.Span(interval)}},
			Text:     words.T("timer.seldom", words.A{"seldom": words.Span(seldom), "interval": words.Span(interval)}),
		})
	}
	return w
}
