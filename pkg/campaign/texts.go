package campaign

import (
	"slices"

	"notify/pkg/channel"
	"notify/pkg/diag"
	"notify/pkg/message"
	"notify/pkg/template"
)

// Texts are what a campaign says, channel by channel, in the order in which they are shown. It has no entry for a channel that it
// does not use.
type Texts []Text

// Text is what goes out by one channel: Short or Mail, as the channel's class has it.
type Text struct {
	Channel message.Channel `json:"channel"`
	Short   *Short          `json:"short,omitempty"`
	Mail    *Mail           `json:"mail,omitempty"`
}

// Short is one plain text.
type Short struct {
	File string // where the text came from, for problems
	Text string
	// TemplateCode is the vendor's id of the approved text, by account.
	TemplateCode map[string]string
	// TemplateVars are what the approved text calls the columns that it takes, by column; one that is missing has its header.
	TemplateVars map[string]string
	// Template is where all of this came from; nil where the campaign file says it itself.
	Template *template.Template `json:",omitempty"`
}

// Place is where the text stands, for problems; those of a file have lines of their own.
func (s *Short) Place() diag.Place {
	if s.Template != nil {
		return diag.Place{File: s.File, Line: s.Template.Line, Column: "text"}
	}
	return diag.Place{File: s.File}
}

// Variable is what may stand in a column, as far as that is known.
func (s *Short) Variable(column string) template.Variable {
	if s.Template != nil {
		return s.Template.Variable(column)
	}
	return template.Default(column)
}

// Mail is the mail of a campaign.
type Mail struct {
	From, ReplyTo      string
	Subject            string
	TextFile, HTMLFile string
	Text, HTML         string // HTML may be empty
	Headers            map[string]string
	// OneClick gives each mail a link of its own by which its recipient gets no more of them.
	OneClick    bool `json:",omitempty"`
	Attachments []message.Attachment
}

// Class is the class of the channel that takes such a text.
func (t *Text) Class() channel.Class {
	if t.Mail != nil {
		return channel.Mail
	}
	return channel.Short
}

// Words are all words of a text, with its variables.
func (t *Text) Words() string {
	if t.Mail != nil {
		return t.Mail.Text + "\n" + t.Mail.HTML
	}
	return t.Short.Text
}

// Channels are those that have a text.
func (ts Texts) Channels() []message.Channel {
	var chs []message.Channel
	for _, t := range ts {
		chs = append(chs, t.Channel)
	}
	return chs
}

// Put sets the text of a channel, in the place of the one that it had; a text without words takes it away.
func (ts *Texts) Put(t Text) {
	i := slices.IndexFunc(*ts, func(have Text) bool { return have.Channel == t.Channel })
	switch none := t.Short == nil && t.Mail == nil; {
	case i >= 0 && none:
		*ts = slices.Delete(*ts, i, i+1)
	case i >= 0:
		(*ts)[i] = t
	case !none:
		*ts = append(*ts, t)
	}
}

// On is the text of a channel; nil where it has none.
func (ts Texts) On(ch message.Channel) *Text {
	for i := range ts {
		if ts[i].Channel == ch {
			return &ts[i]
		}
	}
	return nil
}

// Short is the text of a channel that takes a short one; nil where there is none.
func (ts Texts) Short(ch message.Channel) *Short {
	if t := ts.On(ch); t != nil {
		return t.Short
	}
	return nil
}

// Mail is the text of a channel that takes mails; nil where there is none.
func (ts Texts) Mail(ch message.Channel) *Mail {
	if t := ts.On(ch); t != nil {
		return t.Mail
	}
	return nil
}
