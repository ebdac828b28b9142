package sqlite_test

import (
	"path/filepath"
	"strings"
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

// Whatever fails while something is forgotten, or said of copies: that is said, though some of it may have been done; and it can be done again.
func TestWhatIsDoneInSeveralStepsIsDoneOrSaid(t *testing.T) {
	t.Parallel()
	file := inUse(t)
	by := ledger.Act{Who: "wang@ops-1", What: "forget", At: start}
	for what, do := range map[string]func(*sqlite.Ledger) error{
		"forget messages": func(l *sqlite.Ledger) error {
			_, err := l.Forget(t.Context(), award, []int64{1}, by)
			return err
		},
		"forget an address": func(l *sqlite.Ledger) error {
			_, err := l.ForgetAddress(t.Context(), "+12025550001", by)
			return err
		},
		"settle":     func(l *sqlite.Ledger) error { return l.SettleCopies(t.Context(), award, start) },
		"settle all": func(l *sqlite.Ledger) error { return l.SettleCopies(t.Context(), "", start) },
		"mark":       func(l *sqlite.Ledger) error { return l.MarkCopy(t.Context(), ledger.Copy{Made: start, Memory: "m4"}) },
	} {
		f := newFaults()
		for failed := "all"; failed != ""; {
			l, _ := faulty(t, file, sqlite.Options{}, f)
			var err error
			failed = f.try(func() { err = do(l) })
			if err == nil && failed != "" && !strings.HasPrefix(failed, "scan ") || err != nil && !saysWhat(failed, err) {
				t.Errorf("%s: after %s it says %v", what, failed, err)
			}
			if err := do(l); err != nil {
				t.Errorf("%s: again after %s: %v", what, failed, err)
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// A ledger that comes from no copy has nothing to settle.
func TestWithoutCopiesNothingIsSettled(t *testing.T) {
	t.Parallel()
	l, path := fiveMessages(t)
	if err := l.SettleCopies(t.Context(), award, start); err != nil {
		t.Fatal(err)
	}
	if got := lines(t, raw(t, path), "SELECT name FROM meta WHERE name LIKE 'settled/%'"); len(got) > 0 {
		t.Errorf("it says %q", got)
	}
}
