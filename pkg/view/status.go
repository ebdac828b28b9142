package view

import (
	"fmt"

	"notify/pkg/message"
	"notify/pkg/report"
)

// ShowStatus draws how far campaigns are.
func ShowStatus(p *Printer, asJSON bool, ss []report.Status) error {
	if asJSON {
		if ss == nil {
			ss = []report.Status{}
		}
		return JSON(p.Out, p.Words(), "notify.status/1", struct {
			Campaigns []report.Status `json:"campaigns"`
		}{ss})
	}
	if len(ss) == 0 {
		p.Line("no campaign on this ledger yet; begin with `notify preflight LIST`")
		return p.Flush()
	}
	for i := range ss {
		if i > 0 {
			p.Blank()
		}
		p.status(&ss[i])
	}
	return p.Flush()
}

func (p *Printer) status(s *report.Status) {
	tone := Strong
	switch s.State {
	case "paused", "unfinished":
		tone = Unwell
	case "aborted":
		tone = Bad
	case "finished":
		tone = Good
	}
	if p.Terminal {
		p.Line("%s  %s  %s", p.Paint(Strong, Safe(s.Campaign)), p.Paint(tone, s.State), Safe(s.Owner))
	} else {
		p.Line("campaign\t%s\t%s\t%s", Safe(s.Campaign), s.State, Safe(s.Owner))
	}
	t := NewTable("channel", ">messages", ">accepted", ">pending", ">attempting", ">unknown", ">rejected", ">cancelled")
	row := func(name string, n int, by map[message.State]int) []string {
		cells := []string{name, Num(n)}
		for _, st := range message.States() {
			cells = append(cells, "")
			cells[len(cells)-1] = Num(by[st])
		}
		return cells
	}
	for _, c := range s.Channels {
		t.Row(row(string(c.Channel), c.Messages, c.ByState)...)
	}
	if len(s.Channels) > 1 {
		t.Footer(row("together", s.Messages, s.ByState)...)
	}
	p.Table(t, 2)
	for _, a := range s.Accounts {
		p.Line("  %s: %s messages, %s segments, %s", Safe(a.Account), Num(a.Messages), Num(a.Segments), Money(a.Cost, ""))
	}
	if s.Rate > 0 {
		p.Line("  now %s, %s left at this rate", Rate(s.Rate), Duration(s.Remaining))
	}
	p.atWork(s)
	p.later(s.Checklist)
}

// atWork says who works on it, or why nobody does, and what to do.
func (p *Printer) atWork(s *report.Status) {
	switch {
	case s.Aborted != nil:
		p.Wrapped("  ", fmt.Sprintf("aborted by %s at %s: %s", Safe(s.Aborted.Who), p.Time(s.Aborted.At), Safe(s.Aborted.Reason)))
	default:
		for _, r := range s.Running {
			p.Wrapped("  ", fmt.Sprintf("running: process %d on %s since %s", r.PID, Safe(r.Host), p.Time(r.Started)))
		}
	}
	if s.Paused != nil {
		p.Wrapped("  ", fmt.Sprintf("paused by %s at %s %s", Safe(s.Paused.Who), p.Time(s.Paused.At), Safe(s.Paused.Reason)))
	}
	if len(s.Running) == 0 && s.Aborted == nil && s.State != "finished" {
		if s.Last != nil {
			why := s.Last.Why
			if why == "" {
				why = "ended without a word"
			}
			p.Wrapped("  ", "the last run: "+Safe(why))
		}
		p.Line("  next: notify resume %s", Safe(s.Campaign))
	}
	if s.ByState[message.Unknown] > 0 {
		p.Line("  next: notify resolve %s", Safe(s.Campaign))
	}
}
