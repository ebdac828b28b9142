//go:build !linux && !darwin && !windows

package sqlite

// networkFS cannot be told here.
func networkFS(string) (string, error) { return "", nil }

// freeBytes is -1: it cannot be known here.
func freeBytes(string) (int64, error) { return -1, nil }
