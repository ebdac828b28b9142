package preflight

import (
	"context"
	"fmt"

	"notify/pkg/words"
)

// expectCheck asks whether the list has as many people as its owner says.
//
// *Are there as many people as the list's owner says?* FAIL where `expect` in the campaign file is another figure; WARN where it is
// not set.
func expectCheck() Check {
	return Check{ID: "expect", Group: GroupList, Run: ofWholePlan(func(_ context.Context, s *Subject) Finding {
		want, have := s.Plan.Spec.Expect, s.Plan.Listed
		f := Finding{Facts: []Fact{{"expected", want}, {"recipients", have}}}
		setting := fmt.Sprintf("expect: %d", have)
		switch {
		case want == 0:
			f.Status, f.Summary = Warn, said("expect.unset", words.A{"recipients": words.N(have, "recipient")})
			f.Remedies = do(words.T("expect.set", words.A{"setting": setting}))
		case have < want:
			f.Status, f.Summary = Fail, said("expect.missing", words.A{"expected": want, "have": have, "missing": want - have})
		case have > want:
			f.Status, f.Summary = Fail, said("expect.too-many", words.A{"expected": want, "have": have, "more": have - want})
		default:
			f.Status, f.Summary = Pass, said("expect.good", words.A{"expected": want})
		}
		if f.Status == Fail {
			f.Remedies = do(words.T("expect.right-sheet", nil), words.T("expect.correct", words.A{"setting": setting}))
		}
		return f
	})}
}
