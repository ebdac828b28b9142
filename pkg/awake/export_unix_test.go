//go:build unix

package awake

import "time"

// KeepPatiently waits for the system for as long as it takes.
func KeepPatiently(why string) (letGo func(), ok bool) { return keepWithin(10*time.Minute, why) }
