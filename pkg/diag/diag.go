// Package diag owns the problems found in what the operator gave us: a list, a configuration, a campaign file, a text.
// Inputs report into it, views draw from it, and nothing here knows either.
package diag

import (
	"slices"
	"sort"
	"strconv"
	"strings"

	"notify/pkg/words"
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
	File string `json:"file,omitempty"`
	// Variable is the environment variable in which the value stands, in the place of a file.
	Variable string `json:"variable,omitempty"`
	// Builtin is a file that is a part of the program: the configuration, or the one that File names.
	Builtin bool   `json:"builtin,omitempty"`
	Sheet   string `json:"sheet,omitempty"`
	Row     int    `json:"row,omitempty"`    // 1-based row of a list, as the spreadsheet numbers it
	Line    int    `json:"line,omitempty"`   // 1-based line of a text file
	Column  string `json:"column,omitempty"` // a list's column ("C" or "C 手机号"), or a key of a YAML file ("accounts.edm.rate")
}

// Text is the place as an operator reads it: "award.xlsx, sheet 获奖名单, row 12, column C 手机号"; zero where nothing is known.
func (p Place) Text() words.Text {
	var t words.Text
	within := func(inner words.Text) {
		if t.IsZero() {
			t = inner
			return
		}
		t = words.T("place.within", words.A{"outer": t, "inner": inner})
	}
	switch {
	case p.Variable != "":
		within(words.T("place.variable", words.A{"name": p.Variable}))
	case p.Builtin && p.File == "":
		within(words.T("place.builtin", nil))
	case p.Builtin:
		within(words.T("place.shipped", words.A{"name": p.File}))
	case p.File != "":
		within(words.Raw(p.File))
	}
	if p.Sheet != "" {
		within(words.T("place.sheet", words.A{"name": p.Sheet}))
	}
	if p.Row > 0 {
		within(words.T("place.row", words.A{"number": strconv.Itoa(p.Row)}))
	}
	if p.Line > 0 {
		within(words.T("place.line", words.A{"number": strconv.Itoa(p.Line)}))
	}
	switch {
	case p.Column == "":
	case p.Row > 0:
		within(words.T("place.column", words.A{"name": p.Column}))
	default:
		within(words.Raw(p.Column))
	}
	return t
}

// String is the place in English.
func (p Place) String() string { return p.Text().String() }

// Problem is one thing that is wrong, where it is, and what to do about it.
type Problem struct {
	Severity Severity   `json:"severity"`
	Code     string     `json:"code"` // stable, for machines: "phone-invalid", the last word of the summary's id
	Place    Place      `json:"place"`
	Value    string     `json:"value,omitempty"` // what stood there; addresses are masked
	Summary  words.Text `json:"summary"`         // "not a mobile number"
	Hint     words.Text `json:"hint,omitzero"`   // what to do next
}

// Err is a problem that stops the campaign. Its code is the last word of the sentence's id: "list.phone-invalid" is
// "phone-invalid".
func Err(place Place, id string, args words.A) Problem { return Of(place, words.T(id, args)) }

// Of is the problem that a sentence tells.
func Of(place Place, summary words.Text) Problem {
	return Problem{Severity: Error, Code: code(summary), Place: place, Summary: summary}
}

// Warns makes it one that does not stop the campaign.
func (p Problem) Warns() Problem {
	p.Severity = Warning
	return p
}

// Do says what to do about it.
func (p Problem) Do(id string, args words.A) Problem {
	p.Hint = words.T(id, args)
	return p
}

// Then is Do with a sentence that is there already.
func (p Problem) Then(hint words.Text) Problem {
	p.Hint = hint
	return p
}

// With shows what stood there.
func (p Problem) With(value string) Problem {
	p.Value = value
	return p
}

// code is the last word of a sentence's id; what somebody else said has none.
func code(t words.Text) string {
	if t.ID == words.Raw("").ID {
		return ""
	}
	return t.ID[strings.LastIndex(t.ID, ".")+1:]
}

// Stops reports whether the problem must be mended before anything is sent.
func (p Problem) Stops() bool { return p.Severity != Warning }

// Text is the problem as a sentence, with its place, its value and its hint.
func (p Problem) Text() words.Text {
	t := p.Headline()
	if !p.Hint.IsZero() {
		t = words.T("problem.hint", words.A{"problem": t, "hint": p.Hint})
	}
	return t
}

// Headline is the problem without its hint.
func (p Problem) Headline() words.Text {
	t := p.Summary
	if p.Value != "" {
		t = words.T("problem.value", words.A{"problem": t, "value": p.Value})
	}
	if place := p.Place.Text(); !place.IsZero() {
		t = words.T("problem.place", words.A{"place": place, "problem": t})
	}
	return t
}

// String is the problem on one line, in English.
func (p Problem) String() string { return p.Text().String() }

// List collects problems: the first Keep of each code whole, all of them as counts, so that a million bad rows cost no more
// memory than twenty of each kind. The zero value keeps DefaultKeep and is ready for use. It is not safe for concurrent use.
type List struct {
	// Keep is how many problems are shown whole; zero means DefaultKeep, less than that none.
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
	if p.Code == "" {
		p.Code = code(p.Summary)
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
	if l.byCode[p.Code] <= l.keep() {
		l.kept = append(l.kept, p)
	}
}

func (l *List) keep() int {
	if l.Keep == 0 {
		return DefaultKeep
	}
	return max(0, l.Keep)
}

// Kept are Keep problems whole, in the order they were found, and of each code as many as there is room for beside the others: what
// there is most of hides nothing.
func (l *List) Kept() []Problem { return l.KeptOf(func(string) bool { return true }) }

// KeptOf is Kept of the codes that are wanted.
func (l *List) KeptOf(want func(code string) bool) []Problem {
	byCode := make(map[string][]int) // places in l.kept
	var codes []string
	for i, p := range l.kept {
		if !want(p.Code) {
			continue
		}
		if byCode[p.Code] == nil {
			codes = append(codes, p.Code)
		}
		byCode[p.Code] = append(byCode[p.Code], i)
	}
	var places []int
	for nth := 0; nth < l.keep(); nth++ {
		for _, code := range codes {
			if nth < len(byCode[code]) && len(places) < l.keep() {
				places = append(places, byCode[code][nth])
			}
		}
	}
	slices.Sort(places)
	kept := make([]Problem, len(places))
	for i, place := range places {
		kept[i] = l.kept[place]
	}
	return kept
}

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

// Says is the first problem, and how many more there are.
func (e *InputError) Says() words.Text {
	n := e.Problems.Errors()
	for _, p := range e.Problems.Kept() {
		if !p.Stops() {
			continue
		}
		if n > 1 {
			return words.T("problem.and-more", words.A{"problem": p.Text(), "n": n - 1})
		}
		return p.Text()
	}
	return words.T("problem.only-counted", words.A{"n": n})
}

// Error is what Says says, in English.
func (e *InputError) Error() string { return e.Says().String() }
