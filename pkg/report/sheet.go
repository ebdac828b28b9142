package report

import (
	"bufio"
	"encoding/xml"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"
	"unicode"

	"notify/pkg/checklist"
	"notify/pkg/message"
	"notify/pkg/words"
)

// sheet writes one sheet of a workbook, row by row, straight into its file: however many rows it has, it holds none of them.
type sheet struct {
	book   *book
	layout layout
	w      *bufio.Writer
	n      int // rows so far
	err    error
}

// layout is how a sheet looks.
type layout struct {
	name   words.Text
	widths []float64
	// printed is how many of the columns are printed; 0: all
	printed int
	frozen  bool // the first row stays
	filter  bool // the first row filters
	chart   bool // charts float on it
}

// maxSheetRows is how many rows a sheet can have.
const maxSheetRows = 1 << 20

// maxCell is how many characters a cell can have.
const maxCell = 32767

func (s *sheet) write(text string) {
	if s.err == nil {
		_, s.err = s.w.WriteString(text)
	}
}

// begin writes what stands before the rows.
func (s *sheet) begin() {
	s.write(xml.Header + `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"` +
		` xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr><sheetViews>`)
	if s.layout.frozen {
		s.write(`<sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView>`)
	} else {
		s.write(`<sheetView workbookViewId="0" showGridLines="0"/>`)
	}
	s.write(`</sheetViews>`)
	for i, w := range s.layout.widths {
		if i == 0 {
			s.write(`<cols>`)
		}
		s.write(fmt.Sprintf(`<col min="%d" max="%d" width="%.1f" customWidth="1"/>`, i+1, i+1, w))
		if i == len(s.layout.widths)-1 {
			s.write(`</cols>`)
		}
	}
	s.write(`<sheetData>`)
}

// Header writes the names of the columns.
func (s *sheet) Header(names []string) error {
	cells := make([]any, len(names))
	for i, n := range names {
		cells[i] = styled{n, styleHead}
	}
	return s.Row(cells)
}

// styled is a cell that looks otherwise than its value.
type styled struct {
	value any
	as    style
}

// formula is a cell that is worked out from others, and what comes of it.
type formula struct {
	text  string
	value any
}

// encoded is what a reader would take for an encoded character: _x000A_.
var encoded = regexp.MustCompile(`_x[0-9A-Fa-f]{4}_`)

// Row writes a row; cells in which there is nothing to say are left out. What stands in a text is a text, whatever it begins with.
func (s *sheet) Row(cells []any) error {
	if s.n++; s.n > maxSheetRows {
		return words.Err("report.error.rows", words.A{"most": maxSheetRows}).Do("report.do.rows", nil)
	}
	s.write(`<row r="` + strconv.Itoa(s.n) + `">`)
	for i, c := range cells {
		s.cell(column(i)+strconv.Itoa(s.n), c, "", "")
	}
	s.write(`</row>`)
	return s.err
}

func (s *sheet) cell(at string, v any, as style, f string) {
	switch v := v.(type) {
	case styled:
		s.cell(at, v.value, v.as, f)
		return
	case formula:
		s.cell(at, v.value, as, v.text)
		return
	case *message.Money:
		if v == nil {
			s.text(at, words.Unknown, styleRight)
			return
		}
	}
	number, look := s.number(v)
	switch {
	case as == "":
		as = look
	case as == styleLeft && number != "":
		as += look
	}
	if number == "" {
		said := s.book.said(v)
		if said == words.Unknown && as == "" {
			as = styleRight
		}
		s.text(at, said, as)
		return
	}
	s.write(`<c r="` + at + `" s="` + s.book.style(as) + `">`)
	if f != "" {
		s.write(`<f>` + f + `</f>`)
	}
	s.write(`<v>` + number + `</v></c>`)
}

