package view_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"notify/pkg/channel"
	"notify/pkg/diag"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/report"
	"notify/pkg/suppression"
	"notify/pkg/view"
	"notify/pkg/words"
)

func suppressedEntry() ledger.Suppression {
	return ledger.Suppression{
		ID: 1, Address: "+8613490000001", Channel: message.SMS, Reason: "opt-out", Note: "replied T\x1b[2J", Who: "li@ops-1",
		At: time.Date(2026, 11, 20, 4, 0, 0, 0, time.UTC),
	}
}

func suppressionLists() []view.SuppressionList {
	first := suppressedEntry()
	mail, off := first, first
	mail.ID, mail.Address, mail.Channel, mail.Reason, mail.Note = 2, "wang@example.test", message.Email, "hard-bounce", ""
	off.ID, off.Reason, off.Note = 3, "", "a mistake"
	part := &report.Suppressed{
		Entries: 1204, ByReason: map[string]int{"opt-out": 1200, "hard-bounce": 4}, ByChannel: map[message.Channel]int{message.SMS: 1200, message.Email: 4},
		Newest: []ledger.Found{{Suppression: first}, {Suppression: mail}},
	}
	log := &report.Suppressed{
		Entries: 1, TakenOff: 1, ByReason: map[string]int{"opt-out": 1}, ByChannel: map[message.Channel]int{message.SMS: 1},
		Newest: []ledger.Found{{Suppression: first}, {Suppression: off}},
	}
	rows := &report.Suppressed{
		Entries: 2, ByReason: map[string]int{"opt-out": 1, "hard-bounce": 1}, ByChannel: map[message.Channel]int{message.SMS: 1, message.Email: 1},
		Newest: []ledger.Found{{Row: 12, Suppression: first}, {Row: 22901, Suppression: mail}},
	}
	return []view.SuppressionList{
		{Mask: channel.Set(nil).Masked, Suppressed: &report.Suppressed{}},
		{Mask: channel.Set(nil).Masked, Suppressed: part},
		{Mask: channel.Set(nil).Masked, Suppressed: log, Free: []message.Address{"+8613490000001"}},
		{Mask: channel.Set(nil).Masked, Suppressed: rows, In: "award.xlsx"},
		{Mask: channel.Set(nil).Masked, Suppressed: &report.Suppressed{}, Free: []message.Address{"li@example.test"}},
	}
}

func TestEachChannelMasksItsOwnAddresses(t *testing.T) {
	of := channel.Set(nil).With(channel.Entry{
		Name: "box", Is: func(raw string) bool { return strings.HasPrefix(raw, "box:") }, Mask: func(message.Address) string { return "a box" },
	})
	var out bytes.Buffer
	sum := &report.Suppressed{Entries: 1, Newest: []ledger.Found{{Suppression: ledger.Suppression{Address: "box:0421", Channel: "box", Reason: "other"}}}}
	if err := view.ShowSuppressionList(&view.Printer{Out: &out}, true, view.SuppressionList{Suppressed: sum, Mask: of.Masked}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), `"address": "a box"`) || strings.Contains(out.String(), "0421") {
		t.Errorf("it shows %s", &out)
	}
	out.Reset()
	if err := view.ShowSuppress(&view.Printer{Out: &out}, false, view.Suppress{Mask: of.Masked, Suppress: ledger.Suppress{Known: 1, Kept: []ledger.Suppression{sum.Newest[0].Suppression}}}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "a box") || strings.Contains(out.String(), "0421") {
		t.Errorf("it shows %s", &out)
	}
}

func suppresses() []view.Suppress {
	problems := &diag.List{}
	problems.Add(diag.Problem{
		Code: "phone-invalid", Place: diag.Place{File: "bounces.csv", Row: 4}, Summary: words.Raw("too short for a phone number"), Hint: words.Raw("correct it"),
	})
	return []view.Suppress{
		{Mask: channel.Set(nil).Masked, Suppress: ledger.Suppress{Added: 1}},
		{Mask: channel.Set(nil).Masked, Suppress: ledger.Suppress{Known: 1, Kept: []ledger.Suppression{suppressedEntry()}}},
		{
			Mask: channel.Set(nil).Masked, Suppress: ledger.Suppress{Added: 1200, Known: 3, Kept: []ledger.Suppression{suppressedEntry()}}, File: "bounces.csv",
			Read: suppression.Read{Rows: 1203, Entries: 1203, Unread: 1}, Problems: problems,
		},
	}
}

func TestTheSuppressionListLooksTheSame(t *testing.T) {
	for _, d := range devices() {
		var out bytes.Buffer
		p := d.printer(&out)
		for _, v := range suppressionLists() {
			if err := view.ShowSuppressionList(p, false, v); err != nil {
				t.Fatal(err)
			}
		}
		for _, v := range suppresses() {
			if err := view.ShowSuppress(p, false, v); err != nil {
				t.Fatal(err)
			}
		}
		golden(t, "suppress-"+d.name+".txt", out.String())
		if strings.Contains(out.String(), "13490000001") || strings.Contains(out.String(), "\x1b[2J") {
			t.Errorf("an address is not masked, or a note moves the cursor:\n%s", out.String())
		}
	}
}

func TestTheSuppressionListAsJSONHasItsFields(t *testing.T) {
	for _, c := range []struct {
		schema string
		show   func(*view.Printer) error
		fields []string
	}{
		{"notify.suppress-list/1", func(p *view.Printer) error { return view.ShowSuppressionList(p, true, suppressionLists()[3]) }, []string{"entries", "by_reason", "by_channel", "in", "lines"}},
		{"notify.suppress-list/1", func(p *view.Printer) error { return view.ShowSuppressionList(p, true, suppressionLists()[2]) }, []string{"taken_off", "free", "lines"}},
		{"notify.suppress-add/1", func(p *view.Printer) error { return view.ShowSuppress(p, true, suppresses()[1]) }, []string{"text", "added", "known", "kept"}},
		{"notify.suppress-import/1", func(p *view.Printer) error { return view.ShowSuppress(p, true, suppresses()[2]) }, []string{"text", "added", "known", "kept", "file", "rows", "unread", "problems"}},
	} {
		var out bytes.Buffer
		if err := c.show(&view.Printer{Out: &out}); err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := json.Unmarshal(out.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if got["schema"] != c.schema {
			t.Errorf("the schema is %v, want %s", got["schema"], c.schema)
		}
		for _, f := range c.fields {
			if got[f] == nil {
				t.Errorf("%s has no %s:\n%s", c.schema, f, out.String())
			}
		}
		if strings.Contains(out.String(), "13490000001") {
			t.Errorf("an address is not masked:\n%s", out.String())
		}
	}
}
