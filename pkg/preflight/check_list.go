package preflight

import (
	"context"
	"fmt"
	"strings"

	"notify/pkg/diag"
)

// Codes of problems that have a check of their own.
const (
	codeMissing = "variable-missing"
	codeShared  = "address-shared"
)

// listCheck asks whether every row can be used.
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
		var kinds []string
		for _, code := range p.Codes() {
			if code == codeMissing || code == codeShared {
				continue
			}
			f.Facts = append(f.Facts, Fact{"problems." + code, p.Count(code)})
			kinds = append(kinds, num(p.Count(code))+" "+code)
		}
		f.oldDetails = kept(p, func(code string) bool { return code != codeMissing && code != codeShared })
		rows := count(s.Plan.Recipients, "recipient")
		if s.Plan.Hidden > 0 {
			rows += fmt.Sprintf(textHidden, num(s.Plan.Hidden))
		}
		if e := s.Plan.Header.Encoding; e != "" {
			f.Facts = append(f.Facts, Fact{"encoding", e})
			if !strings.HasPrefix(e, "utf-8") {
				rows += fmt.Sprintf(textEncoding, e)
			}
		}
		switch {
		case s.Plan.Recipients == 0:
			f.Status, f.oldSummary = Fail, textEmptyList
			f.oldRemedies = []string{fmt.Sprintf(textLookAtSheet, s.list(), s.Plan.Header.Row)}
		case s.Plan.Messages() == 0:
			f.Status, f.oldSummary = Fail, fmt.Sprintf(textNoMessages, rows)
			f.oldRemedies = []string{textMendRows, allProblems(s)}
		case errs > 0:
			f.Status, f.oldSummary = Fail, fmt.Sprintf(textProblems, rows, count(errs, "error"), count(p.Warnings(), "warning"), first(kinds, 5))
			f.oldRemedies = []string{textMendRows, allProblems(s)}
		case p.Warnings() > 0:
			f.Status, f.oldSummary = Warn, fmt.Sprintf(textProblems, rows, "no error", count(p.Warnings(), "warning"), first(kinds, 5))
			f.oldRemedies = []string{textReadWarnings, allProblems(s)}
		default:
			f.oldSummary = fmt.Sprintf(textListGood, rows)
		}
		return f
	})}
}

// kept are the problems that were kept whole and whose code is wanted, a line each.
func kept(p *diag.List, want func(code string) bool) []string {
	var lines []string
	for _, problem := range p.Kept() {
		if want(problem.Code) && len(lines) < diag.DefaultKeep {
			lines = append(lines, problem.String())
		}
	}
	return lines
}

func allProblems(s *Subject) string { return fmt.Sprintf(textAllProblems, s.list()) }

const (
	textEncoding     = ", read as %s"
	textHidden       = ", %s of them hidden in the spreadsheet"
	textEmptyList    = "the list has no recipients"
	textLookAtSheet  = "open %s: there is nothing under the headers in row %d; if the people are on another sheet, name it in the campaign file (list.sheet)"
	textNoMessages   = "%s, and none of them has an address that can be used"
	textProblems     = "%s; %s, %s: %s"
	textListGood     = "%s, nothing wrong with any row"
	textMendRows     = "correct the rows in the spreadsheet, save it, and run the preflight again"
	textReadWarnings = "look through the rows; a warning does not stop the campaign"
	textAllProblems  = "all of them in a file: notify preflight %s --problems problems.csv"
)
