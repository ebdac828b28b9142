package preflight

import (
	"os"
	"syscall"
)

// fdatasync is what the SQLite ledger's commits cost.
func fdatasync(f *os.File) error { return syscall.Fdatasync(int(f.Fd())) }
