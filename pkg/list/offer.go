package list

import (
	"errors"
	"io"
	"slices"
	"strings"
)

// offeredRows is how many rows below the headers are looked at for columns of addresses.
const offeredRows = 50

// lookAtCells counts, in the rows that come next, which cells of each column are an address of which role.
type lookAtCells struct {
	filled []int
	of     []map[role]int
}

// look adds a row.
func (l *lookAtCells) look(cells []string, o Options) {
	for i, text := range cells {
		for len(l.filled) <= i {
			l.filled, l.of = append(l.filled, 0), append(l.of, make(map[role]int))
		}
		if text == "" {
			continue
		}
		l.filled[i]++
		if r := addressRole(text, o); r != roleNone {
			l.of[i][r]++
		}
	}
}

// read looks at the rows that a source has next. An end, or damage, ends it: there is enough, or somebody else will say so.
func (l *lookAtCells) read(src source, o Options) error {
	var rec record
	for range offeredRows {
		err := src.next(&rec)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		l.look(rawTexts(src, &rec), o)
	}
	return nil
}

// rawTexts are a row's cells, numbers with all their digits.
func rawTexts(src source, rec *record) []string {
	cells := texts(src, rec)
	for i := range cells {
		if rec.cells[i].kind == kindNumber {
			cells[i], _ = exact(rec.cells[i].text)
		}
	}
	return cells
}

// offers are the columns that hold addresses of a role that has no column yet, the fullest first. Four of five cells must be.
func (s *columnSet) offers(l *lookAtCells) map[string][]string {
	offers := make(map[string][]string)
	for _, r := range s.roles.all {
		if _, has := s.byRole[r]; has || !s.roles.isAddress(r) {
			continue
		}
		var found []column
		for _, c := range s.columns {
			if c.index < len(l.filled) && c.role == roleNone && l.of[c.index][r] > 0 && l.of[c.index][r]*5 >= l.filled[c.index]*4 {
				found = append(found, c)
			}
		}
		slices.SortStableFunc(found, func(a, b column) int { return l.filled[b.index] - l.filled[a.index] })
		for _, c := range found {
			offers[string(r)] = append(offers[string(r)], c.name)
		}
	}
	return offers
}

// offered is a mapping to write: `phone: "联系方式", email: "Kontakt"`; empty where there is nothing to offer.
func offered(offers map[string][]string) string {
	var parts []string
	for _, r := range sortedKeys(offers) {
		if len(offers[r]) > 0 {
			parts = append(parts, r+`: "`+offers[r][0]+`"`)
		}
	}
	return strings.Join(parts, ", ")
}
