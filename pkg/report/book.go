package report

import (
	"archive/zip"
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"notify/pkg/words"
)

// book writes a workbook. Its sheets go straight into the file, one after the other, so that none of them is held; excelize makes the
// rest: styles, charts, names.
type book struct {
	f      *excelize.File
	zip    *zip.Writer
	say    words.Printer
	styles map[style]int
	sheets []string        // their names, in the order of the tabs
	parts  map[string]bool // which of them were written
}

// style is how a cell looks.
type style string

// The styles. A figure in a row of sums has the name of its own with a prefix.
const (
	styleText   style = "text"
	styleHead   style = "head"
	styleTitle  style = "title"
	styleWrap   style = "wrap"
	styleRight  style = "right"
	styleFigure style = "figure"
	styleMoney  style = "money"
	styleMoment style = "moment"
	styleLength style = "length"
	styleShare  style = "share"
	styleSpeed  style = "speed"
	styleNote   style = "note"
	styleLeft   style = "left-" // before that of a figure
	sums              = "sums-"
)

// newBook begins a workbook with these sheets. Amounts have so many decimals.
func newBook(w io.Writer, say words.Printer, decimals int, sheets ...words.Text) (*book, error) {
	b := &book{f: excelize.NewFile(), zip: zip.NewWriter(w), say: say, styles: make(map[style]int), parts: make(map[string]bool)}
	for i, name := range sheets {
		b.sheets = append(b.sheets, say.Say(name))
		var err error
		if i == 0 {
			err = b.f.SetSheetName(b.f.GetSheetName(0), b.sheets[0])
		} else {
			_, err = b.f.NewSheet(b.sheets[i])
		}
		if err != nil {
			return nil, err
		}
	}
	return b, b.makeStyles(decimals)
}

func (b *book) makeStyles(decimals int) error {
	line := []excelize.Border{{Type: "top", Color: "808080", Style: 1}}
	fill := excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"DDE6F0"}}
	const asText = 49 // the format of what is a text, whatever is typed over it
	for as, s := range map[style]excelize.Style{
		styleText:  {NumFmt: asText},
		styleHead:  {Font: &excelize.Font{Bold: true}, Fill: fill, Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"}},
		styleTitle: {Font: &excelize.Font{Bold: true, Size: 13}},
		styleWrap:  {NumFmt: asText, Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"}},
		styleNote:  {Font: &excelize.Font{Color: "666666"}},
		styleRight: {Alignment: &excelize.Alignment{Horizontal: "right"}},
	} {
		id, err := b.f.NewStyle(&s)
		if err != nil {
			return err
		}
		b.styles[as] = id
	}
	for as, format := range map[style]string{
		styleFigure: "#,##0", styleMoney: "#,##0." + strings.Repeat("0", decimals), styleMoment: "yyyy-mm-dd hh:mm:ss", styleLength: "[h]:mm:ss",
		styleShare: "0.0%", styleSpeed: "#,##0.0##",
	} {
		of := excelize.Style{CustomNumFmt: &format, Alignment: &excelize.Alignment{Vertical: "top"}}
		id, err := b.f.NewStyle(&of)
		if err != nil {
			return err
		}
		b.styles[as] = id
		leftwards := excelize.Style{CustomNumFmt: &format, Alignment: &excelize.Alignment{Horizontal: "left"}}
		if b.styles[styleLeft+as], err = b.f.NewStyle(&leftwards); err != nil {
			return err
		}
		of.Font, of.Border = &excelize.Font{Bold: true}, line
		if b.styles[sums+as], err = b.f.NewStyle(&of); err != nil {
			return err
		}
	}
	id, err := b.f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}, Border: line})
	b.styles[sums+styleText] = id
	return err
}

func (b *book) style(as style) string { return strconv.Itoa(b.styles[as]) }

// sheet begins a sheet, by its place among the tabs. The one before must be closed.
func (b *book) sheet(tab int, l layout) (*sheet, error) {
	part := fmt.Sprintf("xl/worksheets/sheet%d.xml", tab+1)
	w, err := b.zip.Create(part)
	if err != nil {
		return nil, err
	}
	b.parts[part] = true
	l.name = words.Raw(b.sheets[tab])
	s := &sheet{book: b, layout: l, w: bufio.NewWriterSize(w, 1<<16)}
	s.begin()
	return s, s.err
}

// printed says what of a sheet is printed, with its header on every page.
func (b *book) printed(s *sheet, area string) error {
	name := b.say.Say(s.layout.name)
	of := func(ref string) string { return quoted(name) + "!" + ref }
	corner := strings.Split(area, ":")[1]
	letters := strings.TrimRight(corner, "0123456789")
	err := b.f.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Area", RefersTo: of("$A$1:$" + letters + "$" + corner[len(letters):]), Scope: name})
	if s.layout.frozen && err == nil {
		err = b.f.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Titles", RefersTo: of("$1:$1"), Scope: name})
	}
	return err
}

// quoted is a sheet's name as a formula has it.
func quoted(name string) string { return "'" + strings.ReplaceAll(name, "'", "''") + "'" }

// parts is the file of a workbook, into which the sheets were written already.
type parts struct {
	*zip.Writer
	written map[string]bool
}

// Create begins a part.
func (p parts) Create(name string) (io.Writer, error) {
	if p.written[name] {
		return io.Discard, nil
	}
	return p.Writer.Create(name)
}

// Close writes everything but the sheets.
func (b *book) Close() error {
	b.f.SetZipWriter(func(io.Writer) excelize.ZipWriter { return parts{b.zip, b.parts} })
	_, err := b.f.WriteToBuffer() // nothing goes into the buffer
	return errors.Join(err, b.f.Close())
}

// oneSheet is a workbook of one sheet.
type oneSheet struct{ *sheet }

// newTable begins a file of one table: .csv, .json or .xlsx by the ending of its name.
func newTable(path string, f *os.File, say words.Printer, name words.Text, widths []float64) (rowWriter, error) {
	if ending(path) != ".xlsx" {
		return newRowWriter(path, f, say)
	}
	const decimals = 2
	b, err := newBook(f, say, decimals, name)
	if err != nil {
		return nil, err
	}
	s, err := b.sheet(0, layout{frozen: true, filter: true, widths: widths})
	return oneSheet{s}, err
}

// Close writes the rest of the workbook.
func (o oneSheet) Close() error {
	if err := o.sheet.Close(); err != nil {
		return err
	}
	return o.book.Close()
}
