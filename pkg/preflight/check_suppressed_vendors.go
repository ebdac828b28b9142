package preflight

import (
	"context"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/plan"
	"notify/pkg/suppression"
	"notify/pkg/vendors"
	"notify/pkg/words"
)

// vendorLists adds who of those that are still to be sent to stands on a vendor's own list and not on ours, which is known.
func (s *Subject) vendorLists(ctx context.Context, f *Finding, r *Remaining, ours *suppression.Set) {
	if s.Offline {
		return
	}
	for _, routed := range s.routed() {
		v, err := s.vendor(routed.Name)
		if err != nil {
			continue // other checks say so
		}
		lister, can := vendors.As[vendors.SuppressionLister](v)
		if !can {
			continue
		}
		n, rows, err := s.listedBy(ctx, lister, r, ours)
		if err != nil {
			f.warn(words.T("suppressed.vendor-unasked", words.A{"account": routed.Name, "cause": words.Cause(err)}), words.T("preflight.ask-again", nil))
			continue
		}
		if n > 0 {
			f.warn(words.T("suppressed.vendor-list", words.A{"account": routed.Name, "messages": words.N(n, "message"), "rows": rowsOf(rows)}),
				words.T("suppressed.vendor-pull", words.A{"command": "notify suppress pull --account " + words.Typed(routed.Name)}))
		}
		f.Facts = append(f.Facts, Fact{"account." + routed.Name, n})
	}
}

// warn adds a sentence that is no reason to pass.
func (f *Finding) warn(said, remedy words.Text) {
	if f.Status == Pass {
		f.Status, f.Summary = Warn, nil
	}
	f.Summary, f.Remedies = append(f.Summary, said), append(f.Remedies, do(remedy)...)
}

// listedBy is how many messages are to addresses of a vendor's list that are not on ours, and their rows.
func (s *Subject) listedBy(ctx context.Context, lister vendors.SuppressionLister, r *Remaining, ours *suppression.Set) (n int, rows plan.Sample, err error) {
	var listed suppression.Set
	empty := true
	for one, err := range lister.Suppressed(ctx, time.Time{}) {
		if err != nil {
			return 0, rows, err
		}
		listed.Put(one.Address, true)
		empty = false
	}
	if empty {
		return 0, rows, nil
	}
	s.addresses(ctx, r, &err)(func(a ledger.Asked) bool {
		if listed.Has(a.Address) && !ours.Has(a.Address) {
			n++
			rows.Add(a.Row)
		}
		return true
	})
	return n, rows, err
}
