package view

import (
	"strconv"
	"strings"

	"notify/pkg/message"
)

// PreviewSchema names the form of a Preview as JSON.
const PreviewSchema = "notify.preview/1"

// Preview is what one row will be told.
type Preview struct {
	List      string         `json:"list"`
	Row       int            `json:"row"`
	Recipient string         `json:"recipient"` // the recipient's key
	Short     []PreviewShort `json:"short,omitempty"`
	Mails     []PreviewMail  `json:"mails,omitempty"`
	// Problems say why a channel has nothing to show.
	Problems []string `json:"problems,omitempty"`
}

// PreviewShort is a short text as it will be read.
type PreviewShort struct {
	Channel    message.Channel `json:"channel"`
	To         message.Address `json:"to"`
	Text       string          `json:"text"` // with the signature that the vendor puts before it
	Characters int             `json:"characters"`
	Segments   int             `json:"segments"`
	Rule       string          `json:"rule,omitempty"` // how segments were counted: "mainland"
}

// PreviewMail is a mail as it will be read.
type PreviewMail struct {
	Channel     message.Channel `json:"channel"`
	To          message.Address `json:"to"`
	From        string          `json:"from"`
	ReplyTo     string          `json:"reply_to,omitempty"`
	Subject     string          `json:"subject"`
	Text        string          `json:"text,omitempty"`
	HTMLBytes   int             `json:"html_bytes"`
	Attachments []PreviewFile   `json:"attachments,omitempty"`
}

// PreviewFile is an attachment.
type PreviewFile struct {
	Name  string `json:"name"`
	Bytes int    `json:"bytes"`
}

// ShowPreview draws a preview for people, or writes it as JSON.
func ShowPreview(p *Printer, asJSON bool, v Preview) error {
	if asJSON {
		return JSON(p.Out, p.Words(), PreviewSchema, v)
	}
	p.Line("%s", p.Paint(Strong, txtRow+" "+strconv.Itoa(v.Row)+"  "+Safe(v.Recipient)))
	for _, s := range v.Short {
		p.Blank()
		p.field(string(s.Channel)+txtTo, string(s.To))
		p.field(txtCharacters, Num(s.Characters))
		segments := Num(s.Segments)
		if s.Rule != "" {
			segments += " (" + s.Rule + ")"
		}
		p.field(txtSegments, segments)
		p.body(s.Text)
	}
	for i := range v.Mails {
		p.Blank()
		p.mail(&v.Mails[i])
	}
	for _, problem := range v.Problems {
		p.Line("%s", p.Paint(Bad, Safe(problem)))
	}
	return p.Flush()
}

func (p *Printer) mail(m *PreviewMail) {
	p.field(string(m.Channel)+txtTo, string(m.To))
	p.field(txtFrom, m.From)
	if m.ReplyTo != "" {
		p.field(txtReplyTo, m.ReplyTo)
	}
	p.field(txtSubject, m.Subject)
	html := txtNone
	if m.HTMLBytes > 0 {
		html = Bytes(int64(m.HTMLBytes))
	}
	p.field(txtHTML, html)
	for _, a := range m.Attachments {
		p.field(txtAttached, a.Name+", "+Bytes(int64(a.Bytes)))
	}
	p.body(m.Text)
}

// field is a named value: aligned on a terminal, tab-separated off one.
func (p *Printer) field(name, value string) {
	if !p.Terminal {
		p.Line("%s\t%s", name, Safe(value))
		return
	}
	p.Wrapped(p.Paint(Dim, pad(name, fieldWidth))+"  ", Safe(value))
}

const fieldWidth = 10

// body is a text behind a bar, line by line.
func (p *Printer) body(text string) {
	if text == "" {
		return
	}
	for line := range strings.SplitSeq(strings.TrimRight(SafeText(text), "\n"), "\n") {
		p.Wrapped("  │ ", line)
	}
}

const (
	txtRow        = "row"
	txtTo         = " to"
	txtSegments   = "segments"
	txtCharacters = "characters"
	txtFrom       = "from"
	txtReplyTo    = "reply to"
	txtSubject    = "subject"
	txtHTML       = "HTML"
	txtNone       = "none"
	txtAttached   = "attached"
)
