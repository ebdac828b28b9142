package main

import (
	"context"
	"errors"
	"slices"

	"notify/pkg/campaign"
	"notify/pkg/channel"
	"notify/pkg/diag"
	"notify/pkg/list"
	"notify/pkg/words"
)

// starterColumns reads the list's headers into what a new campaign begins with, and says what could be meant otherwise. A list
// whose columns cannot be told apart is no reason to write nothing: the campaign file is where that is said.
func starterColumns(ctx context.Context, so *campaign.StarterOptions, o initOptions) ([]words.Text, error) {
	h, err := list.Headers(ctx, o.list, list.Options{Sheet: o.sheet, Columns: o.columns})
	if err != nil && (len(o.columns) > 0 || !undecided(err)) {
		if misnamed(err) {
			return nil, err
		}
		return nil, listError(err)
	}
	so.Sheet, so.Columns, so.Mapped, so.Or = h.Sheet, h.Columns, make(map[string]string), make(map[string][]string)
	for role, header := range h.Mapped {
		so.Mapped[role] = header
	}
	var notes []words.Text
	for _, role := range append([]string{"key", "name"}, channel.Builtin().Columns()...) {
		if rivals := h.Competing[role]; len(rivals) > 1 {
			so.Mapped[role], so.Or[role] = rivals[0], rivals[1:]
			notes = append(notes, words.T("init.compete", words.A{"role": role, "columns": words.Names(rivals, 0), "taken": rivals[0]}))
		}
		if offers := h.Offered[role]; so.Mapped[role] == "" && len(offers) > 0 {
			so.Mapped[role], so.Or[role] = offers[0], offers[1:]
			notes = append(notes, byCells(role, offers))
		}
	}
	return append(notes, channelsWithout(so, h)...), nil
}

// byCells says which column is known by its cells only, and which others could be meant as well.
func byCells(role string, offers []string) words.Text {
	if len(offers) > 1 {
		return words.T("init.by-cells-of", words.A{"role": role, "columns": words.Names(offers, 0), "taken": offers[0]})
	}
	return words.T("init.by-cells", words.A{"role": role, "column": offers[0]})
}

// misnamed reports that --sheet or --columns names what the list does not have: a mistake in a flag, not in the list.
func misnamed(err error) bool {
	var input *diag.InputError
	return errors.As(err, &input) && slices.ContainsFunc(input.Problems.Kept(), func(p diag.Problem) bool {
		return p.Stops() && slices.Contains([]string{"sheet-missing", "header-missing", "mapping-unknown", "mapping-twice"}, p.Code)
	})
}

// undecided reports a list that was read, and of which only the columns are not clear.
func undecided(err error) bool {
	var input *diag.InputError
	return errors.As(err, &input) && !slices.ContainsFunc(input.Problems.Kept(), func(p diag.Problem) bool {
		return p.Stops() && !slices.Contains([]string{"header-none", "column-ambiguous", "column-missing"}, p.Code)
	})
}

// channelsWithout says which channels the list has no column for.
func channelsWithout(so *campaign.StarterOptions, h list.Header) []words.Text {
	var without []channel.Entry
	for _, e := range channel.Builtin() {
		if so.Mapped[e.Column] == "" {
			without = append(without, e)
		}
	}
	headers := words.Names(h.Columns, 12)
	if len(without) == len(channel.Builtin()) {
		return []words.Text{words.T("init.no-address", words.A{"headers": headers})}
	}
	var notes []words.Text
	for _, e := range without {
		notes = append(notes, words.T("init.no-column", words.A{"channel": string(e.Name), "role": e.Column, "headers": headers}))
	}
	return notes
}

// initSaid is what init did, and what to look at and to do next, a line each.
func initSaid(wrote, kept []string, notes []words.Text, list string) (did words.Text, more []words.Text) {
	did = words.T("init.wrote", words.A{"files": words.Names(wrote, 0)})
	if len(wrote) == 0 {
		did = words.T("init.wrote-nothing", nil)
	}
	if len(kept) > 0 {
		more = append(more, words.T("init.kept", words.A{"files": words.Names(kept, 0)}))
	}
	return did, append(append(more, notes...), words.T("init.next", words.A{"list": words.Typed(list)}), words.T("init.sandbox", nil))
}
