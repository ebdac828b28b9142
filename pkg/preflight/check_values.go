package preflight

import (
	"context"

	"notify/pkg/words"
)

// valuesCheck asks whether what is filled in is a value at all: the header itself (a second header row in the middle of
// the list), or what a program writes where it has nothing.
//
// *Is what is filled in a value at all?* FAIL where it is the header of its column (a second header row in the middle of the list), or
// what programs write where they have nothing (null, undefined, NaN).
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
				a.say(Fail, "values.header", words.A{"channel": string(f.channel), "texts": words.N(f.Headers.Count, "text"), "rows": rowsOf(f.Headers)}, words.T("values.delete-header", nil))
			}
			if f.Nothing.Count > 0 {
				a.say(Fail, "values.nothing", words.A{"channel": string(f.channel), "texts": words.N(f.Nothing.Count, "text"), "rows": rowsOf(f.Nothing)}, words.T("values.mend", nil))
			}
		}
		if a.status == NotRun {
			a.say(Pass, "values.good", nil)
		}
		return a.done(words.Text{})
	}}
}
