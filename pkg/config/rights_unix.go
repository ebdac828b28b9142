//go:build unix

package config

import "os"

// othersRead reports whether somebody else on this machine may read a file.
func othersRead(_ string, info os.FileInfo) bool { return info.Mode().Perm()&0o077 != 0 }

// closeToOthers is the command that takes that right away.
func closeToOthers(path string) string { return "chmod 600 " + path }
