package preflight

import (
	"context"
	"fmt"
	"math"
	"time"

	"notify/pkg/words"
)

// durationCheck asks whether the campaign is done on the day it begins, as far as rate and window go; what quotas add to
// that is the quota check's to say.
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
			line := fmt.Sprintf(textTakes, n.Name, num(n.Messages), length(took), ratePhrase(p))
			switch {
			case done.IsZero():
				a.add(Fail, fmt.Sprintf(textNeverDone, n.Name))
				a.offer(s.withinDay(n, p.unlimited()))
			case len(days) > 1:
				a.add(Warn, line+fmt.Sprintf(textTakesDays, len(days), byDay(days)))
				a.offer(s.withinDay(n, p.unlimited()))
			default:
				a.add(Pass, line)
			}
		}
		return a.done(textNoRates)
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
	midnight := time.Date(now.Year(), now.Month(), now.Day()+1, 0, 0, 0, 0, now.Location())
	s.hasten(&w, n, p, openUntil(p.window, now, midnight), on(now))
	if days, _ := p.schedule(n.Messages, tomorrow); on(tomorrow)(p) {
		w.or(s.beginAt(n, tomorrow, days))
		return w
	}
	later := n.faster(float64(n.Messages) / s.Plan.Spec.Window.Length().Seconds())
	if quick := s.paceOf(n.with(later)).unlimited(); len(later) > 0 && on(tomorrow)(quick) {
		o := s.beginAt(n, tomorrow, nil)
		o.Settings, o.oldText = later, fmt.Sprintf(textRaiseAndBegin, words.Printer{}.Value(listed(later)), o.oldText)
		w.or(o)
	}
	return w
}

// span is how long n messages take at a rate; at most what a duration can hold, which is 292 years.
func span(n int, rate float64) time.Duration {
	return time.Duration(min(float64(n)/rate*float64(time.Second), math.MaxInt64/2))
}

// length is a duration as people say it: "38 min", "2 h 05 min", "45 s".
func length(d time.Duration) string {
	switch d = d.Round(time.Second); {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Round(time.Minute).Minutes()))
	}
	d = d.Round(time.Minute)
	return fmt.Sprintf("%s h %02d min", num(int(d/time.Hour)), int(d%time.Hour/time.Minute))
}

const (
	textNoRates       = "no account with something to send has a rate"
	textTakes         = "%s: %s in %s at %s"
	textTakesDays     = "; that is over %d days: %s"
	textRaiseAndBegin = "raise %s and %s"
)
