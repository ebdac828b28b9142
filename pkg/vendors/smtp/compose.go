package smtp

import (
	"bytes"
	"net/mail"
	"net/textproto"
	"sort"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"notify/pkg/message"
	"notify/pkg/words"
)

// address is what a mail needs of an RFC 5322 address.
type address struct {
	Name    string
	Address string // with the domain in ASCII
	utf8    bool   // the local part needs SMTPUTF8
}

// parseAddress reads "Awards <award@edm.example.test>". Domains become ASCII (RFC 5891); a local part cannot.
func parseAddress(s string) (address, error) {
	if err := oneLine(s); err != nil {
		return address{}, err
	}
	a, err := mail.ParseAddress(s)
	if err != nil {
		return address{}, words.Err("smtp.mail.no-address", nil)
	}
	at := strings.LastIndexByte(a.Address, '@')
	local, domain := a.Address[:at], a.Address[at+1:]
	if !ascii(domain) {
		if domain, err = idna.Lookup.ToASCII(domain); err != nil {
			return address{}, words.Err("smtp.mail.domain", nil)
		}
	}
	// mail.ParseAddress takes the quotes off a local part; only those that need none are written.
	if local == "" || domain == "" || strings.ContainsAny(local, " \t\"\\<>()[]:;,@") || len(local) > 64 || len(domain) > 255 {
		return address{}, words.Err("smtp.mail.no-route", nil)
	}
	return address{Name: a.Name, Address: local + "@" + domain, utf8: !ascii(local)}, nil
}

// in says of which header of the mail err is.
func in(header string, err error) error {
	return words.Wrap(err, "smtp.mail.in", words.A{"header": header})
}

// brief is as much of a name as an error has room for.
func brief(name string) string {
	const most = 60
	if r := []rune(name); len(r) > most {
		return string(r[:most]) + "…"
	}
	return name
}

// oneLine refuses what could begin a header or a command of its own.
func oneLine(s string) error {
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
		return words.Err("smtp.mail.control", nil)
	}
	if !utf8.ValidString(s) {
		return words.Err("smtp.mail.utf8", nil)
	}
	return nil
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// composer writes a mail; it is used again for the next one.
type composer struct {
	b             []byte
	spare         []byte // for dot-stuffing
	plain, markup encoder
	key           string // makes the boundaries
	parts         int
}

// Write lets encoders append to the mail.
func (w *composer) Write(p []byte) (int, error) {
	w.b = append(w.b, p...)
	return len(p), nil
}

// compose writes the mail as it goes over the wire. The same message makes the same bytes, but for its date. Errors are about
// the message: it cannot be sent as it is.
func (v *relay) compose(w *composer, m message.Message) (letter, error) {
	if m.Channel != message.Email {
		return letter{}, words.Err("smtp.mail.channel", words.A{"channel": words.Of("channel", m.Channel)})
	}
	from, err := parseAddress(m.From)
	if err != nil {
		return letter{}, in("From", err)
	}
	to, err := parseAddress(string(m.To))
	if err != nil {
		return letter{}, in("To", err)
	}
	if to.Name != "" || !strings.EqualFold(to.Address, string(m.To)) && !to.utf8 && ascii(string(m.To)) {
		return letter{}, in("To", words.Err("smtp.mail.not-bare", nil))
	}
	to.Name = m.Name
	w.b, w.key, w.parts = w.b[:0], string(m.Key), 0
	if err := v.headers(w, m, from, to); err != nil {
		return letter{}, err
	}
	if err := w.content(m); err != nil {
		return letter{}, err
	}
	w.endLine()
	if err := v.sign(w, from.Address); err != nil {
		return letter{}, err
	}
	w.stuff()
	out := letter{from: from.Address, to: to.Address, utf8: from.utf8 || to.utf8, key: string(m.Key), data: w.b}
	if v.opts.envelopeFrom != "" {
		out.from, out.utf8 = v.opts.envelopeFrom, out.utf8 || !ascii(v.opts.envelopeFrom)
	}
	return out, nil
}

// ours are the headers that this package writes itself; a campaign must not give them a second time (RFC 5322 3.6).
var ours = map[string]bool{ //nolint:gochecknoglobals // a table
	"From": true, "To": true, "Cc": true, "Bcc": true, "Subject": true, "Date": true, "Message-Id": true, "Reply-To": true,
	"Mime-Version": true, "Content-Type": true, "Content-Transfer-Encoding": true, "Return-Path": true, "Received": true,
}

