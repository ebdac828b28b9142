package preflight

import (
	"context"
	"strings"

	"notify/pkg/diag"
	"notify/pkg/words"
)

// Codes of problems that have a check of their own.
const (
	codeMissing = "variable-missing"
	codeShared  = "address-shared"
)

// listCheck asks whether every row can be used.
//
// *Can every row be used?* FAIL for rows with an error (no address, a number that is none), with the count by kind and
// twenty of them, some of each kind; WARN for rows with a warning only. `notify preflight LIST --problems problems.csv` writes all of them to a file.
func listCheck() Check {
	return Check{ID: "list", Group: GroupList, Run: ofWholePlan(func(_ context.Context, s *Subject) Finding {
		p := s.Plan.Problems
		errs := p.Errors() - p.Count(codeMissing) - p.Count(codeShared)
		f := Finding{Status: Pass, Facts: []Fact{
			{"recipients", s.Plan.Recipients},
			{"messages", s.Plan.Messages()},
			{"hidden", s.Plan.Hidden},
			{"errors", errs},
			{"warnings", p.Warnings()},
		}}
		var kinds []words.Text
		for _, code := range p.Codes() {
			if code == codeMissing || code == codeShared {
				continue
			}
			f.Facts = append(f.Facts, Fact{"problems." + code, p.Count(code)})
			kinds = append(kinds, words.T("list.kind", words.A{"count": p.Count(code), "code": code}))
		}
		f.Details = kept(p, func(code string) bool { return code != codeMissing && code != codeShared })
		rows := []words.Text{words.T("list.recipients", words.A{"recipients": words.N(s.Plan.Recipients, "recipient")})}
		if s.Plan.Hidden > 0 {
			rows = append(rows, words.T("list.hidden", words.A{"hidden": s.Plan.Hidden}))
		}
		if e := s.Plan.Header.Encoding; e != "" {
			f.Facts = append(f.Facts, Fact{"encoding", e})
			if !strings.HasPrefix(e, "utf-8") {
				rows = append(rows, words.T("list.encoding", words.A{"encoding": e}))
			}
		}
		found := words.A{
			"rows": words.Texts(words.Commas, rows...), "errors": words.N(errs, "problem-error"), "warnings": words.N(p.Warnings(), "problem-warning"),
			"kinds": most(5, kinds),
		}
		switch {
		case s.Plan.Recipients == 0:
			f.Status, f.Summary = Fail, said("list.empty", nil)
			f.Remedies = do(words.T("list.look-at-sheet", words.A{"list": s.list(), "row": row(s.Plan.Header.Row)}))
		case s.Plan.Messages() == 0:
			f.Status, f.Summary = Fail, said("list.no-messages", words.A{"rows": found["rows"]})
			f.Remedies = do(words.T("list.mend", nil), allProblems(s))
		case errs > 0:
			f.Status, f.Summary = Fail, []words.Text{{ID: "list.problems", Args: found}}
			f.Remedies = do(words.T("list.mend", nil), allProblems(s))
		case p.Warnings() > 0:
			f.Status, f.Summary = Warn, []words.Text{{ID: "list.warnings", Args: found}}
			f.Remedies = do(words.T("list.read-warnings", nil), allProblems(s))
		default:
			f.Summary = said("list.good", words.A{"rows": found["rows"]})
		}
		return f
	})}
}

// kept are problems whose code is wanted, a line each and of every kind some, and how many more there are.
func kept(p *diag.List, want func(code string) bool) []words.Text {
	var lines []words.Text
	for _, problem := range p.KeptOf(want) {
		lines = append(lines, problem.Text())
	}
	total := 0
	for _, code := range p.Codes() {
		if want(code) {
			total += p.Count(code)
		}
	}
	return append(lines, andMore(total-len(lines))...)
}

func allProblems(s *Subject) words.Text {
	return words.T("list.all-problems", words.A{"command": "notify preflight " + words.Typed(s.list()) + " --problems problems.csv"})
}
