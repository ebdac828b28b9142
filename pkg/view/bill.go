package view

import (
	"notify/pkg/bill"
	"notify/pkg/message"
	"notify/pkg/report"
	"notify/pkg/words"
)

// Bill is how a vendor's file stands to the ledger.
type Bill struct {
	Account string `json:"account"`
	Month   string `json:"month"`
	*bill.Result
	Mask Mask `json:"-"`
}

// shownDifferences is how many a screen lists; a file has all of them.
const shownDifferences = 50

// ShowBill draws it.
func ShowBill(p *Printer, asJSON bool, v Bill) error {
	for i := range v.Differences {
		if d := &v.Differences[i]; d.To != "" {
			d.To = message.Address(v.Mask(d.Channel, d.To))
		}
	}
	if asJSON {
		return JSON(p.Out, p.Words(), "notify.reconcile/1", v)
	}
	t := NewTable("side", ">messages", ">segments", ">cost", "currency")
	for _, s := range v.sides() {
		t.Row(p.Say(words.Of("side", s.name)), words.Num(s.Messages), words.Num(s.Segments), dash(s.Cost), v.Currency)
	}
	p.Table(t, 0)
	p.Blank()
	for _, said := range v.says() {
		p.sentence("", said)
	}
	if len(v.Differences) > 0 {
		d := NewTable("difference", "day", ">row", "campaign", "address", "vendor-id", ">our-segments", ">their-segments", ">cost-ours", ">cost-theirs")
		for i, x := range v.Differences {
			if i == shownDifferences {
				break
			}
			d.Row(p.Say(words.Of("difference", string(x.Kind))), x.Day, rowOf(x.Row), x.Campaign, string(x.To), x.ID,
				words.Num(x.Ours.Segments), words.Num(x.Theirs.Segments), dash(x.Ours.Cost), dash(x.Theirs.Cost))
		}
		p.Table(d, 0)
	}
	return p.Flush()
}

func rowOf(n int) string {
	if n == 0 {
		return ""
	}
	return words.Num(n)
}

type namedSide struct {
	name string
	bill.Side
}

// sides are ours, theirs, and by how much theirs is more.
func (v *Bill) sides() []namedSide {
	more := bill.Side{Messages: v.Theirs.Messages - v.Ours.Messages, Segments: v.Theirs.Segments - v.Ours.Segments}
	if v.Ours.Cost != nil && v.Theirs.Cost != nil {
		cost := *v.Theirs.Cost - *v.Ours.Cost
		more.Cost = &cost
	}
	return []namedSide{{"ours", v.Ours}, {"theirs", v.Theirs}, {"more", more}}
}

// says is what was found, and what it looks like.
func (v *Bill) says() []words.Text {
	var all []words.Text
	if len(v.Differences) == 0 {
		all = append(all, words.T("reconcile.agrees", words.A{"account": v.Account, "month": v.Month}))
	} else {
		all = append(all, words.T("reconcile.differs", words.A{"account": v.Account, "month": v.Month, "n": len(v.Differences)}))
	}
	if v.Times > 0 {
		all = append(all, words.T("reconcile.times", words.A{"times": v.Times}))
	}
	if v.Late > 0 {
		all = append(all, words.T("reconcile.late", words.A{"rows": words.N(v.Late, "row")}))
	}
	if v.Elsewhere > 0 {
		all = append(all, words.T("reconcile.elsewhere", words.A{"rows": words.N(v.Elsewhere, "row"), "month": v.Month}))
	}
	if v.Doubtful > 0 {
		all = append(all, words.T("reconcile.doubtful", words.A{"messages": words.N(v.Doubtful, "message")}))
	}
	return all
}

// BillTables are those of a file.
func BillTables(v Bill) []report.Table {
	sum := report.Table{Title: words.Of("side", "sheet-sum"), Columns: columns("side", ">messages", ">segments", ">cost", "currency")}
	for _, s := range v.sides() {
		sum.Rows = append(sum.Rows, []any{words.Of("side", s.name), s.Messages, s.Segments, s.Cost, v.Currency})
	}
	for _, said := range v.says() {
		row := make([]any, len(sum.Columns))
		row[0] = said
		sum.Rows = append(sum.Rows, row)
	}
	all := report.Table{Title: words.Of("side", "sheet-differences"), Columns: columns(
		"difference", "day", ">row", "campaign", "key", "address", "vendor-id", ">our-segments", ">their-segments", ">cost-ours", ">cost-theirs",
	)}
	for _, d := range v.Differences {
		to := ""
		if d.To != "" {
			to = v.Mask(d.Channel, d.To)
		}
		all.Rows = append(all.Rows, []any{
			words.Of("difference", string(d.Kind)), d.Day, int64(d.Row), d.Campaign, string(d.Key), to, d.ID,
			d.Ours.Segments, d.Theirs.Segments, d.Ours.Cost, d.Theirs.Cost,
		})
	}
	return []report.Table{sum, all}
}
