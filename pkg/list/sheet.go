package list

import (
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"notify/pkg/diag"
	"notify/pkg/words"
)

// What a sheet can have.
const (
	sheetRows    = 1 << 20
	sheetColumns = 1 << 14
)

// sheetSource streams one sheet. excelize's own row iterator is not used for it: that one gives a cell's text without its
// type, so that an error, a formula that nobody calculated and a number cannot be told from text, either as shown or as
// stored, not both; and it takes malformed XML for the end of the sheet, which would drop recipients without a word.
type sheetSource struct {
	book  *workbook
	sheet sheetInfo
	opts  Options

	strings *stringTable
	formats *formats
	in      *tokens

	row    int
	ended  bool // </sheetData> has been seen
	hidden []columnRange
	merges []string // cells merged, as "B5:B7"; the first keepMerges
	text   richText
	value  []byte
}

type columnRange struct{ first, last int } // 1-based, as the file has them

// keepMerges bounds what a hostile sheet may make us remember.
const keepMerges = 10_000

func (w *workbook) openSheet(sheet sheetInfo, o Options) (src source, err error) {
	s := &sheetSource{book: w, sheet: sheet, opts: o, formats: newFormats(w, o.Country)}
	defer func() {
		if err != nil {
			err = errors.Join(damaged(s.place(0, 0), err), s.closeParts())
		}
	}()
	if s.strings, err = w.readStrings(o.TempDir); err != nil {
		return nil, err
	}
	if s.in, err = w.tokens(sheet.part); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *sheetSource) next(rec *record) error {
	err := s.read(rec)
	if err != nil && !errors.Is(err, io.EOF) {
		return damaged(s.place(s.row, 0), err)
	}
	return err
}

// read is the next row; io.EOF when the whole part has been read to its end, and so its checksum compared.
func (s *sheetSource) read(rec *record) error {
	for {
		token, err := s.in.next()
		if errors.Is(err, io.EOF) && !s.ended {
			return words.Err("list.inside.early", nil)
		}
		if err != nil {
			return err
		}
		switch el := token.(type) {
		case xml.StartElement:
			switch el.Name.Local {
			case "row":
				return s.readRow(rec, el)
			case "col":
				s.noteColumn(el)
			case "mergeCell":
				if len(s.merges) < keepMerges {
					s.merges = append(s.merges, attr(el, "ref"))
				}
			}
		case xml.EndElement:
			s.ended = s.ended || el.Name.Local == "sheetData"
		}
	}
}

func (s *sheetSource) noteColumn(el xml.StartElement) {
	if !isTrue(attr(el, "hidden")) || len(s.hidden) >= sheetColumns {
		return
	}
	first, err1 := strconv.Atoi(attr(el, "min"))
	last, err2 := strconv.Atoi(attr(el, "max"))
	if err1 == nil && err2 == nil {
		s.hidden = append(s.hidden, columnRange{first, last})
	}
}

func (s *sheetSource) readRow(rec *record, el xml.StartElement) error {
	row := s.row + 1
	if r := attr(el, "r"); r != "" {
		n, err := strconv.Atoi(r)
		if err != nil || n < row || n > sheetRows {
			return words.Err("list.inside.row-order", words.A{"row": clipText(r), "after": s.row})
		}
		row = n
	}
	if row > sheetRows {
		return words.Err("list.inside.rows", words.A{"most": sheetRows})
	}
	s.row = row
	rec.reset(row)
	rec.hidden = isTrue(attr(el, "hidden"))
	column := 0
	for {
		token, err := s.in.next()
		if err != nil {
			return notEOF(err)
		}
		switch el := token.(type) {
		case xml.StartElement:
			if el.Name.Local != "c" {
				continue
			}
			if column, err = s.readCell(rec, el, column); err != nil {
				return err
			}
		case xml.EndElement:
			if el.Name.Local == "row" {
				return nil
			}
		}
	}
}

func notEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// readCell reads one cell and returns the 1-based column in which it stands; before is that of the cell before it.
func (s *sheetSource) readCell(rec *record, el xml.StartElement, before int) (int, error) {
	column, kindOf, style := before+1, "", 0
	for _, a := range el.Attr {
		switch a.Name.Local {
		case "r":
			column = columnNumber(a.Value)
		case "t":
			kindOf = a.Value
		case "s":
			style, _ = strconv.Atoi(a.Value) // an unreadable style shows the value without a format
		}
	}
	if column < 1 || column > sheetColumns {
		return 0, words.Err("list.inside.no-column", words.A{"row": s.row})
	}
	formula, err := s.readContent()
	if err != nil {
		return 0, err
	}
	c, err := s.makeCell(kindOf, formula)
	if err != nil {
		return 0, err
	}
	if c.text == "" && c.kind == kindText {
		return column, nil
	}
	if column > maxColumns {
		return 0, tooWide(s.place(s.row, 0))
	}
	c.style = style
	rec.put(column-1, c)
	return column, nil
}

