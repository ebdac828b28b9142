package preflight

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/config"
	"notify/pkg/message"
	"notify/pkg/plan"
)

// A beginning counts every row, every planned message, and of those that have not left what they are; a row counts that has something to
// send on one of the channels.
func TestABeginningGrowsByItsRows(t *testing.T) {
	t.Parallel()
	row := func(n string, channels ...message.Channel) *plan.Recipient {
		r := &plan.Recipient{}
		for _, ch := range channels {
			m := plan.Message{Key: message.Key(string(ch) + n), Channel: ch, Address: "+8610000000000", Segments: 2}
			if ch == message.Email {
				m.Address, m.Segments = message.Address("p@"+n+".test"), 1
			}
			r.Messages = append(r.Messages, m)
		}
		return r
	}
	left := func(k message.Key) bool { return k == "smsa" || k == "smsb" || k == "emailb" }
	b := beginning{channels: make(map[message.Channel]*growth)}
	for _, c := range []struct {
		name   string
		row    *plan.Recipient
		on     []message.Channel
		counts bool
	}{
		{"the SMS has left, the mail has not", row("a", message.SMS, message.Email), []message.Channel{message.Email}, true},
		{"both have left", row("b", message.SMS, message.Email), []message.Channel{message.SMS, message.Email}, false},
		{"another channel", row("c", message.Email), []message.Channel{message.SMS}, false},
		{"the first channel counts", row("d", message.SMS, message.Email), []message.Channel{message.SMS}, true},
		{"one of both", row("d", message.Email), []message.Channel{message.SMS, message.Email}, true},
		{"nothing", row("e"), []message.Channel{message.SMS, message.Email}, false},
	} {
		if got := b.add(c.row, left, c.on); got != c.counts {
			t.Errorf("%s: it counts: %v", c.name, got)
		}
	}
	sms, mail := b.on(message.SMS), b.on(message.Email)
	if b.rows != 6 || sms.planned != 3 || sms.tally != (tally{1, 2}) || mail.planned != 5 || mail.tally != (tally{4, 4}) || len(sms.domains) != 0 {
		t.Errorf("%d rows with %+v and %+v", b.rows, sms, mail)
	}
	if d := cmp.Diff(map[string]int{"a.test": 1, "c.test": 1, "d.test": 2}, mail.domains); d != "" {
		t.Error(d)
	}
	shares := []config.Share{{Account: "edm", Weight: 3}, {Account: "edm-b", Weight: 2}, {Account: "edm-c"}}
	for account, want := range map[string]tally{"edm": {2, 2}, "edm-b": {2, 2}, "edm-c": {}, "other": {}} {
		if got := b.carried(Need{Name: account, Channel: message.Email}, shares); got != want {
			t.Errorf("%s carries %+v, want %+v", account, got, want)
		}
	}
}

// One command sends a part: by its rows, and where it begins at the top of the list by its length as well.
func TestHowAPartIsSent(t *testing.T) {
	t.Parallel()
	for from, want := range map[int]ListPart{
		0: {Recipients: 3, From: 1, To: 4, Limit: 3, Command: "notify send award.xlsx --rows 1-4"},
		1: {Recipients: 3, From: 1, To: 4, Command: "notify send award.xlsx --rows 1-4"},
		2: {Recipients: 3, From: 2, To: 4, Command: "notify send award.xlsx --rows 2-4"},
	} {
		s := &Subject{List: "award.xlsx", Plan: &plan.Plan{Part: plan.Part{From: from}}}
		if got := s.commanded(ListPart{Recipients: 3, From: s.firstRow(), To: 4, Limit: 3}); got != want {
			t.Errorf("from %d: %+v, want %+v", from, got, want)
		}
	}
}
