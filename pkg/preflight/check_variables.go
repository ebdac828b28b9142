package preflight

import (
	"context"

	"notify/pkg/words"
)

// variablesCheck asks whether every row fills in every variable of the texts.
//
// *Does every row fill in every variable of the texts?* FAIL with the rows whose cell is empty. A variable may have a default:
// `{{default "friend" 姓名}}`.
func variablesCheck() Check {
	return Check{ID: "variables", Group: GroupList, Run: ofWholePlan(func(_ context.Context, s *Subject) Finding {
		n := s.Plan.Problems.Count(codeMissing)
		f := Finding{Status: Pass, Summary: said("variables.good", nil), Facts: []Fact{{"missing", n}}}
		if n > 0 {
			f.Status, f.Summary = Fail, said("variables.missing", words.A{"texts": words.N(n, "text")})
			f.Details = kept(s.Plan.Problems, func(code string) bool { return code == codeMissing })
			f.Remedies = do(words.T("variables.fill-in", words.A{"default": `{{default "friend" NAME}}`}), allProblems(s))
		}
		return f
	})}
}
