package smtp

import (
	"bytes"
	"mime/quotedprintable"
	"strings"
	"unicode/utf8"

	"notify/pkg/words"
)

// encoder remembers the text that it encoded last, line by line. Mails of one campaign differ in a few lines only, and a line is
// encoded by itself, whatever stands before it: those that are as they were are not looked at again.
type encoder struct{ lines []line }

// line is a line of a text with its line break, and what is known of it.
type line struct {
	text    string
	printed []byte // quoted-printable; nil until it is asked for
	high    int    // bytes that are not ASCII
	length  int    // without the line break
	odd     bool   // it has what cannot be sent as it is
	head    bool   // it has what begins a boundary
}

// read takes in the next text.
func (e *encoder) read(s string) {
	n := 0
	for rest := s; rest != ""; n++ {
		end := strings.IndexByte(rest, '\n') + 1
		if end == 0 {
			end = len(rest)
		}
		if n == len(e.lines) {
			e.lines = append(e.lines, line{})
		}
		if l := &e.lines[n]; l.text != rest[:end] {
			*l = lineOf(rest[:end])
		}
		rest = rest[end:]
	}
	clear(e.lines[n:])
	e.lines = e.lines[:n]
}

func lineOf(s string) line {
	l := line{text: s, head: strings.Contains(s, boundaryHead)}
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\n':
			continue
		case c >= utf8.RuneSelf:
			l.high++
		case c == '\r':
			l.odd = l.odd || i+1 == len(s) || s[i+1] != '\n'
		case c < ' ' && c != '\t', c == 0x7f:
			l.odd = true
		}
		l.length++
	}
	return l
}

// encoding chooses: short ASCII lines stay as they are, text that is mostly not ASCII becomes base64, the rest quoted-printable.
func (e *encoder) encoding() string {
	high, total, plain := 0, 0, true
	for i := range e.lines {
		l := &e.lines[i]
		high, total = high+l.high, total+len(l.text)
		plain = plain && !l.odd && !l.head && l.length <= foldAt+2
	}
	switch {
	case high == 0 && plain:
		return "7bit"
	case high*3 > total:
		return "base64"
	default:
		return "quoted-printable"
	}
}

// appendPrinted appends the text in quoted-printable.
func (e *encoder) appendPrinted(b []byte) ([]byte, error) {
	for i := range e.lines {
		l := &e.lines[i]
		if l.printed == nil {
			var out bytes.Buffer
			q := quotedprintable.NewWriter(&out)
			if _, err := q.Write([]byte(canonical(l.text))); err != nil {
				return b, words.Wrap(err, "smtp.mail.text", nil)
			}
			if err := q.Close(); err != nil {
				return b, words.Wrap(err, "smtp.mail.text", nil)
			}
			l.printed = out.Bytes()
		}
		b = append(b, l.printed...)
	}
	return b, nil
}
