package view

import (
	"fmt"
	"strconv"
	"strings"

	"notify/pkg/message"
	"notify/pkg/report"
)

// ShowReport draws what happened to a campaign.
func ShowReport(p *Printer, asJSON bool, r *report.Report) error {
	if asJSON {
		return JSON(p.Out, p.Words(), "notify.report/1", r)
	}
	p.Line("%s  %s  %s", p.Paint(Strong, Safe(r.Campaign)), Safe(r.Owner), Safe(r.Team))
	p.field("recipients", Num(r.Recipients))
	if r.Folded > 0 {
		p.field("shared", fmt.Sprintf("%s messages reach more than one row: same address, same text", Num(r.Folded)))
	}
	p.field("from", p.Time(r.First))
	p.field("to", p.Time(r.Last))
	p.Blank()
	for _, c := range r.Channels {
		p.sum(string(c.Channel)+" messages", c.Messages, c.ByState)
	}
	if len(r.Channels) > 1 {
		p.sum("messages", r.Messages, r.Total)
	}
	p.costs(r)
	p.codes(r)
	p.people("unknown: they may have arrived", r.Unknown, r.Total[message.Unknown])
	p.people("rejected: they did not arrive", r.Rejected, r.Total[message.Rejected])
	p.people("waiting to be tried again", r.Waiting, len(r.Waiting))
	if len(r.Unknown) > 0 {
		p.Line("next: notify resolve %s", Safe(r.Campaign))
	}
	if len(r.Rejected) > 0 {
		p.Line("next: notify report %s -o missed.csv --state rejected,unknown", Safe(r.Campaign))
	}
	p.overruled(r)
	p.signed(r)
	p.audit(r)
	return p.Flush()
}

func (p *Printer) costs(r *report.Report) {
	if len(r.Accounts) == 0 {
		return
	}
	p.Blank()
	t := NewTable("account", ">messages", ">segments", ">cost")
	for _, a := range r.Accounts {
		t.Row(a.Account, Num(a.Messages), Num(a.Segments), Money(a.Cost, ""))
	}
	p.Table(t, 0)
}

func (p *Printer) codes(r *report.Report) {
	if len(r.Codes) == 0 {
		return
	}
	p.Blank()
	t := NewTable("state", "code", ">messages", "the first said")
	for _, c := range r.Codes {
		t.Row(string(c.State), c.Code, Num(c.Messages), c.Detail)
	}
	p.Table(t, 0)
}

func (p *Printer) people(title string, ps []report.Person, total int) {
	if len(ps) == 0 {
		return
	}
	p.Blank()
	p.Line("%s", p.Paint(Strong, title))
	t := NewTable(">row", "recipient", "channel", "address", "account", "at", "code", "key")
	for _, x := range ps {
		t.Row(strconv.Itoa(x.Row), x.Key, string(x.Channel), x.Address, x.Account, p.Time(x.At), x.Code, string(x.Message))
	}
	p.Table(t, 0)
	if more := total - len(ps); more > 0 {
		p.Line("and %s more; all of them: notify report CAMPAIGN -o FILE", Num(more))
	}
}

// overruled are the checks in spite of which it was sent.
func (p *Printer) overruled(r *report.Report) {
	for i, a := range r.Overrides {
		if i == 0 {
			p.Blank()
		}
		p.Wrapped(p.Paint(Unwell, "OVERRIDDEN")+"  ", fmt.Sprintf("%s by %s at %s: %s", Safe(strings.TrimPrefix(a.What, report.ActOverride)),
			Safe(a.Who), p.Time(a.At), Safe(a.Reason)))
	}
}

// signed is the checklist: who answered for what, and what is still to be done.
func (p *Printer) signed(r *report.Report) {
	if r.Checklist == nil {
		return
	}
	p.Blank()
	p.Line("%s", p.Paint(Strong, "checklist "+Safe(r.Checklist.Name)))
	for i := range r.Checklist.Lines {
		if l := &r.Checklist.Lines[i]; l.Signed() || !l.Status.Done() {
			p.item(l)
		}
	}
}

func (p *Printer) audit(r *report.Report) {
	if len(r.Audit) == 0 {
		return
	}
	p.Blank()
	t := NewTable("when", "who", "did", "why")
	for _, a := range r.Audit {
		t.Row(p.Time(a.At), a.Who, a.What, a.Reason)
	}
	p.Table(t, 0)
}
