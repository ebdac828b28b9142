package preflight

import (
	"cmp"
	"context"
	"slices"

	"notify/pkg/ledger"
	"notify/pkg/words"
)

// rehearsalCheck asks whether the installation was proven, at full scale and not too long ago, for so many.
//
// *Was it proven for so many, and when?* Compares with the rehearsals that the ledger keeps; only complete ones count. With
// `capacity.require_rehearsal` it FAILs where there is none as large, or none as new; without, a smaller one WARNs.
func rehearsalCheck() Check {
	return Check{ID: "rehearsal", Group: GroupList, Overrule: "a run that is too large is slow, and nothing is sent twice", Run: func(ctx context.Context, s *Subject) Finding {
		if s.Ledger == nil {
			return broken(s.noLedger())
		}
		within, n := s.Config.Capacity.RequireRehearsal, s.Plan.Recipients
		r, ok := s.Ledger.(ledger.Rehearser)
		switch {
		case !ok && within == 0:
			return Finding{Status: Skip, Summary: said("rehearsal.not-kept", nil)}
		case !ok:
			return Finding{Status: Fail, Summary: said("rehearsal.not-kept-required", nil), Remedies: do(words.T("rehearsal.do-not-require", nil))}
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
	all = slices.DeleteFunc(slices.Clone(all), func(r ledger.Rehearsal) bool { return !r.Complete })
	if len(all) == 0 {
		return nil
	}
	best := slices.MaxFunc(all, func(a, b ledger.Rehearsal) int {
		return cmp.Or(cmp.Compare(min(a.Recipients, n), min(b.Recipients, n)), a.At.Compare(b.At))
	})
	return &best
}

func (s *Subject) proven(ctx context.Context, best *ledger.Rehearsal) Finding {
	within, n := s.Config.Capacity.RequireRehearsal, s.Plan.Recipients
	f := Finding{Status: Pass, Facts: []Fact{{"recipients", n}, {"required_within_hours", within.Hours()}}}
	required, bad := within != 0, Fail
	if !required {
		bad = Warn
	}
	if best == nil {
		f.Status, f.Summary = NotLooked, said("rehearsal.never", nil)
		if required {
			f.Status, f.Summary = Fail, said("rehearsal.never-required", nil)
			f.offer(s.rehearseIt())
		}
		return f
	}
	f.Facts = append(f.Facts, Fact{"proven", best.Recipients}, Fact{"at", best.At}, Fact{"rate", best.Rate})
	proven := words.A{
		"recipients": words.N(best.Recipients, "recipient"), "at": best.At.In(s.Config.Timezone), "rate": words.Rate(best.Rate),
	}
	f.Summary = []words.Text{{ID: "rehearsal.proven", Args: proven}}
	old := required && s.now().Sub(best.At) > within
	switch {
	case best.Recipients < n:
		f.Status, f.Summary[0].ID, proven["now"] = bad, "rehearsal.fewer", n
	case old:
		f.Status, f.Summary[0].ID, proven["within"] = Fail, "rehearsal.long-ago", within
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
	w.or(s.rehearse())
	return w
}

// rehearse is the option of proving the capacity.
func (s *Subject) rehearse() Option {
	command := "notify rehearse " + words.Typed(s.list())
	return Option{Kind: OptionRehearse, Enough: true, Command: command, Text: words.T("rehearsal.do", words.A{"command": command})}
}
