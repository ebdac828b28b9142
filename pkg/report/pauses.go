package report

import (
	"slices"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/words"
)

// Pause is a time in which nothing was sent though it was not done: from the end of a run to the beginning of the next.
type Pause struct {
	From time.Time  `json:"from"`
	To   time.Time  `json:"to,omitzero"` // zero: it still is
	Why  words.Text `json:"why,omitzero"`
	// By is who stopped it; empty where the run ended by itself.
	By string `json:"by,omitempty"`
	// After is who let it go on.
	After string `json:"after,omitempty"`
}

// within is how much of a pause lies between two moments.
func (p *Pause) within(from, to time.Time) time.Duration {
	if p.From.After(from) {
		from = p.From
	}
	if !p.To.IsZero() && p.To.Before(to) {
		to = p.To
	}
	return max(0, to.Sub(from))
}

// done is why the last run of a campaign ends.
const done = "run.why.done"

// pauses are the gaps between runs, the oldest first. A gap that somebody asked for has his reason.
func pauses(runs []ledger.Run, audit []ledger.AuditEntry) []Pause {
	out := []Pause{}
	runs = slices.SortedFunc(slices.Values(runs), func(a, b ledger.Run) int { return a.Started.Compare(b.Started) })
	var end ledger.Run // the run that ended last of those before
	for i, r := range runs {
		if i > 0 && !end.Ended.IsZero() && r.Started.After(end.Ended) && end.Why.ID != done {
			out = append(out, pauseOf(end, r.Started, r.User, audit))
		}
		if i == 0 || r.Ended.IsZero() || !end.Ended.IsZero() && r.Ended.After(end.Ended) {
			end = r
		}
	}
	if len(runs) > 0 && !end.Ended.IsZero() && end.Why.ID != done {
		out = append(out, pauseOf(end, time.Time{}, "", audit))
	}
	return out
}

func pauseOf(end ledger.Run, to time.Time, after string, audit []ledger.AuditEntry) Pause {
	p := Pause{From: end.Ended, To: to, Why: end.Why, After: after}
	var stands *ledger.Act
	for _, a := range audit {
		within := !a.At.Before(end.Started) && (to.IsZero() || a.At.Before(to))
		paused := a.What == ledger.ActPause && a.Outweighs(stands)
		if within && (paused || a.What == "abort" || a.What == ledger.ActStop) {
			p.By, stands = a.Who, &a.Act
			if why := a.Why(); !why.IsZero() {
				p.Why = why
			}
		}
	}
	return p
}
