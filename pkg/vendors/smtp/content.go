package smtp

import (
	"bytes"
	"encoding/base64"
	"mime"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"

	"notify/pkg/message"
	"notify/pkg/words"
)

// content writes what follows the headers: the text, or its alternatives, within a mixed mail where files go with it.
func (w *composer) content(m message.Message) error {
	beside, _ := parted(m.Attachments)
	if len(beside) == 0 {
		return w.texts(m)
	}
	mixed := w.begin("mixed")
	w.next(mixed)
	if err := w.texts(m); err != nil {
		return err
	}
	for _, a := range beside {
		w.next(mixed)
		if err := w.attachment(a); err != nil {
			return err
		}
	}
	w.end(mixed)
	return nil
}

// parted are the files that stand beside the text, and those that are images in it.
func parted(all []message.Attachment) (beside, within []message.Attachment) {
	for _, a := range all {
		if a.ContentID == "" {
			beside = append(beside, a)
		} else {
			within = append(within, a)
		}
	}
	return beside, within
}

// html writes the HTML text, together with the images that it names (RFC 2387).
func (w *composer) html(m message.Message) error {
	_, within := parted(m.Attachments)
	if len(within) == 0 {
		return w.textPart("html", m.HTML)
	}
	related := w.begin("related")
	w.next(related)
	if err := w.textPart("html", m.HTML); err != nil {
		return err
	}
	for _, a := range within {
		w.next(related)
		if err := w.attachment(a); err != nil {
			return err
		}
	}
	w.end(related)
	return nil
}

func (w *composer) texts(m message.Message) error {
	switch {
	case m.HTML == "":
		return w.textPart("plain", m.Text)
	case m.Text == "":
		return w.html(m)
	}
	alternative := w.begin("alternative")
	w.next(alternative)
	if err := w.textPart("plain", m.Text); err != nil {
		return err
	}
	w.next(alternative)
	if err := w.html(m); err != nil {
		return err
	}
	w.end(alternative)
	return nil
}

// boundaryHead begins every boundary. It occurs neither in base64 nor in quoted-printable, and text that has it is encoded.
const boundaryHead = "=_"

// begin writes the header of a multipart, and returns its boundary.
func (w *composer) begin(kind string) string {
	w.parts++
	boundary := boundaryHead + w.key + "_" + strconv.Itoa(w.parts)
	w.b = append(w.b, "Content-Type: multipart/"+kind+";\r\n boundary=\""+boundary+"\"\r\n"...)
	return boundary
}

func (w *composer) next(boundary string) {
	w.b = append(append(append(w.b, "\r\n--"...), boundary...), "\r\n"...)
}

func (w *composer) end(boundary string) {
	w.b = append(append(append(w.b, "\r\n--"...), boundary...), "--\r\n"...)
}

// textPart writes a text in the encoding that suits it. All three are seven-bit, so that no relay has to change them.
func (w *composer) textPart(kind, s string) error {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "�")
	}
	e := &w.plain
	if kind == "html" {
		e = &w.markup
	}
	e.read(s)
	encoding := e.encoding()
	w.b = append(append(append(w.b, "Content-Type: text/"...), kind...), "; charset=utf-8\r\nContent-Transfer-Encoding: "...)
	w.b = append(append(w.b, encoding...), "\r\n\r\n"...)
	switch encoding {
	case "7bit":
		w.lines(s)
	case "base64":
		w.base64Lines([]byte(canonical(s)))
	default:
		var err error
		w.b, err = e.appendPrinted(w.b)
		return err
	}
	return nil
}

// lines appends text with its line breaks as CRLF.
func (w *composer) lines(s string) {
	for s != "" {
		i := strings.IndexByte(s, '\n')
		if i < 0 {
			w.b = append(w.b, s...)
			return
		}
		w.b = append(append(w.b, strings.TrimSuffix(s[:i], "\r")...), "\r\n"...)
		s = s[i+1:]
	}
}

// canonical is text with line breaks as CRLF, which is what base64 of a text has to encode (RFC 2046 4.1.1).
func canonical(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r", "\n"), "\n", "\r\n")
}

// base64Lines appends data in lines of 76 characters.
func (w *composer) base64Lines(data []byte) {
	const group = 57 // bytes in 76 characters
	for len(data) > 0 {
		n := min(group, len(data))
		w.b = append(base64.StdEncoding.AppendEncode(w.b, data[:n]), "\r\n"...)
		data = data[n:]
	}
	w.b = bytes.TrimSuffix(w.b, []byte("\r\n"))
}

func (w *composer) attachment(a message.Attachment) error {
	name := path.Base(strings.ReplaceAll(a.Name, `\`, "/"))
	if err := oneLine(name); err != nil || a.Name == "" || len(name) > 200 {
		return words.Err("smtp.mail.attachment-name", nil)
	}
	kind := "application/octet-stream"
	if a.Type != "" {
		parsed, params, err := mime.ParseMediaType(a.Type)
		if err != nil {
			return words.Err("smtp.mail.attachment-type", words.A{"name": brief(name)})
		}
		delete(params, "name")
		// Whole messages and multiparts must not be encoded (RFC 2046 5), and nothing else would get them through unchanged.
		if !strings.HasPrefix(parsed, "multipart/") && !strings.HasPrefix(parsed, "message/") {
			kind = mime.FormatMediaType(parsed, params)
		}
	}
	if kind == "" || strings.ContainsAny(kind, "\r\n") {
		return words.Err("smtp.mail.attachment-type", words.A{"name": brief(name)})
	}
	// Both forms of the name: RFC 2231 is the standard, and some readers know only the encoded word in Content-Type.
	w.field("Content-Type", kind+"; "+nameParam(name))
	disposition := "attachment"
	if a.ContentID != "" {
		if !plain(a.ContentID) || strings.ContainsAny(a.ContentID, "<> ") {
			return words.Err("smtp.mail.attachment-id", words.A{"name": brief(name)})
		}
		disposition = "inline"
		w.field("Content-ID", "<"+a.ContentID+">")
	}
	w.field("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": name}))
	w.b = append(w.b, "Content-Transfer-Encoding: base64\r\n\r\n"...)
	w.base64Lines(a.Data)
	return nil
}

func nameParam(name string) string {
	if plain(name) {
		return "name=" + quoted(name)
	}
	return `name="` + encodedWords(name, len(`Content-Type: name="`)) + `"`
}
