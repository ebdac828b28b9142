package preflight

import (
	"context"
	"fmt"
)

// valuesCheck asks whether what is filled in is a value at all: the header itself (a second header row in the middle of
// the list), or what a program writes where it has nothing.
func valuesCheck() Check {
	return Check{ID: "values", Group: GroupTexts, Run: func(_ context.Context, s *Subject) Finding {
		all, err := s.everyFacts()
		if err != nil {
			return broken(err)
		}
		var a answers
		for _, f := range all {
			at := string(f.channel) + "."
			a.fact(at+"headers", f.Headers.Count)
			a.fact(at+"nothing", f.Nothing.Count)
			if f.Headers.Count > 0 {
				a.add(Fail, fmt.Sprintf(textHeaderFilled, f.channel, count(f.Headers.Count, "text"), rowsOf(f.Headers)), textDeleteHeader)
			}
			if f.Nothing.Count > 0 {
				a.add(Fail, fmt.Sprintf(textNothingFilled, f.channel, count(f.Nothing.Count, "text"), rowsOf(f.Nothing)), textMendNothing)
			}
		}
		if a.status == NotRun {
			a.add(Pass, textValuesGood)
		}
		return a.done("")
	}}
}

const (
	textValuesGood    = "no text is filled with a header, or with null"
	textHeaderFilled  = "%s: %s with a column's header for its value: %s"
	textNothingFilled = "%s: %s with null, undefined or NaN for a value: %s"
	textDeleteHeader  = "delete rows that repeat the headers, and fill in cells that hold them"
	textMendNothing   = "mend the export that made the list, or fill in the cells"
)
