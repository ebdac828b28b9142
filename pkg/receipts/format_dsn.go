package receipts

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/textproto"
	"strings"

	"github.com/emersion/go-message"
	"github.com/emersion/go-message/mail"

	ours "notify/pkg/message"
	"notify/pkg/words"
)

// Delivery status notifications (RFC 3464) and complaints (RFC 5965) are mails. Our key is the local part of the Message-ID that the report repeats, or
// its envelope id. A mail that is no report says nothing.
func dsnFormat() *Format {
	return &Format{Name: "dsn", Read: readDSN}
}

// report is what the parts of a mail say together.
type report struct {
	groups   []textproto.MIMEHeader // of the status, the first about the message
	key      ours.Key
	original string // to whom the mail was
	abuse    bool
}

func readDSN(_ *Account, p *Posted) (Told, error) {
	e, err := message.Read(bytes.NewReader(p.Body))
	if err != nil && !message.IsUnknownCharset(err) {
		return Told{}, errForm(err)
	}
	kind, params, err := e.Header.ContentType()
	if err != nil || kind != "multipart/report" {
		return Told{}, words.Err("receipts.no-report", nil)
	}
	r := report{abuse: params["report-type"] == "feedback-report"}
	if err := e.Walk(r.part); err != nil && !errors.Is(err, io.EOF) {
		return Told{}, errForm(err)
	}
	at, err := (&mail.Header{Header: e.Header}).Date()
	if err != nil {
		at = p.At
	}
	t := Told{}
	for _, event := range r.events() {
		event.At = at.UTC()
		t.Events = append(t.Events, event)
	}
	if len(t.Events) == 0 {
		return t, words.Err("receipts.no-report", nil)
	}
	return t, nil
}

// part takes in one part of the report.
func (r *report) part(_ []int, e *message.Entity, err error) error {
	if message.IsUnknownCharset(err) {
		err = nil
	}
	if err != nil {
		return err
	}
	kind, _, _ := e.Header.ContentType() // a part without one is text
	switch kind {
	case "message/delivery-status", "message/global-delivery-status", "message/feedback-report":
		r.groups = append(r.groups, groups(e.Body)...)
	case "message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers":
		h, _ := textproto.NewReader(bufio.NewReader(e.Body)).ReadMIMEHeader() // headers alone end without an empty line
		if k := idKey(h.Get("Message-Id")); k != "" {
			r.key = k
		}
		r.original = h.Get("To")
	}
	return nil
}

// groups are the groups of fields of a report, up to its end or a line that is none.
func groups(body io.Reader) (all []textproto.MIMEHeader) {
	in := textproto.NewReader(bufio.NewReader(body))
	for more := true; more; {
		h, err := in.ReadMIMEHeader()
		if more = err == nil; len(h) > 0 {
			all = append(all, h)
		}
	}
	return all
}

// events are what the report says of each recipient.
func (r *report) events() []ours.Event {
	if r.abuse {
		if r.key == "" {
			return nil
		}
		return []ours.Event{{Key: r.key, State: ours.Complained}}
	}
	key := r.key
	var out []ours.Event
	for _, g := range r.groups {
		if id := keyIn(g.Get("Original-Envelope-Id")); id != "" && key == "" {
			key = id
		}
		e := ours.Event{Key: key, To: recipient(g), Code: g.Get("Status"), Detail: said(after(g.Get("Diagnostic-Code")))}
		switch strings.ToLower(g.Get("Action")) {
		case "delivered", "relayed", "expanded":
			e.State = ours.Delivered
		case "failed":
			e.State = ours.HardBounce
			// A full mailbox, a policy or a receiver that could not be reached is no reason to call the address dead (RFC 3463).
			if strings.HasPrefix(e.Code, "4") || !strings.HasPrefix(e.Code, "5.1.") {
				e.State = ours.SoftBounce
			}
		case "delayed":
			e.State = ours.SoftBounce
		default:
			continue
		}
		if e.Key != "" {
			e.To = "" // it may have been forwarded: our key is enough
		}
		out = append(out, e)
	}
	return out
}

// recipient is whom a group is about: as the mail was addressed, if that is told.
func recipient(g textproto.MIMEHeader) ours.Address {
	for _, name := range []string{"Original-Recipient", "Final-Recipient"} {
		if v := g.Get(name); v != "" {
			return mailbox(after(v))
		}
	}
	return ""
}

// after is a value behind its type: "rfc822; wang@example.test".
func after(v string) string {
	if _, rest, ok := strings.Cut(v, ";"); ok {
		return strings.TrimSpace(rest)
	}
	return v
}
