//go:build unix

package witness

import (
	"fmt"
	"os"
	"syscall"
)

// fileID tells a file from its copies: its number on its disk. The disk's own number is left out, which changes from start to start.
func fileID(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return fmt.Sprint(s.Ino)
	}
	return ""
}