func (s *sheet) text(at, said string, as style) {
	if said == "" && as == "" {
		return
	}
	if as == "" {
		as = styleText
	}
	s.write(`<c r="` + at + `" s="` + s.book.style(as) + `" t="inlineStr"><is><t xml:space="preserve">`)
	if s.err == nil {
		s.err = xml.EscapeText(s.w, []byte(encoded.ReplaceAllString(cut(said), "_x005F$0")))
	}
	s.write(`</t></is></c>`)
}

// number is a value as a sheet keeps it, and how it looks; empty for what is no number.
func (s *sheet) number(v any) (string, style) {
	switch v := v.(type) {
	case int:
		return strconv.Itoa(v), styleFigure
	case int64:
		return strconv.FormatInt(v, 10), styleFigure
	case amount:
		return v.Money.String(), styleMoney
	case message.Money:
		return v.String(), styleMoney
	case *message.Money:
		if v != nil {
			return v.String(), styleMoney
		}
	case words.Percent:
		return strconv.FormatFloat(float64(v)/100, 'f', 6, 64), styleShare
	case words.Rate:
		if v > 0 {
			return strconv.FormatFloat(float64(v), 'f', 3, 64), styleSpeed
		}
	case time.Duration:
		return strconv.FormatFloat(v.Hours()/24, 'f', 9, 64), styleLength
	case time.Time:
		if !v.IsZero() {
			return strconv.FormatFloat(serial(v, s.book.say.Zone), 'f', 9, 64), styleMoment
		}
	}
	return "", ""
}

// serial is a moment as spreadsheets count: days since the end of 1899, by the clock on the wall.
func serial(t time.Time, zone *time.Location) float64 {
	if zone != nil {
		t = t.In(zone)
	}
	_, offset := t.Zone()
	const days = 25_569 // from there to 1970
	return days + (float64(t.Unix()+int64(offset))+float64(t.Nanosecond())/1e9)/86_400
}

// said is a cell that is a text.
func (b *book) said(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string: // of the list: as it is
		return v
	case checklist.Text:
		return v.In(string(b.say.Lang))
	case time.Time:
		return ""
	}
	return b.say.Value(v)
}

// cut is as much of a text as a cell can have.
func cut(text string) string {
	if len(text) <= maxCell {
		return text
	}
	n := 0
	for i := range text {
		if n == maxCell {
			return text[:i]
		}
		n++
	}
	return text
}

// column is the name of the i-th column, from 0: A, B, …, Z, AA.
func column(i int) string {
	if i < 26 {
		return string(rune('A' + i))
	}
	return column(i/26-1) + string(rune('A'+i%26))
}

// Close writes what stands behind the rows.
func (s *sheet) Close() error {
	s.write(`</sheetData>`)
	area := func(columns int) string { return "A1:" + column(max(0, columns-1)) + strconv.Itoa(max(1, s.n)) }
	all := len(s.layout.widths)
	if s.layout.filter {
		s.write(`<autoFilter ref="` + area(all) + `"/>`)
	}
	high := "0" // as many pages as there are
	if s.layout.chart {
		high = "1" // charts are not cut in two
	}
	s.write(`<pageMargins left="0.4" right="0.4" top="0.6" bottom="0.6" header="0.3" footer="0.3"/>` +
		`<pageSetup paperSize="9" orientation="landscape" fitToWidth="1" fitToHeight="` + high + `"/>` +
		`<headerFooter><oddFooter>&amp;L&amp;A&amp;R&amp;P / &amp;N</oddFooter></headerFooter>`)
	if s.layout.chart {
		s.write(`<drawing r:id="rId1"/>`) // the first relation of the sheet
	}
	s.write(`</worksheet>`)
	if err := errors.Join(s.err, s.w.Flush()); err != nil {
		return err
	}
	printed := s.layout.printed
	if printed == 0 {
		printed = all
	}
	return s.book.printed(s, area(printed))
}

// wide is how many columns of a fixed font a text takes: a Chinese character takes two.
func wide(text string) int {
	n := 0
	for _, r := range text {
		if n++; unicode.In(r, unicode.Han) || r >= 0x3000 && r < 0x3040 || r >= 0xff00 && r < 0xff61 {
			n++
		}
	}
	return n
}
