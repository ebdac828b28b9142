package preflight

import (
	"context"
	"fmt"

	"notify/pkg/campaign"
)

// sharedCheck asks what becomes of rows that share an address.
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
			f.Status, f.oldSummary = Fail, fmt.Sprintf(textConflicts, count(stopped, "row"))
			f.oldDetails = kept(p.Problems, func(code string) bool { return code == codeShared })
			f.oldRemedies = []string{textSharedRules, allProblems(s)}
		case p.Conflicts > 0 && p.Spec.Shared == campaign.SharedFold:
			f.Status, f.oldSummary = Warn, fmt.Sprintf(textFolded, count(p.Conflicts, "row"))
			f.oldRemedies = []string{textFoldIsMeant}
		case p.Duplicates > 0:
			f.oldSummary = fmt.Sprintf(textDuplicates, count(p.Duplicates, "message"))
		default:
			f.oldSummary = textNoneShared
		}
		return f
	})}
}

const (
	textNoneShared  = "no two rows share an address and a text"
	textDuplicates  = "%s told once for several rows with the same address and text"
	textConflicts   = "%s with the address of another row and another text"
	textFolded      = "%s with an own text are told through another row's message, and their text is not sent (shared_address: fold)"
	textFoldIsMeant = "if everybody is to be told, set shared_address: each in the campaign file"
	textSharedRules = "correct the addresses; or say in the campaign file what is meant: shared_address: fold (the first row only is told) or each (every row is told)"
)
