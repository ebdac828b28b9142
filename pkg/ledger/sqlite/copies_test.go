package sqlite_test

import (
	"path/filepath"
	"testing"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/sqlite"
)

func TestACopyKnowsItselfAsOneUntilItIsSettled(t *testing.T) {
	dir := t.TempDir()
	l := open(t, filepath.Join(dir, "notify.db"), sqlite.Options{})
	stage(t, l, "award-2020", 3)
	at := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	back := func(l *sqlite.Ledger, name, memory string) *sqlite.Ledger {
		t.Helper()
		if err := l.Backup(t.Context(), filepath.Join(dir, name), ledger.Copy{Made: at, Host: "ops-1", Memory: memory}); err != nil {
			t.Fatal(err)
		}
		return open(t, filepath.Join(dir, name), sqlite.Options{})
	}
	copies := func(l *sqlite.Ledger, campaign string, want int) []ledger.Copy {
		t.Helper()
		got, err := l.Copies(t.Context(), campaign)
		if err != nil || len(got) != want {
			t.Fatalf("%+v, %v; want %d", got, err, want)
		}
		return got
	}
	copies(l, "award-2020", 0)
	c := back(l, "one.db", "a")
	if got := copies(c, "award-2020", 1)[0]; got.Host != "ops-1" || got.Memory != "a" || !got.Made.Equal(at) || !got.Used.IsZero() {
		t.Errorf("%+v", got)
	}
	if err := c.SettleCopies(t.Context(), "award-2020", at.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	copies(c, "award-2020", 0)
	if got := copies(c, "other-2020", 1)[0]; !got.Used.Equal(at.Add(time.Hour)) {
		t.Errorf("%+v", got)
	}
	// A copy of the copy, made by a clock that was put back, elsewhere: the campaign is to be settled once more, for the newer one.
	cc := back(c, "two.db", "b")
	if got := copies(cc, "award-2020", 1)[0]; got.Memory != "b" || !got.Made.After(at) {
		t.Errorf("%+v", got)
	}
	copies(cc, "other-2020", 2)
	copies(back(cc, "three.db", "b"), "", 2)
	if err := cc.SettleCopies(t.Context(), "", at); err != nil {
		t.Fatal(err)
	}
	copies(cc, "other-2020", 0)
}
