package preflight

import (
	"context"
	"fmt"
	"strings"

	"notify/pkg/words"
)

// swappedShare is the part of a column's cells from which on the column itself is taken for the wrong one: some odd cells
// are mistakes in typing, half of them are another column.
const swappedShare = 0.5

// columnsCheck asks whether the columns hold what they are taken for: a person greeted with his phone number is what the
// list's own rules cannot see, because any text may be a name.
//
// *Do the columns hold what they are taken for?* Any text may be a name, so a column of phone numbers in place of names is not a
// problem of any row. FAIL where half of a column or more looks like another kind (phone numbers, e-mail addresses, digits), WARN
// for a few such cells: half a column is another column, a few cells are slips.
func columnsCheck() Check {
	return Check{ID: "columns", Group: GroupList, Overrule: "it judges by the looks of cells; the addresses were checked row by row", Run: func(ctx context.Context, s *Subject) Finding {
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
				a.say(Pass, "columns.good", words.A{"role": columnWord(c.Role), "column": c.Header})
			case float64(c.Odd.Count) >= swappedShare*float64(c.Filled):
				a.say(Fail, "columns.swapped", words.A{
					"column": c.Header, "role": columnWord(c.Role), "odd": c.Odd.Count, "cells": c.Filled, "like": words.Of("columns.like", c.Like),
				}, words.T("columns.map", words.A{"role": columnWord(c.Role), "setting": fmt.Sprintf("list.columns: {%s: HEADER}", c.Role)}))
				a.detail(words.T("columns.rows", words.A{"column": c.Header, "rows": rowsOf(c.Odd)}))
			default:
				a.say(Warn, "columns.odd", words.A{
					"column": c.Header, "odd": c.Odd.Count, "cells": c.Filled, "like": words.Of("columns.like", c.Like),
				}, words.T("columns.mend", nil))
				a.detail(words.T("columns.rows", words.A{"column": c.Header, "rows": rowsOf(c.Odd)}))
			}
		}
		return a.done(words.T("columns.none", nil))
	}}
}

// columnWord is what a column is taken for.
func columnWord(role string) words.Text { return words.Of("columns.role", role) }

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
	switch c.Like {
	case "", like:
		c.Like = like
	default:
		c.Like = lookMixed
	}
	c.Odd.Add(row)
}

const (
	lookDigits = "digits"
	lookMixed  = "mixed" // some look like this, and some like that
)

// looksLike says what a cell looks like by itself: phone, email, digits, or nothing that can be told.
func looksLike(v string) string {
	local, domain, isMail := strings.Cut(v, "@")
	if isMail && local != "" && strings.Contains(domain, ".") && !strings.ContainsAny(v, " \t\n") {
		return "email"
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
