package view

import (
	"slices"
	"strconv"

	"notify/pkg/checklist"
	"notify/pkg/message"
	"notify/pkg/trace"
	"notify/pkg/words"
)

// ShowTrace draws where a message came from, and what became of it.
func ShowTrace(p *Printer, asJSON bool, r *trace.Result) error {
	if asJSON {
		return JSON(p.Out, p.Words(), "notify.trace/1", r)
	}
	if len(r.Campaigns) == 0 {
		p.sentence("", words.T("trace.none", words.A{"by": words.Of("query", r.By)}))
		return p.Flush()
	}
	p.traced(r)
	return p.Flush()
}

func (p *Printer) traced(r *trace.Result) {
	for i := range r.Campaigns {
		p.tracedCampaign(&r.Campaigns[i])
	}
	if r.More {
		p.sentence("", words.T("trace.more", words.A{"messages": words.N(r.Messages, "message")}))
	}
	if !r.Full {
		p.sentence("", words.T("trace.masked", nil))
	}
}

func (p *Printer) tracedCampaign(c *trace.Campaign) {
	p.Wrapped("", p.Paint(Strong, Safe(c.Name))+"  "+Safe(c.Owner)+"  "+Safe(c.Team))
	p.labelled("class", p.word("class", c.Class))
	p.labelled("since", p.Time(c.Created))
	for _, t := range c.Texts {
		if len(c.Messages) > 0 && !slices.ContainsFunc(c.Messages, func(m trace.Message) bool { return m.Channel == t.Channel }) {
			continue
		}
		if t.Subject != "" {
			p.labelled("subject", t.Subject)
		}
		p.body(t.Text)
	}
	for _, s := range c.Signed {
		said := words.T("trace.signed", words.A{"name": s.Name, "role": checklist.RoleWord(s.Role), "item": s.Item, "at": s.At})
		if !s.Same {
			said = words.T("trace.signed-before", words.A{"name": s.Name, "role": checklist.RoleWord(s.Role), "item": s.Item, "at": s.At})
		}
		p.labelled("signed", p.heading(said))
	}
	if len(c.Signed) == 0 {
		p.labelled("signed", p.heading(words.T("trace.nobody", nil)))
	}
	if len(c.Messages) == 0 {
		p.sentence("  ", words.T("trace.alike", nil))
	}
	for i := range c.Messages {
		p.Blank()
		p.tracedMessage(&c.Messages[i])
	}
	p.Blank()
}

func (p *Printer) tracedMessage(m *trace.Message) {
	p.labelled("address", m.Address)
	p.labelled("recipient", p.heading(words.T("trace.row", words.A{"recipient": m.Recipient, "row": m.Row})))
	p.labelled("key", string(m.Key))
	p.labelled("state", p.word("state", string(m.State)))
	p.labelled("segments", strconv.Itoa(m.Segments))
	p.labelled("cost", p.price(m.Cost, m.Currency))
	for _, column := range sortedKeys(m.Values) {
		p.field(Safe(column), m.Values[column])
	}
	if len(m.Attempts) > 0 {
		t := NewTable("when", "account", "what-happened", "code", "first-said", "vendor-id", "done")
		for _, a := range m.Attempts {
			t.Row(p.Time(a.At), a.Account, p.outcome(a), a.Code, p.Say(words.Said(a.Code, a.Said)), a.VendorID, p.settledBy(a))
		}
		p.Table(t, 2)
	}
	if len(m.Facts) > 0 {
		t := NewTable("when", "receipt", "grade", "code", "first-said")
		for _, f := range m.Facts {
			t.Row(p.Time(f.At), p.word("receipt", string(f.State)), p.word("grade", string(f.Grade)), f.Code, p.Say(words.Said(f.Code, f.Said)))
		}
		p.Table(t, 2)
	}
	if len(m.Facts) == 0 && m.State == message.Accepted {
		p.sentence("  ", words.T("trace.no-receipt", nil))
	}
}

// outcome is what came of an attempt; of one that is under way, that it is.
func (p *Printer) outcome(a trace.Attempt) string {
	if a.Outcome == string(message.Attempting) {
		return p.word("state", a.Outcome)
	}
	return p.word("outcome", a.Outcome)
}

// settledBy is when an attempt was settled, and by which proof where it had been unknown.
func (p *Printer) settledBy(a trace.Attempt) string {
	if a.Resolved == nil {
		return p.Time(a.Settled)
	}
	args := words.A{"at": a.Resolved.At, "who": a.Resolved.Who, "grade": words.Of("grade", a.Resolved.Grade)}
	if a.Resolved.Why == "" { // who asked the vendor needs no reason
		return p.heading(words.T("trace.resolved", args))
	}
	args["why"] = a.Resolved.Why
	return p.heading(words.T("trace.resolved-why", args))
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
