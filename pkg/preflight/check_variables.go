package preflight

import (
	"context"
	"fmt"
)

// variablesCheck asks whether every row fills in every variable of the texts.
func variablesCheck() Check {
	return Check{ID: "variables", Group: GroupList, Run: ofWholePlan(func(_ context.Context, s *Subject) Finding {
		n := s.Plan.Problems.Count(codeMissing)
		f := Finding{Status: Pass, oldSummary: textVariablesGood, Facts: []Fact{{"missing", n}}}
		if n > 0 {
			f.Status, f.oldSummary = Fail, fmt.Sprintf(textVariablesMissing, count(n, "text"))
			f.oldDetails = kept(s.Plan.Problems, func(code string) bool { return code == codeMissing })
			f.oldRemedies = []string{textFillIn, allProblems(s)}
		}
		return f
	})}
}

const (
	textVariablesGood    = "every row has a value for every variable of the texts"
	textVariablesMissing = "%s cannot be made: a cell that it needs is empty"
	textFillIn           = `fill in the cells, take the variable out of the text, or give it a default: {{default "friend" NAME}}`
)
