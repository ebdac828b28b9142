package preflight

import (
	"context"
	"fmt"
)

// expectCheck asks whether the list has as many people as its owner says.
func expectCheck() Check {
	return Check{ID: "expect", Group: GroupList, Run: ofWholePlan(func(_ context.Context, s *Subject) Finding {
		want, have := s.Plan.Spec.Expect, s.Plan.Listed
		f := Finding{Facts: []Fact{{"expected", want}, {"recipients", have}}}
		switch {
		case want == 0:
			f.Status, f.oldSummary = Warn, fmt.Sprintf(textNotExpected, count(have, "recipient"))
			f.oldRemedies = []string{fmt.Sprintf(textSayExpect, have)}
		case have < want:
			f.Status, f.oldSummary = Fail, fmt.Sprintf(textCountDiffers, num(want), num(have), num(want-have), "missing")
		case have > want:
			f.Status, f.oldSummary = Fail, fmt.Sprintf(textCountDiffers, num(want), num(have), num(have-want), "too many")
		default:
			f.Status, f.oldSummary = Pass, fmt.Sprintf(textCountAgrees, num(want))
		}
		if f.Status == Fail {
			f.oldRemedies = []string{textRightSheet, fmt.Sprintf(textCorrectExpect, have)}
		}
		return f
	})}
}

const (
	textNotExpected   = "%s; the campaign file does not say how many there should be"
	textSayExpect     = "count them at the source, and write the figure into the campaign file (expect: %d if the list is right)"
	textCountDiffers  = "expected %s, the list has %s: %s %s"
	textCountAgrees   = "expected %s, and so many there are"
	textRightSheet    = "look whether this is the right file and sheet, and whether rows are filtered out or double"
	textCorrectExpect = "if the list is right, ask its owner and set expect: %d in the campaign file"
)
