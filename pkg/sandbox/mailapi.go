package sandbox

import (
	"net/http"
	netmail "net/mail"
	"strings"

	"notify/pkg/message"
)

// mailRequest is a mail that came by a vendor's own way and not by SMTP.
type mailRequest struct {
	To            message.Address
	Ref           string // our key
	Subject, Text string // Text is all that is read beside the subject
	Template      string // of those on file; empty: the mail brings its own texts

	listed bool // the vendor is asked for it by address
}

// deliverMail takes a mail and answers in a dialect.
func (s *Sandbox) deliverMail(w http.ResponseWriter, r *http.Request, d *dialect, q *mailRequest) {
	at := strings.LastIndexByte(string(q.To), '@')
	switch {
	case at < 1 || at == len(q.To)-1 || strings.ContainsAny(string(q.To), ", \r\n"):
		d.refused(w, d.codes[outNumber])
		return
	case q.Template != "" && !s.templates.allows(KindText, q.Template):
		d.refused(w, d.codes[outTemplate])
		return
	case q.Subject == "" || q.Text == "" && q.Template == "":
		d.refused(w, d.codes[outText])
		return
	}
	f := s.mail.draw(q.To)
	if !drawn(f.fault) && s.mail.blacklists(&s.blacklist, q.Subject) {
		f.fault = outBlacklist
	}
	s.settle(w, r, d, s.mail, request{to: q.To, ref: q.Ref, hash: textHash(q.Subject + "\n" + q.Text), segments: 1, listed: q.listed}, f)
}

// keyOf is our key in a Message-ID: what stands before its @.
func keyOf(id string) string {
	key, _, _ := strings.Cut(strings.Trim(id, "<> "), "@")
	return key
}

// mailbox is the address of a mailbox with its name; empty where it is none.
func mailbox(s string) message.Address {
	a, err := netmail.ParseAddress(s)
	if err != nil {
		return ""
	}
	return message.Address(a.Address)
}
