// Package render owns the way from a campaign's texts and a recipient's row to a message, and the count of an SMS's segments.
// It stands between campaign, which reads the texts, and plan and send, which ask for messages; it reads no file.
//
// A text is plain text with variables. A variable is a column of the list by its header, between double braces:
//
//	{{姓名}}   {{ .姓名 }}   {{Award amount}}   {{"a "quoted" header"}}   {{default "friend" 姓名}}
//
// There is nothing else: no conditions, no loops, no functions but default, so that whoever writes a text cannot make the
// program do anything but fill in. What is filled in is never read as a template again, and in HTML it is escaped for the
// place where it stands.
package render

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"notify/pkg/campaign"
	"notify/pkg/diag"
	"notify/pkg/message"
	"notify/pkg/words"
)

// Texts are what a campaign says. They can be stored as JSON and be made into the same Renderer again later.
type Texts struct {
	// Source is the campaign file, for problems in the subject and the headers; it may be empty.
	Source string         `json:"source,omitempty"`
	Texts  campaign.Texts `json:"texts"`
}

// Renderer makes messages out of rows. It is safe for concurrent use.
type Renderer struct {
	columns []string
	on      map[message.Channel]*filler
}

// filler makes the messages of one channel: of its short text, or of its mail.
type filler struct {
	channel message.Channel
	columns []string
	uses    []int
	short   *line    // nil for a mail
	vars    []string // what the approved text calls each variable of short
	order   []string // the same, each once

	mail    *campaign.Mail
	subject *line
	text    *line // nil where the mail has no plain part
	html    *page // nil where the mail has no HTML part
	headers map[string]*line

	attached []message.Attachment // with the ids by which the HTML text names them
}

// MissingError is a row that lacks a value for a variable of the text: it must not be sent with a hole in it.
type MissingError struct {
	Columns []string // the headers, in the order of the list
}

// Error names the columns.
func (e *MissingError) Error() string { return e.Says().String() }

// Says names the columns.
func (e *MissingError) Says() words.Text {
	return words.T("text.value-missing", words.A{"columns": words.Names(e.Columns, 0)})
}

// Errors of a row that has all its values.
var (
	// ErrEmpty is a text of which nothing is left once its variables are filled in.
	ErrEmpty = words.Err("text.empty", nil)
	// ErrUnsafe is a value that HTML does not allow in its place, such as a link that begins with javascript:.
	ErrUnsafe = words.Err("text.value-unsafe", nil)
	// ErrNoText is a channel that the campaign does not use.
	ErrNoText = words.Err("text.channel-none", nil)
)

