//go:build !unix

package outfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// hold needs no mark here: a file that is open cannot be removed.
func hold(string) (release func() error, err error) { return func() error { return nil }, nil }

// removeAbandoned removes a file that nobody is writing.
func removeAbandoned(path string) { _ = os.Remove(path) }

// syncDir has nothing to do: the system journals names.
func syncDir(string) error { return nil }

// scratchFolder is private to the user, and holds nothing but what can be thrown away.
const scratchFolder = "notify-scratch"

// Scratch is a temporary file in a private folder; what earlier processes left there is removed. dir is a folder, empty for the
// system's.
func Scratch(dir, name string) (*os.File, error) {
	if dir == "" {
		dir = os.TempDir()
	}
	dir = filepath.Join(dir, scratchFolder)
	const tries = 3 // whoever drops the last file takes the folder along
	var f *os.File
	var err error
	for range tries {
		if err = os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		sweep(dir, "")
		if f, err = os.CreateTemp(dir, name+"-*"); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return f, err
}

// Drop closes and removes a scratch file, and its folder where it is empty then.
func Drop(f *os.File) error {
	err := errors.Join(f.Close(), os.Remove(f.Name()))
	_ = os.Remove(filepath.Dir(f.Name()))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
