package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"testing"

	sqlite3 "modernc.org/sqlite/lib"

	"notify/pkg/ledger"
)

// Whoever left is not told that everything fits its seal.
func TestTheCheckOfSealsMayBeLeft(t *testing.T) {
	t.Parallel()
	l, _ := gatedLedger(t)
	left, leave := context.WithCancel(t.Context())
	leave()
	if problems, err := l.broken(left, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, %v", problems, err)
	}
}

// A pending message is read where each of its columns is of its kind, and not otherwise.
func TestAPendingMessageIsReadAsAWhole(t *testing.T) {
	t.Parallel()
	c := &claiming{x: &tx{w: &writer{}}}
	id, key, address, fields, number := int64(7), "k", "+12025550000", []byte("{}"), int64(1)
	row := []driver.Value{id, key, address, number, number, fields, "E7", number, number, number, number, number, number, number, nil, nil, nil, nil, nil, nil, nil, number}
	if r, err := c.pendingOf(shelfOf{}, row); err != nil || r.id != id || !r.recorded {
		t.Fatalf("%+v, %v", r, err)
	}
	for _, at := range []int{0, 1, 2, 3, 4, 5, 6, 10, 11, 12} {
		other := slices.Clone(row)
		other[at] = 1.5
		if r, err := c.pendingOf(shelfOf{}, other); !errors.Is(err, ledger.ErrDamaged) {
			t.Errorf("column %d is of another kind: %+v, %v", at, r, err)
		}
	}
}

// The size of a ledger is that of its files, and of one that cannot be looked at it is not that of an empty one.
func TestTheSizeOfALedgerIsThatOfItsFiles(t *testing.T) {
	t.Parallel()
	l, path := gatedLedger(t)
	var want int64
	for _, name := range []string{path, path + "-wal"} {
		at, err := os.Stat(name)
		if err != nil || at.Size() == 0 {
			t.Fatalf("%+v, %v", at, err)
		}
		want += at.Size()
	}
	if got, err := l.Size(t.Context()); err != nil || got != want {
		t.Errorf("%d, %v, want %d", got, err, want)
	}
	file := filepath.Join(t.TempDir(), "no-folder")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	n, err := (&Ledger{path: filepath.Join(file, "notify.db")}).Size(t.Context())
	if (err != nil) != (runtime.GOOS != "windows") || n != 0 { // there, what is below a file is not there
		t.Errorf("%d, %v", n, err)
	}
}

// An error of the system or of the database is what package ledger calls it, and still itself; any other is left as it is.
func TestAnErrorIsTheSentinelThatItIs(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "notify.db")
	for _, tc := range []struct{ err, want error }{
		{fs.ErrPermission, ledger.ErrReadOnly},
		{&fs.PathError{Op: "write", Path: path, Err: syscall.EROFS}, ledger.ErrReadOnly},
		{&fs.PathError{Op: "write", Path: path, Err: syscall.ENOSPC}, ledger.ErrFull},
		{fs.ErrNotExist, fs.ErrNotExist},
	} {
		if got := translate(path, tc.err); !errors.Is(got, tc.err) || !errors.Is(got, tc.want) {
			t.Errorf("%v is %v, want %v", tc.err, got, tc.want)
		}
	}
	if got := translate(path, nil); got != nil {
		t.Errorf("nothing is %v", got)
	}
	full := fmt.Errorf("%w: %w", ledger.ErrFull, fs.ErrPermission)
	if got := translate(path, full); !errors.Is(got, ledger.ErrFull) || errors.Is(got, ledger.ErrReadOnly) {
		t.Errorf("%v is %v", full, got)
	}
	for code, want := range map[int]error{sqlite3.SQLITE_IOERR_SHORT_READ: ledger.ErrDamaged, sqlite3.SQLITE_IOERR_WRITE: nil} {
		for _, at := range []string{path, filepath.Join(path, "gone", "notify.db")} { // where the free space is known, and where it is not
			if got := sentinelOfIO(at, code); !errors.Is(got, want) {
				t.Errorf("of an I/O error %d in %s: %v, want %v", code, at, got, want)
			}
		}
	}
}

// What the database says is told apart by its code, whatever more that says.
func TestWhatTheDatabaseSaysIsToldApart(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	fails := func(name, mode, query string) error {
		db := Options{}.database((&Ledger{path: filepath.Join(folder, name)}).dsn(mode))
		defer func() { _ = db.Close() }()
		_, err := db.ExecContext(t.Context(), query)
		return err
	}
	if err := fails("other.db", "rwc", "CREATE TABLE t (x)"); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(filepath.Join(folder, "other.db"))
	if err != nil {
		t.Fatal(err)
	}
	file[47] = 9 // a schema format that there is none of
	if err := os.WriteFile(filepath.Join(folder, "format.db"), file, 0o600); err != nil {
		t.Fatal(err)
	}
	for what, tc := range map[string]struct {
		err                          error
		cannotOpen, constraint, busy bool
		sentinel                     error
	}{
		"no file":      {err: fails("none.db", "ro", "SELECT * FROM t"), cannotOpen: true},
		"twice":        {err: fails("other.db", "rw", "CREATE TABLE u (x UNIQUE); INSERT INTO u VALUES (1), (1)"), constraint: true},
		"no table":     {err: fails("other.db", "rw", "SELECT * FROM nothing")},
		"not writable": {err: fails("other.db", "ro", "CREATE TABLE w (x)"), sentinel: ledger.ErrReadOnly},
		"a format":     {err: fails("format.db", "rw", "SELECT * FROM t"), sentinel: ledger.ErrDamaged},
		"of others":    {err: fs.ErrInvalid},
	} {
		if tc.err == nil {
			t.Errorf("%s: nothing failed", what)
		}
		if got := sentinelOf(filepath.Join(folder, "other.db"), tc.err); !errors.Is(got, tc.sentinel) {
			t.Errorf("%s: %v is %v, want %v", what, tc.err, got, tc.sentinel)
		}
		if cannotOpen(tc.err) != tc.cannotOpen || constraint(tc.err) != tc.constraint || busy(tc.err) != tc.busy {
			t.Errorf("%s: %v: %t, %t, %t", what, tc.err, cannotOpen(tc.err), constraint(tc.err), busy(tc.err))
		}
	}
	if _, err := os.Stat("/proc/self"); err == nil { // where nothing is free
		if got := sentinelOfIO("/proc/notify.db", sqlite3.SQLITE_IOERR_WRITE); !errors.Is(got, ledger.ErrFull) {
			t.Errorf("on a full disk: %v", got)
		}
	}
}

// A ledger of which a commit may be lost says so.
func TestALedgerThatMayLoseACommitSaysSo(t *testing.T) {
	t.Parallel()
	l, _ := gatedLedger(t)
	for level, want := range map[string]bool{"NORMAL": false, "FULL": true} {
		if _, err := l.writer.conn.ExecContext(t.Context(), "PRAGMA synchronous = "+level); err != nil {
			t.Fatal(err)
		}
		if info, err := l.Info(t.Context()); err != nil || info.Durable != want {
			t.Errorf("synchronous is %s: %t, %v", level, info.Durable, err)
		}
	}
}

// What reads a ledger cannot change it.
func TestAConnectionThatReadsChangesNothing(t *testing.T) {
	t.Parallel()
	l, _ := gatedLedger(t)
	if _, err := l.read.ExecContext(t.Context(), "DELETE FROM meta"); err == nil {
		t.Error("it did")
	}
}
