package render

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"regexp"
	"strings"
	"sync"
	"text/template/parse"

	"notify/pkg/diag"
	"notify/pkg/words"
)

// page is an HTML text: its variables as a line, and the template that escapes each for the place where it stands. What is
// fixed is sent byte for byte: html/template only says how a value has to be escaped where it is filled in.
type page struct {
	line    *line
	tmpl    *template.Template // nil where nothing is filled in
	buffers sync.Pool
}

// The delimiters of the inner template cannot occur in a text: control characters are refused there.
const (
	leftDelim  = "\x01{"
	rightDelim = "}\x01"
)

// page reads an HTML text, and runs it once so that HTML which cannot be escaped safely is found now.
func (p parser) page(place diag.Place, text string) *page {
	pg := &page{line: p.cut(place, text)}
	pg.buffers.New = func() any { return new(bytes.Buffer) }
	if at := strings.IndexByte(text, '\x01'); at >= 0 {
		p.problem(place, 1+strings.Count(text[:at], "\n"), words.T("text.control-character", nil), words.T("text.do.delete", nil))
		return pg
	}
	if len(pg.line.vars) == 0 {
		return pg
	}
	tmpl, err := template.New("text").Delims(leftDelim, rightDelim).Parse(asRead(pg.line))
	if err == nil {
		sample := make([]string, len(pg.line.vars))
		for i := range sample {
			sample[i] = "1"
		}
		err = tmpl.Execute(new(bytes.Buffer), sample)
	}
	if err != nil {
		row, what := unescapable(err)
		p.problem(place, row, what, words.T("text.do.complete-tags", nil))
		return pg
	}
	restore(tmpl.Tree.Root, pg.line.pieces)
	pg.tmpl = tmpl
	return pg
}

// unescapable says why a variable cannot be escaped, and in which line.
func unescapable(err error) (row int, what words.Text) {
	var te *template.Error
	if !errors.As(err, &te) {
		return 1, words.T("text.html-unsafe", words.A{"said": err.Error()})
	}
	row = max(te.Line, 1)
	if te.ErrorCode == template.ErrEndContext {
		return row, words.T("text.html-open", nil)
	}
	return row, words.T("text.html-unsafe", words.A{"said": te.Description})
}

// restore puts what was written back in the place of what html/template made of it: it drops comments, and takes for text
// what it does not know (<![if …]>, <?xml …?>).
func restore(root *parse.ListNode, pieces []string) {
	i := 0
	for _, node := range root.Nodes {
		switch n := node.(type) {
		case *parse.TextNode:
			n.Text = []byte(pieces[i])
		case *parse.ActionNode:
			i++
		}
	}
}

// asRead is the text as a template over the values of its variables, in their order, as a mail program reads it: what is in
// a conditional comment is HTML to the one that it is meant for, and the marks around it are nothing. Line feeds stay, and so
// does whether there is anything between two variables.
func asRead(l *line) string {
	var b strings.Builder
	for i, piece := range l.pieces {
		b.WriteString(piece)
		if i < len(l.vars) {
			fmt.Fprintf(&b, "%sindex . %d%s", leftDelim, i, rightDelim)
		}
	}
	source := marks.ReplaceAllStringFunc(b.String(), func(mark string) string {
		if strings.Contains(mark, leftDelim) {
			return mark
		}
		return spaces(mark)
	})
	source = styles.ReplaceAllStringFunc(source, func(css string) string { return strings.ReplaceAll(css, "//", "--") })
	return source
}

var (
	// marks are what Outlook and Word read as instructions, and others skip: <!--[if mso]> and <![endif]--> around HTML for
	// Outlook, <!--[if !mso]><!--> and <!--<![endif]--> around that for the others, <![if …]>, <![endif]>, <?xml …?>.
	marks = regexp.MustCompile(`<!--\[if [^\]<>]*\]>(?:\s*<!-*>|-->)?|<!--\s*<!\[endif\]-->|<!\[endif\]-->|<!\[(?:if [^\]<>]*|endif)\]>|<\?[^<>]*>`)
	// styles are style sheets: // is no comment in them, though html/template takes it for one.
	styles = regexp.MustCompile(`(?is)<style\b.*?</style|\sstyle\s*=\s*(?:"[^"]*"|'[^']*')`)
)

// spaces is a text of the same length without anything in it but its line feeds.
func spaces(s string) string {
	blank := func(r rune) rune {
		if r == '\n' {
			return r
		}
		return ' '
	}
	return strings.Map(blank, s)
}

// unsafeMark is what html/template writes where a value may not stand (its documentation, "ZgotmplZ").
const unsafeMark = "ZgotmplZ"

// fill builds the page for a row; false where a value is missing.
func (pg *page) fill(values []string) (string, bool, error) {
	if pg.tmpl == nil {
		return pg.line.pieces[0], true, nil
	}
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
