package view

import (
	"slices"
	"strconv"
	"strings"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/report"
	"notify/pkg/words"
)

// ShowReport draws what happened to a campaign.
func ShowReport(p *Printer, asJSON bool, r *report.Report) error {
	if asJSON {
		return JSON(p.Out, p.Words(), "notify.report/1", r)
	}
	p.Wrapped("", p.Paint(Strong, Safe(r.Campaign))+"  "+Safe(r.Owner)+"  "+Safe(r.Team))
	p.labelled("recipients", words.Num(r.Recipients))
	if r.Folded > 0 {
		p.labelled("shared", p.Say(words.T("report.folded", words.A{"n": r.Folded})))
	}
	p.labelled("from", p.Time(r.First))
	p.labelled("to", p.Time(r.Last))
	p.Blank()
	for _, c := range r.Channels {
		p.channelSum(c.Channel, c.Messages, c.ByState)
	}
	if len(r.Channels) > 1 {
		p.sum("messages", r.Messages, r.Total)
	}
	p.neverStaged(r.NeverStaged)
	if len(r.Accounts) > 0 {
		p.Blank()
		p.spent(r.Accounts, r.Costs, r.Unpriced, 0)
	}
	p.told(&r.People)
	p.section(r.WrittenTable())
	p.receipts(r.Delivered, 0)
	p.section(r.DelaysTable())
	p.section(r.RatesTable())
	p.section(r.PausesTable())
	p.codes(r)
	p.people(r.Campaign, words.T("report.unknown", nil), message.Unknown, r.Unknown, r.Total[message.Unknown])
	p.people(r.Campaign, words.T("report.rejected", nil), message.Rejected, r.Rejected, r.Total[message.Rejected])
	p.people(r.Campaign, words.T("report.waiting", nil), message.Pending, r.Waiting, r.WaitingTotal)
	p.Blank()
	if len(r.Unknown) > 0 {
		p.next("notify resolve " + words.Typed(r.Campaign))
	}
	if r.Alike != "" {
		p.next(RetryCommand(r.Campaign, r.Alike))
	}
	if len(r.Rejected) > 0 {
		p.next(fileCommand(r.Campaign, "missed.csv", message.Rejected, message.Unknown))
	}
	p.overruled(r)
	p.signed(r)
	p.audit(r)
	if r.Against != nil {
		p.section(report.Against(r, r.Against))
	}
	return p.Flush()
}

// told is how it stands for the people, each counted once.
func (p *Printer) told(who *report.People) {
	switch {
	case who.Total == 0:
		return
	case !p.Terminal:
		p.Line("people\t%s", words.Num(who.Total))
		for _, s := range message.States() {
			if who.ByState[s] > 0 {
				p.Line("people %s\t%s", s, words.Num(who.ByState[s]))
			}
		}
		if who.Delivered > 0 {
			p.Line("people delivered\t%s", words.Num(who.Delivered))
		}
	default:
		p.Blank()
		p.sentence("  ", words.T("report.people-sum", words.A{"total": words.N(who.Total, "person"), "parts": parts(who.ByState)}))
		if who.Delivered > 0 {
			p.sentence("  ", who.DeliveredTo())
		}
	}
}

// RetryCommand has those with a code tried again.
func RetryCommand(campaign, code string) string {
	return "notify retry " + words.Typed(campaign) + " --code " + words.Typed(code)
}

// fileCommand writes those in some states to a file.
func fileCommand(campaign, file string, states ...message.State) string {
	names := make([]string, len(states))
	for i, s := range states {
		names[i] = string(s)
	}
	return "notify report " + words.Typed(campaign) + " -o " + file + " --state " + strings.Join(names, ",")
}

