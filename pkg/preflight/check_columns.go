package preflight

import (
	"context"
	"fmt"
	"strings"
)

// swappedShare is the part of a column's cells from which on the column itself is taken for the wrong one: some odd cells
// are mistakes in typing, half of them are another column.
const swappedShare = 0.5

// columnsCheck asks whether the columns hold what they are taken for: a person greeted with his phone number is what the
// list's own rules cannot see, because any text may be a name.
func columnsCheck() Check {
	return Check{ID: "columns", Group: GroupList, Run: func(ctx context.Context, s *Subject) Finding {
		v, err := s.survey(ctx)
		if err != nil {
			return broken(err)
		}
		var a answers
		for _, c := range v.Columns {
			a.fact("column."+c.Role+".filled", c.Filled)
			a.fact("column."+c.Role+".odd", c.Odd.Count)
			switch {
			case c.Odd.Count == 0:
				a.add(Pass, fmt.Sprintf(textColumnGood, c.Role, c.Header))
			case float64(c.Odd.Count) >= swappedShare*float64(c.Filled):
				a.add(Fail, fmt.Sprintf(textColumnSwapped, c.Header, c.Role, num(c.Odd.Count), num(c.Filled), c.Like),
					fmt.Sprintf(textMapColumn, c.Role))
				a.detail(c.Header + ": " + rowsOf(c.Odd))
			default:
				a.add(Warn, fmt.Sprintf(textColumnOdd, num(c.Odd.Count), num(c.Filled), c.Header, c.Like), textMendCells)
				a.detail(c.Header + ": " + rowsOf(c.Odd))
			}
		}
		return a.done(textNoColumns)
	}}
}

// look judges one cell.
func (c *columnLook) look(row int, v string) {
	if v == "" {
		return
	}
	c.Filled++
	like := looksLike(v)
	if like == "" || like == c.Role || c.Role != "name" && like == lookDigits {
		return
	}
	if c.Odd.Count == 0 {
		switch c.Like = like; like {
		case "email":
			c.Like = "e-mail addresses"
		case "phone":
			c.Like = "phone numbers"
		}
	}
	c.Odd.Add(row)
}

const lookDigits = "digits"

// looksLike says what a cell looks like by itself: phone, email, digits, or nothing that can be told.
func looksLike(v string) string {
	local, domain, isMail := strings.Cut(v, "@")
	if isMail {
		if local != "" && strings.Contains(domain, ".") && !strings.ContainsAny(v, " \t\n") {
			return "email"
		}
		return ""
	}
	digits := 0
	for i := range len(v) {
		switch c := v[i]; {
		case c >= '0' && c <= '9':
			digits++
		case strings.IndexByte("+-(). ", c) < 0:
			return ""
		}
	}
	switch {
	case digits >= minPhoneDigits && digits <= maxPhoneDigits:
		return "phone"
	case digits >= minNumberDigits:
		return lookDigits
	}
	return ""
}

// A phone number has 15 digits at most (E.164); fewer than 7 are an extension. A name of three digits is a number.
const (
	minPhoneDigits  = 7
	maxPhoneDigits  = 15
	minNumberDigits = 3
)

const (
	textNoColumns     = "the list has no column for names, phone numbers or e-mail addresses"
	textColumnGood    = "%s: %s"
	textColumnSwapped = "the column %s is taken for the %s, and %s of its %s cells hold %s"
	textColumnOdd     = "%s of %s cells in the column %s hold %s"
	textMapColumn     = "say which column is the %[1]s in the campaign file (list.columns: {%[1]s: HEADER}), or put the cells where they belong"
	textMendCells     = "look at these rows, and put the values into their own columns"
)
