package render

import (
	"strconv"
	"strings"
	"unicode"

	"notify/pkg/diag"
	"notify/pkg/words"
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
			p.problem(place, lineOf(text, l, i, at), words.T("text.brace-closes", words.A{"braces": "}}"}), words.T("text.do.two-braces", words.A{"example": "{{column}}"}))
		}
	}
	return l
}

// noColumn is the column of a variable that could not be read: its text is refused, but is looked through to the end first.
const noColumn = -1

// cut is line without a look at stray closing braces, which are common in style sheets.
func (p parser) cut(place diag.Place, text string) *line {
	l := &line{}
	rest, row := text, 1
	for {
		before, after, found := strings.Cut(rest, "{{")
		l.pieces = append(l.pieces, before)
		l.size += len(before)
		if !found {
			return l
		}
		row += strings.Count(before, "\n")
		inner, tail, closed := strings.Cut(after, "}}")
		if !closed || strings.ContainsRune(inner, '\n') {
			p.problem(place, row, words.T("text.brace-open", words.A{"braces": "{{"}), words.T("text.do.close", words.A{"braces": "}}"}))
			l.pieces[len(l.pieces)-1] = before
			return l
		}
		v, ok := p.variable(place, row, strings.TrimSpace(inner))
		if !ok {
			v = variable{column: noColumn, optional: true}
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
	if refused := notAllowed(name); !refused.IsZero() {
		p.problem(place, row, words.T("text.template-forbidden", words.A{"variable": "{{" + clip(inner) + "}}", "why": refused}),
			words.T("text.do.forbidden", words.A{"plain": "{{column}}", "default": `{{default "…" column}}`}))
		return variable{}, false
	}
	p.unknown(place, row, unquoted(strings.TrimPrefix(name, ".")))
	return variable{}, false
}

// fallback reads the rest of {{default "friend" column}}.
func (p parser) fallback(place diag.Place, row int, rest string) (variable, bool) {
	quoted, err := strconv.QuotedPrefix(rest)
	if err != nil {
		p.problem(place, row, words.T("text.default-quote", nil), defaultHint())
		return variable{}, false
	}
	text, err := strconv.Unquote(quoted)
	if err != nil {
		p.problem(place, row, words.T("text.default-unread", words.A{"value": clip(quoted)}), defaultHint())
		return variable{}, false
	}
	name := strings.TrimSpace(rest[len(quoted):])
	if name == "" {
		p.problem(place, row, words.T("text.default-column", nil), defaultHint())
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
	hint := p.columnsHint()
	if near := diag.Nearest(name, p.columns); near != "" {
		hint = words.T("text.do.near", words.A{"variable": "{{" + near + "}}", "columns": words.Names(p.columns, 20)})
	}
	p.problem(place, row, words.T("text.variable-unknown", words.A{"name": clip(name)}), hint)
}

// columnsHint says which columns there are.
func (p parser) columnsHint() words.Text {
	if len(p.columns) == 0 {
		return words.T("text.do.no-columns", nil)
	}
	return words.T("text.do.columns", words.A{"columns": words.Names(p.columns, 20)})
}

func defaultHint() words.Text {
	return words.T("text.do.default", words.A{"example": `{{default "friend" column}}`})
}

func (p parser) problem(place diag.Place, row int, summary, hint words.Text) {
	if place.File != "" && place.Column == "" {
		place.Line = row
	}
	p.problems.Add(diag.Of(place, summary).Then(hint))
}

// notAllowed says what a Go template would do here and a text may not; zero where it is only an unknown name.
func notAllowed(inner string) words.Text {
	switch {
	case inner == "":
		return words.T("text.no.column", nil)
	case strings.HasPrefix(inner, "/*"):
		return words.T("text.no.comment", nil)
	case strings.HasPrefix(inner, "- "), strings.HasSuffix(inner, " -"):
		return words.T("text.no.trim", nil)
	case strings.ContainsAny(inner, "|$"), strings.Contains(inner, ":="):
		return words.T("text.no.pipe", nil)
	}
	word, _, _ := strings.Cut(strings.TrimLeft(inner, "("), " ")
	switch word {
	case "if", "else", "end", "range", "with", "define", "template", "block", "break", "continue":
		return words.T("text.no.word", words.A{"word": word})
	case "and", "or", "not", "call", "html", "index", "slice", "js", "len", "print", "printf", "println", "urlquery",
		"eq", "ne", "lt", "le", "gt", "ge", "default", "upper", "lower":
		return words.T("text.no.call", words.A{"word": word})
	}
	return words.Text{}
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
	return strings.Join(strings.FieldsFunc(s, func(c rune) bool { return unicode.IsControl(c) || c == '\u2028' || c == '\u2029' }), " ")
}

func hasControl(s string) bool {
	for i := range len(s) {
		// U+0080 to U+009F begin with 0xC2 in UTF-8, the line separators U+2028 and U+2029 with 0xE2 0x80.
		if s[i] < ' ' || s[i] == 0x7f || s[i] == 0xc2 || s[i] == 0xe2 && i+1 < len(s) && s[i+1] == 0x80 {
			return true
		}
	}
	return false
}