// readContent gathers <v> in value and the text of <is> in text, to the end of the cell.
func (s *sheetSource) readContent() (formula bool, err error) {
	s.text.reset()
	s.value = s.value[:0]
	inValue := false
	for {
		token, err := s.in.next()
		if err != nil {
			return false, notEOF(err)
		}
		switch el := token.(type) {
		case xml.StartElement:
			inValue = el.Name.Local == "v"
			formula = formula || el.Name.Local == "f"
			s.text.start(el.Name.Local)
		case xml.EndElement:
			if el.Name.Local == "c" {
				return formula, nil
			}
			inValue = false
			s.text.end(el.Name.Local)
		case xml.CharData:
			if inValue {
				if s.value = append(s.value, el...); len(s.value) > maxCellText {
					return false, errItemTooLong
				}
			} else if err := s.text.data(el); err != nil {
				return false, err
			}
		}
	}
}

func (s *sheetSource) makeCell(kindOf string, formula bool) (cell, error) {
	value := string(s.value)
	switch kindOf {
	case "s":
		if strings.TrimSpace(value) == "" {
			return cell{}, nil
		}
		index, err := strconv.Atoi(strings.TrimSpace(value))
		if err != nil {
			return cell{}, words.Err("list.inside.no-text", words.A{"row": s.row, "text": clipText(value)})
		}
		text, err := s.strings.get(index)
		return cell{text: text}, err
	case "inlineStr":
		return cell{text: s.text.String()}, nil
	case "str":
		return cell{text: unescape(value)}, nil
	case "b":
		if value == "" {
			return cell{}, nil
		}
		return cell{text: strings.ToUpper(strconv.FormatBool(isTrue(value)))}, nil
	case "e":
		return cell{text: value, kind: kindFailed}, nil
	case "d":
		return cell{text: strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(value, "Z"), ".000"), "T00:00:00")}, nil
	}
	return s.makeNumber(strings.TrimSpace(value), formula), nil
}

func (s *sheetSource) makeNumber(value string, formula bool) cell {
	switch {
	case formula && (value == "" || value == "0" && s.book.uncalculated):
		return cell{kind: kindUncached}
	case value == "":
		return cell{}
	}
	if _, err := strconv.ParseFloat(value, 64); err != nil {
		return cell{text: value} // some writers put text where a number belongs; it is shown as it is
	}
	return cell{text: value, kind: kindNumber}
}

// columnNumber is the 1-based column of a reference such as "AB12", or 0.
func columnNumber(ref string) int {
	n := 0
	for i := range len(ref) {
		c := ref[i]
		switch {
		case c >= 'A' && c <= 'Z':
			n = n*26 + int(c-'A') + 1
		case c >= 'a' && c <= 'z':
			n = n*26 + int(c-'a') + 1
		case c == '$':
		default:
			return n
		}
		if n > sheetColumns {
			return 0
		}
	}
	return n
}

func rowNumber(ref string) int {
	n, err := strconv.Atoi(strings.TrimLeft(ref, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz$"))
	if err != nil {
		return 0
	}
	return n
}

func (s *sheetSource) shown(c *cell) (string, error) {
	switch c.kind {
	case kindNumber:
		return s.formats.show(c.text, c.style)
	case kindText:
		return s.formats.showText(c.text, c.style)
	case kindFailed, kindUncached:
	}
	return c.text, nil
}

func (s *sheetSource) place(row, line int) diag.Place {
	return diag.Place{File: s.book.path, Sheet: s.sheet.name, Row: row, Line: line}
}

// finish reports merged cells among the recipients: only the first cell of a merge has the value, though a reader of the
// sheet sees it for all of them.
func (s *sheetSource) finish(first int, problems *diag.List) {
	for _, ref := range s.merges {
		from, to, ok := strings.Cut(ref, ":")
		if !ok || from == to || rowNumber(to) < first {
			continue
		}
		p := s.place(rowNumber(from), 0)
		p.Column = strings.TrimRight(from, "0123456789")
		problems.Add(diag.Err(p, "list.cells-merged", nil).Do("list.do.unmerge", nil).With(clipText(ref)))
	}
	if others := s.peopleElsewhere(); len(others) > 0 {
		problems.Add(diag.Err(s.place(0, 0), "list.sheets-unread", words.A{"sheets": words.Texts(words.Commas, others...)}).Do("list.do.one-sheet", nil).Warns())
	}
	if s.sheet.hidden {
		problems.Add(diag.Err(s.place(0, 0), "list.sheet-hidden", nil).Do("list.do.check-sheet", nil).Warns())
	}
}

func (s *sheetSource) describe(h *Header) {
	h.Sheet = s.sheet.name
	for _, sheet := range s.book.sheets {
		h.Sheets = append(h.Sheets, sheet.name)
	}
}

func (s *sheetSource) hiddenColumn(index int) bool {
	return slices.ContainsFunc(s.hidden, func(r columnRange) bool { return index+1 >= r.first && index+1 <= r.last })
}

func (s *sheetSource) closeParts() error {
	var errs []error
	if s.in != nil {
		errs = append(errs, s.in.close.Close())
	}
	if s.strings != nil {
		errs = append(errs, s.strings.Close())
	}
	return errors.Join(errs...)
}

// Close frees the temporary file of the string table.
func (s *sheetSource) Close() error {
	if err := errors.Join(s.closeParts(), s.book.file.Close()); err != nil {
		return words.Wrap(err, "file.close", words.A{"file": s.book.path})
	}
	return nil
}
