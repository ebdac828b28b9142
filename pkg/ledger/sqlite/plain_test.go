package sqlite_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"notify/pkg/ledger/sqlite"
)

// A file of tables has what was put into it, and is whole once it is closed.
func TestAFileOfTablesHasWhatWasPutIntoIt(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "tables.db")
	write(t, path, nil)
	p, err := sqlite.CreatePlain(t.Context(), path, "CREATE TABLE person (name)", "CREATE TABLE place (name UNIQUE)")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"wang", "li"} {
		if err := p.Insert(t.Context(), "INSERT INTO person VALUES (?)", name); err != nil {
			t.Error(err)
		}
	}
	for i, want := range []bool{true, false} {
		if err := p.Insert(t.Context(), "INSERT INTO place VALUES (?)", "Berlin"); (err == nil) != want {
			t.Errorf("the same place, time %d: %v", i+1, err)
		}
	}
	if err := p.Insert(t.Context(), "INSERT INTO nothing VALUES (?)", 1); err == nil {
		t.Error("it is put into a table that is not there")
	}
	if err := p.Close(true); err != nil {
		t.Fatal(err)
	}
	db := raw(t, path)
	if got := append(lines(t, db, "SELECT name FROM person"), lines(t, db, "SELECT name FROM place")...); !slices.Equal(got, []string{"wang", "li", "Berlin"}) {
		t.Errorf("it has %q", got)
	}
}

// Where a file of tables cannot be made it is said which, and why.
func TestAFileOfTablesIsMadeOrNot(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	ended, end := context.WithCancel(t.Context())
	end()
	for what, tc := range map[string]struct {
		ctx  context.Context
		path string
		want func(error) bool
	}{
		"a table that is none":   {t.Context(), filepath.Join(folder, "tables.db"), func(err error) bool { return strings.Contains(err.Error(), "fill "+filepath.Join(folder, "tables.db")) }},
		"a file that is nowhere": {t.Context(), filepath.Join(folder, "none", "tables.db"), func(err error) bool { return strings.Contains(err.Error(), "fill ") }},
		"who left":               {ended, filepath.Join(folder, "left.db"), func(err error) bool { return errors.Is(err, context.Canceled) }},
	} {
		tables := []string{"CREATE NOTHING"}
		if what == "who left" {
			tables = nil
		}
		if _, err := sqlite.CreatePlain(tc.ctx, tc.path, tables...); err == nil || !tc.want(err) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
