package list

import (
	"errors"
	"io"
	"slices"
	"strings"

	"notify/pkg/diag"
	"notify/pkg/message"
	"notify/pkg/words"
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
	place.Row = best.row
	seem := newColumnSet(o.roles, place, best.headers, nil).listed()
	none := diag.Err(place, "list.header-none", nil).Do("list.do.name-columns", nil)
	switch {
	case offer != "":
		none = none.Do("list.do.by-cells", words.A{"headers": seem, "mapping": "{" + offer + "}"})
	case best.row > 0:
		none = none.Do("list.do.seem-headers", words.A{"headers": seem})
	}
	if len(sheets) > 1 {
		none = none.Do("list.do.or-sheet", words.A{"first": none.Hint, "sheets": words.Names(sheets, 0)})
	}
	problems.Add(none)
	return problems
}

func tooWide(place diag.Place) error {
	return refusal(diag.Err(place, "list.too-wide", words.A{"most": maxColumns}).Do("list.do.delete-columns", nil))
}

// checkNeed reports channels for which no column was found.
func (s *columnSet) checkNeed(need []message.Channel, offers map[string][]string) {
	for _, ch := range s.lacking(need) {
		r := s.roles.of(ch)
		missing := diag.Err(s.place, "list.column-missing", words.A{"channel": string(ch), "role": string(r)}).
			Do("list.do.headers-which", words.A{"headers": s.listed(), "mapping": mappingOf(r, "")})
		if found := offers[string(r)]; len(found) > 0 {
			missing = missing.Do("list.do.this-one", words.A{"mapping": mappingOf(r, found[0])})
		}
		s.problems.Add(missing)
	}
}

// lacking are the channels that no column was found for, where no other problem says why.
func (s *columnSet) lacking(need []message.Channel) []message.Channel {
	if s.problems.Count("column-ambiguous") > 0 || s.problems.Count("header-missing") > 0 {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(need), func(ch message.Channel) bool { _, ok := s.byRole[s.roles.of(ch)]; return ok })
}
