package render

import (
	"strconv"
	"strings"
	"unicode"

	"notify/pkg/diag"
)

// line is a text cut into what is fixed and what is filled in: fixed[0], vars[0], fixed[1], vars[1], … fixed[n].
type line struct {
	pieces []string
	vars   []variable
	size   int // bytes of all pieces
}

// variable is one place that is filled in.
type variable struct {
	column   int
	fallback string
	optional bool
}

// value is what a row has for the variable; false where it has nothing and the text names nothing instead.
func (v variable) value(values []string) (string, bool) {
	if v.column < len(values) && !blank(values[v.column]) {
		return values[v.column], true
	}
	return v.fallback, v.optional
}

func (l *line) fixed() string {
	if l == nil {
		return ""
	}
	return strings.TrimSpace(strings.Join(l.pieces, ""))
}

// fill builds the text for a row; tidy is applied to every value. It reports false where a value is missing.
func (l *line) fill(values []string, tidy func(string) string) (string, bool) {
	if len(l.vars) == 0 {
		return l.pieces[0], true
	}
	size := l.size
	for _, v := range l.vars {
		s, ok := v.value(values)
		if !ok {
			return "", false
		}
		size += len(s)
	}
	var b strings.Builder
	b.Grow(size)
	for i, v := range l.vars {
		b.WriteString(l.pieces[i])
		s, _ := v.value(values)
		b.WriteString(tidy(s))
	}
	b.WriteString(l.pieces[len(l.vars)])
	return b.String(), true
}

// parser reads texts against the columns of a list.
type parser struct {
	columns  []string
	problems *diag.List
}

// line cuts a text at its variables.
func (p parser) line(place diag.Place, text string) *line {
	l := p.cut(place, text)
	for i, piece := range l.pieces {
		if at := strings.Index(piece, "}}"); at >= 0 {
			p.problem(place, lineOf(text, l, i, at), "template-syntax", "write {{column}} with two braces on each side", "}} closes no variable")
		}
	}
	return l
}

// cut is line without a look at stray closing braces, which are common in style sheets.
func (p parser) cut(place diag.Place, text string) *line {
	l := &line{}
	rest, row := text, 1
	for {
		before, after, found := strings.Cut(rest, "{{")
		p.looksMeant(place, row, before)
		l.pieces = append(l.pieces, before)
		l.size += len(before)
		if !found {
			return l
		}
		row += strings.Count(before, "\n")
		inner, tail, closed := strings.Cut(after, "}}")
		if !closed || strings.ContainsRune(inner, '\n') {
			p.problem(place, row, "template-syntax", "close it with }} on the same line", "{{ is not closed")
			l.pieces[len(l.pieces)-1] = before
			return l
		}
		v, ok := p.variable(place, row, strings.TrimSpace(inner))
		if !ok {
			v = variable{column: 0, optional: true}
		}
		l.vars = append(l.vars, v)
		rest = tail
	}
}

// variable reads what stands between the braces.
func (p parser) variable(place diag.Place, row int, inner string) (variable, bool) {
	if c := p.column(inner); c >= 0 {
		return variable{column: c}, true
	}
	name := strings.TrimSpace(inner)
	if rest, ok := strings.CutPrefix(name, "default"); ok && strings.HasPrefix(strings.TrimSpace(rest), `"`) {
		return p.fallback(place, row, strings.TrimSpace(rest))
	}
	if refused := notAllowed(name); refused != "" {
		p.problem(place, row, "template-forbidden",
			"a text may hold {{column}} and {{default \"…\" column}} only; make what differs a column of the list",
			"{{%s}}: %s", clip(inner), refused)
		return variable{}, false
	}
	p.unknown(place, row, unquoted(strings.TrimPrefix(name, ".")))
	return variable{}, false
}

// fallback reads the rest of {{default "friend" column}}.
func (p parser) fallback(place diag.Place, row int, rest string) (variable, bool) {
	quoted, err := strconv.QuotedPrefix(rest)
	if err != nil {
		p.problem(place, row, "template-syntax", `write {{default "friend" column}}`, "the text in quotes is not closed")
		return variable{}, false
	}
	text, err := strconv.Unquote(quoted)
	if err != nil {
		p.problem(place, row, "template-syntax", `write {{default "friend" column}}`, "%s cannot be read", clip(quoted))
		return variable{}, false
	}
	name := strings.TrimSpace(rest[len(quoted):])
	if name == "" {
		p.problem(place, row, "template-syntax", `write {{default "friend" column}}`, "default names no column")
		return variable{}, false
	}
	c := p.column(name)
	if c < 0 {
		p.unknown(place, row, unquoted(strings.TrimPrefix(name, ".")))
		return variable{}, false
	}
	return variable{column: c, fallback: text, optional: true}, true
}

