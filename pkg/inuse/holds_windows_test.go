package inuse_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/windows"

	"notify/pkg/inuse"
)

// hold opens a file as another program would, and shares what it says.
func hold(t *testing.T, path string, share uint32) windows.Handle {
	t.Helper()
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		t.Fatal(err)
	}
	h, err := windows.CreateFile(name, windows.GENERIC_READ|windows.GENERIC_WRITE, share, nil, windows.OPEN_EXISTING, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func list(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "list.csv")
	if err := os.WriteFile(path, []byte("people"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAFileThatIsNotSharedIsHeld(t *testing.T) {
	t.Parallel()
	path := list(t)
	h := hold(t, path, 0)
	if f, err := inuse.Open(t.Context(), path); !errors.Is(err, inuse.ErrHeld) {
		t.Errorf("got %v, %v", f, err)
	}
	if _, err := inuse.ReadFile(path); !errors.Is(err, inuse.ErrHeld) {
		t.Errorf("read: got %v", err)
	}
	if err := inuse.Replaceable(t.Context(), path); !errors.Is(err, inuse.ErrHeld) {
		t.Errorf("replaced: got %v", err)
	}
	if err := windows.CloseHandle(h); err != nil {
		t.Fatal(err)
	}
	if err := inuse.Replaceable(t.Context(), path); err != nil {
		t.Errorf("afterwards: got %v", err)
	}
}

func TestAShortHoldPasses(t *testing.T) {
	t.Parallel()
	path := list(t)
	h := hold(t, path, 0)
	time.AfterFunc(300*time.Millisecond, func() { _ = windows.CloseHandle(h) })
	f, err := inuse.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

// A file that is shared for reading, as spreadsheet programs do, can be read and not replaced.
func TestAFileThatIsSharedForReadingCanBeReadAndNotReplaced(t *testing.T) {
	t.Parallel()
	path := list(t)
	next := path + ".next"
	if err := os.WriteFile(next, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	h := hold(t, path, windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE)
	defer func() { _ = windows.CloseHandle(h) }()
	if text, err := inuse.ReadFile(path); err != nil || string(text) != "people" {
		t.Errorf("read: got %q, %v", text, err)
	}
	if err := inuse.Try(t.Context(), path, func() error { return os.Rename(next, path) }); !errors.Is(err, inuse.ErrHeld) {
		t.Errorf("renamed: got %v", err)
	}
	if err := inuse.Replaceable(t.Context(), path+".new"); err != nil {
		t.Errorf("nothing stands there: got %v", err)
	}
}