// sum draws a total and the states that add up to it. what names it for scripts.
func (p *Printer) sum(what string, total int, by map[message.State]int) {
	if p.Terminal {
		p.sentence("  ", words.T("sum.all", words.A{"total": words.N(total, "message"), "parts": parts(by)}))
		return
	}
	p.Line("%s\t%s", what, words.Num(total))
	for _, s := range message.States() {
		if by[s] > 0 {
			p.Line("%s\t%s", s, words.Num(by[s]))
		}
	}
}

// channelSum is sum for one channel.
func (p *Printer) channelSum(ch message.Channel, total int, by map[message.State]int) {
	if p.Terminal {
		p.sentence("  ", words.T("sum.channel", words.A{"channel": words.Of("channel", ch), "total": words.N(total, "message"), "parts": parts(by)}))
		return
	}
	p.sum(string(ch)+" messages", total, by)
}

// parts are the states that anybody is in: nothing is added up of nothing, and so is said to be 0.
func parts(by map[message.State]int) any {
	all := words.List{Join: words.Plus}
	for _, s := range message.States() {
		if by[s] > 0 {
			all.Items = append(all.Items, words.T("sum.part", words.A{"count": by[s], "state": words.Of("state", s)}))
		}
	}
	if len(all.Items) == 0 {
		return 0
	}
	return all
}

func (p *Printer) codes(r *report.Report) {
	if len(r.Codes) == 0 {
		return
	}
	p.Blank()
	t := NewTable("state", "code", ">messages", "first-said")
	for _, c := range r.Codes {
		t.Row(p.word("state", string(c.State)), c.Code, words.Num(c.Messages), p.Say(c.Said))
	}
	p.Table(t, 0)
}

func (p *Printer) people(campaign string, title words.Text, state message.State, ps []report.Person, total int) {
	if len(ps) == 0 {
		return
	}
	p.Blank()
	p.Wrapped("", p.Paint(Strong, p.Say(title)))
	t := NewTable(">row", "recipient", "channel", "address", "account", "at", "code", "key")
	for _, x := range ps {
		t.Row(strconv.Itoa(x.Row), x.Key, p.word("channel", string(x.Channel)), x.Address, x.Account, p.Time(x.At), x.Code, string(x.Message))
	}
	p.Table(t, 0)
	if more := total - len(ps); more > 0 {
		p.sentence("", words.T("report.more", words.A{"n": more, "command": fileCommand(campaign, "people.csv", state)}))
	}
}

// overruled are the checks in spite of which it was sent.
func (p *Printer) overruled(r *report.Report) {
	for i, a := range r.Overrides {
		if i == 0 {
			p.Blank()
		}
		p.sentence(p.Paint(Unwell, p.Say(words.T("report.overridden-word", nil)))+"  ", words.T("report.overridden", words.A{
			"check": strings.TrimPrefix(a.What, report.ActOverride), "who": a.Who, "at": a.At, "why": a.Why(),
		}))
	}
}

// signed is the checklist: who answered for what, and what is still to be done.
func (p *Printer) signed(r *report.Report) {
	if r.Checklist == nil {
		return
	}
	p.Blank()
	p.Wrapped("", p.Paint(Strong, p.Say(words.T("report.checklist", words.A{"name": r.Checklist.Name}))))
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
	columns, figures := []string{"when", "who", "did"}, !p.Terminal || slices.ContainsFunc(r.Audit, func(a ledger.AuditEntry) bool { return a.Figures != nil })
	if figures {
		columns = append(columns, ">number", ">cost")
	}
	t := NewTable(append(columns, "why")...)
	for _, a := range r.Audit {
		row := []string{p.Time(a.At), a.Doer(), p.act(a)}
		if number, cost := p.figures(a.Figures); figures {
			row = append(row, number, cost)
		}
		t.Row(append(row, p.Say(a.Why()))...)
	}
	p.Table(t, 0)
}

// act says what somebody did: off a terminal as it is in the ledger.
func (p *Printer) act(a ledger.AuditEntry) string {
	if !p.Terminal {
		return a.What
	}
	return p.Say(report.Did(a))
}
