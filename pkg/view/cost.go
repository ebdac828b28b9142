package view

import (
	"time"

	"notify/pkg/bill"
	"notify/pkg/message"
	"notify/pkg/words"
)

// Cost is what was spent, by something.
type Cost struct {
	By    string      `json:"by"`
	Since time.Time   `json:"since,omitzero"`
	Costs []bill.Cost `json:"costs"`
	Total []bill.Cost `json:"total"`
}

func (v *Cost) rows() [][]any {
	var rows [][]any
	for _, c := range v.Costs {
		rows = append(rows, []any{c.Name, c.Messages, c.Segments, known(c.Cost), c.Currency, c.Unpriced})
	}
	return rows
}

// known is an amount as a cell of a file has it: nothing where it is not known.
func known(m *message.Money) any {
	if m == nil {
		return nil
	}
	return *m
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
		t.Row(p.costCells(c.Name, c)...)
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

// CostSheet is the table of a file.
func CostSheet(p *Printer, v Cost) bill.Sheet {
	return bill.Sheet{Name: "cost", Rows: append([][]any{p.heads(costColumns(v.By))}, v.rows()...)}
}

// heads are the headers of a file.
func (p *Printer) heads(columns []string) []any {
	var out []any
	for _, c := range columns {
		if c[0] == '>' {
			c = c[1:]
		}
		out = append(out, p.Say(words.Of("column", c)))
	}
	return out
}
