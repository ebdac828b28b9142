package view

import (
	"strconv"

	"notify/pkg/drill"
	"notify/pkg/words"
)

// ShowDrills lists what can be drilled.
func ShowDrills(p *Printer, asJSON bool, all []drill.Drill) error {
	if asJSON {
		return JSON(p.Out, p.Words(), "notify.drills/1", struct {
			Drills []drill.Drill `json:"drills"`
		}{all})
	}
	t := NewTable("drill", "what-happened")
	for _, d := range all {
		t.Row(d.Name, p.Say(d.Title))
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
	figures := words.A{
		"drill": r.Drill.Name, "sms": r.Tally.SMS.Reached, "mails": r.Tally.Mail.Reached, "twice": r.Tally.SMS.Twice + r.Tally.Mail.Twice,
		"commands": words.N(len(r.Steps), "command"), "took": r.Took,
	}
	word, said := p.Paint(Good, p.heldWord(true)), words.T("drill.held", figures)
	if !r.Stopped {
		word, said = p.Paint(Bad, p.heldWord(false)), words.T("drill.broke", figures)
	}
	p.sentence(word+"  ", said)
	return p.Flush()
}

// heldWord is HELD or BROKE; off a terminal in English, for scripts.
func (p *Printer) heldWord(held bool) string {
	if held {
		return p.heading(words.T("drill.held-word", nil))
	}
	return p.heading(words.T("drill.broke-word", nil))
}

// drillBlocks is the table for people: its sentences are too long for columns.
func (p *Printer) drillBlocks(r drill.Report) {
	word, label := max(width(p.heldWord(true)), width(p.heldWord(false)))+gap, width(p.Say(words.T("drill.then", nil)))
	for _, l := range r.Lines {
		for _, s := range l.Now {
			label = max(label, width(p.stop(s)))
		}
	}
	for _, l := range r.Lines {
		tone := Good
		if !l.Stopped {
			tone = Bad
		}
		p.Wrapped(p.Paint(tone, pad(p.heldWord(l.Stopped), word))+pad(p.Say(words.T("drill.then", nil)), label+gap), p.Say(l.Then))
		for _, s := range l.Now {
			p.Wrapped(pad("", word)+pad(p.stop(s), label+gap), p.Say(s.Said))
		}
		p.Blank()
	}
}

func (p *Printer) stop(s drill.Stop) string {
	return p.Say(words.T("drill.stop", words.A{"by": s.By, "exit": s.Exit}))
}

func (p *Printer) drillTable(r drill.Report) {
	t := NewTable("held", "line", "then", "stopped-by", ">exit", "now")
	for _, l := range r.Lines {
		for _, s := range l.Now {
			t.Row(p.heldWord(l.Stopped), l.Name, p.Say(l.Then), p.Say(s.By), strconv.Itoa(s.Exit), p.Say(s.Said))
		}
	}
	p.Table(t, 0)
}