// keyLetters may stand in a Message-ID and in a boundary as they are.
const keyLetters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"

func (v *relay) headers(w *composer, m message.Message, from, to address) error {
	for name, value := range map[string]string{"Subject": m.Subject, "To": m.Name, "Message-ID": string(m.Key)} {
		if err := oneLine(value); err != nil {
			return in(name, err)
		}
	}
	if m.Key == "" || len(m.Key) > 60 || strings.Trim(string(m.Key), keyLetters) != "" {
		return words.Err("smtp.mail.key", nil)
	}
	domain := v.opts.messageIDDomain
	if domain == "" {
		domain = from.Address[strings.LastIndexByte(from.Address, '@')+1:]
	}
	w.b = v.now().AppendFormat(append(w.b, "Date: "...), "Mon, 02 Jan 2006 15:04:05 -0700")
	w.b = append(w.b, "\r\nMessage-ID: <"...)
	w.b = append(append(append(append(w.b, m.Key...), '@'), domain...), ">\r\n"...)
	w.mailbox("From", from)
	w.mailbox("To", to)
	if m.ReplyTo != "" {
		replyTo, err := parseAddress(m.ReplyTo)
		if err != nil {
			return in("Reply-To", err)
		}
		if replyTo.utf8 && !from.utf8 && !to.utf8 {
			return words.Err("smtp.mail.reply-to", nil)
		}
		w.mailbox("Reply-To", replyTo)
	}
	w.text("Subject", m.Subject)
	if err := w.custom(m.Headers); err != nil {
		return err
	}
	w.listID(m, from.Address)
	w.b = append(w.b, "MIME-Version: 1.0\r\n"...)
	return nil
}

// listID names the list that the mail is of (RFC 2919), where the campaign tells how to leave it and does not name it itself: one without
// the other counts against a mail (SpamAssassin: LIST_PARTIAL_SHORT_MSG).
func (w *composer) listID(m message.Message, from string) {
	leaves := false
	for name := range m.Headers {
		switch textproto.CanonicalMIMEHeaderKey(name) {
		case "List-Id":
			return
		case "List-Unsubscribe":
			leaves = true
		}
	}
	domain := from[strings.LastIndexByte(from, '@')+1:]
	if !leaves || !ascii(domain) {
		return
	}
	label := strings.Trim(strings.Map(func(r rune) rune {
		if strings.ContainsRune(keyLetters, r) {
			return r
		}
		return '-'
	}, m.Campaign), "-_")
	if label == "" {
		label = "list"
	}
	w.field("List-Id", "<"+label+"."+domain+">")
}

// maxLine is the longest line that a mail may have without its line break: RFC 5322 2.1.1.
const maxLine = 998

// custom writes the campaign's own headers, in the order of their names.
func (w *composer) custom(headers map[string]string) error {
	if len(headers) == 0 {
		return nil
	}
	names := make([]string, 0, len(headers))
	for name := range headers {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if name == "" || len(name) > 76 || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == ':' }) {
			return words.Err("smtp.mail.header-name", words.A{"header": brief(name)})
		}
		if ours[textproto.CanonicalMIMEHeaderKey(name)] {
			return words.Err("smtp.mail.header-ours", words.A{"header": name})
		}
		if err := oneLine(headers[name]); err != nil {
			return in(name, err)
		}
		start := len(w.b)
		if value := strings.TrimSpace(headers[name]); ascii(value) {
			w.field(name, value)
		} else {
			w.text(name, value)
		}
		for line := range bytes.SplitSeq(w.b[start:], []byte("\r\n")) {
			if len(line) > maxLine {
				return words.Err("smtp.mail.header-long", words.A{"header": name, "n": maxLine})
			}
		}
	}
	return nil
}

// endLine ends the last line.
func (w *composer) endLine() {
	if !bytes.HasSuffix(w.b, []byte("\r\n")) {
		w.b = append(w.b, "\r\n"...)
	}
}

// stuff makes the mail ready for DATA: dots at the head of a line are doubled (RFC 5321 4.5.2), and CRLF.CRLF is the end.
func (w *composer) stuff() {
	if i := bytes.Index(w.b, []byte("\r\n.")); i >= 0 {
		out := w.spare[:0]
		rest := w.b
		for ; i >= 0; i = bytes.Index(rest, []byte("\r\n.")) {
			out = append(append(out, rest[:i+3]...), '.')
			rest = rest[i+3:]
		}
		out = append(out, rest...)
		w.b, w.spare = out, w.b
	}
	w.b = append(w.b, ".\r\n"...)
}
