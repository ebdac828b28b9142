package view

import (
	"fmt"
	"strconv"

	"notify/pkg/drill"
)

// ShowDrills lists what can be drilled.
func ShowDrills(p *Printer, asJSON bool, all []drill.Drill) error {
	if asJSON {
		return JSON(p.Out, p.Words(), "notify.drills/1", struct {
			Drills []drill.Drill `json:"drills"`
		}{all})
	}
	t := NewTable("drill", "what happened")
	for _, d := range all {
		t.Row(d.Name, d.Title)
	}
	p.Table(t, 0)
	return p.Flush()
}

// ShowDrill draws what happened then, and what stopped it now.
func ShowDrill(p *Printer, asJSON bool, r drill.Report) error {
	if asJSON {
		return JSON(p.Out, p.Words(), "notify.drill/1", struct {
			drill.Drill
			drill.Report
		}{r.Drill, r})
	}
	if p.Terminal {
		p.drillBlocks(r)
	} else {
		p.drillTable(r)
	}
	word, said := p.Paint(Good, heldWord(true)), "every line was stopped, and nobody was reached twice"
	if !r.Held {
		word, said = p.Paint(Bad, heldWord(false)), "not every line was stopped"
	}
	t := r.Tally
	p.Wrapped(word+"  ", fmt.Sprintf("%s: %s. %s SMS and %s mails reached the sandbox, twice %s; %s in %s", r.Drill.Name, said,
		Num(t.SMS.Reached), Num(t.Mail.Reached), Num(t.SMS.Twice+t.Mail.Twice), commands(len(r.Steps)), Duration(r.Took)))
	return p.Flush()
}

func commands(n int) string {
	if n == 1 {
		return "1 command"
	}
	return Num(n) + " commands"
}

func heldWord(held bool) string {
	if held {
		return "HELD"
	}
	return "BROKE"
}

// drillBlocks is the table for people: its sentences are too long for columns.
func (p *Printer) drillBlocks(r drill.Report) {
	const word, label = 7, 24
	for _, l := range r.Lines {
		tone := Good
		if !l.Held {
			tone = Bad
		}
		p.Wrapped(p.Paint(tone, pad(heldWord(l.Held), word))+pad("then", label), Safe(l.Then))
		for _, s := range l.Now {
			p.Wrapped(pad("", word)+pad(stopWords(s), label), Safe(s.Said))
		}
		p.Blank()
	}
}

func stopWords(s drill.Stop) string { return fmt.Sprintf("%s, exit %d", Safe(s.By), s.Exit) }

func (p *Printer) drillTable(r drill.Report) {
	t := NewTable("held", "line", "then", "stopped by", ">exit", "now")
	for _, l := range r.Lines {
		for _, s := range l.Now {
			t.Row(heldWord(l.Held), l.Name, l.Then, s.By, strconv.Itoa(s.Exit), s.Said)
		}
	}
	p.Table(t, 0)
}
