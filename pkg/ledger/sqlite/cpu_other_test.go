//go:build !linux

package sqlite_test

import "time"

// cpu cannot be told here.
func cpu() time.Duration { return 0 }
