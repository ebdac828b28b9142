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
	"notify/pkg/words"
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
		m.Problem("text", words.T("campaign.mail-text-missing", nil), words.T("campaign.do.mail-texts", nil))
	}
	if file := text.Text(); text.Set() && file != "" {
		e.TextFile = r.path(file)
		e.Text = r.text(text, e.TextFile, maxMail)
	} else if text.Set() && !text.IsMapOrList() {
		text.Problem(words.T("campaign.text-empty-name", nil), words.T("campaign.do.file-name", nil))
	}
	if file := html.Text(); html.Set() && file != "" {
		e.HTMLFile = r.path(file)
		e.HTML = r.text(html, e.HTMLFile, maxMail)
	} else if html.Set() && !html.IsMapOrList() {
		html.Problem(words.T("campaign.html-empty-name", nil), words.T("campaign.do.file-name", nil))
	}
	e.Headers = r.headers(m.Map("headers"))
	if e.OneClick = m.Value("one_click").OneOf("true", "false") == "true"; e.OneClick && e.Headers["List-Unsubscribe"]+e.Headers["List-Unsubscribe-Post"] != "" {
		m.Problem("one_click", words.T("campaign.one-click-twice", nil), words.T("yaml.do.keep-one", nil))
	}
	e.Attachments = r.attachments(m.Value("attachments"))
	return e
}

// address is one RFC 5322 address as it was written, checked.
func (r *reader) address(m *yamldoc.Map, key string, must bool) string {
	hint := words.T("campaign.do.address", nil)
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
		v.Problem(words.T("campaign.address-variable", nil), words.T("campaign.do.same-sender", nil))
		return ""
	}
	a, err := mail.ParseAddress(s)
	if err != nil {
		v.Problem(words.T("campaign.address-invalid", words.A{"value": s}), hint)
		return ""
	}
	_, domain, _ := strings.Cut(a.Address, "@")
	if !strings.Contains(domain, ".") || strings.ContainsAny(domain, "[]") {
		v.Problem(words.T("campaign.address-domain", words.A{"value": a.Address}), hint)
		return ""
	}
	return s
}

func (r *reader) subject(m *yamldoc.Map) string {
	s := required(m, "subject", words.T("campaign.do.subject", words.A{"variable": "{{姓名}}"}))
	v := m.Value("subject")
	switch {
	case strings.ContainsFunc(s, unicode.IsControl):
		v.Problem(words.T("campaign.subject-control", nil), words.T("campaign.do.one-line", nil))
	case len([]rune(s)) > maxSubject:
		v.Problem(words.T("campaign.subject-long", words.A{"most": maxSubject}), words.T("campaign.do.shorter", nil))
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
		text := required(m, name, words.T("campaign.do.header-text", nil))
		_, twice := headers[canonical]
		switch {
		case name == "" || strings.ContainsFunc(name, func(c rune) bool { return c <= ' ' || c >= 0x7f || c == ':' }):
			m.Problem(name, words.T("campaign.header-name", words.A{"name": name}), words.T("campaign.do.header", nil))
		case slices.Contains(ownHeaders, canonical) || strings.HasPrefix(canonical, "Content-"):
			m.Problem(name, words.T("campaign.header-own", words.A{"name": canonical}), words.T("campaign.do.leave-out", nil))
		case twice:
			m.Problem(name, words.T("campaign.header-twice", words.A{"name": canonical}), words.T("yaml.do.keep-one", nil))
		case strings.ContainsFunc(text, unicode.IsControl):
			m.Problem(name, words.T("campaign.header-control", nil), words.T("campaign.do.one-line", nil))
		default:
			if headers == nil {
				headers = make(map[string]string)
			}
			headers[canonical] = text
		}
	}
	if len(headers) > maxHeaders {
		m.Problem(m.Keys()[maxHeaders], words.T("campaign.headers-many", words.A{"most": maxHeaders}), words.T("campaign.do.fewer", nil))
	}
	return headers
}

// attachments are names of files, or {file: award.pdf, name: what the recipient sees}.
func (r *reader) attachments(v yamldoc.Value) []message.Attachment {
	var attached []message.Attachment
	total := 0
	for i, item := range v.List() {
		if i == maxAttachments {
			item.Problem(words.T("campaign.attachments-many", words.A{"most": maxAttachments}), words.T("campaign.do.fewer-or-link", nil))
			break
		}
		file, name := item, ""
		if item.IsMap() {
			m := item.Map()
			required(m, "file", words.T("campaign.do.attachment", nil))
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
		v.Problem(words.T("campaign.attachments-large", words.A{"size": total, "most": maxAttached}), words.T("campaign.do.link", nil))
	}
	return attached
}
