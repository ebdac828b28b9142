//go:build unix

package inuse

import (
	"errors"
	"os"
	"syscall"
)

// holds reports a file on a share that a program on another machine holds. Here nobody can hold one of our own; and a file that
// something is mounted on, which cannot be renamed, is held by nobody.
func holds(_ string, err error) bool {
	var renamed *os.LinkError
	return errors.Is(err, syscall.ETXTBSY) || errors.Is(err, syscall.EBUSY) && !errors.As(err, &renamed)
}

// held is holds of a moment ago as well: here the answer itself tells.
func held(path string, err error) bool { return holds(path, err) }

// Held reports that another program shares a file with nobody: here no program can.
func Held(string) bool { return false }

// replaceable is known at the end only: an open file can be replaced.
func replaceable(string) error { return nil }
