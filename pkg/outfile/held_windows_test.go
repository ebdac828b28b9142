package outfile_test

import (
	"errors"
	"path/filepath"
	"testing"

	"golang.org/x/sys/windows"

	"notify/pkg/inuse"
	"notify/pkg/outfile"
)

// TestAnOutputThatIsOpenElsewhereIsSaid before it is made, and where it was opened since.
func TestAnOutputThatIsOpenElsewhereIsSaid(t *testing.T) {
	dir := t.TempDir()
	path := file(t, filepath.Join(dir, "out.csv"), "before")
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		t.Fatal(err)
	}
	look := func() windows.Handle { // as a spreadsheet program does
		h, err := windows.CreateFile(name, windows.GENERIC_READ, windows.FILE_SHARE_READ, nil, windows.OPEN_EXISTING, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	h := look()
	if _, err := outfile.Create(t.Context(), path); !errors.Is(err, inuse.ErrHeld) {
		t.Errorf("at the beginning: %v", err)
	}
	if err := windows.CloseHandle(h); err != nil {
		t.Fatal(err)
	}
	f, err := outfile.Create(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	h = look()
	if err := f.Commit(t.Context()); !errors.Is(err, inuse.ErrHeld) {
		t.Errorf("at the end: %v", err)
	}
	if err := windows.CloseHandle(h); err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); got != "out.csv" || text(t, path) != "before" {
		t.Errorf("left are %s, and it holds %q", got, text(t, path))
	}
}
