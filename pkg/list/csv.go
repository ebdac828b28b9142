package list

import (
	"bufio"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"strings"
	"unicode"

	"notify/pkg/diag"
	"notify/pkg/words"
)

// maxRecord bounds one row of a text file, so that a quotation mark that is never closed does not read the file into memory.
const maxRecord = 4 << 20

// csvSource reads CSV, and the same with other separators. A row is a record, numbered as a spreadsheet would number it.
type csvSource struct {
	file    *os.File
	path    string
	charset textCharset
	comma   rune

	in      *meter
	csv     *csv.Reader
	row     int
	endLine int // the line on which the last record ended
}

func openCSV(f *os.File, path string, o Options) (source, error) {
	cs, err := charsetOf(f, o)
	if err != nil {
		return nil, err
	}
	s := &csvSource{file: f, path: path, charset: cs}
	comma, err := s.detectComma(o)
	if err != nil {
		return nil, err
	}
	return s, s.rewind(comma)
}

// rewind begins at the first row.
func (s *csvSource) rewind(comma rune) error {
	text, err := s.charset.open(s.file)
	if err != nil {
		return err
	}
	s.in = &meter{r: &quoteReader{in: bufio.NewReaderSize(text, 1<<16), comma: comma}, maxItem: maxRecord}
	s.csv = csv.NewReader(bufio.NewReaderSize(s.in, 1<<16))
	s.csv.Comma, s.csv.LazyQuotes, s.csv.FieldsPerRecord, s.csv.ReuseRecord = comma, true, -1, true
	s.csv.TrimLeadingSpace = !unicode.IsSpace(comma)
	s.comma, s.row, s.endLine = comma, 0, 0
	return nil
}

// detectComma takes the separator that the first line declares ("sep=;"), else the one under which a row of headers is
// found, else the one that gives the most even table.
func (s *csvSource) detectComma(o Options) (rune, error) {
	text, err := s.charset.open(s.file)
	if err != nil {
		return 0, err
	}
	line, err := bufio.NewReader(io.LimitReader(text, 64)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, words.Wrap(err, "file.read", words.A{"file": s.path})
	}
	if sep := []rune(strings.TrimRight(line, "\r\n")); len(sep) == 5 && strings.EqualFold(string(sep[:4]), "sep=") && validComma(sep[4]) {
		return sep[4], nil
	}
	best, most := ',', -1
	for _, comma := range []rune{',', '\t', ';', '|', '，', '；'} {
		if err := s.rewind(comma); err != nil {
			return 0, err
		}
		if score := s.evenness(o); score > most {
			best, most = comma, score
		}
	}
	return best, nil
}

func validComma(r rune) bool { return r != '"' && r != '\r' && r != '\n' && r != '\uFFFD' && r != 0 }

// evenness says how well the first rows fit the current separator.
func (s *csvSource) evenness(o Options) int {
	widths := make(map[int]int)
	best := 0
	var rec record
	for range headerRows {
		if s.next(&rec) != nil {
			break
		}
		headers := texts(s, &rec)
		if _, complete := scoreHeader(headers, o); complete {
			return 1000 + len(headers)
		}
		if len(rec.cells) > 1 {
			widths[len(rec.cells)]++
			best = max(best, widths[len(rec.cells)])
		}
	}
	return best
}

func (s *csvSource) next(rec *record) error {
	s.in.item = 0
	fields, err := s.csv.Read()
	switch {
	case errors.Is(err, io.EOF):
		return io.EOF
	case errors.Is(err, errItemTooLong):
		return refusal(diag.Err(s.place(s.row+1, s.endLine+1), "list.row-too-long", words.A{"megabytes": maxRecord >> 20}).Do("list.do.close-quote", nil))
	case err != nil:
		return words.Wrap(err, "file.read", words.A{"file": s.path})
	}
	// The reader passes over empty lines, and a spreadsheet counts them.
	line, _ := s.csv.FieldPos(0)
	s.row += line - s.endLine
	rec.reset(s.row)
	rec.line = line
	s.endLine = s.lastLine(fields)
	for len(fields) > maxColumns && fields[len(fields)-1] == "" { // a spreadsheet saves what it takes for its whole width
		fields = fields[:len(fields)-1]
	}
	if len(fields) > maxColumns {
		return tooWide(s.place(s.row, line))
	}
	for _, f := range fields {
		rec.cells = append(rec.cells, cell{text: plainText(f)})
	}
	return nil
}

// plainText is what a program meant that wrote a cell in its own way: MySQL writes \N for nothing, and ="00123" keeps a
// spreadsheet from taking a text for a number.
func plainText(s string) string {
	if s == `\N` {
		return ""
	}
	if t := trim(s); len(t) > 3 && strings.HasPrefix(t, `="`) && t[len(t)-1] == '"' {
		return strings.ReplaceAll(t[2:len(t)-1], `""`, `"`)
	}
	return unguarded(s)
}

// unguarded takes off the apostrophe that keeps a spreadsheet from running a cell as a formula: reports write it, and so do
// people.
func unguarded(s string) string {
	if s == "" || s[0] != '\'' {
		return s
	}
	if strings.IndexAny(strings.TrimLeft(s, "'"), "=+-@\t\r\n＝＋－＠") == 0 {
		return s[1:]
	}
	return s
}

// lastLine is the line on which a record ends.
func (s *csvSource) lastLine(fields []string) int {
	last := len(fields) - 1
	line, _ := s.csv.FieldPos(last)
	return line + strings.Count(fields[last], "\n")
}

func (s *csvSource) shown(c *cell) (string, error) { return c.text, nil }

// place names the line only where it is not the number of the row.
func (s *csvSource) place(row, line int) diag.Place {
	if line == row {
		line = 0
	}
	return diag.Place{File: s.path, Row: row, Line: line}
}

func (s *csvSource) finish(int, *diag.List) {}

// doubted is the encoding that the file may have as well, where its own was guessed.
func (s *csvSource) doubted() (second string, doubt bool) { return s.charset.second, s.charset.doubt }

func (s *csvSource) describe(h *Header) {
	h.Encoding, h.Comma = s.charset.name, string(s.comma)
}

func (s *csvSource) hiddenColumn(int) bool { return false }

func (s *csvSource) Close() error {
	if err := s.file.Close(); err != nil {
		return words.Wrap(err, "file.close", words.A{"file": s.path})
	}
	return nil
}
