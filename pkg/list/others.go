package list

import (
	"errors"
	"io"

	"notify/pkg/words"
)

// peopleElsewhere are the other sheets that can be seen and hold people, each with how many: half of a list may stand there.
// One that cannot be read to its end is among them, for nobody knows what it holds.
func (s *sheetSource) peopleElsewhere() []words.Text {
	if s.book.ours != "" && s.sheet.name == s.book.ours {
		return nil // the other sheets of a report are about the same people
	}
	var others []words.Text
	for _, sheet := range s.book.sheets {
		if !sheet.grid || sheet.hidden || sheet.part == s.sheet.part || s.book.parts[sheet.part] == nil {
			continue
		}
		n, err := s.countPeople(sheet)
		switch {
		case err != nil:
			others = append(others, words.T("list.sheet.unreadable", words.A{"sheet": sheet.name}))
		case n > 0:
			others = append(others, words.T("list.sheet.people", words.A{"sheet": sheet.name, "count": n}))
		}
	}
	return others
}

// countPeople is how many rows of another sheet hold a phone number or an e-mail address.
func (s *sheetSource) countPeople(sheet sheetInfo) (n int, err error) {
	other := &sheetSource{book: s.book, sheet: sheet, strings: s.strings, formats: s.formats}
	if other.in, err = s.book.tokens(sheet.part); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, other.in.close.Close()) }()
	var rec record
	for {
		if err := other.next(&rec); errors.Is(err, io.EOF) {
			return n, nil
		} else if err != nil {
			return n, err
		}
		for i := range rec.cells {
			text := rec.cells[i].text
			if rec.cells[i].kind == kindNumber {
				text, _ = exact(text)
			}
			if looksLikeAddress(text, s.opts) {
				n++
				break
			}
		}
	}
}
