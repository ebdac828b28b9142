package console_test

import (
	"fmt"
	"os"
	"testing"

	"notify/pkg/console"

	"golang.org/x/sys/unix"
)

// pty opens a pseudo-terminal: the operator's end, and the program's.
func pty(t *testing.T) (operator, program *os.File) {
	t.Helper()
	operator, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	fd := int(operator.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = program.Close(), operator.Close() })
	return operator, program
}

func TestATerminalIsRecognised(t *testing.T) {
	operator, program := pty(t)
	size := &unix.Winsize{Row: 40, Col: 132}
	if err := unix.IoctlSetWinsize(int(program.Fd()), unix.TIOCSWINSZ, size); err != nil {
		t.Fatal(err)
	}
	con := console.New(program, program, program, console.Options{Getenv: env("TERM", "xterm")})
	if !con.InTerminal || !con.OutTerminal || !con.ErrTerminal || !con.OutColor() {
		t.Errorf("not recognised: %+v", con)
	}
	if con.Width() != 132 {
		t.Errorf("Width() = %d, want 132", con.Width())
	}
	if _, err := operator.WriteString("23,000\n"); err != nil {
		t.Fatal(err)
	}
	if ok, err := con.Confirm(t.Context(), "Type the number of recipients: ", "23000"); !ok || err != nil {
		t.Errorf("Confirm = %v, %v", ok, err)
	}
}

func TestAPipeIsNoTerminal(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = r.Close(), w.Close() }()
	con := console.New(r, w, w, console.Options{Getenv: env()})
	if con.InTerminal || con.OutTerminal || con.ErrTerminal || con.Width() != 0 {
		t.Errorf("a pipe passes for a terminal: %+v", con)
	}
}
