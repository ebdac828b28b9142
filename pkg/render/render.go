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
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"notify/pkg/campaign"
	"notify/pkg/diag"
	"notify/pkg/message"
)

// Texts are what a campaign says. They can be stored as JSON and be made into the same Renderer again later.
type Texts struct {
	// Source is the campaign file, for problems in the subject and the headers; it may be empty.
	Source string          `json:"source,omitempty"`
	SMS    *campaign.SMS   `json:"sms,omitempty"`   // nil: no SMS
	Email  *campaign.Email `json:"email,omitempty"` // nil: no mail
}

// Renderer makes messages out of rows. It is safe for concurrent use.
type Renderer struct {
	columns []string
	texts   Texts
	sms     *line
	subject *line
	text    *line // nil where the mail has no plain part
	html    *page // nil where the mail has no HTML part
	headers map[string]*line
	uses    map[message.Channel][]int
}

// MissingError is a row that lacks a value for a variable of the text: it must not be sent with a hole in it.
type MissingError struct {
	Columns []string // the headers, in the order of the list
}

// Error names the columns.
func (e *MissingError) Error() string {
	return "no value for the variable " + strings.Join(e.Columns, ", ")
}

// Errors of a row that has all its values.
var (
	// ErrEmpty is a text of which nothing is left once its variables are filled in.
	ErrEmpty = errors.New("the text is empty")
	// ErrUnsafe is a value that HTML does not allow in its place, such as a link that begins with javascript:.
	ErrUnsafe = errors.New("a value may not stand in its place in the HTML text")
	// ErrNoText is a channel that the campaign does not use.
	ErrNoText = errors.New("the campaign has no text for this channel")
)

