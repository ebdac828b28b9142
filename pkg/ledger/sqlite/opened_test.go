package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/ledger"
	"notify/pkg/ledger/sqlite"
)

// Whatever fails while a ledger is made or opened: it is said, and the ledger can be opened afterwards as if nothing had been.
func TestALedgerIsOpenedOrNotWhateverFails(t *testing.T) {
	t.Parallel()
	file := inUse(t)
	for what, tc := range map[string]struct {
		file []byte
		opts sqlite.Options
	}{"a new one": {}, "one that is there": {file: file}, "one that is read": {file: file, opts: sqlite.Options{ReadOnly: true}}} {
		f := newFaults()
		for failed := "all"; failed != ""; {
			path := filepath.Join(t.TempDir(), "notify.db")
			if tc.file != nil {
				write(t, path, tc.file)
			}
			var err error
			failed = f.try(func() {
				var l *sqlite.Ledger
				if l, err = sqlite.Open(t.Context(), path, tc.opts.Through(f.conn)); err == nil {
					_ = l.Close()
				}
			})
			if (err != nil) != (failed != "") || err != nil && !saysWhat(failed, err) {
				t.Errorf("%s: after %s it says %v", what, failed, err)
			}
			l := open(t, path, sqlite.Options{})
			if all, err := l.Campaigns(t.Context()); err != nil || (len(all) > 0) != (tc.file != nil) {
				t.Errorf("%s: after %s it has %+v, %v", what, failed, all, err)
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		}
		t.Logf("%s: %d faults", what, len(f.had))
	}
}

// Where no ledger can be made, or is not to be, it is said why, and none is.
func TestWhereNoLedgerCanBeNoneIsMade(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	fixed := filepath.Join(folder, "fixed.db")
	write(t, fixed, inUse(t))
	if err := os.Chmod(fixed, 0o501); err != nil { // anybody may run it, and nobody write it
		t.Fatal(err)
	}
	for what, tc := range map[string]struct {
		path string
		opts sqlite.Options
		is   func(error) bool
	}{
		"to be read":    {filepath.Join(folder, "none.db"), sqlite.Options{ReadOnly: true}, func(err error) bool { return errors.Is(err, fs.ErrNotExist) }},
		"in no folder":  {filepath.Join(folder, "none", "notify.db"), sqlite.Options{}, func(err error) bool { return errors.Is(err, fs.ErrNotExist) }},
		"under no name": {filepath.Join(folder, strings.Repeat("n", 300)), sqlite.Options{}, func(err error) bool { _, is := errors.AsType[*fs.PathError](err); return is }},
		"not writable":  {fixed, sqlite.Options{}, func(err error) bool { return errors.Is(err, ledger.ErrReadOnly) }},
	} {
		l, err := sqlite.Open(t.Context(), tc.path, tc.opts)
		if err == nil {
			_ = l.Close()
		}
		if !tc.is(err) {
			t.Errorf("%s: %v", what, err)
		}
	}
	left, err := os.ReadDir(folder)
	if err != nil || len(left) != 1 {
		t.Errorf("there are %v, %v", left, err)
	}
}

// What is no ledger is not read as one, and of a ledger whose schema was changed each change is named.
func TestWhatIsNoLedgerIsNotReadAsOne(t *testing.T) {
	t.Parallel()
	file := inUse(t)
	for query, want := range map[string]error{
		"CREATE TABLE more (x)":              ledger.ErrDamaged,
		"DROP TRIGGER standing_over":         ledger.ErrDamaged,
		"PRAGMA application_id = 7":          ledger.ErrNotLedger,
		"DELETE FROM meta WHERE name = 'id'": ledger.ErrDamaged,
	} {
		path := filepath.Join(t.TempDir(), "notify.db")
		write(t, path, file)
		run(t, path, query)
		for _, o := range []sqlite.Options{{}, {ReadOnly: true}} {
			l, err := sqlite.Open(t.Context(), path, o)
			if err == nil {
				_ = l.Close()
			}
			if !errors.Is(err, want) {
				t.Errorf("after %s: %v, want %v", query, err, want)
			}
		}
	}
}

// A ledger knows when it was made, and is not written to when it is opened again.
func TestALedgerThatIsOpenedAgainIsAsItWas(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "notify.db")
	l := open(t, path, sqlite.Options{Now: func() time.Time { return start }})
	if info, err := l.Info(t.Context()); err != nil || !info.Created.Equal(start) {
		t.Errorf("%+v, %v", info, err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	f := newFaults()
	asked := f.watch(func() { l = open(t, path, sqlite.Options{}.Through(f.conn)) })
	if n := asked.of("exec PRAGMA application_id") + asked.of("exec INSERT"); n > 0 || asked.of("exec COMMIT") != 1 {
		t.Errorf("it is asked for %v", asked)
	}
	if info, err := l.Info(t.Context()); err != nil || !info.Created.Equal(start) {
		t.Errorf("%+v, %v", info, err)
	}
}

// Whatever fails while a ledger is copied, there is a whole copy, which says that it is one, or none, and nothing else is left beside it.
func TestACopyIsWholeOrNotThereWhateverFails(t *testing.T) {
	t.Parallel()
	f := newFaults()
	l, path := faulty(t, inUse(t), sqlite.Options{}, f)
	names := slices.DeleteFunc(tables(t, path), func(name string) bool { return name == "meta" })
	want := content(t, path, names)
	for failed := "all"; failed != ""; {
		folder := t.TempDir()
		dest := filepath.Join(folder, "copy.db")
		var err error
		failed = f.try(func() { err = l.Backup(t.Context(), dest, ledger.Copy{Made: start, Host: "ops-3", Memory: "m3"}) })
		left, unread := os.ReadDir(folder)
		if unread != nil {
			t.Fatal(unread)
		}
		if err != nil {
			if !saysWhat(failed, err) || !strings.Contains(err.Error(), dest) || len(left) > 0 {
				t.Errorf("after %s it says %v, and leaves %v", failed, err, left)
			}
			continue
		}
		if failed != "" || len(left) != 1 {
			t.Errorf("after %s it leaves %v", failed, left)
		}
		if d := cmp.Diff(want, content(t, dest, names)); d != "" {
			t.Error(d)
		}
		c := open(t, dest, sqlite.Options{ReadOnly: true})
		if copies, err := c.Copies(t.Context(), award); err != nil || len(copies) != 2 || copies[1].Host != "ops-3" {
			t.Errorf("%+v, %v", copies, err)
		}
	}
	nowhere := filepath.Join(t.TempDir(), "none", "copy.db")
	if err := l.Backup(t.Context(), nowhere, ledger.Copy{}); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "back up ledger "+path+" to "+nowhere) {
		t.Errorf("where no folder is, it says %v", err)
	}
}

// A ledger that is written anew has what it had, whatever fails, and gives back the room of what was deleted.
func TestWhatWasDeletedIsGivenBackToTheDisk(t *testing.T) {
	t.Parallel()
	f := newFaults()
	l, path := faulty(t, inUse(t), sqlite.Options{}, f)
	names := tables(t, path)
	want := content(t, path, names)
	size := func() int64 {
		n, err := strconv.ParseInt(lines(t, raw(t, path), "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")[0], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for failed := "all"; failed != ""; {
		run(t, path, "CREATE TABLE bulk (b); INSERT INTO bulk VALUES (zeroblob(1000000)); DROP TABLE bulk")
		before := size()
		var freed int64
		var err error
		failed = f.try(func() { freed, err = l.Compact(t.Context()) })
		switch {
		case err != nil:
			if !saysWhat(failed, err) || freed != 0 {
				t.Errorf("after %s it says %d, %v", failed, freed, err)
			}
		case failed != "" || freed < 1_000_000 || freed != before-size():
			t.Errorf("after %s it says that it freed %d of %d, and has %d", failed, freed, before, size())
		default:
			if at, err := os.Stat(path); err != nil || at.Size() != size() {
				t.Errorf("the file has %v, %v, want %d", at, err, size())
			}
		}
		if d := cmp.Diff(want, content(t, path, names)); d != "" {
			t.Errorf("after %s: %s", failed, d)
		}
	}
	wantSound(t, l)
}

// dumped are the rows that a ledger gives of a table.
func dumped(ctx context.Context, l *sqlite.Ledger, table string, columns ...string) (rows [][]any, err error) {
	err = l.Dump(ctx, table, columns, func(row []any) error {
		rows = append(rows, slices.Clone(row))
		return nil
	})
	return rows, err
}

// Another database is given every row as it is, and what only that one has a column for.
func TestAnotherDatabaseIsGivenAll(t *testing.T) {
	t.Parallel()
	f := newFaults()
	l, path := faulty(t, inUse(t), sqlite.Options{}, f)
	prepare(t, l, change{begin: other, claim: 3, before: func(t *testing.T, l *sqlite.Ledger, p *prepared) {
		t.Helper()
		further(t, l, p)
		relisted(4)(t, l, p)
		if _, err := l.Stage(t.Context(), ledger.Staging{Campaign: "new-2020", Digest: "d1", Spec: []byte("{}"), Recipients: twoChannels}); err != nil {
			t.Fatal(err)
		}
		turn := ledger.Turn{Run: acquire(t, l, "new-2020"), Now: start, Extend: ledger.MaxLater, Claim: append(claimOf(2), claimOf(2)...)}
		turn.Claim[1].Channel = "email"
		if got, err := l.Turn(t.Context(), turn); err != nil || len(got.Grants[1].Claims) != 2 {
			t.Fatalf("%+v, %v", got, err)
		}
		if err := l.Leave(t.Context(), "postgres://ops-2/notify", ledger.Act{Who: "wang", What: "move", At: start}); err != nil {
			t.Fatal(err)
		}
	}})
	db := raw(t, path)
	ask := func(table string, columns ...string) (all []string) {
		t.Helper()
		for failed := "all"; failed != ""; {
			var rows [][]any
			var err error
			failed = f.try(func() { rows, err = dumped(t.Context(), l, table, columns...) })
			taken := strings.HasPrefix(failed, "scan ") && len(columns) > 0 // whatever it is
			if (err != nil) != (failed != "") && !taken || err != nil && !saysWhat(failed, err) {
				t.Errorf("%s: after %s it says %v", table, failed, err)
			}
			all = nil
			for _, row := range rows {
				all = append(all, fmt.Sprint(row...))
			}
		}
		return all
	}
	for _, table := range tables(t, path) {
		if table == "domain_pace" {
			continue
		}
		want := lines(t, db, "SELECT * FROM "+table)
		if table == "bookmark" {
			want = lines(t, db, "SELECT * FROM bookmark WHERE name <> '"+ledger.MovedTo+"'")
		}
		got := ask(table, lines(t, db, "SELECT name FROM pragma_table_info('"+table+"')")...)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", table, d)
		}
		if n := len(ask(table)); n != len(want) {
			t.Errorf("%s has %d rows without a column, want %d", table, n, len(want))
		}
	}
	const reach = "(SELECT count(*) FROM reach q WHERE q.campaign_id || q.channel <= t.campaign_id || t.channel)"
	const ofMessage = "SELECT m.campaign_id FROM %s t JOIN message m ON m.id = t.message_id"
	for column, query := range map[string]string{
		"run.login":           "SELECT t.user FROM run t",
		"reach.id":            "SELECT " + reach + " FROM reach t",
		"claim.reach_id":      "SELECT CASE WHEN t.first_id > 0 THEN " + reach + " END FROM claim t",
		"relist.campaign_id":  fmt.Sprintf(ofMessage, "relist"),
		"attempt.campaign_id": fmt.Sprintf(ofMessage, "attempt"),
	} {
		table, name, _ := strings.Cut(column, ".")
		want := lines(t, db, query)
		if got := ask(table, name); len(want) == 0 || !slices.Equal(got, want) {
			t.Errorf("%s is %q, want %q", column, got, want)
		}
	}
	// One is held for a while, the other has a rate.
	for column, want := range map[string][]string{"account": {"sms-marketing", "sms-marketing"}, "domain": {"d.test", "slow.test"}, "none": {"<nil>", "<nil>"}} {
		if got := ask("domain_pace", column); !slices.Equal(got, want) {
			t.Errorf("%s of domains is %q, want %q", column, got, want)
		}
	}
	for _, column := range []string{"empty_at", "tail"} {
		if got := ask("domain_pace", column); got[0] != "0" || got[1] == "0" {
			t.Errorf("%s of domains is %q", column, got)
		}
	}
	if got := ask("domain_pace", "held"); !strings.Contains(got[0], "until") || got[1] != "" {
		t.Errorf("they are held by %q", got)
	}
	for _, table := range []string{"message", "domain_pace"} {
		given := 0
		if err := l.Dump(t.Context(), table, nil, func([]any) error {
			given++
			return errEnds
		}); !errors.Is(err, errEnds) || given != 1 {
			t.Errorf("of %s %d rows are given to who takes none: %v", table, given, err)
		}
	}
}
