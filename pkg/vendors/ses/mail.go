package ses

import (
	"mime"
	netmail "net/mail"
	"net/textproto"
	"slices"
	"strings"
	"unicode/utf8"

	"notify/pkg/message"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
)

// keyTag is the tag that carries our key. Events repeat it: that is how a message can be told there.
const keyTag = "notify-key"

// charset is that of all texts.
const charset = "UTF-8"

// mail is a message as the vendor takes it, which makes the MIME of it. part is what it has no place for, else empty.
func (v *vendor) mail(m *message.Message) (mail *sesv2.SendEmailInput, part string) {
	if m.Channel != message.Email {
		return nil, "channel " + string(m.Channel)
	}
	from, ok := mailbox(m.From)
	if !ok {
		return nil, "from"
	}
	to := netmail.Address{Name: oneLine(m.Name), Address: string(m.To)}
	if !ascii(string(m.To)) {
		return nil, "to"
	}
	headers, part := headers(m.Headers)
	if part != "" {
		return nil, part
	}
	mail = &sesv2.SendEmailInput{
		FromEmailAddress: &from, Destination: &types.Destination{ToAddresses: []string{to.String()}},
		EmailTags: []types.MessageTag{{Name: aws.String(keyTag), Value: aws.String(string(m.Key))}},
		Content: &types.EmailContent{Simple: &types.Message{
			Subject: text(oneLine(m.Subject)), Body: &types.Body{Text: text(m.Text), Html: text(m.HTML)},
			Headers: headers, Attachments: attachments(m.Attachments),
		}},
	}
	if m.ReplyTo != "" {
		reply, ok := mailbox(m.ReplyTo)
		if !ok {
			return nil, "reply-to"
		}
		mail.ReplyToAddresses = []string{reply}
	}
	if v.configuration != "" {
		mail.ConfigurationSetName = &v.configuration
	}
	return mail, ""
}

// mailbox is an address as the vendor takes it: in ASCII, with an encoded name. It knows no SMTPUTF8.
func mailbox(s string) (string, bool) {
	a, err := netmail.ParseAddress(s)
	if err != nil || !ascii(a.Address) {
		return "", false
	}
	return a.String(), true
}

// text is a text, or nothing where there is none.
func text(s string) *types.Content {
	if s == "" {
		return nil
	}
	return &types.Content{Data: &s, Charset: aws.String(charset)}
}

// oneLine folds line breaks and control characters to blanks.
func oneLine(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s))
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}

// ours reports whether a header is made of other parts of a message, or by the vendor; a second one is refused.
func ours(name string) bool {
	switch name {
	case "From", "To", "Cc", "Bcc", "Subject", "Date", "Message-Id", "Reply-To", "Return-Path", "Mime-Version", "Content-Type", "Content-Transfer-Encoding":
		return true
	}
	return false
}

// maxHeader is the most that a header's name and value may have together, as the vendor's client documents it.
const maxHeader = 996

// headers are a message's own headers in the order of their names, values in encoded words where they are not ASCII.
func headers(all map[string]string) (out []types.MessageHeader, part string) {
	for name, value := range all {
		value = mime.QEncoding.Encode("utf-8", oneLine(value))
		bad := func(r rune) bool { return r <= ' ' || r >= 0x7f || r == ':' }
		if name == "" || strings.ContainsFunc(name, bad) || len(name)+len(value) > maxHeader || ours(textproto.CanonicalMIMEHeaderKey(name)) {
			return nil, "header " + name
		}
		out = append(out, types.MessageHeader{Name: &name, Value: &value})
	}
	slices.SortFunc(out, func(a, b types.MessageHeader) int { return strings.Compare(*a.Name, *b.Name) })
	return out, ""
}

func attachments(all []message.Attachment) []types.Attachment {
	var out []types.Attachment
	for _, a := range all {
		file := types.Attachment{
			FileName: &a.Name, RawContent: a.Data, ContentDisposition: types.AttachmentContentDispositionAttachment,
			ContentTransferEncoding: types.AttachmentContentTransferEncodingBase64,
		}
		if a.Type != "" {
			file.ContentType = &a.Type
		}
		if a.ContentID != "" {
			file.ContentDisposition, file.ContentId = types.AttachmentContentDispositionInline, &a.ContentID
		}
		out = append(out, file)
	}
	return out
}
