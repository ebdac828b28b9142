package preflight

import (
	"context"
	"fmt"

	"notify/pkg/ledger"
)

// rehearsalCheck asks whether the installation was proven, at full scale and not too long ago, for so many.
func rehearsalCheck() Check {
	return Check{ID: "rehearsal", Group: GroupList, Title: "proven capacity", Run: func(ctx context.Context, s *Subject) Finding {
		if s.Ledger == nil {
			return broken(s.noLedger())
		}
		within, n := s.Config.Capacity.RequireRehearsal, s.Plan.Recipients
		r, ok := s.Ledger.(ledger.Rehearser)
		switch {
		case !ok && within == 0:
			return Finding{Status: Skip, Summary: textNoRehearsalKept}
		case !ok:
			return Finding{Status: Fail, Summary: textNoRehearsalKept + textButRequired, Remedies: []string{textDoNotRequire}}
		}
		all, err := r.Rehearsals(ctx)
		if err != nil {
			return broken(err)
		}
		return s.proven(largest(all, n))
	}}
}

// largest is the rehearsal that says most about n recipients: the newest of those that were large enough, else the largest.
func largest(all []ledger.Rehearsal, n int) *ledger.Rehearsal {
	var best *ledger.Rehearsal
	for i, r := range all {
		if !r.Complete {
			continue
		}
		switch enough := best != nil && best.Recipients >= n; {
		case best == nil, !enough && r.Recipients > best.Recipients, enough && r.Recipients >= n && r.At.After(best.At):
			best = &all[i]
		}
	}
	return best
}

func (s *Subject) proven(best *ledger.Rehearsal) Finding {
	within, n := s.Config.Capacity.RequireRehearsal, s.Plan.Recipients
	f := Finding{Status: Pass, Facts: []Fact{{"recipients", n}, {"required_within_hours", within.Hours()}}}
	bad := Fail
	if within == 0 {
		bad = Warn
	}
	if best == nil {
		f.Status, f.Summary = Skip, textNeverRehearsed
		if within > 0 {
			f.Status, f.Summary = Fail, textNeverRehearsed+textButRequired
			f.Remedies = []string{fmt.Sprintf(textRehearse, s.list())}
		}
		return f
	}
	f.Facts = append(f.Facts, Fact{"proven", best.Recipients}, Fact{"at", best.At}, Fact{"rate", best.Rate})
	f.Summary = fmt.Sprintf(textProven, count(best.Recipients, "recipient"), when(best.At.In(s.Config.Timezone)), best.Rate)
	switch {
	case best.Recipients < n:
		f.Status, f.Summary = bad, f.Summary+fmt.Sprintf(textProvenFewer, num(n))
	case within > 0 && s.now().Sub(best.At) > within:
		f.Status, f.Summary = Fail, f.Summary+fmt.Sprintf(textProvenLongAgo, hours(within))
	}
	if f.Status != Pass {
		f.Remedies = []string{fmt.Sprintf(textRehearse, s.list())}
	}
	return f
}

const (
	textNoRehearsalKept = "this ledger keeps no rehearsals"
	textNeverRehearsed  = "nothing was ever rehearsed"
	textButRequired     = ", and capacity.require_rehearsal asks for one"
	textProven          = "%s rehearsed on %s, %.4g/s"
	textProvenFewer     = ": fewer than the %s now"
	textProvenLongAgo   = ": longer ago than %s"
	textRehearse        = "rehearse it at full scale: notify rehearse %s"
	textDoNotRequire    = "take capacity.require_rehearsal out of notify.yaml, and answer for the capacity on the checklist"
)
