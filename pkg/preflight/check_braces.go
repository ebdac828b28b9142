package preflight

import (
	"context"
	"fmt"
)

// bracesCheck asks whether anything in a finished text still looks like a variable: written for another program's syntax
// in the template (${name}), or standing in a cell.
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
				a.add(Fail, fmt.Sprintf(textBraces, f.channel, num(f.Braces.Count), count(f.Texts, "text"), rowsOf(f.Braces)),
					fmt.Sprintf(textMendBraces, s.list(), f.Braces.Rows[0]))
			}
		}
		if a.status == NotRun {
			a.add(Pass, textNoBraces)
		}
		return a.done("")
	}}
}

const (
	textNoBraces   = "nothing in the finished texts looks like a variable"
	textBraces     = "%s: %s of %s still have {{, }}, ${ or a header in braces: %s"
	textMendBraces = "look at one (notify preflight %s --show %d); write variables as {{HEADER}}, and take braces out of the cells"
)
