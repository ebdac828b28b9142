package checklist

import (
	"cmp"
	"fmt"
	"strconv"
)

// Differences says item by item what is different between two versions of a list, in the order of the first, what is new last.
func Differences(before, after *Checklist) []string {
	var out []string
	for i := range before.Items {
		was := &before.Items[i]
		if now := after.Item(was.ID); now != nil {
			out = append(out, was.differences(now)...)
			continue
		}
		out = append(out, was.ID+" is gone")
	}
	for i := range after.Items {
		if id := after.Items[i].ID; before.Item(id) == nil {
			out = append(out, id+" is new")
		}
	}
	return out
}

// differences says what is different in an item.
func (i *Item) differences(now *Item) []string {
	var out []string
	if i.Title != now.Title || i.Why != now.Why {
		out = append(out, i.ID+" was reworded")
	}
	for _, d := range []struct{ what, was, is string }{
		{"phase", string(i.Phase), string(now.Phase)},
		{"role", i.Role, now.Role},
		{"check", i.Check, now.Check},
		{"people", strconv.Itoa(i.People), strconv.Itoa(now.People)},
		{"evidence", string(i.Evidence), string(now.Evidence)},
		{"expiry", span(i), span(now)},
	} {
		if d.was != d.is {
			out = append(out, fmt.Sprintf("%s of %s: %s → %s", d.what, i.ID, cmp.Or(d.was, "none"), cmp.Or(d.is, "none")))
		}
	}
	return out
}

// span is how long a signature holds; empty where it does not expire.
func span(i *Item) string {
	if i.Expires == 0 {
		return ""
	}
	return i.Expires.String()
}
