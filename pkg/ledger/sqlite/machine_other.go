//go:build !linux

package sqlite

import "os"

// machine is the name of this machine. Where it was changed while a run was going on, the lease has the word instead of the lock.
func machine() string {
	name, _ := os.Hostname() // without a name the lock is as good as its file
	return name
}
