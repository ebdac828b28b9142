package sqlite_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/windows"

	"notify/pkg/ledger"
	"notify/pkg/ledger/sqlite"
)

// TestALedgerThatAScannerHolds is waited for; one that stays held is told as such.
func TestALedgerThatAScannerHolds(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "notify.db")
	open := func() error {
		l, err := sqlite.Open(t.Context(), path, sqlite.Options{})
		if err != nil {
			return err
		}
		return l.Close()
	}
	if err := open(); err != nil {
		t.Fatal(err)
	}
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		t.Fatal(err)
	}
	hold := func() windows.Handle {
		h, err := windows.CreateFile(name, windows.GENERIC_READ, 0, nil, windows.OPEN_EXISTING, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	h := hold()
	time.AfterFunc(time.Second, func() { _ = windows.CloseHandle(h) })
	if err := open(); err != nil {
		t.Errorf("after a second: %v", err)
	}
	h = hold()
	defer func() { _ = windows.CloseHandle(h) }()
	if err := open(); !errors.Is(err, ledger.ErrBusy) {
		t.Errorf("while it is held: %v", err)
	}
}