// column finds a column by its header as it stands, behind a dot, or in quotes; -1 where there is none.
func (p parser) column(name string) int {
	for _, form := range [...]string{name, strings.TrimPrefix(name, "."), unquoted(name), unquoted(strings.TrimPrefix(name, "."))} {
		for i, c := range p.columns {
			if c == form && form != "" {
				return i
			}
		}
	}
	return -1
}

func (p parser) unknown(place diag.Place, row int, name string) {
	hint := "the list has " + clip(strings.Join(p.columns, ", "))
	if near := diag.Nearest(name, p.columns); near != "" {
		hint = "did you mean {{" + near + "}}? " + hint
	}
	if len(p.columns) == 0 {
		hint = "the list has no columns"
	}
	p.problem(place, row, "variable-unknown", hint, "the list has no column %q", clip(name))
}

// looksMeant finds variables that would be sent as they stand: {姓名} and ｛｛姓名｝｝.
func (p parser) looksMeant(place diag.Place, row int, piece string) {
	if at := strings.Index(piece, "｛｛"); at >= 0 {
		p.problem(place, row+strings.Count(piece[:at], "\n"), "template-syntax",
			"write {{ and }} with the keyboard switched to half width", "full-width braces ｛｛ are not read as a variable")
	}
	for rest, at := piece, 0; ; {
		open := strings.IndexByte(rest[at:], '{')
		if open < 0 {
			return
		}
		at += open + 1
		inner, _, closed := strings.Cut(rest[at:], "}")
		if !closed {
			return
		}
		if c := p.column(strings.TrimSpace(inner)); c >= 0 {
			p.problem(place, row+strings.Count(piece[:at], "\n"), "template-syntax",
				"write {{"+p.columns[c]+"}}", "{%s} has one brace on each side and would be sent as it stands", inner)
		}
	}
}

func (p parser) problem(place diag.Place, row int, code, hint, format string, args ...any) {
	if place.File != "" && place.Column == "" {
		place.Line = row
	}
	p.problems.Errorf(place, code, hint, format, args...)
}

// notAllowed says what a Go template would do here and a text may not; empty where it is only an unknown name.
func notAllowed(inner string) string {
	if inner == "" {
		return "names no column"
	}
	if strings.HasPrefix(inner, "/*") {
		return "comments are not allowed"
	}
	if strings.HasPrefix(inner, "- ") || strings.HasSuffix(inner, " -") {
		return "trimming is not allowed"
	}
	if strings.ContainsAny(inner, "|$") || strings.Contains(inner, ":=") {
		return "pipes and assignments are not allowed"
	}
	word, _, _ := strings.Cut(strings.TrimLeft(inner, "("), " ")
	switch word {
	case "if", "else", "end", "range", "with", "define", "template", "block", "break", "continue":
		return word + " is not allowed"
	case "and", "or", "not", "call", "html", "index", "slice", "js", "len", "print", "printf", "println", "urlquery",
		"eq", "ne", "lt", "le", "gt", "ge", "default", "upper", "lower":
		return "calling " + word + " like this is not allowed"
	}
	return ""
}

// lineOf is the line in which byte at of piece i stands.
func lineOf(text string, l *line, i, at int) int {
	n := 1 + strings.Count(l.pieces[i][:at], "\n")
	for _, piece := range l.pieces[:i] {
		n += strings.Count(piece, "\n")
	}
	return min(n, 1+strings.Count(text, "\n"))
}

// unquoted strips the quotes of a header that was written in them, straight or typographic.
func unquoted(s string) string {
	for _, q := range [...][2]string{{`"`, `"`}, {"`", "`"}, {"“", "”"}} {
		if inner, ok := strings.CutPrefix(s, q[0]); ok && len(s) > len(q[0]) {
			if inner, ok = strings.CutSuffix(inner, q[1]); ok {
				return inner
			}
		}
	}
	return s
}

func clip(s string) string {
	if r := []rune(s); len(r) > 80 {
		return string(r[:79]) + "…"
	}
	return s
}

// normal has line feeds only, as SMS and templates count them; the mail's transport makes CRLF of them again.
func normal(s string) string {
	if !strings.ContainsRune(s, '\r') {
		return s
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}

// trimEnd drops the line ends that editors put behind the last line: in an SMS they are paid for.
func trimEnd(s string) string { return strings.TrimRight(s, "\n") }

func blank(s string) bool {
	return s == "" || (s[0] <= ' ' || s[0] >= 0x80) && strings.TrimSpace(s) == ""
}

// clean is a value for a text of several lines: no control characters but line feeds and tabs.
func clean(s string) string {
	if !hasControl(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, normal(s))
}

// oneLine is a value for a header of a mail: nothing in it can begin another header.
func oneLine(s string) string {
	if !hasControl(s) {
		return s
	}
	return strings.Join(strings.FieldsFunc(s, unicode.IsControl), " ")
}

func hasControl(s string) bool {
	for i := range len(s) {
		// U+0080 to U+009F begin with 0xC2 in UTF-8.
		if s[i] < ' ' || s[i] == 0x7f || s[i] == 0xc2 {
			return true
		}
	}
	return false
}
