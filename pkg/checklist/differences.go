package checklist

import (
	"strconv"

	"notify/pkg/words"
)

// Differences says item by item what is different between two versions of a list, in the order of the first, what is new last.
func Differences(before, after *Checklist) []words.Text {
	var out []words.Text
	for i := range before.Items {
		was := &before.Items[i]
		if now := after.Item(was.ID); now != nil {
			out = append(out, was.differences(now)...)
			continue
		}
		out = append(out, words.T("checklist.gone", words.A{"item": was.ID}))
	}
	for i := range after.Items {
		if id := after.Items[i].ID; before.Item(id) == nil {
			out = append(out, words.T("checklist.new", words.A{"item": id}))
		}
	}
	return out
}

// differences says what is different in an item.
func (i *Item) differences(now *Item) []words.Text {
	var out []words.Text
	if i.Title != now.Title || i.Why != now.Why {
		out = append(out, words.T("checklist.reworded", words.A{"item": i.ID}))
	}
	phase := func(v string) any { return words.Of("phase", v) }
	evidence := func(v string) any { return words.Of("cmd.evidence", v) }
	itself := func(v string) any { return v }
	for _, d := range []struct {
		what, was, is string
		word          func(string) any
	}{
		{"phase", string(i.Phase), string(now.Phase), phase},
		{"role", i.Role, now.Role, RoleWord},
		{"check", i.Check, now.Check, itself},
		{"people", strconv.Itoa(i.People), strconv.Itoa(now.People), itself},
		{"evidence", string(i.Evidence), string(now.Evidence), evidence},
		{"expiry", words.Span(i.Expires), words.Span(now.Expires), itself},
	} {
		orNone := func(v string) any {
			if v == "" {
				return words.T("checklist.none", nil)
			}
			return d.word(v)
		}
		if d.was != d.is {
			out = append(out, words.T("checklist.differs", words.A{"what": words.Of("checklist.key", d.what), "item": i.ID, "was": orNone(d.was), "now": orNone(d.is)}))
		}
	}
	return out
}
