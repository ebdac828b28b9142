package words

import (
	"fmt"
	"strings"
	"time"

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
	}
	said, ok := catalogueOf(p.Lang).say(t.ID, args, t.Args["n"])
	if !ok {
		return strings.TrimSpace(fmt.Sprintf("%s %v", t.ID, args))
	}
	return said
}

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
		all = strings.Join(said[:n-1], comma) + last + said[n-1]
	}
	if more > 0 {
		all = p.Say(T("words.and-more", A{"shown": all, "n": more}))
	}
	return all
}
