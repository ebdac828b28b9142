package view

import (
	"time"

	"notify/pkg/checklist"
	"notify/pkg/message"
	"notify/pkg/report"
	"notify/pkg/words"
)

// section draws a table of a report under its title; nothing where it has no rows.
func (p *Printer) section(t report.Table) {
	if len(t.Rows) == 0 {
		return
	}
	p.Blank()
	p.Wrapped("", p.Paint(Strong, p.heading(t.Title)))
	out := &Table{}
	for _, c := range t.Columns {
		out.columns = append(out.columns, column{name: Safe(p.heading(c.Name)), right: c.Kind != report.Words})
	}
	decimals := decimalsOf(t)
	row := func(cells []any) []string {
		said := make([]string, len(t.Columns))
		for i := range said {
			said[i] = p.cell(cells[i], decimals)
		}
		return said
	}
	for _, r := range t.Rows {
		out.Row(row(r)...)
	}
	if t.Sums != nil && len(t.Rows) > 1 {
		out.Footer(row(t.Sums)...)
	}
	p.Table(out, 0)
	if !t.Note.IsZero() {
		p.sentence("", t.Note)
	}
}

// decimalsOf is how many decimals the amounts of a table have, so that they align.
func decimalsOf(t report.Table) int {
	most := 2
	for _, r := range t.Rows {
		for _, c := range r {
			if m, ok := c.(*message.Money); ok && m != nil {
				most = max(most, report.Decimals(*m))
			}
		}
	}
	return most
}

// cell is a value as it is read.
func (p *Printer) cell(v any, decimals int) string {
	switch v := v.(type) {
	case nil:
		return ""
	case *message.Money:
		if v == nil {
			return words.Unknown
		}
		return p.Words().FixedMoney(words.Money(*v, ""), decimals)
	case words.Text:
		return p.heading(v)
	case checklist.Text:
		return p.title(v)
	case time.Time:
		return p.Time(v)
	}
	return p.Words().Value(v)
}
