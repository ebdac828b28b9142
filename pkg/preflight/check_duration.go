package preflight

import (
	"context"
	"math"
	"time"

	"notify/pkg/words"
)

// durationCheck asks whether the campaign is done on the day it begins, as far as rate and window go; what quotas add to
// that is the quota check's to say.
//
// *Is it done on the day it begins?* As far as rate and window go. WARN with the messages of each day, and the rate at which a day would do.
func durationCheck() Check {
	return Check{ID: "duration", Group: GroupTime, Run: ofNeeds(func(_ context.Context, s *Subject, needs []Need) Finding {
		var a answers
		for _, n := range needs {
			p := s.paceOf(n)
			if n.Messages == 0 || p.rate == 0 {
				continue
			}
			days, done := p.unlimited().schedule(n.Messages, s.now())
			took := span(n.Messages, p.rate)
			a.fact("account."+n.Name+"."+string(n.Channel)+".seconds", took.Seconds())
			line := words.A{"account": n.Name, "messages": n.Messages, "took": took, "rate": p.says()}
			switch {
			case done.IsZero():
				a.say(Fail, "deadline.never", words.A{"account": n.Name})
				a.offer(s.withinDay(n, p.unlimited()))
			case len(days) > 1:
				line["days"], line["by_day"] = words.N(len(days), "day"), byDay(days)
				a.add(Warn, words.Text{ID: "duration.days", Args: line})
				a.offer(s.withinDay(n, p.unlimited()))
			default:
				a.add(Pass, words.Text{ID: "duration.takes", Args: line})
			}
		}
		return a.done(words.T("duration.no-rates", nil))
	})}
}

// withinDay are the ways to be done on one day: a higher rate today, or tomorrow, from when the window opens.
func (s *Subject) withinDay(n Need, p pace) ways {
	var w ways
	now, tomorrow := s.now(), s.nextDay()
	on := func(at time.Time) func(pace) bool {
		return func(p pace) bool {
			days, done := p.schedule(n.Messages, at)
			return len(days) == 1 && !done.IsZero()
		}
	}
	midnight := dayAfter(now, 1)
	s.hasten(&w, n, p, p.openUntil(now, midnight), on(now))
	class := s.Plan.Spec.Class
	later := n.faster(class, float64(n.Messages)/s.Plan.Spec.Window.Length().Seconds())
	switch {
	case on(tomorrow)(p):
		days, _ := p.schedule(n.Messages, tomorrow)
		w.or(s.beginAt(n, tomorrow, days))
	case on(tomorrow)(s.paceOf(n.with(class, later)).unlimited()):
		o := s.beginAt(n, tomorrow, nil)
		o.Settings, o.Text = later, words.T("duration.raise-and-begin", words.A{"settings": listed(later), "begin": o.Text})
		w.or(o)
	}
	return w
}

// span is how long n messages take at a rate; at most what a duration can hold, which is 292 years.
func span(n int, rate float64) time.Duration {
	return time.Duration(min(float64(n)/rate*float64(time.Second), math.MaxInt64/2))
}
