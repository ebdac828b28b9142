//go:build unix

package sqlite

import (
	"os"
	"syscall"
)

// names is how many names a file has.
func names(info os.FileInfo) int {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(s.Nlink)
	}
	return 1
}
