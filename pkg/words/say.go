package words

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"notify/pkg/message"
)

// Printer makes sentences in one language. Zone is that of every time in them; nil leaves times in their own. The zero
// value speaks English.
type Printer struct {
	Lang Language
	Zone *time.Location
}

// Say makes the sentence. What stands in it and came from a list or a vendor cannot move the cursor (Safe). An id that the
// catalogue does not have, which a test excludes, reads as the id with its arguments: nothing is lost, and nothing breaks.
func (p Printer) Say(t Text) string {
	if t.IsZero() {
		return ""
	}
	if t.ID == "words.raw" {
		return p.Value(t.Args["said"])
	}
	args := make(map[string]string, len(t.Args))
	for name, v := range t.Args {
		args[name] = p.Value(v)
		if p.Lang == Chinese {
			args[name] = edge + args[name] + edge
		}
	}
	said, ok := catalogueOf(p.Lang).say(t.ID, args, t.Args["n"])
	if !ok {
		return spaced(strings.TrimSpace(fmt.Sprintf("%s %v", t.ID, args)))
	}
	return spaced(said)
}

// edge stands where an argument begins and ends until the sentence is made. No argument has one: Safe takes them out.
const edge = "\x01"

// spaced takes the edges out, with a blank in their place where Chinese meets a letter or a digit: a template cannot know what its
// argument begins with.
func spaced(said string) string {
	if !strings.Contains(said, edge) {
		return said
	}
	var b strings.Builder
	b.Grow(len(said))
	var last rune
	meets := false
	for _, r := range said {
		if r == rune(edge[0]) {
			meets = true
			continue
		}
		if meets && (unicode.Is(unicode.Han, last) && latin(r) || latin(last) && unicode.Is(unicode.Han, r)) {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
		last, meets = r, false
	}
	return b.String()
}

func latin(r rune) bool { return r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) }

// Value is an argument as it stands in a sentence.
func (p Printer) Value(v any) string {
	switch v := v.(type) {
	case string:
		return Safe(v)
	case Text:
		return p.Say(v)
	case List:
		return p.list(v)
	case Count:
		return p.Say(Text{ID: "noun." + v.Noun, Args: A{"n": v.N}})
	case time.Time:
		return p.Time(v)
	case time.Duration:
		return p.Duration(v)
	}
	return p.figure(v)
}

func (p Printer) figure(v any) string {
	switch v := v.(type) {
	case int:
		return Num(v)
	case int64:
		return Num(v)
	case Amount:
		return p.Money(v)
	case message.Money:
		return Decimal(v)
	case Percent:
		return p.Percent(v)
	case Rate:
		return p.Rate(v)
	case Size:
		return p.Bytes(v)
	case Weighed:
		return p.Weighed(v)
	case nil:
		return Unknown
	}
	return Safe(fmt.Sprint(v))
}

// list joins values as the language does.
func (p Printer) list(l List) string {
	items := l.Items
	more := 0
	if l.Most > 0 && len(items) > l.Most {
		more, items = len(items)-l.Most, items[:l.Most]
	}
	said := make([]string, 0, len(items))
	for _, v := range items {
		said = append(said, p.Value(v))
	}
	comma, last := p.Say(T("words.comma", nil)), ""
	switch l.Join {
	case And:
		last = p.Say(T("words.and", nil))
	case Or:
		last = p.Say(T("words.or", nil))
	case Sentences:
		comma = p.Say(T("words.semicolon", nil))
	case Plus:
		comma = " + "
	case Commas:
	}
	all := strings.Join(said, comma)
	if n := len(said); last != "" && more == 0 && n > 1 {
		all = spaced(strings.Join(said[:n-1], comma) + edge + last + edge + said[n-1])
	}
	if more > 0 {
		all = p.Say(T("words.and-more", A{"shown": all, "n": more}))
	}
	return all
}
