package campaign

import (
	"mime"
	"net/mail"
	"net/textproto"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"notify/pkg/diag/yamldoc"
	"notify/pkg/message"
)

// Limits of a mail. Most servers take 25 MB with the third that base64 adds, so 15 MiB pass everywhere.
const (
	maxSubject     = 500 // characters
	maxHeaders     = 20
	maxAttachments = 10
	maxAttachment  = 10 << 20
	maxAttached    = 15 << 20
)

func (r *reader) mail(m *yamldoc.Map) *Mail {
	defer m.Done()
	e := &Mail{
		From:    r.address(m, "from", true),
		ReplyTo: r.address(m, "reply_to", false),
		Subject: r.subject(m),
	}
	text, html := m.Value("text"), m.Value("html")
	if text.Missing() && html.Missing() {
		m.Problem("text", "value-missing", "write text: and html: with the names of files beside the campaign", "the mail has no text")
	}
	if file := text.Text(); text.Set() && file != "" {
		e.TextFile = r.path(file)
		e.Text = r.text(text, e.TextFile, maxMail)
	} else if text.Set() && !text.IsMapOrList() {
		text.Problem("value-missing", "name a file, or leave the key out", "text is empty")
	}
	if file := html.Text(); html.Set() && file != "" {
		e.HTMLFile = r.path(file)
		e.HTML = r.text(html, e.HTMLFile, maxMail)
	} else if html.Set() && !html.IsMapOrList() {
		html.Problem("value-missing", "name a file, or leave the key out", "html is empty")
	}
	e.Headers = r.headers(m.Map("headers"))
	e.Attachments = r.attachments(m.Value("attachments"))
	return e
}

// address is one RFC 5322 address as it was written, checked.
func (r *reader) address(m *yamldoc.Map, key string, must bool) string {
	const hint = `write "Awards <award@edm.example.com>"`
	v := m.Value(key)
	var s string
	if must {
		s = required(m, key, hint)
	} else {
		s = strings.TrimSpace(v.Text())
	}
	if s == "" {
		return ""
	}
	if strings.Contains(s, "{{") {
		v.Problem("address-invalid", "write the same sender for every recipient", "variables are not filled in here")
		return ""
	}
	a, err := mail.ParseAddress(s)
	if err != nil {
		v.Problem("address-invalid", hint, "%q is not a mail address", s)
		return ""
	}
	_, domain, _ := strings.Cut(a.Address, "@")
	if !strings.Contains(domain, ".") || strings.ContainsAny(domain, "[]") {
		v.Problem("address-invalid", hint, "%q has no domain that can be answered to", a.Address)
		return ""
	}
	return s
}

func (r *reader) subject(m *yamldoc.Map) string {
	s := required(m, "subject", `write subject: "{{姓名}}, your award"`)
	v := m.Value("subject")
	switch {
	case strings.ContainsFunc(s, unicode.IsControl):
		v.Problem("subject-invalid", "write it on one line", "the subject has a line end or another control character in it")
	case len([]rune(s)) > maxSubject:
		v.Problem("subject-invalid", "make it shorter", "the subject has more than %d characters", maxSubject)
	}
	return s
}

// ownHeaders are written by notify itself, from other keys or for its own working.
var ownHeaders = []string{ //nolint:gochecknoglobals // a constant table
	"From", "To", "Cc", "Bcc", "Sender", "Reply-To", "Subject", "Date", "Message-Id", "Mime-Version", "Return-Path", "Received",
	"Dkim-Signature", "In-Reply-To", "References",
}

func (r *reader) headers(m *yamldoc.Map) map[string]string {
	var headers map[string]string
	for _, name := range m.Keys() {
		canonical := textproto.CanonicalMIMEHeaderKey(name)
		text := required(m, name, "write what the header says, or leave it out")
		_, twice := headers[canonical]
		switch {
		case name == "" || strings.ContainsFunc(name, func(c rune) bool { return c <= ' ' || c >= 0x7f || c == ':' }):
			m.Problem(name, "header-invalid", "use letters, digits and -", "%q cannot be the name of a header", name)
		case slices.Contains(ownHeaders, canonical) || strings.HasPrefix(canonical, "Content-"):
			m.Problem(name, "header-own", "leave it out", "notify writes the header %s itself", canonical)
		case twice:
			m.Problem(name, "key-duplicate", "keep one of the two", "the header %s stands twice", canonical)
		case strings.ContainsFunc(text, unicode.IsControl):
			m.Problem(name, "header-invalid", "write it on one line", "the header has a line end or another control character in it")
		default:
			if headers == nil {
				headers = make(map[string]string)
			}
			headers[canonical] = text
		}
	}
	if len(headers) > maxHeaders {
		m.Problem(m.Keys()[maxHeaders], "header-invalid", "leave some out", "there are more than %d headers", maxHeaders)
	}
	return headers
}

// attachments are names of files, or {file: award.pdf, name: what the recipient sees}.
func (r *reader) attachments(v yamldoc.Value) []message.Attachment {
	var attached []message.Attachment
	total := 0
	for i, item := range v.List() {
		if i == maxAttachments {
			item.Problem("attachment-many", "leave some out, or link to them", "there are more than %d attachments", maxAttachments)
			break
		}
		file, name := item, ""
		if item.IsMap() {
			m := item.Map()
			required(m, "file", "write file: and its name")
			file, name = m.Value("file"), m.Value("name").Text()
			m.Done()
		}
		path := file.Text()
		if path == "" {
			continue
		}
		data, ok := r.file(file, r.path(path), maxAttachment)
		if !ok {
			continue
		}
		if name == "" {
			name = filepath.Base(path)
		}
		kind := mime.TypeByExtension(strings.ToLower(filepath.Ext(name)))
		if kind == "" {
			kind = "application/octet-stream"
		}
		total += len(data)
		attached = append(attached, message.Attachment{Name: name, Type: kind, Data: data})
	}
	if total > maxAttached {
		v.Problem("attachment-large", "link to them instead", "the attachments have %d bytes together, more than %d", total, maxAttached)
	}
	return attached
}
