// Package numfmt shows numbers as a spreadsheet's number formats do: sections and their conditions, digits, dates, elapsed
// times, Chinese numerals. It serves package list, which reads the formats from the workbook.
//
// It follows Excel. What depends on the machine that shows the file, or where programs differ, is an *UnsureError: whoever
// sends a number to people should not guess what they see on their sheet.
package numfmt

import (
	"math"
	"strconv"
	"strings"
)

// Language is that of names in dates and of numerals, where a format does not say its own.
type Language string

// The languages. Any other, also none, makes what needs one unsure.
const (
	English  Language = "en"
	Chinese  Language = "zh"
	Japanese Language = "ja"
)

// UnsureError says why it is not known how a number is shown.
type UnsureError struct{ Why Why }

// Why is the kind of an UnsureError, for whoever puts it into words.
type Why string

// The kinds.
const (
	WhySyntax   Why = "syntax"   // the format holds what is not known
	WhySections Why = "sections" // no section fits the number, or it is not known which
	WhyDate     Why = "date"     // the number is no date
	WhyEarly    Why = "early"    // the date is one before March 1900, on which programs do not agree
	WhyLanguage Why = "language" // names of months or numerals in a language that is not known
	WhySystem   Why = "system"   // the machine's own settings decide
	WhySize     Why = "size"     // the number is too large for its numerals
)

func (e *UnsureError) Error() string {
	return "it is not sure how the number is shown: " + string(e.Why)
}

func unsure(why Why) error { return &UnsureError{Why: why} }

// Format is a number format. It may be used concurrently.
type Format struct {
	sections []section // for numbers
	text     *section  // for texts; nil shows them as they are
	date1904 bool
}

// Options are what a format does not say itself.
type Options struct {
	Language Language
	Date1904 bool // days count from 1904
}

// Parse reads a format. What is wrong with it is told by Show, for the numbers that it would matter to.
func Parse(code string, o Options) *Format {
	f := &Format{date1904: o.Date1904}
	parsed := parseSections(code, o.Language)
	if n := len(parsed); n == 4 || n > 0 && parsed[n-1].takesText() {
		f.text = &parsed[n-1]
		parsed = parsed[:n-1]
	}
	f.sections = parsed
	return f
}

// IsGeneral reports a format that shows numbers as they are, and texts too.
func (f *Format) IsGeneral() bool {
	plain := f.text == nil || len(f.text.parts) == 1 && f.text.takesText()
	switch len(f.sections) {
	case 0:
		return plain
	case 1:
		s := f.sections[0]
		return plain && s.err == nil && s.condition == nil && len(s.parts) == 1 && s.parts[0].kind == partGeneral && s.numerals == 0
	}
	return false
}

// Show is what the sheet shows for a number. The error is an *UnsureError.
func (f *Format) Show(v float64) (string, error) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "", unsure(WhySize)
	}
	switch {
	case len(f.sections) > 3:
		return "", unsure(WhySyntax)
	case len(f.sections) == 0:
		return General(v), nil
	}
	s, minus, err := f.pick(v)
	if err != nil {
		return "", err
	}
	return s.show(v, minus, f.date1904)
}

// ShowText is what the sheet shows for a text.
func (f *Format) ShowText(s string) (string, error) {
	if f.text == nil {
		return s, nil
	}
	if f.text.err != nil {
		return "", f.text.err
	}
	var b strings.Builder
	for _, p := range f.text.parts {
		if p.kind == partText {
			b.WriteString(s)
			continue
		}
		if p.kind != partLiteral {
			return "", unsure(WhySyntax)
		}
		b.WriteString(p.text)
	}
	return b.String(), nil
}

// pick is the section for a number, and whether a minus belongs before it.
func (f *Format) pick(v float64) (s *section, minus bool, err error) {
	conditional := false
	for i := range f.sections {
		conditional = conditional || f.sections[i].condition != nil
	}
	if conditional {
		return f.pickByCondition(v)
	}
	switch {
	case len(f.sections) == 1:
		return &f.sections[0], v < 0, nil
	case v < 0:
		return &f.sections[1], false, nil
	case v == 0 && len(f.sections) == 3:
		return &f.sections[2], false, nil
	}
	return &f.sections[0], false, nil
}

// pickByCondition takes the first section whose condition holds, the last one where none does. Programs differ in what a section
// before the last is for that has none; and in whether a number below zero keeps its minus, but in a section for those alone.
func (f *Format) pickByCondition(v float64) (*section, bool, error) {
	last := len(f.sections) - 1
	covered := last == 0 // by sections before: whatever is not below zero
	for i := range f.sections {
		s := &f.sections[i]
		c := s.condition
		switch {
		case c != nil && !c.holds(v):
			if i == last {
				return nil, false, unsure(WhySections)
			}
			covered = covered || c.fromZero()
			continue
		case c == nil && i < last:
			return nil, false, unsure(WhySections)
		}
		if alone := covered || c != nil && c.negative(); v < 0 && !alone && s.has(partDigit, partGeneral) {
			return nil, false, unsure(WhySections)
		}
		return s, v < 0 && last == 0, nil
	}
	return nil, false, unsure(WhySections)
}

// condition is [>=100].
type condition struct {
	op    string
	limit float64
}

func parseCondition(s string) (*condition, bool) {
	op := s[:len(s)-len(strings.TrimLeft(s, "<>="))]
	switch op {
	case "<", "<=", ">", ">=", "=", "<>":
	default:
		return nil, false
	}
	limit, err := strconv.ParseFloat(strings.TrimSpace(s[len(op):]), 64)
	return &condition{op, limit}, err == nil
}

func (c *condition) holds(v float64) bool {
	switch c.op {
	case "<":
		return v < c.limit
	case "<=":
		return v <= c.limit
	case ">":
		return v > c.limit
	case ">=":
		return v >= c.limit
	case "=":
		return v == c.limit
	}
	return v != c.limit
}

// negative reports a condition that only numbers below zero meet: their section writes the minus itself.
func (c *condition) negative() bool {
	return c.op == "<" && c.limit <= 0 || (c.op == "<=" || c.op == "=") && c.limit < 0
}

// fromZero reports a condition that all numbers above zero meet.
func (c *condition) fromZero() bool { return (c.op == ">" || c.op == ">=") && c.limit <= 0 }

// General shows a number as a cell without a format does, with the 15 digits that a spreadsheet keeps, and never with an
// exponent that would hide some of them.
func General(f float64) string {
	short := strconv.FormatFloat(f, 'g', 15, 64)
	if !strings.ContainsRune(short, 'e') {
		return short
	}
	rounded, err := strconv.ParseFloat(short, 64)
	if err != nil || math.Abs(rounded) >= 1e21 || math.Abs(rounded) < 1e-9 {
		return strings.ToUpper(short)
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}
