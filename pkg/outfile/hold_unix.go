//go:build unix

package outfile

import (
	"errors"
	"os"

	"github.com/gofrs/flock"
)

var errHeld = errors.New("somebody else holds it")

// hold marks a file as being written: the mark goes with the process, however it ends.
func hold(path string) (release func() error, err error) {
	lock := flock.New(path)
	ok, err := lock.TryLock()
	if err != nil {
		return func() error { return nil }, nil //nolint:nilerr // a file system without locks: what is left behind there stays
	}
	if !ok {
		return nil, errHeld
	}
	if _, err := os.Lstat(path); err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	return lock.Unlock, nil
}

// removeAbandoned removes a file that nobody is writing.
func removeAbandoned(path string) {
	lock := flock.New(path, flock.SetFlag(os.O_RDWR))
	if ok, err := lock.TryLock(); err != nil || !ok {
		return
	}
	_ = os.Remove(path)
	_ = lock.Unlock()
}

// syncDir makes a new name durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return nil //nolint:nilerr // a folder that may be written and not read
	}
	// Some file systems cannot do it, and have nothing to do.
	_ = d.Sync()
	return d.Close()
}

// Scratch is a temporary file that no other program can open: it has no name any more. dir is a folder, empty for the system's.
func Scratch(dir, name string) (*os.File, error) {
	f, err := os.CreateTemp(dir, name+"-*")
	if err != nil {
		return nil, err
	}
	return f, os.Remove(f.Name())
}

// Drop closes a scratch file, which is the end of it.
func Drop(f *os.File) error { return f.Close() }
