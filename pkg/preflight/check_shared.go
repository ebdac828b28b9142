package preflight

import (
	"context"

	"notify/pkg/campaign"
	"notify/pkg/words"
)

// sharedCheck asks what becomes of rows that share an address.
//
// *What becomes of rows that share an address?* The same text is told once. Different texts FAIL, until the campaign file says what is
// meant (`shared_address: fold` or `each`).
func sharedCheck() Check {
	return Check{ID: "shared", Group: GroupList, Run: ofWholePlan(func(_ context.Context, s *Subject) Finding {
		p := s.Plan
		stopped := p.Problems.Count(codeShared)
		f := Finding{Status: Pass, Facts: []Fact{
			{"told_through_another_row", p.Duplicates},
			{"conflicts", p.Conflicts},
			{"rule", p.Spec.Shared},
		}}
		switch {
		case stopped > 0:
			f.Status, f.Summary = Fail, said("shared.conflicts", words.A{"rows": words.N(stopped, "row")})
			f.Details = kept(p.Problems, func(code string) bool { return code == codeShared })
			f.Remedies = do(words.T("shared.rules", nil), allProblems(s))
		case p.Conflicts > 0 && p.Spec.Shared == campaign.SharedFold:
			f.Status, f.Summary = Warn, said("shared.folded", words.A{"rows": words.N(p.Conflicts, "row")})
			f.Remedies = do(words.T("shared.fold-is-meant", nil))
		case p.Duplicates > 0:
			f.Summary = said("shared.duplicates", words.A{"messages": words.N(p.Duplicates, "message")})
		default:
			f.Summary = said("shared.none", nil)
		}
		return f
	})}
}
