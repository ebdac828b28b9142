// Package scrub takes secrets and addresses out of what a vendor says, since vendors repeat what they were sent.
package scrub

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"unicode"
	"unicode/utf8"

	"notify/pkg/message"
	"notify/pkg/words"
)

const (
	maxDetail = 300 // of message.Outcome
	maxCode   = 64
	// minTail is how many last digits of a phone number are as good as the number: vendors repeat numbers with and without
	// the country's code.
	minTail = 7
)

// Scrubber knows the secrets of an account. The zero value knows none.
type Scrubber struct {
	secrets []string
	learned atomic.Pointer[learned]
}

// learned are the newest secrets that came while the account was in use: tokens.
type learned struct{ secrets []string }

// maxLearned is how many of them are remembered, in all their forms.
const maxLearned = 24

// New knows the secrets also as they travel: escaped, and in base64. Empty ones are left out.
func New(secrets ...string) *Scrubber {
	s := &Scrubber{}
	for _, x := range secrets {
		s.secrets = append(s.secrets, forms(x)...)
	}
	// The longest first, so that no rest of a long secret is left by a short one that is part of it.
	slices.SortFunc(s.secrets, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	s.secrets = slices.Compact(s.secrets)
	return s
}

// forms are the ways in which a secret travels.
func forms(x string) []string {
	if x == "" {
		return nil
	}
	return []string{
		x, url.QueryEscape(x), url.PathEscape(x), quote(x),
		base64.StdEncoding.EncodeToString([]byte(x)), base64.URLEncoding.EncodeToString([]byte(x)),
	}
}

// Learn adds a secret that the vendor gave. The newest few are known.
func (s *Scrubber) Learn(secret string) {
	for {
		was, now := s.learned.Load(), &learned{secrets: forms(secret)}
		if was != nil {
			now.secrets = append(now.secrets, was.secrets[:min(len(was.secrets), maxLearned)]...)
		}
		if s.learned.CompareAndSwap(was, now) {
			return
		}
	}
}

// Detail is text as it may stand in message.Outcome.Detail; to is whom the message was for, empty for nobody.
func (s *Scrubber) Detail(text string, to message.Address) string { return s.Line(text, maxDetail, to) }

// Code is a vendor's code, or another short word of its, on one line.
func (s *Scrubber) Code(code string, to message.Address) string { return s.Line(code, maxCode, to) }

// quote is a secret as it stands in JSON, between its quotes.
func quote(secret string) string {
	b, err := json.Marshal(secret)
	if err != nil {
		return secret // no string is without a form in JSON
	}
	return string(b[1 : len(b)-1])
}

// Text is Detail for a sentence: stored, so that it can be said in any language, as long as that is short enough.
func (s *Scrubber) Text(t words.Text, to message.Address) string {
	if kept := s.Clean(t, to).Stored(); len(kept) <= maxDetail {
		return kept
	}
	return s.Detail(t.String(), to)
}

// Clean is a sentence with what stands in it cleaned.
func (s *Scrubber) Clean(t words.Text, to message.Address) words.Text {
	args := make(words.A, len(t.Args))
	for name, v := range t.Args {
		switch v := v.(type) {
		case string:
			args[name] = s.Detail(v, to)
		case words.Text:
			args[name] = s.Clean(v, to)
		default:
			args[name] = v
		}
	}
	return words.Text{ID: t.ID, Args: args}
}

// Line is text on one line of at most n bytes, without secrets, and with the address masked.
func (s *Scrubber) Line(text string, n int, to message.Address) string {
	if l := s.learned.Load(); l != nil {
		for _, secret := range l.secrets {
			text = strings.ReplaceAll(text, secret, "***")
		}
	}
	for _, secret := range s.secrets {
		text = strings.ReplaceAll(text, secret, "***")
	}
	text = maskAddress(text, to)
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, text)
	text = strings.TrimSpace(text)
	if len(text) <= n {
		return text
	}
	cut := n - len("…")
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

func maskAddress(text string, to message.Address) string {
	if to == "" {
		return text
	}
	if strings.Contains(string(to), "@") {
		return replaceFold(text, string(to), to.Masked())
	}
	return maskDigits(text, strings.TrimPrefix(string(to), "+"))
}

// replaceFold replaces without regard to the case of ASCII letters.
func replaceFold(text, old, with string) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		if len(text)-i >= len(old) && strings.EqualFold(text[i:i+len(old)], old) {
			b.WriteString(with)
			i += len(old)
			continue
		}
		b.WriteByte(text[i])
		i++
	}
	return b.String()
}

// maskDigits masks each run of digits that holds the last digits of a number.
func maskDigits(text, digits string) string {
	if len(digits) < minTail {
		return text
	}
	tail := digits[len(digits)-minTail:]
	if !strings.Contains(text, tail) {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		end := strings.IndexFunc(text, func(r rune) bool { return r < '0' || r > '9' })
		switch {
		case end == 0:
			_, size := utf8.DecodeRuneInString(text)
			b.WriteString(text[:size])
			text = text[size:]
			continue
		case end < 0:
			end = len(text)
		}
		if strings.Contains(text[:end], tail) {
			b.WriteString("****")
		} else {
			b.WriteString(text[:end])
		}
		text = text[end:]
	}
	return b.String()
}
