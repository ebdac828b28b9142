package sqlite

import (
	"os"
	"strings"
)

// machine is this start of the kernel, which keeps the locks of all its containers, whatever they call themselves. After another start
// nobody holds a lock of before: then the lease has the word, and it has passed soon.
func machine() string {
	if id, err := os.ReadFile("/proc/sys/kernel/random/boot_id"); err == nil {
		return strings.TrimSpace(string(id))
	}
	name, _ := os.Hostname() // without a name the lock is as good as its file
	return name
}