// New reads the texts against the headers of the list. What is wrong with them is a *diag.InputError: every problem at
// once, with the file and the line.
func New(t Texts, columns []string) (*Renderer, error) {
	problems := &diag.List{Keep: 100}
	p := parser{columns: columns, problems: problems}
	r := &Renderer{columns: slices.Clone(columns), texts: t, uses: make(map[message.Channel][]int)}
	if t.SMS != nil {
		r.sms = p.line(diag.Place{File: t.SMS.File}, trimEnd(normal(t.SMS.Text)))
		r.uses[message.SMS] = used(r.sms)
	}
	if t.Email != nil {
		r.email(p, t.Email)
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *Renderer) email(p parser, e *campaign.Email) {
	r.subject = p.line(diag.Place{File: r.texts.Source, Column: "channels.email.subject"}, strings.TrimSpace(e.Subject))
	lines := []*line{r.subject}
	if e.Text != "" {
		r.text = p.line(diag.Place{File: e.TextFile}, normal(e.Text))
		lines = append(lines, r.text)
	}
	if e.HTML != "" {
		r.html = p.page(diag.Place{File: e.HTMLFile}, normal(e.HTML))
		lines = append(lines, r.html.line)
	}
	r.headers = make(map[string]*line, len(e.Headers))
	for _, name := range slices.Sorted(maps.Keys(e.Headers)) {
		place := diag.Place{File: r.texts.Source, Column: "channels.email.headers." + name}
		l := p.line(place, e.Headers[name])
		r.headers[name] = l
		lines = append(lines, l)
	}
	r.uses[message.Email] = used(lines...)
}

// used are the columns of the variables, in the order of the list, each once.
func used(lines ...*line) []int {
	var cols []int
	for _, l := range lines {
		for _, v := range l.vars {
			cols = append(cols, v.column)
		}
	}
	slices.Sort(cols)
	return slices.Compact(cols)
}

// Columns are the headers that New was given.
func (r *Renderer) Columns() []string { return slices.Clone(r.columns) }

// Uses are the headers that the texts of a channel fill in, in the order of the list; nil where there are none.
func (r *Renderer) Uses(ch message.Channel) []string {
	var names []string
	for _, c := range r.uses[ch] {
		names = append(names, r.columns[c])
	}
	return names
}

// Fixed is what every recipient of a channel reads: the SMS, or subject and plain text of the mail (its HTML where it has
// no plain text), without the variables. Carriers refuse an SMS of which nothing is fixed.
func (r *Renderer) Fixed(ch message.Channel) string {
	if ch == message.SMS {
		return r.sms.fixed()
	}
	body := r.text
	if body == nil && r.html != nil {
		body = r.html.line
	}
	return strings.TrimSpace(r.subject.fixed() + "\n" + body.fixed())
}

// Render fills in the text of a channel for one row, whose values are in the order of the columns: Text and Vars of an
// SMS; From, ReplyTo, Subject, Text, HTML, Headers, Attachments and Segments of a mail. Segments of an SMS depend on the
// account and are left to the caller, as are Key, To, Name and Template. Attachments are shared between messages.
//
// A *MissingError is a row without a value for a variable; ErrEmpty and ErrUnsafe are rows that cannot be sent either.
func (r *Renderer) Render(ch message.Channel, values []string, m *message.Message) error {
	switch ch {
	case message.SMS:
		if r.sms == nil {
			return ErrNoText
		}
		return r.renderSMS(values, m)
	case message.Email:
		if r.subject == nil {
			return ErrNoText
		}
		return r.renderEmail(values, m)
	}
	return ErrNoText
}

func (r *Renderer) renderSMS(values []string, m *message.Message) error {
	text, ok := r.sms.fill(values, clean)
	if !ok {
		return r.missing(values, r.sms)
	}
	if blank(text) {
		return ErrEmpty
	}
	m.Channel, m.Text = message.SMS, text
	m.Vars = nil
	if len(r.sms.vars) > 0 {
		m.Vars = make(map[string]string, len(r.sms.vars))
		for _, v := range r.sms.vars {
			s, _ := v.value(values)
			m.Vars[r.columns[v.column]] = clean(s)
		}
	}
	return nil
}

func (r *Renderer) renderEmail(values []string, m *message.Message) error {
	out := message.Message{
		From: r.texts.Email.From, ReplyTo: r.texts.Email.ReplyTo, Attachments: r.texts.Email.Attachments,
	}
	missing := false
	fill := func(l *line, tidy func(string) string) string {
		s, ok := l.fill(values, tidy)
		missing = missing || !ok
		return s
	}
	out.Subject = fill(r.subject, oneLine)
	if r.text != nil {
		out.Text = fill(r.text, clean)
	}
	if len(r.headers) > 0 {
		out.Headers = make(map[string]string, len(r.headers))
		for name, l := range r.headers {
			out.Headers[name] = fill(l, oneLine)
		}
	}
	if r.html != nil && !missing {
		html, ok, err := r.html.fill(values)
		if err != nil {
			return fmt.Errorf("fill in %s: %w", r.texts.Email.HTMLFile, err)
		}
		missing = missing || !ok
		out.HTML = html
	}
	if missing {
		return r.missing(values, r.emailLines()...)
	}
	if blank(out.Subject) || blank(out.Text) && blank(out.HTML) {
		return ErrEmpty
	}
	m.Channel, m.Segments = message.Email, 1
	m.From, m.ReplyTo, m.Subject = out.From, out.ReplyTo, out.Subject
	m.Text, m.HTML, m.Headers, m.Attachments = out.Text, out.HTML, out.Headers, out.Attachments
	return nil
}

func (r *Renderer) emailLines() []*line {
	lines := []*line{r.subject}
	if r.text != nil {
		lines = append(lines, r.text)
	}
	if r.html != nil {
		lines = append(lines, r.html.line)
	}
	for _, l := range r.headers {
		lines = append(lines, l)
	}
	return lines
}

// missing collects every column that the row lacks, so that the operator mends a row once.
func (r *Renderer) missing(values []string, lines ...*line) error {
	var cols []int
	for _, l := range lines {
		for _, v := range l.vars {
			if _, ok := v.value(values); !ok {
				cols = append(cols, v.column)
			}
		}
	}
	slices.Sort(cols)
	var e MissingError
	for _, c := range slices.Compact(cols) {
		e.Columns = append(e.Columns, r.columns[c])
	}
	return &e
}
