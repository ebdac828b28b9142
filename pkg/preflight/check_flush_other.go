//go:build !linux

package preflight

import "os"

// fdatasync is a whole fsync where there is nothing less.
func fdatasync(f *os.File) error { return f.Sync() }
