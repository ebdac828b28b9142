package preflight

import (
	"context"
	"fmt"

	"notify/pkg/words"

	"notify/pkg/ledger"
)

// rehearsalCheck asks whether the installation was proven, at full scale and not too long ago, for so many.
func rehearsalCheck() Check {
	return Check{ID: "rehearsal", Group: GroupList, Run: func(ctx context.Context, s *Subject) Finding {
		if s.Ledger == nil {
			return broken(s.noLedger())
		}
		within, n := s.Config.Capacity.RequireRehearsal, s.Plan.Recipients
		r, ok := s.Ledger.(ledger.Rehearser)
		switch {
		case !ok && within == 0:
			return Finding{Status: Skip, oldSummary: textNoRehearsalKept}
		case !ok:
			return Finding{Status: Fail, oldSummary: textNoRehearsalKept + textButRequired, oldRemedies: []string{textDoNotRequire}}
		}
		all, err := r.Rehearsals(ctx)
		if err != nil {
			return broken(err)
		}
		return s.proven(ctx, largest(all, n))
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

func (s *Subject) proven(ctx context.Context, best *ledger.Rehearsal) Finding {
	within, n := s.Config.Capacity.RequireRehearsal, s.Plan.Recipients
	f := Finding{Status: Pass, Facts: []Fact{{"recipients", n}, {"required_within_hours", within.Hours()}}}
	bad := Fail
	if within == 0 {
		bad = Warn
	}
	if best == nil {
		f.Status, f.oldSummary = Skip, textNeverRehearsed
		if within > 0 {
			f.Status, f.oldSummary = Fail, textNeverRehearsed+textButRequired
			f.offer(s.rehearseIt())
		}
		return f
	}
	f.Facts = append(f.Facts, Fact{"proven", best.Recipients}, Fact{"at", best.At}, Fact{"rate", best.Rate})
	f.oldSummary = fmt.Sprintf(textProven, count(best.Recipients, "recipient"), when(best.At.In(s.Config.Timezone)), best.Rate)
	old := within > 0 && s.now().Sub(best.At) > within
	switch {
	case best.Recipients < n:
		f.Status, f.oldSummary = bad, f.oldSummary+fmt.Sprintf(textProvenFewer, num(n))
	case old:
		f.Status, f.oldSummary = Fail, f.oldSummary+fmt.Sprintf(textProvenLongAgo, hours(within))
	default:
		return f
	}
	w := s.rehearseIt()
	if !old && best.Recipients > 0 {
		s.inPieces(ctx, &w, best.Recipients)
	}
	f.offer(w)
	return f
}

func (s *Subject) rehearseIt() ways {
	var w ways
	w.or(s.rehearse(textRehearse))
	return w
}

// rehearse is the option of proving the capacity; what is said gets the command and further figures.
func (s *Subject) rehearse(said string, figures ...any) Option {
	command := "notify rehearse " + words.Typed(s.list())
	return Option{Kind: OptionRehearse, Enough: true, Command: command, oldText: fmt.Sprintf(said, append([]any{command}, figures...)...)}
}

const (
	textNoRehearsalKept = "this ledger keeps no rehearsals"
	textNeverRehearsed  = "nothing was ever rehearsed"
	textButRequired     = ", and capacity.require_rehearsal asks for one"
	textProven          = "%s rehearsed on %s, %.4g/s"
	textProvenFewer     = ": fewer than the %s now"
	textProvenLongAgo   = ": longer ago than %s"
	textRehearse        = "rehearse it at full scale: %s"
	textDoNotRequire    = "take capacity.require_rehearsal out of notify.yaml, and answer for the capacity on the checklist"
)
