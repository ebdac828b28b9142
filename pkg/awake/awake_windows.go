package awake

import (
	"runtime"

	"golang.org/x/sys/windows"
)

// https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-setthreadexecutionstate
const (
	systemRequired = 0x00000001
	continuous     = 0x80000000
)

// keep holds a thread, since what is asked for belongs to one.
func keep(string) (letGo func(), ok bool) {
	granted, over, ended := make(chan bool), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		state := windows.NewLazySystemDLL("kernel32.dll").NewProc("SetThreadExecutionState")
		before, _, _ := state.Call(continuous | systemRequired)
		granted <- before != 0
		<-over
		_, _, _ = state.Call(continuous)
	}()
	ok = <-granted
	return func() {
		close(over)
		<-ended
	}, ok
}
