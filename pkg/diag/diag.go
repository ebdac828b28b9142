// Package diag owns the problems found in what the operator gave us: a list, a configuration, a campaign file, a text.
// It is the lowest layer beside message: inputs report into it, views draw from it, and nothing here knows either.
package diag

import (
	"fmt"
	"sort"
	"strings"
)

// Severity says whether a problem stops a campaign.
type Severity string

// The severities. The zero value is not one of them; Problem treats it as an Error.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Place says where a problem is. Every part may be empty (zero): a Place names only what is known.
type Place struct {
	File   string `json:"file,omitempty"`
	Sheet  string `json:"sheet,omitempty"`
	Row    int    `json:"row,omitempty"`    // 1-based row of a list, as the spreadsheet numbers it
	Line   int    `json:"line,omitempty"`   // 1-based line of a text file
	Column string `json:"column,omitempty"` // a list's column ("C" or "C 手机号"), or a key of a YAML file ("accounts.edm.rate")
}

// String is the place as an operator reads it: "award.xlsx, sheet 获奖名单, row 12, column C 手机号".
func (p Place) String() string {
	var parts []string
	if p.File != "" {
		parts = append(parts, p.File)
	}
	if p.Sheet != "" {
		parts = append(parts, "sheet "+p.Sheet)
	}
	if p.Row > 0 {
		parts = append(parts, fmt.Sprintf("row %d", p.Row))
	}
	if p.Line > 0 {
		parts = append(parts, fmt.Sprintf("line %d", p.Line))
	}
	if p.Column != "" {
		if p.Row > 0 {
			parts = append(parts, "column "+p.Column)
		} else {
			parts = append(parts, p.Column)
		}
	}
	return strings.Join(parts, ", ")
}

// Problem is one thing that is wrong, where it is, and what to do about it.
type Problem struct {
	Severity Severity `json:"severity"`
	Code     string   `json:"code"` // stable, for machines: "phone-invalid"
	Place    Place    `json:"place"`
	Value    string   `json:"value,omitempty"` // what stood there; addresses are masked
	Summary  string   `json:"summary"`         // "not a mobile number"
	Hint     string   `json:"hint,omitempty"`  // what to do next
}

// Stops reports whether the problem must be mended before anything is sent.
func (p Problem) Stops() bool { return p.Severity != Warning }

// String is the problem on one line, with its place and hint.
func (p Problem) String() string {
	var b strings.Builder
	if place := p.Place.String(); place != "" {
		b.WriteString(place)
		b.WriteString(": ")
	}
	b.WriteString(p.Summary)
	if p.Value != "" {
		fmt.Fprintf(&b, " (%s)", p.Value)
	}
	if p.Hint != "" {
		b.WriteString("; ")
		b.WriteString(p.Hint)
	}
	return b.String()
}

// List collects problems: the first Keep of them whole, all of them as counts, so that a million bad rows cost no more
// memory than twenty. The zero value keeps DefaultKeep and is ready for use. It is not safe for concurrent use.
type List struct {
	// Keep is how many problems are kept whole; zero means DefaultKeep.
	Keep int
	// Each, if set, sees every problem as it is added, also those that are not kept.
	Each func(Problem)

	kept   []Problem
	errors int
	warns  int
	byCode map[string]int
}

// DefaultKeep is what a terminal shows before it only counts.
const DefaultKeep = 20

// Add records a problem.
func (l *List) Add(p Problem) {
	if p.Severity == "" {
		p.Severity = Error
	}
	if l.Each != nil {
		l.Each(p)
	}
	if p.Stops() {
		l.errors++
	} else {
		l.warns++
	}
	if l.byCode == nil {
		l.byCode = make(map[string]int)
	}
	l.byCode[p.Code]++
	keep := l.Keep
	if keep == 0 {
		keep = DefaultKeep
	}
	if len(l.kept) < keep {
		l.kept = append(l.kept, p)
	}
}

// Errorf adds an error that has a place and a hint.
func (l *List) Errorf(place Place, code, hint, format string, args ...any) {
	l.Add(Problem{Severity: Error, Code: code, Place: place, Summary: fmt.Sprintf(format, args...), Hint: hint})
}

// Kept are the problems that were kept whole, in the order they were found.
func (l *List) Kept() []Problem { return l.kept }

// Errors is how many problems stop the campaign.
func (l *List) Errors() int { return l.errors }

// Warnings is how many problems do not.
func (l *List) Warnings() int { return l.warns }

// Len is how many problems there are.
func (l *List) Len() int { return l.errors + l.warns }

// Count is how many problems have this code.
func (l *List) Count(code string) int { return l.byCode[code] }

// Codes are the codes that occur, the most frequent first.
func (l *List) Codes() []string {
	codes := make([]string, 0, len(l.byCode))
	for c := range l.byCode {
		codes = append(codes, c)
	}
	sort.Slice(codes, func(i, j int) bool {
		if l.byCode[codes[i]] != l.byCode[codes[j]] {
			return l.byCode[codes[i]] > l.byCode[codes[j]]
		}
		return codes[i] < codes[j]
	})
	return codes
}

// Err is nil where nothing stops the campaign, and otherwise an *InputError holding the list.
func (l *List) Err() error {
	if l.errors == 0 {
		return nil
	}
	return &InputError{Problems: l}
}

// InputError is operator input that cannot be used: every problem at once.
type InputError struct {
	Problems *List
}

// Error is the first problem, and how many more there are.
func (e *InputError) Error() string {
	for _, p := range e.Problems.Kept() {
		if p.Stops() {
			if more := e.Problems.Errors() - 1; more > 0 {
				return fmt.Sprintf("%s (and %d more)", p, more)
			}
			return p.String()
		}
	}
	return fmt.Sprintf("%d problems", e.Problems.Errors())
}
