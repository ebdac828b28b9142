package report

import (
	"archive/zip"
	"bufio"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"regexp"
	"strconv"

	"notify/pkg/words"
)

// sheetRows writes a spreadsheet of one sheet, row by row, straight into its file: however many rows it has, it holds none of them. Every
// cell is text, always: a phone number is not a quantity.
type sheetRows struct {
	zip *zip.Writer
	w   *bufio.Writer // the sheet
	n   int
	err error
}

// maxSheetRows is how many rows a sheet can have.
const maxSheetRows = 1 << 20

// maxCell is how many characters a cell can have.
const maxCell = 32767

// sheetParts are the files of a spreadsheet beside its sheet.
func sheetParts() [][2]string {
	const (
		schemas = "http://schemas.openxmlformats.org/"
		office  = schemas + "officeDocument/2006/relationships"
		types   = "application/vnd.openxmlformats-officedocument.spreadsheetml."
		links   = `<Relationships xmlns="` + schemas + `package/2006/relationships"><Relationship Id="rId1" Type="` + office
	)
	return [][2]string{
		{"[Content_Types].xml", `<Types xmlns="` + schemas + `package/2006/content-types">` +
			`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
			`<Default Extension="xml" ContentType="application/xml"/>` +
			`<Override PartName="/xl/workbook.xml" ContentType="` + types + `sheet.main+xml"/>` +
			`<Override PartName="/xl/worksheets/sheet1.xml" ContentType="` + types + `worksheet+xml"/></Types>`},
		{"_rels/.rels", links + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
		{"xl/_rels/workbook.xml.rels", links + `/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`},
		{"xl/workbook.xml", `<workbook xmlns="` + schemas + `spreadsheetml/2006/main" xmlns:r="` + office +
			`"><sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>`},
	}
}

func newSheetRows(f *os.File) (*sheetRows, error) {
	z := zip.NewWriter(f)
	for _, part := range sheetParts() {
		w, err := z.Create(part[0])
		if err == nil {
			_, err = io.WriteString(w, xml.Header+part[1])
		}
		if err != nil {
			return nil, err
		}
	}
	w, err := z.Create("xl/worksheets/sheet1.xml")
	if err != nil {
		return nil, err
	}
	s := &sheetRows{zip: z, w: bufio.NewWriterSize(w, 1<<16)}
	s.write(xml.Header + `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>`)
	return s, s.err
}

func (s *sheetRows) write(text string) {
	if s.err == nil {
		_, s.err = s.w.WriteString(text)
	}
}

// encoded is what a reader would take for an encoded character: _x000A_.
var encoded = regexp.MustCompile(`_x[0-9A-Fa-f]{4}_`)

// Row writes a row; cells without a text are left out.
func (s *sheetRows) Row(cells []string) error {
	if s.n++; s.n > maxSheetRows {
		return words.Err("report.error.rows", words.A{"most": maxSheetRows}).Do("report.do.rows", nil)
	}
	s.write(`<row r="` + strconv.Itoa(s.n) + `">`)
	for i, c := range cells {
		if c == "" {
			continue
		}
		s.write(`<c r="` + column(i) + strconv.Itoa(s.n) + `" t="inlineStr"><is><t xml:space="preserve">`)
		if s.err == nil {
			s.err = xml.EscapeText(s.w, []byte(encoded.ReplaceAllString(cut(c), "_x005F$0")))
		}
		s.write(`</t></is></c>`)
	}
	s.write(`</row>`)
	return s.err
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

func (s *sheetRows) Close() error {
	s.write(`</sheetData></worksheet>`)
	return errors.Join(s.err, s.w.Flush(), s.zip.Close())
}
