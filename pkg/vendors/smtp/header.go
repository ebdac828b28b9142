package smtp

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// foldAt is the line length that RFC 5322 2.1.1 recommends.
const foldAt = 76

// field writes a header whose value may be folded before any space. A line never consists of spaces alone.
func (w *composer) field(name, value string) {
	w.b = append(append(w.b, name...), ':', ' ')
	column := len(name) + 2
	for first := true; value != ""; first = false {
		n := nextWord(value)
		if !first && column+n > foldAt {
			w.b = append(w.b, "\r\n"...)
			column = 0
		}
		w.b = append(w.b, value[:n]...)
		column += n
		value = value[n:]
	}
	w.b = append(w.b, "\r\n"...)
}

// nextWord is the length of the spaces at the head and the word behind them, with the spaces that end the value.
func nextWord(s string) int {
	i := 0
	for i < len(s) && s[i] == ' ' {
		i++
	}
	for i < len(s) && s[i] != ' ' {
		i++
	}
	if strings.TrimLeft(s[i:], " ") == "" {
		return len(s)
	}
	return i
}

// text writes a header for people: as it is where it is plain, otherwise in encoded words (RFC 2047).
func (w *composer) text(name, value string) {
	if plain(value) {
		w.field(name, value)
		return
	}
	w.field(name, encodedWords(value, len(name)+2))
}

// plain is ASCII that means itself: no encoded word in it, nothing that folding would lose, no word too long for a line.
func plain(s string) bool {
	run := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c >= utf8.RuneSelf || c < ' ':
			return false
		case c == ' ':
			run = 0
		default:
			if run++; run > maxLine/2 {
				return false
			}
		}
	}
	return !strings.Contains(s, "=?") && strings.TrimSpace(s) == s
}

// mailbox writes a header with one address and its name.
func (w *composer) mailbox(name string, a address) {
	display := strings.TrimSpace(a.Name)
	switch {
	case display == "":
		w.field(name, a.Address)
		return
	case plain(display) && len(display) <= foldAt:
		display = quoted(display)
	default:
		display = encodedWords(display, len(name)+2)
	}
	w.field(name, display+" <"+a.Address+">")
}

// quoted is a quoted-string of RFC 5322 3.2.4.
func quoted(s string) string {
	return `"` + strings.ReplaceAll(strings.ReplaceAll(s, `\`, `\\`), `"`, `\"`) + `"`
}

const (
	wordHead = "=?utf-8?b?"
	wordTail = "?="
	maxWord  = 75 // RFC 2047 2
)

// encodedWords encodes text in words of at most 75 characters, none of which splits a character. The first leaves room for
// what stands before it on the line.
func encodedWords(s string, before int) string {
	s = strings.ToValidUTF8(s, "�")
	var b strings.Builder
	room := max((maxWord-len(wordHead)-len(wordTail)-before)/4*3, 6)
	for s != "" {
		n := 0
		for n < len(s) {
			_, size := utf8.DecodeRuneInString(s[n:])
			if n+size > room {
				break
			}
			n += size
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(wordHead)
		b.WriteString(base64.StdEncoding.EncodeToString([]byte(s[:n])))
		b.WriteString(wordTail)
		s = s[n:]
		room = (maxWord - len(wordHead) - len(wordTail)) / 4 * 3
	}
	return b.String()
}
