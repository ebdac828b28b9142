package list

import (
	"strconv"

	"notify/pkg/channel"
	"notify/pkg/diag"
	"notify/pkg/list/numfmt"
)

// source is a file as rows of cells: a sheet, or a CSV.
type source interface {
	// next fills rec with the next row, also an empty one, and returns io.EOF after the last. Damage of the whole file is a
	// *diag.InputError; damage of a cell is a kind of cell.
	next(rec *record) error
	// shown is the cell as the file shows it; the error says why that cannot be known.
	shown(c *cell) (string, error)
	// place is a row of this file.
	place(row, line int) diag.Place
	// finish reports, after io.EOF, what is known only then. first is the first row behind the headers.
	finish(first int, problems *diag.List)
	// describe fills in what the file says about itself.
	describe(h *Header)
	// hiddenColumn reports a column that the file hides.
	hiddenColumn(index int) bool
	Close() error
}

// record is one row of a file. It is reused.
type record struct {
	row    int // 1-based, as a spreadsheet numbers it
	line   int // 1-based line of a text file, otherwise 0
	hidden bool
	cells  []cell
}

func (r *record) reset(row int) {
	r.row, r.line, r.hidden = row, 0, false
	r.cells = r.cells[:0]
}

// put stores a cell, and blank ones before it.
func (r *record) put(index int, c cell) {
	for len(r.cells) <= index {
		r.cells = append(r.cells, cell{})
	}
	r.cells[index] = c
}

type kind uint8

const (
	kindText     kind = iota // the zero cell is an empty text
	kindNumber               // text is the number as the file stores it
	kindFailed               // #N/A and its like
	kindUncached             // a formula that nobody has calculated
)

type cell struct {
	text  string
	style int
	kind  kind
}

// blank reports a cell in which nothing stands.
func (c *cell) blank() bool { return c.kind == kindText && trim(c.text) == "" }

// exact is a number without exponent or format: 1.3800138E10 is "13800138000". lost reports that it has more digits than
// a spreadsheet keeps, so that the last ones are not what was typed.
func exact(raw string) (text string, lost bool) {
	if channel.AllDigits(raw) {
		return raw, len(raw) > 15
	}
	f, err := strconv.ParseFloat(raw, 64)
	if err != nil {
		return raw, false
	}
	if f >= 1e15 || f <= -1e15 {
		return strconv.FormatFloat(f, 'f', -1, 64), true
	}
	return numfmt.General(f), false
}
