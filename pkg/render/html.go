package render

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"regexp"
	"strings"
	"sync"

	"notify/pkg/diag"
)

// page is an HTML text: its variables as a line, and the template that escapes each for the place where it stands.
type page struct {
	line    *line
	tmpl    *template.Template
	buffers sync.Pool
}

// The delimiters of the inner template cannot occur in a text: control characters are refused there.
const (
	leftDelim  = "\x01{"
	rightDelim = "}\x01"
)

// conditional finds comments that Outlook reads as instructions; html/template drops comments, these must stay.
var conditional = regexp.MustCompile(`(?s)<!--.*?-->`)

// page reads an HTML text, and runs it once so that HTML which cannot be escaped safely is found now.
func (p parser) page(place diag.Place, text string) *page {
	pg := &page{line: p.cut(place, text)}
	pg.buffers.New = func() any { return new(bytes.Buffer) }
	if at := strings.IndexByte(text, '\x01'); at >= 0 {
		p.problem(place, 1+strings.Count(text[:at], "\n"), "control-character", "delete it", "there is a control character in the text")
		return pg
	}
	before := p.problems.Errors()
	source, kept := p.source(place, pg.line)
	if p.problems.Errors() > before {
		return pg
	}
	funcs := template.FuncMap{"kept": func(i int) template.HTML {
		return template.HTML(kept[i]) //nolint:gosec // comments of the text itself, without variables
	}}
	tmpl, err := template.New("text").Delims(leftDelim, rightDelim).Funcs(funcs).Parse(source)
	if err == nil {
		pg.tmpl = tmpl
		sample := make([]string, len(pg.line.vars))
		for i := range sample {
			sample[i] = "1"
		}
		err = tmpl.Execute(new(bytes.Buffer), sample)
	}
	if err != nil {
		row, what := 1, err.Error()
		var te *template.Error
		if errors.As(err, &te) {
			row, what = max(te.Line, 1), te.Description
		}
		p.problem(place, row, "html-unsafe", "put variables into the text or into quoted attributes of complete tags", "%s", what)
	}
	return pg
}

// source is the text as a template over the values of its variables, in their order.
func (p parser) source(place diag.Place, l *line) (string, []string) {
	var b strings.Builder
	for i, piece := range l.pieces {
		b.WriteString(piece)
		if i < len(l.vars) {
			fmt.Fprintf(&b, "%sindex . %d%s", leftDelim, i, rightDelim)
		}
	}
	var kept []string
	source := b.String()
	var out strings.Builder
	last := 0
	for _, span := range conditional.FindAllStringIndex(source, -1) {
		comment := source[span[0]:span[1]]
		if !strings.Contains(comment, "[if") && !strings.Contains(comment, "[endif]") {
			continue
		}
		if strings.Contains(comment, leftDelim) {
			p.problem(place, 1+strings.Count(source[:span[0]], "\n"), "html-unsafe", "move the variable out of <!--[if …]> … <![endif]-->",
				"a variable in a conditional comment cannot be escaped safely")
		}
		out.WriteString(source[last:span[0]])
		// The line feeds keep the line numbers, so that later problems name the right one.
		fmt.Fprintf(&out, "%skept %d%s%s", leftDelim, len(kept), strings.Repeat("\n", strings.Count(comment, "\n")), rightDelim)
		kept = append(kept, comment)
		last = span[1]
	}
	out.WriteString(source[last:])
	return out.String(), kept
}

// unsafeMark is what html/template writes where a value may not stand (its documentation, "ZgotmplZ").
const unsafeMark = "ZgotmplZ"

// fill builds the page for a row; false where a value is missing.
func (pg *page) fill(values []string) (string, bool, error) {
	filled := make([]string, len(pg.line.vars))
	for i, v := range pg.line.vars {
		s, ok := v.value(values)
		if !ok {
			return "", false, nil
		}
		filled[i] = clean(s)
	}
	buf, ok := pg.buffers.Get().(*bytes.Buffer)
	if !ok {
		buf = new(bytes.Buffer)
	}
	defer pg.buffers.Put(buf)
	buf.Reset()
	if err := pg.tmpl.Execute(buf, filled); err != nil {
		return "", true, err
	}
	html := buf.String()
	if strings.Contains(html, unsafeMark) {
		return "", true, ErrUnsafe
	}
	return html, true, nil
}