// New reads the texts against the headers of the list. What is wrong with them is a *diag.InputError: every problem at
// once, with the file and the line.
func New(t Texts, columns []string) (*Renderer, error) {
	problems := &diag.List{Keep: 100}
	p := parser{columns: columns, problems: problems}
	r := &Renderer{columns: slices.Clone(columns), on: make(map[message.Channel]*filler)}
	for _, text := range t.Texts {
		f := &filler{channel: text.Channel, columns: r.columns}
		switch {
		case text.Short != nil:
			f.short = p.line(text.Short.Place(), trimEnd(normal(text.Short.Text)))
			f.uses = used(f.short)
			f.nameVars(p, text.Short)
			p.foreign(text.Short.Place(), normal(text.Short.Text), false, f.names())
		case text.Mail != nil:
			f.readMail(p, text.Mail, t.Source)
		default:
			continue
		}
		r.on[text.Channel] = f
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return r, nil
}

// nameVars gives the variables of an SMS the names that the approved text has for them.
func (f *filler) nameVars(p parser, s *campaign.Short) {
	for _, v := range f.short.vars {
		if v.column == noColumn {
			continue
		}
		name := cmp.Or(s.TemplateVars[f.columns[v.column]], f.columns[v.column])
		f.vars = append(f.vars, name)
		if !slices.Contains(f.order, name) {
			f.order = append(f.order, name)
		}
	}
	for _, column := range slices.Sorted(maps.Keys(s.TemplateVars)) {
		if !slices.Contains(f.names(), column) {
			p.problem(s.Place(), 0, words.T("text.var-unused", words.A{"column": column}), words.T("text.do.var-unused", words.A{"names": words.Names(f.names(), 0)}))
		}
	}
}

func (f *filler) readMail(p parser, m *campaign.Mail, source string) {
	f.mail, f.attached = m, m.Attachments
	place := func(key string) diag.Place {
		return diag.Place{File: source, Column: "channels." + string(f.channel) + "." + key}
	}
	f.subject = p.line(place("subject"), strings.TrimSpace(m.Subject))
	if m.Text != "" {
		f.text = p.line(diag.Place{File: m.TextFile}, normal(m.Text))
	}
	if m.HTML != "" {
		f.html = p.page(diag.Place{File: m.HTMLFile}, normal(m.HTML))
		f.attached = p.images(diag.Place{File: m.HTMLFile}, normal(m.HTML), m.Attachments)
	}
	f.headers = make(map[string]*line, len(m.Headers))
	for _, name := range slices.Sorted(maps.Keys(m.Headers)) {
		f.headers[name] = p.line(place("headers."+name), m.Headers[name])
	}
	f.uses = used(f.lines()...)
	uses := f.names()
	p.foreign(place("subject"), m.Subject, false, uses)
	p.foreign(diag.Place{File: m.TextFile}, normal(m.Text), false, uses)
	p.foreign(diag.Place{File: m.HTMLFile}, normal(m.HTML), true, uses)
	for _, name := range slices.Sorted(maps.Keys(m.Headers)) {
		p.foreign(place("headers."+name), m.Headers[name], false, uses)
	}
}

// used are the columns of the variables, in the order of the list, each once.
func used(lines ...*line) []int {
	var cols []int
	for _, l := range lines {
		for _, v := range l.vars {
			if v.column != noColumn {
				cols = append(cols, v.column)
			}
		}
	}
	slices.Sort(cols)
	return slices.Compact(cols)
}

// Columns are the headers that New was given.
func (r *Renderer) Columns() []string { return slices.Clone(r.columns) }

// Uses are the headers that the texts of a channel fill in, in the order of the list; nil where there are none.
func (r *Renderer) Uses(ch message.Channel) []string {
	if f := r.on[ch]; f != nil {
		return f.names()
	}
	return nil
}

func (f *filler) names() []string {
	var names []string
	for _, c := range f.uses {
		names = append(names, f.columns[c])
	}
	return names
}

// Fixed is what every recipient of a channel reads: the SMS, or subject and plain text of the mail (its HTML where it has
// no plain text), without the variables. Carriers refuse an SMS of which nothing is fixed.
func (r *Renderer) Fixed(ch message.Channel) string {
	f := r.on[ch]
	switch {
	case f == nil:
		return ""
	case f.short != nil:
		return f.short.fixed()
	}
	body := f.text
	if body == nil && f.html != nil {
		body = f.html.line
	}
	return strings.TrimSpace(f.subject.fixed() + "\n" + body.fixed())
}

// Render fills in the text of a channel for one row, whose values are in the order of the columns: Text and Vars of an
// SMS; From, ReplyTo, Subject, Text, HTML, Headers, Attachments and Segments of a mail. Segments of an SMS depend on the
// account and are left to the caller, as are Key, To, Name and Template. Attachments are shared between messages.
//
// A *MissingError is a row without a value for a variable; ErrEmpty and ErrUnsafe are rows that cannot be sent either.
func (r *Renderer) Render(ch message.Channel, values []string, m *message.Message) error {
	f := r.on[ch]
	switch {
	case f == nil:
		return ErrNoText
	case f.short != nil:
		return f.fillShort(values, m)
	}
	return f.fillMail(values, m)
}

func (f *filler) fillShort(values []string, m *message.Message) error {
	text, ok := f.short.fill(values, clean)
	if !ok {
		return f.missing(values)
	}
	if blank(text) {
		return ErrEmpty
	}
	m.Channel, m.Text = f.channel, text
	m.Vars, m.VarOrder = nil, f.order
	if len(f.short.vars) > 0 {
		m.Vars = make(map[string]string, len(f.order))
		for i, v := range f.short.vars {
			s, _ := v.value(values)
			m.Vars[f.vars[i]] = clean(s)
		}
	}
	return nil
}

func (f *filler) fillMail(values []string, m *message.Message) error {
	out := message.Message{From: f.mail.From, ReplyTo: f.mail.ReplyTo, Attachments: f.attached}
	missing := false
	fill := func(l *line, tidy func(string) string) string {
		s, ok := l.fill(values, tidy)
		missing = missing || !ok
		return s
	}
	out.Subject = fill(f.subject, oneLine)
	if f.text != nil {
		out.Text = fill(f.text, clean)
	}
	if len(f.headers) > 0 {
		out.Headers = make(map[string]string, len(f.headers))
		for name, l := range f.headers {
			out.Headers[name] = fill(l, oneLine)
		}
	}
	if f.html != nil && !missing {
		html, ok, err := f.html.fill(values)
		if err != nil {
			return words.Wrap(err, "text.fill", words.A{"file": f.mail.HTMLFile})
		}
		missing = missing || !ok
		out.HTML = html
	}
	if missing {
		return f.missing(values)
	}
	if blank(out.Subject) || blank(out.Text) && blank(out.HTML) {
		return ErrEmpty
	}
	m.Channel, m.Segments = f.channel, 1
	m.From, m.ReplyTo, m.Subject = out.From, out.ReplyTo, out.Subject
	m.Text, m.HTML, m.Headers, m.Attachments = out.Text, out.HTML, out.Headers, out.Attachments
	return nil
}

// lines are all that is filled in.
func (f *filler) lines() []*line {
	if f.short != nil {
		return []*line{f.short}
	}
	lines := []*line{f.subject}
	if f.text != nil {
		lines = append(lines, f.text)
	}
	if f.html != nil {
		lines = append(lines, f.html.line)
	}
	for _, l := range f.headers {
		lines = append(lines, l)
	}
	return lines
}

// missing collects every column that the row lacks, so that the operator mends a row once.
func (f *filler) missing(values []string) error {
	var cols []int
	for _, l := range f.lines() {
		for _, v := range l.vars {
			if _, ok := v.value(values); !ok {
				cols = append(cols, v.column)
			}
		}
	}
	slices.Sort(cols)
	var e MissingError
	for _, c := range slices.Compact(cols) {
		e.Columns = append(e.Columns, f.columns[c])
	}
	return &e
}
