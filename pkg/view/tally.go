package view

import (
	"slices"

	"notify/pkg/sandbox"
	"notify/pkg/words"
)

// ShowTally draws what reached the sandbox.
func ShowTally(p *Printer, asJSON bool, t sandbox.Tally) error {
	if asJSON {
		return JSON(p.Out, p.Words(), "notify.sandbox/1", t)
	}
	table := NewTable("channel", ">reached-messages", ">addresses", ">twice", ">segments", ">answer-lost")
	for _, c := range []struct {
		name string
		c    sandbox.Count
	}{{"sms", t.SMS}, {"email", t.Mail}} {
		table.Row(p.word("channel", c.name), words.Num(c.c.Reached), words.Num(c.c.Distinct), words.Num(c.c.Twice), words.Num(c.c.Segments), words.Num(c.c.Unanswered))
	}
	table.Footer(p.together(), words.Num(t.SMS.Reached+t.Mail.Reached), words.Num(t.SMS.Distinct+t.Mail.Distinct), words.Num(t.SMS.Twice+t.Mail.Twice), "",
		words.Num(t.SMS.Unanswered+t.Mail.Unanswered))
	p.Table(table, 0)
	if twice := slices.Concat(t.SMS.TwiceList, t.Mail.TwiceList); len(twice) > 0 {
		said := words.T("sandbox.twice", words.A{"who": words.Names(twice, 0)})
		if more := t.SMS.Twice + t.Mail.Twice - len(twice); more > 0 {
			said = words.T("sandbox.twice-more", words.A{"who": words.Names(twice, 0), "n": more})
		}
		p.Wrapped("", p.Paint(Bad, p.Say(said)))
	}
	return p.Flush()
}
