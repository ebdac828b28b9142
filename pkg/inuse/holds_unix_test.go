//go:build unix

package inuse_test

import (
	"errors"
	"os"
	"syscall"
	"testing"
	"testing/synctest"

	"notify/pkg/inuse"
)

// TestAFileOnAShareThatAnotherMachineHolds is told as Linux tells what a share answered.
func TestAFileOnAShareThatAnotherMachineHolds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		held bool
	}{
		{&os.PathError{Op: "open", Path: "x", Err: syscall.EBUSY}, true},
		{&os.LinkError{Op: "rename", Old: "y", New: "x", Err: syscall.ETXTBSY}, true},
		{&os.LinkError{Op: "rename", Old: "y", New: "x", Err: syscall.EBUSY}, false}, // something is mounted there
		{&os.PathError{Op: "open", Path: "x", Err: syscall.EACCES}, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			if got := inuse.Try(t.Context(), "x", func() error { return c.err }); errors.Is(got, inuse.ErrHeld) != c.held {
				t.Errorf("%v is told as %v", c.err, got)
			}
		})
	}
}
