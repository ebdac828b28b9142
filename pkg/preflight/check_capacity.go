package preflight

import (
	"context"

	"notify/pkg/words"
)

// capacityCheck asks whether the installation was designed for so many.
//
// *Was the installation designed for so many?* FAIL above `capacity.recipients`, with the parts that fit, each by its rows; WARN where
// the figure is not set.
func capacityCheck() Check {
	return Check{ID: "capacity", Group: GroupList, Overrule: "a run that is too large is slow, and nothing is sent twice", Run: ofWholePlan(func(ctx context.Context, s *Subject) Finding {
		capacity, n := s.Config.Capacity.Recipients, s.Plan.Recipients
		f := Finding{Facts: []Fact{{"capacity", capacity}, {"recipients", n}}}
		switch {
		case capacity == 0:
			f.Status, f.Summary = Warn, said("capacity.unset", words.A{"recipients": words.N(n, "recipient")})
			f.Remedies = do(words.T("capacity.set", words.A{"command": "notify rehearse " + words.Typed(s.list())}))
		case n > capacity:
			parts := (n + capacity - 1) / capacity
			f.Status, f.Summary = Fail, said("capacity.over", words.A{"recipients": words.N(n, "recipient"), "capacity": capacity, "over": n - capacity})
			f.Facts = append(f.Facts, Fact{"parts", parts})
			var w ways
			s.inPieces(ctx, &w, capacity)
			prove := s.rehearse()
			prove.Text = words.T("rehearsal.prove", words.A{"command": prove.Command, "recipients": n})
			prove.Settings = []Setting{{Key: "capacity.recipients", Value: n}}
			w.or(prove)
			f.offer(w)
		default:
			f.Status, f.Summary = Pass, said("capacity.good", words.A{
				"recipients": words.N(n, "recipient"), "capacity": capacity, "share": share(n, capacity),
			})
		}
		return f
	})}
}
