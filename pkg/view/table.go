package view

import (
	"strings"

	"notify/pkg/message"
	"notify/pkg/words"
)

// Table is a table in the making. On a terminal its columns align, and where it is wider than the screen every row becomes a
// few lines of its own; off one it is tab-separated, with its header as the first line.
type Table struct {
	columns []column
	rows    [][]string
	footer  []string
}

type column struct {
	id, name string // of the catalogue, or as it is
	right    bool
}

// NewTable has these columns: "messages" is the sentence column.messages of the catalogue. One that begins with > is a column
// of figures, on the right.
func NewTable(columns ...string) *Table {
	t := &Table{}
	for _, c := range columns {
		id, right := strings.CutPrefix(c, ">")
		t.columns = append(t.columns, column{id: id, right: right})
	}
	return t
}

// Column adds a column of figures under a name that is not of the catalogue.
func (t *Table) Column(name string) {
	t.columns = append(t.columns, column{name: Safe(name), right: true})
}

// Row adds a row. Cells are made safe to show.
func (t *Table) Row(cells ...string) { t.rows = append(t.rows, safeCells(cells)) }

// Footer sets a last row: the sums.
func (t *Table) Footer(cells ...string) { t.footer = safeCells(cells) }

// Len is how many rows there are, without the footer.
func (t *Table) Len() int { return len(t.rows) }

// all are the rows and the footer.
func (t *Table) all() [][]string {
	if t.footer == nil {
		return t.rows
	}
	return append(t.rows[:len(t.rows):len(t.rows)], t.footer)
}

func safeCells(cells []string) []string {
	out := make([]string, len(cells))
	for i, c := range cells {
		out[i] = Safe(c)
	}
	return out
}

// label is the name of a column or a value. Off a terminal it is English whatever the language: scripts read it.
func (p *Printer) label(id string) string { return p.heading(words.Of("column", id)) }

// heading is the name of a value: in the language of the screen on a terminal, in English off one.
func (p *Printer) heading(t words.Text) string {
	say := p.Words()
	if !p.Terminal {
		say.Lang = words.English
	}
	return say.Say(t)
}

// word is a value of a closed set, such as a state: in the language of the screen on a terminal, as it is off one.
func (p *Printer) word(set, value string) string {
	if !p.Terminal || value == "" {
		return value
	}
	return p.Say(words.Of(set, value))
}

// mark is a word that says how something stands: in the language of the screen on a terminal, in English off one.
func (p *Printer) mark(set, value string) string {
	return p.heading(words.Of(set, value))
}

// price is money that may not be known.
func (p *Printer) price(m *message.Money, currency string) string {
	return p.Words().Value(words.Price(m, currency))
}

// together heads the sums.
func (p *Printer) together() string { return p.label("together") }

// gap is what stands between two columns; where only that makes a table fit, it is 1.
const gap = 2

// Table draws a table, on a terminal behind an indent.
func (p *Printer) Table(t *Table, indent int) {
	head := make([]string, len(t.columns))
	for i, c := range t.columns {
		if head[i] = c.name; c.id != "" {
			head[i] = p.label(c.id)
		}
	}
	if !p.Terminal {
		for _, r := range append([][]string{head}, t.all()...) {
			p.buf.WriteString(strings.Join(r, "\t") + "\n")
		}
		return
	}
	g := grid{table: t, indent: indent, gap: gap, widths: t.widths(head)}
	if p.Width > 0 && !g.fit(p.Width) {
		p.records(t, head, indent)
		return
	}
	for _, line := range g.lines(head) {
		p.Line("%s", p.Paint(Dim, line))
	}
	for _, r := range t.all() {
		for _, line := range g.lines(r) {
			p.Line("%s", line)
		}
	}
}

// widths are those of the columns.
func (t *Table) widths(head []string) []int {
	widths := make([]int, len(head))
	for i := range head {
		for _, r := range append(t.all(), head) {
			if i < len(r) {
				widths[i] = max(widths[i], width(r[i]))
			}
		}
	}
	return widths
}

// grid is how a table's columns stand.
type grid struct {
	table       *Table
	indent, gap int
	widths      []int
}

// fit makes the grid fit into so many columns: with smaller gaps, or with a last column of words that is wrapped.
func (g *grid) fit(columns int) bool {
	const narrowest = 20 // of words that are wrapped
	total := g.indent
	for _, w := range g.widths {
		total += w
	}
	last := len(g.widths) - 1
	for _, g.gap = range []int{gap, 1} {
		if total+last*g.gap <= columns {
			return true
		}
	}
	g.gap = gap
	if room := columns - last*g.gap - total + g.widths[last]; room >= narrowest && !g.table.columns[last].right {
		g.widths[last] = room
		return true
	}
	return false
}

// lines are a row with its columns aligned: more than one where its last cell is wrapped.
func (g *grid) lines(cells []string) []string {
	var b strings.Builder
	b.WriteString(strings.Repeat(" ", g.indent))
	last := len(g.widths) - 1
	for i, c := range cells {
		if i > 0 {
			b.WriteString(strings.Repeat(" ", g.gap))
		}
		switch {
		case g.table.columns[i].right:
			b.WriteString(padLeft(c, g.widths[i]))
		case i < last:
			b.WriteString(pad(c, g.widths[i]))
		default:
			return hung(b.String(), wrap(c, g.widths[i]))
		}
	}
	return []string{strings.TrimRight(b.String(), " ")}
}

// hung are lines under each other behind a head.
func hung(head string, lines []string) []string {
	for i, line := range lines {
		if i > 0 {
			head = strings.Repeat(" ", width(head))
		}
		lines[i] = strings.TrimRight(head+line, " ")
	}
	return lines
}

// records draws a table that is too wide for the screen: each row under its first cell, every other one behind its name.
func (p *Printer) records(t *Table, head []string, indent int) {
	const widest = 16 // of a first cell that the others stand beside
	first := 0
	for _, r := range t.all() {
		first = max(first, width(p.firstCell(t, head, r)))
	}
	for _, r := range t.all() {
		var pairs []string
		for i := 1; i < len(r); i++ {
			if r[i] != "" && r[i] != words.Unknown {
				pairs = append(pairs, strings.TrimSpace(head[i]+" "+r[i]))
			}
		}
		name := strings.Repeat(" ", indent) + p.firstCell(t, head, r)
		if first <= widest {
			p.packed(pad(name, indent+first)+strings.Repeat(" ", gap), pairs)
			continue
		}
		p.Wrapped("", name)
		p.packed(strings.Repeat(" ", indent+2*gap), pairs)
	}
}

// firstCell names a row; a figure says of what it is.
func (p *Printer) firstCell(t *Table, head, r []string) string {
	if t.columns[0].right && r[0] != "" {
		return head[0] + " " + r[0]
	}
	return r[0]
}

// packed draws short facts behind a head, as many on a line as fit, none of them broken that need not be.
func (p *Printer) packed(head string, facts []string) {
	const between = " · "
	room := p.Width - width(head)
	line := ""
	for _, f := range facts {
		if line != "" && width(line)+width(between)+width(f) > room {
			p.Wrapped(head, line)
			head, line = strings.Repeat(" ", width(head)), ""
		}
		if line != "" {
			line += between
		}
		line += f
	}
	p.Wrapped(head, line)
}
