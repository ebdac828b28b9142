package preflight

import (
	"context"
	"fmt"

	"notify/pkg/words"
)

// capacityCheck asks whether the installation was designed for so many.
func capacityCheck() Check {
	return Check{ID: "capacity", Group: GroupList, Run: ofWholePlan(func(ctx context.Context, s *Subject) Finding {
		capacity, n := s.Config.Capacity.Recipients, s.Plan.Recipients
		f := Finding{Facts: []Fact{{"capacity", capacity}, {"recipients", n}}}
		switch {
		case capacity == 0:
			f.Status, f.oldSummary = Warn, fmt.Sprintf(textNoCapacity, count(n, "recipient"))
			f.oldRemedies = []string{fmt.Sprintf(textSayCapacity, words.Typed(s.list()))}
		case n > capacity:
			parts := (n + capacity - 1) / capacity
			f.Status, f.oldSummary = Fail, fmt.Sprintf(textOverCapacity, count(n, "recipient"), num(capacity), num(n-capacity))
			f.Facts = append(f.Facts, Fact{"parts", parts})
			var w ways
			s.inPieces(ctx, &w, capacity)
			prove := s.rehearse(textProve, n)
			prove.Settings = []Setting{{Key: "capacity.recipients", Value: n}}
			w.or(prove)
			f.offer(w)
		default:
			f.Status, f.oldSummary = Pass, fmt.Sprintf(textWithinCapacity, count(n, "recipient"), num(capacity), 100*n/capacity)
		}
		return f
	})}
}

const (
	textNoCapacity     = "%s; notify.yaml does not say for how many the installation was proven"
	textSayCapacity    = "prove it at full scale (notify rehearse %s), and write the figure into notify.yaml (capacity.recipients)"
	textOverCapacity   = "%s, the installation was designed for %s: %s too many"
	textWithinCapacity = "%s of %s that the installation was designed for (%d%%)"
	textProve          = "prove the larger figure first: %s; then set capacity.recipients to at least %d in notify.yaml"
)
