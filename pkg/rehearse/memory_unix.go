//go:build linux || darwin || freebsd

package rehearse

import (
	"runtime"
	"syscall"
)

// peakMemory is the most memory that this process had, in bytes; 0 where the system does not tell.
func peakMemory() int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	if runtime.GOOS == "darwin" { // getrusage(2) there: bytes; elsewhere kilobytes
		return int64(u.Maxrss)
	}
	return int64(u.Maxrss) * 1024
}
