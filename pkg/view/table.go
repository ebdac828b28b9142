package view

import (
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// Table is a table in the making. On a terminal its columns align, Chinese ones too; off one it is tab-separated, with its
// header as the first line.
type Table struct {
	head   []string
	right  []bool
	rows   [][]string
	footer []string
}

// NewTable has these columns. A header that begins with > is a column of figures, on the right.
func NewTable(columns ...string) *Table {
	t := &Table{}
	for _, c := range columns {
		name, right := strings.CutPrefix(c, ">")
		t.head, t.right = append(t.head, name), append(t.right, right)
	}
	return t
}

// Row adds a row. Cells are made safe to show.
func (t *Table) Row(cells ...string) { t.rows = append(t.rows, safeCells(cells)) }

// Footer sets a last row: the sums.
func (t *Table) Footer(cells ...string) { t.footer = safeCells(cells) }

// Len is how many rows there are, without the footer.
func (t *Table) Len() int { return len(t.rows) }

func safeCells(cells []string) []string {
	out := make([]string, len(cells))
	for i, c := range cells {
		out[i] = Safe(c)
	}
	return out
}

// Table draws a table, on a terminal behind an indent.
func (p *Printer) Table(t *Table, indent int) {
	all := t.rows
	if t.footer != nil {
		all = append(all[:len(all):len(all)], t.footer)
	}
	if !p.Terminal {
		p.Line("%s", strings.Join(t.head, "\t"))
		for _, r := range all {
			p.buf.WriteString(strings.Join(r, "\t") + "\n")
		}
		return
	}
	w := table.NewWriter()
	style := table.StyleLight
	style.Options = table.OptionsNoBordersAndSeparators
	style.Format = table.FormatOptions{}
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	w.SetStyle(style)
	w.SuppressTrailingSpaces()
	var configs []table.ColumnConfig
	for i, right := range t.right {
		if right {
			configs = append(configs, table.ColumnConfig{Number: i + 1, Align: text.AlignRight, AlignHeader: text.AlignRight})
		}
	}
	w.SetColumnConfigs(configs)
	w.AppendHeader(row(t.head))
	for _, r := range all {
		w.AppendRow(row(r))
	}
	for i, line := range strings.Split(w.Render(), "\n") {
		if i == 0 {
			line = p.Paint(Dim, strings.TrimRight(line, " "))
		}
		p.Line("%s%s", strings.Repeat(" ", indent), line)
	}
}

func row(cells []string) table.Row {
	out := make(table.Row, len(cells))
	for i, c := range cells {
		out[i] = c
	}
	return out
}
