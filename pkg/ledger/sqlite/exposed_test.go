//go:build unix

package sqlite_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"notify/pkg/ledger"
	"notify/pkg/ledger/sqlite"
)

func TestALedgerThatEverybodyMayWriteToSaysSo(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "notify.db")
	l := open(t, path, sqlite.Options{})
	for _, c := range []struct {
		what string
		mode os.FileMode
		want string
	}{
		{path, 0o600, ""},
		{path, 0o602, path},
		{path, 0o660, ""},
		{dir, 0o777, dir},
		{dir, 0o777 | os.ModeSticky, ""},
		{dir, 0o755, ""},
	} {
		if err := os.Chmod(c.what, c.mode); err != nil {
			t.Fatal(err)
		}
		if info, err := l.Info(t.Context()); err != nil || info.Exposed != c.want {
			t.Errorf("%s with %s: %q is exposed, %v; want %q", filepath.Base(c.what), c.mode, info.Exposed, err, c.want)
		}
	}
}

// A file with a second name could have two locks; and a name that leads nowhere is no place for a ledger.
func TestALedgerHasOneName(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "notify.db")
	write(t, path, inUse(t))
	if err := errors.Join(os.Link(path, path+"-2"), os.Symlink("nowhere", filepath.Join(folder, "link.db"))); err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]error{path: ledger.ErrLinked, path + "-2": ledger.ErrLinked, filepath.Join(folder, "link.db"): fs.ErrNotExist} {
		l, err := sqlite.Open(t.Context(), at, sqlite.Options{})
		if err == nil {
			_ = l.Close()
		}
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", filepath.Base(at), err, want)
		}
	}
	if err := os.Remove(path + "-2"); err != nil {
		t.Fatal(err)
	}
	open(t, path, sqlite.Options{})
}
