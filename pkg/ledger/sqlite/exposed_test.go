//go:build unix

package sqlite_test

import (
	"os"
	"path/filepath"
	"testing"

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
