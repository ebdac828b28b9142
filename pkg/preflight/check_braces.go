package preflight

import (
	"context"

	"notify/pkg/words"
)

// bracesCheck asks whether anything in a finished text still looks like a variable: written for another program's syntax
// in the template (${name}), or standing in a cell.
//
// *Does anything in a finished text still look like a variable?* FAIL for `{{`, `}}`, `${` and a header in braces, in the text or in a
// cell. Braces of style sheets are let through.
func bracesCheck() Check {
	return Check{ID: "braces", Group: GroupTexts, Run: func(_ context.Context, s *Subject) Finding {
		all, err := s.everyFacts()
		if err != nil {
			return broken(err)
		}
		var a answers
		for _, f := range all {
			a.fact(string(f.channel)+".braces", f.Braces.Count)
			if f.Braces.Count > 0 {
				a.say(Fail, "braces.left", words.A{
					"channel": string(f.channel), "count": f.Braces.Count, "texts": words.N(f.Texts, "text"), "rows": rowsOf(f.Braces), "looks": "{{, }}, ${",
				}, words.T("braces.mend", words.A{"command": s.showRow(f.Braces.Rows[0]), "variable": "{{HEADER}}"}))
			}
		}
		if a.status == NotRun {
			a.say(Pass, "braces.none", nil)
		}
		return a.done(words.Text{})
	}}
}
