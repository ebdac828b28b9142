package view

import (
	"time"

	"notify/pkg/report"
	"notify/pkg/words"
)

// Incidents are what stopped campaigns and accounts; with Months, how each month went.
type Incidents struct {
	Since     time.Time         `json:"since,omitzero"`
	Incidents []report.Incident `json:"incidents"`
	Months    []report.Month    `json:"months,omitempty"`
}

// ShowIncidents draws it.
func ShowIncidents(p *Printer, asJSON bool, v Incidents) error {
	switch {
	case asJSON:
		return JSON(p.Out, p.Words(), "notify.incidents/1", v)
	case len(v.Months) > 0:
		p.months(v.Months)
	case len(v.Incidents) == 0:
		p.sentence("", words.T("incident.none", nil))
	default:
		t := NewTable("when", "incident", "found-by", "campaign", "account", ">duration", "why", "then")
		for _, i := range v.Incidents {
			lasted, then := p.Say(words.T("incident.open", nil)), ""
			if !i.Ended.IsZero() {
				lasted = p.Words().Value(i.Ended.Sub(i.Began))
			}
			if i.Done != nil {
				then = p.act(*i.Done) + ", " + i.Done.Doer()
			}
			t.Row(p.Time(i.Began), p.Say(words.Of("incident", i.Kind)), p.Say(words.Of("found", i.By)), i.Campaign, i.Account, lasted, p.Say(i.Said), then)
		}
		p.Table(t, 0)
	}
	return p.Flush()
}

func (p *Printer) months(months []report.Month) {
	t := NewTable("month", ">incidents", ">by-system", ">open", ">duration")
	s := NewTable("month", "of", "name", ">tried", ">accepted-share", ">unknown-share", ">available")
	for _, m := range months {
		t.Row(m.Month, words.Num(m.Incidents), p.share(int64(m.BySystem), int64(m.Incidents)), words.Num(m.Open), p.Words().Value(m.Stopped))
		for _, x := range m.Service {
			s.Row(m.Month, p.Say(words.Of("column", x.Of)), x.Name, words.Num(x.Tried), p.share(x.Accepted, x.Tried), p.share(x.Unknown, x.Tried),
				p.share(int64(x.Span-x.Down), int64(x.Span)))
		}
	}
	p.Table(t, 0)
	p.Blank()
	p.Table(s, 0)
}

// share is a part of a whole; a dash of nothing.
func (p *Printer) share(n, of int64) string {
	if of == 0 {
		return "–"
	}
	return p.Words().Value(words.Percent(100 * float64(n) / float64(of)))
}
