package stored_test

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/stored"
)

// rows are entries as a database gives them.
type rows [][]any

func (r rows) chain(t *testing.T) string {
	t.Helper()
	var c stored.Chain
	for _, row := range r {
		if err := c.Take(scanned(row)); err != nil {
			t.Fatal(err)
		}
	}
	if p := c.Problems(); len(p) > 0 {
		return p[0].String()
	}
	return ""
}

type scanned []any

func (s scanned) Scan(dest ...any) error {
	for i, d := range dest {
		switch d := d.(type) {
		case *int64:
			*d = s[i].(int64)
		case *string:
			*d = s[i].(string)
		}
	}
	return nil
}

// db is a table of the audit.
type db struct {
	stored.Tx
	rows rows
}

func (d *db) Clean(s string) string { return s }
func (d *db) Lock(string)           {}
func (d *db) One(dest []any, _ string, _ ...any) error {
	if len(d.rows) == 0 {
		return sql.ErrNoRows
	}
	last := d.rows[len(d.rows)-1]
	return scanned{last[0], last[9]}.Scan(dest...)
}

func (d *db) Exec(_ string, args ...any) error                  { d.rows = append(d.rows, args); return nil }
func (d *db) Each(func(stored.Row) error, string, ...any) error { return nil }
func (d *db) Audit(campaign string, by ledger.Act) error        { return stored.WriteAudit(d, campaign, by) }

func TestChainNamesTheFirstBrokenEntry(t *testing.T) {
	var d db
	for _, what := range []string{"send", "pause", "resume", "resolve"} {
		if err := d.Audit("award", ledger.Act{Who: "wang@ops-1", As: "li", What: what, Figures: &ledger.Figures{Messages: 3}, At: time.Unix(1, 0)}); err != nil {
			t.Fatal(err)
		}
	}
	with := func(change func(rows) rows) rows {
		var out rows
		for _, r := range d.rows {
			out = append(out, append([]any(nil), r...))
		}
		return change(out)
	}
	for name, tc := range map[string]struct {
		change func(rows) rows
		want   string
	}{
		"nothing was changed":       {func(r rows) rows { return r }, ""},
		"who is another":            {func(r rows) rows { r[1][2] = "chen@ops-1"; return r }, "entry 2 "},
		"the name is another":       {func(r rows) rows { r[2][3] = ""; return r }, "entry 3 "},
		"the figures are others":    {func(r rows) rows { r[0][7] = ""; return r }, "entry 1 "},
		"one is missing":            {func(r rows) rows { return append(r[:1], r[2:]...) }, "no entry 2"},
		"the first is missing":      {func(r rows) rows { return r[1:] }, "no entry 1"},
		"two have changed places":   {func(r rows) rows { r[1], r[2] = r[2], r[1]; return r }, "no entry 2"},
		"words went to the next":    {func(r rows) rows { r[1][4], r[1][5] = "paus", "e"; return r }, "entry 2 "},
		"the end is missing":        {func(r rows) rows { return r[:2] }, ""}, // only who noted the last hash knows
		"a hash was made up to fit": {func(r rows) rows { r[1][9] = strings.Repeat("0", 64); return r }, "entry 2 "},
	} {
		t.Run(name, func(t *testing.T) {
			got := with(tc.change).chain(t)
			if tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}
