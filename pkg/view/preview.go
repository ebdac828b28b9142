package view

import (
	"strings"

	"notify/pkg/message"
	"notify/pkg/words"
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
	p.Wrapped("", p.Paint(Strong, p.Say(words.T("preview.row", words.A{"row": plainInt(v.Row), "recipient": v.Recipient}))))
	for _, s := range v.Short {
		p.Blank()
		p.to(s.Channel, s.To)
		p.labelled("characters", words.Num(s.Characters))
		segments := words.Num(s.Segments)
		if s.Rule != "" {
			segments = p.Say(words.T("preview.segments", words.A{"segments": s.Segments, "rule": words.Of("rule", s.Rule)}))
		}
		p.labelled("segments", segments)
		p.body(s.Text)
	}
	for i := range v.Mails {
		p.Blank()
		p.mail(&v.Mails[i])
	}
	for _, problem := range v.Problems {
		p.Wrapped("", p.Paint(Bad, Safe(problem)))
	}
	return p.Flush()
}

func (p *Printer) mail(m *PreviewMail) {
	p.to(m.Channel, m.To)
	p.labelled("mail-from", m.From)
	if m.ReplyTo != "" {
		p.labelled("reply-to", m.ReplyTo)
	}
	p.labelled("subject", m.Subject)
	html := p.Say(words.T("preview.none", nil))
	if m.HTMLBytes > 0 {
		html = p.Words().Bytes(words.Size(m.HTMLBytes))
	}
	p.labelled("html", html)
	for _, a := range m.Attachments {
		p.labelled("attached", p.Say(words.T("preview.file", words.A{"name": a.Name, "size": words.Size(a.Bytes)})))
	}
	p.body(m.Text)
}

// to is where a message goes. Off a terminal the channel stands as it is.
func (p *Printer) to(ch message.Channel, to message.Address) {
	name := string(ch) + " to"
	if p.Terminal {
		name = p.Say(words.T("preview.to", words.A{"channel": words.Of("channel", ch)}))
	}
	p.field(name, string(to))
}

// labelled is a value behind the name of a column of the catalogue.
func (p *Printer) labelled(id, value string) { p.field(p.label(id), value) }

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
