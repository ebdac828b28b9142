package list

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"notify/pkg/diag"
	"notify/pkg/message"
)

// headerRows is how many rows may stand above the headers: titles, notes, blanks.
const headerRows = 30

// maxColumns is more than any list of people needs, and bounds what a row may cost.
const maxColumns = 1024

// candidate is a row that may hold the headers.
type candidate struct {
	row     int
	headers []string
	score   int
	below   lookAtCells // the rows that were seen below it, where it was not sure
}

// findHeader reads down to the row that holds the headers. Where none does, it gives the likeliest one, and false.
func findHeader(src source, o Options) (candidate, bool, error) {
	var best candidate
	var above []string
	aboveRow := 0
	var rec record
	var seen [][]string
	var rows []int
	for range headerRows {
		err := src.next(&rec)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return best, false, err
		}
		headers := texts(src, &rec)
		if len(headers) > maxColumns {
			return best, false, tooWide(src.place(rec.row, rec.line))
		}
		score, complete := scoreHeader(headers, o)
		c := candidate{row: rec.row, headers: headers, score: score}
		if complete {
			if aboveRow == rec.row-1 {
				c.headers = underGroup(headers, above)
			}
			return c, true, nil
		}
		if c.score > best.score {
			best = c
		}
		seen, rows = append(seen, rawTexts(src, &rec)), append(rows, rec.row)
		above, aboveRow = headers, rec.row
	}
	for i, cells := range seen {
		if rows[i] > best.row {
			best.below.look(cells, o)
		}
	}
	return best, false, nil
}

func texts(src source, rec *record) []string {
	headers := make([]string, 0, len(rec.cells))
	for i := range rec.cells {
		shown, err := src.shown(&rec.cells[i])
		if err != nil {
			shown = rec.cells[i].text
		}
		headers = append(headers, trim(shown))
	}
	for len(headers) > 0 && headers[len(headers)-1] == "" {
		headers = headers[:len(headers)-1]
	}
	return headers
}

// scoreHeader says how much a row looks like the headers, and whether it holds what was asked for: every mapped header, and
// one for a phone or an e-mail, mapped or recognised. A row in which somebody's address stands is none.
func scoreHeader(headers []string, o Options) (score int, complete bool) {
	reachable := false
	for _, h := range headers {
		if looksLikeAddress(h, o) {
			return 0, false
		}
		r := o.roles.recognise(h)
		reachable = reachable || o.roles.isAddress(r)
		if r != roleNone {
			score += 10
		}
		if h != "" {
			score++
		}
	}
	complete = true
	for key, want := range o.Columns {
		switch {
		case want == "":
		case hasHeader(headers, want):
			score += 20
			reachable = reachable || o.roles.isAddress(role(key))
		default:
			complete = false
		}
	}
	return score, complete && reachable
}

// hasHeader reports whether a mapping's header stands in the row; "备注 (F)" is the second of two that are called 备注.
func hasHeader(headers []string, want string) bool {
	if i := strings.LastIndex(want, " ("); i > 0 && slices.Contains(headers, want[:i]) {
		return true
	}
	form := headerForm(want)
	return slices.ContainsFunc(headers, func(h string) bool { return h == want || (form != "" && headerForm(h) == form) })
}

func looksLikeAddress(s string, o Options) bool { return addressRole(s, o) != roleNone }

// addressRole is the role of which a text is an address, right as it stands.
func addressRole(s string, o Options) role {
	digits := 0
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			digits++
		}
	}
	for r, e := range o.roles.channels {
		if !e.Is(s) || e.Digits && digits < minPhoneDigits {
			continue
		}
		if _, err := e.Parse(s, o.Country); err == nil {
			return r
		}
	}
	return roleNone
}

// underGroup fills headers that are empty because a cell of the row above is merged down over them. A row above with a
// single text is a title.
func underGroup(headers, above []string) []string {
	filled := 0
	for _, a := range above {
		if a != "" {
			filled++
		}
	}
	if filled < 2 {
		return headers
	}
	out := slices.Clone(headers)
	for i, a := range above {
		if i >= len(out) {
			out = append(out, "")
		}
		if out[i] == "" {
			out[i] = a
		}
	}
	return out
}

// noHeader says that no row holds the headers, and what there is instead.
func noHeader(place diag.Place, best candidate, sheets []string, offer string, o Options) *diag.List {
	problems := &diag.List{}
	if best.row > 0 && len(o.Columns) > 0 {
		place.Row = best.row
		set := newColumnSet(o.roles, place, best.headers, o.Columns)
		if set.problems.Errors() > 0 {
			return set.problems
		}
	}
	hint := "the first row must name the columns, one of them 手机号, phone, 邮箱 or email; or say which is which: list.columns: {phone: …, email: …}"
	if best.row > 0 {
		place.Row = best.row
		set := newColumnSet(o.roles, place, best.headers, nil)
		hint = fmt.Sprintf("the headers seem to be %s; say which is which: list.columns: {phone: …, email: …}", set.listed())
	}
	if offer != "" {
		hint = fmt.Sprintf("the headers seem to be %s; by their cells, the addresses stand here: list.columns: {%s}", newColumnSet(o.roles, place, best.headers, nil).listed(), offer)
	}
	if len(sheets) > 1 {
		hint += "; if it is the wrong sheet, name another (list.sheet): " + strings.Join(sheets, ", ")
	}
	problems.Errorf(place, "header-none", hint, "no header row was found: nothing says which column is the phone or the e-mail")
	return problems
}

func tooWide(place diag.Place) error {
	problems := &diag.List{}
	problems.Errorf(place, "too-wide", "delete the columns that are not part of the list", "the row has more than %d columns", maxColumns)
	return problems.Err()
}

// checkNeed reports channels for which no column was found.
func (s *columnSet) checkNeed(need []message.Channel, offers map[string][]string) {
	for _, ch := range s.lacking(need) {
		r := s.roles.of(ch)
		hint := fmt.Sprintf("the headers are %s; say which: list.columns: {%s: …}", s.listed(), r)
		if found := offers[string(r)]; len(found) > 0 {
			hint = fmt.Sprintf("by its cells, it is this one: list.columns: {%s: %q}", r, found[0])
		}
		s.problems.Errorf(s.place, "column-missing", hint, "the campaign sends by %s, and no column holds the %s", ch, r)
	}
}

// lacking are the channels that no column was found for, where no other problem says why.
func (s *columnSet) lacking(need []message.Channel) []message.Channel {
	if s.problems.Count("column-ambiguous") > 0 || s.problems.Count("header-missing") > 0 {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(need), func(ch message.Channel) bool { _, ok := s.byRole[s.roles.of(ch)]; return ok })
}
