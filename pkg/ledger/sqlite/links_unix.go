//go:build unix

package sqlite

import (
	"os"
	"syscall"
)

// names is how many names a file has.
func names(info os.FileInfo) int {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(s.Nlink) //nolint:unconvert,gosec // its type differs by system; a file has few names
	}
	return 1
}
