//go:build unix

package awake

import (
	"io"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// patience is how long the system may think about it: the run waits for that.
const patience = 2 * time.Second

// keep has a child ask, which lives as long as its input is open: the system closes that also where this process is killed. It has no
// terminal: a Ctrl-C is not meant for it, and it has nobody to ask for a password.
func keep(why string) (letGo func(), ok bool) { return keepWithin(patience, why) }

func keepWithin(patience time.Duration, why string) (letGo func(), ok bool) {
	ask := []string{"systemd-inhibit", "--what=sleep:idle", "--who=notify", "--why=" + why, "--mode=block", "cat"}
	if runtime.GOOS == "darwin" {
		ask = []string{"caffeinate", "-i", "cat"}
	}
	none := func() {}
	path, err := exec.LookPath(ask[0])
	if err != nil {
		return none, false
	}
	child := &exec.Cmd{Path: path, Args: ask, SysProcAttr: &syscall.SysProcAttr{Setsid: true}}
	in, err := child.StdinPipe()
	if err != nil {
		return none, false
	}
	out, err := child.StdoutPipe()
	if err != nil {
		return none, false
	}
	if err := child.Start(); err != nil {
		return none, false
	}
	// What is said to it comes back as soon as it was granted; where it was refused, the child has ended.
	late := time.AfterFunc(patience, func() { _ = child.Process.Kill() })
	if _, err := in.Write([]byte{'\n'}); err == nil {
		_, err = io.ReadFull(out, make([]byte, 1))
		ok = err == nil
	}
	ok = late.Stop() && ok
	return func() {
		_ = in.Close()
		_ = child.Wait()
	}, ok
}
