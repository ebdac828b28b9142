package view

import (
	"cmp"
	"strings"
	"time"

	"notify/pkg/bill"
	"notify/pkg/message"
	"notify/pkg/report"
	"notify/pkg/words"
)

// Cost is what was spent, by something.
type Cost struct {
	By    string      `json:"by"`
	Since time.Time   `json:"since,omitzero"`
	Costs []bill.Cost `json:"costs"`
	Total []bill.Cost `json:"total"`
}

func costColumns(by string) []string {
	return []string{by, ">messages", ">segments", ">cost", "currency", ">unpriced"}
}

// ShowCost draws it.
func ShowCost(p *Printer, asJSON bool, v Cost) error {
	if asJSON {
		return JSON(p.Out, p.Words(), "notify.cost/1", v)
	}
	if len(v.Costs) == 0 {
		p.sentence("", words.T("cost.none", nil))
		return p.Flush()
	}
	t := NewTable(costColumns(v.By)...)
	for _, c := range v.Costs {
		t.Row(p.costCells(cmp.Or(c.Name, words.Unknown), c)...)
	}
	p.Table(t, 0)
	if len(v.Costs) > len(v.Total) {
		p.Blank()
		sum := NewTable(append([]string{"together"}, costColumns(v.By)[1:]...)...)
		for _, c := range v.Total {
			sum.Row(p.costCells("", c)...)
		}
		p.Table(sum, 0)
	}
	return p.Flush()
}

func (p *Printer) costCells(name string, c bill.Cost) []string {
	unpriced := ""
	if c.Unpriced > 0 {
		unpriced = words.Num(c.Unpriced)
	}
	return []string{name, words.Num(c.Messages), words.Num(c.Segments), dash(c.Cost), c.Currency, unpriced}
}

// dash is an amount, or a dash for one that is not known.
func dash(m *message.Money) string {
	if m == nil {
		return "–"
	}
	return m.String()
}

// CostTable is the one of a file.
func CostTable(v Cost) report.Table {
	t := report.Table{Title: words.Of("column", "cost"), Columns: columns(costColumns(v.By)...)}
	for _, c := range v.Costs {
		t.Rows = append(t.Rows, []any{c.Name, c.Messages, c.Segments, c.Cost, c.Currency, c.Unpriced})
	}
	return t
}

// columns are those of a table of a file, named as on a screen: with a ">" before those of figures.
func columns(names ...string) []report.Column {
	out := make([]report.Column, len(names))
	for i, name := range names {
		name, figure := strings.CutPrefix(name, ">")
		out[i] = report.Column{Name: words.Of("column", name), Kind: report.Words}
		if figure {
			out[i].Kind = report.Figure
		}
	}
	return out
}
