package console_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"notify/pkg/console"
)

func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func TestColour(t *testing.T) {
	for _, c := range []struct {
		name     string
		terminal bool
		noColor  bool
		env      func(string) string
		want     bool
	}{
		{"a terminal has colours", true, false, env("TERM", "xterm"), true},
		{"a pipe has none", false, false, env("TERM", "xterm"), false},
		{"NO_COLOR takes them away", true, false, env("NO_COLOR", "1"), false},
		{"an empty NO_COLOR does not", true, false, env("NO_COLOR", ""), true},
		{"--no-color takes them away", true, true, env(), false},
		{"a dumb terminal has none", true, false, env("TERM", "dumb"), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			con := console.New(strings.NewReader(""), io.Discard, io.Discard, console.Options{NoColor: c.noColor, Getenv: c.env})
			con.OutTerminal = c.terminal
			if con.OutColor() != c.want {
				t.Errorf("colours: %v, want %v", con.OutColor(), c.want)
			}
		})
	}
}

func TestWidth(t *testing.T) {
	for _, c := range []struct {
		name     string
		terminal bool
		env      func(string) string
		want     int
	}{
		{"a pipe has no limit", false, env("COLUMNS", "100"), 0},
		{"a terminal that does not tell has COLUMNS", true, env("COLUMNS", "100"), 100},
		{"a terminal of which nothing is known has 80", true, env("COLUMNS", "many"), 80},
	} {
		t.Run(c.name, func(t *testing.T) {
			con := console.New(strings.NewReader(""), io.Discard, io.Discard, console.Options{Getenv: c.env})
			con.OutTerminal = c.terminal
			if got := con.Width(); got != c.want {
				t.Errorf("Width() = %d, want %d", got, c.want)
			}
		})
	}
}

func TestConfirm(t *testing.T) {
	for _, c := range []struct {
		name, typed, want string
		ok                bool
	}{
		{"the number itself", "23000\n", "23000", true},
		{"the number as it is shown", "23,000\r\n", "23000", true},
		{"space around it", "  23000 \n", "23000", true},
		{"a last line without its end", "23000", "23000", true},
		{"another number", "2300\n", "23000", false},
		{"yes is not the number", "yes\n", "23000", false},
		{"nothing at all", "\n", "23000", false},
		{"end of input", "", "23000", false},
		{"separators count in a name", "award,2020\n", "award2020", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var story bytes.Buffer
			con := console.New(strings.NewReader(c.typed), io.Discard, &story, console.Options{Getenv: env()})
			con.InTerminal, con.ErrTerminal = true, true
			got, err := con.Confirm(t.Context(), "Recipients: ", c.want)
			if err != nil || got != c.ok {
				t.Errorf("Confirm = %v, %v; want %v", got, err, c.ok)
			}
			if !strings.HasPrefix(story.String(), "Recipients: ") {
				t.Errorf("the prompt was not shown: %q", story.String())
			}
		})
	}
}

func TestConfirmReadsOneLineOnly(t *testing.T) {
	con := console.New(strings.NewReader("first\nsecond\n"), io.Discard, io.Discard, console.Options{Getenv: env()})
	con.InTerminal, con.ErrTerminal = true, true
	for _, want := range []string{"first", "second"} {
		if ok, err := con.Confirm(t.Context(), "? ", want); !ok || err != nil {
			t.Errorf("Confirm(%q) = %v, %v", want, ok, err)
		}
	}
}

func TestConfirmWithoutATerminalAsksNothing(t *testing.T) {
	in := strings.NewReader("23000\n")
	var story bytes.Buffer
	con := console.New(in, io.Discard, &story, console.Options{Getenv: env()})
	if _, err := con.Confirm(t.Context(), "? ", "23000"); !errors.Is(err, console.ErrNoTerminal) {
		t.Errorf("err = %v, want ErrNoTerminal", err)
	}
	if in.Len() != len("23000\n") || story.Len() != 0 {
		t.Errorf("it read %d bytes and wrote %q", 6-in.Len(), story.String())
	}
}

func TestConfirmEndsWithItsContext(t *testing.T) {
	r, w := io.Pipe()
	con := console.New(r, io.Discard, io.Discard, console.Options{Getenv: env()})
	con.InTerminal, con.ErrTerminal = true, true
	ctx, cancel := context.WithCancel(t.Context())
	answered := make(chan error)
	go func() {
		_, err := con.Confirm(ctx, "? ", "yes")
		answered <- err
	}()
	cancel()
	if err := <-answered; !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v, want context.Canceled", err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestQuietDropsTheStoryOnly(t *testing.T) {
	var out, story bytes.Buffer
	con := console.New(strings.NewReader(""), &out, &story, console.Options{Quiet: true, Getenv: env()})
	fmt.Fprint(con.Story(), "story")
	fmt.Fprint(con.Out, "answer")
	fmt.Fprint(con.Err, "error")
	if out.String() != "answer" || story.String() != "error" {
		t.Errorf("out %q, err %q", out.String(), story.String())
	}
}

type broken struct{ writes int }

func (b *broken) Write([]byte) (int, error) { b.writes++; return 0, io.ErrClosedPipe }

func TestAWriteErrorIsRememberedAndNotReturned(t *testing.T) {
	b := &broken{}
	con := console.New(strings.NewReader(""), b, io.Discard, console.Options{Getenv: env()})
	for range 3 {
		if n, err := con.Out.Write([]byte("line\n")); n != 5 || err != nil {
			t.Errorf("Write = %d, %v", n, err)
		}
	}
	if !errors.Is(con.WriteErr(), io.ErrClosedPipe) || b.writes != 1 {
		t.Errorf("WriteErr = %v after %d writes", con.WriteErr(), b.writes)
	}
}

// TestTheProcessSurvivesABrokenPipe starts this test binary with a stdout whose reader has gone.
func TestTheProcessSurvivesABrokenPipe(t *testing.T) {
	if os.Getenv("CONSOLE_TEST_CHILD") != "" {
		defer console.SurvivePipes()()
		con := console.New(os.Stdin, os.Stdout, os.Stderr, console.Options{})
		fmt.Fprintln(con.Out, "nobody reads this")
		fmt.Fprintln(con.Out, "nor this")
		fmt.Fprintf(con.Err, "alive: %v\n", con.WriteErr() != nil)
		return
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	var story bytes.Buffer
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestTheProcessSurvivesABrokenPipe$")
	child.Env = append(os.Environ(), "CONSOLE_TEST_CHILD=1")
	child.Stdout, child.Stderr = w, &story
	// The child's own test framework prints PASS to the same pipe and may fail there; its exit code says nothing.
	runErr := child.Run()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(story.String(), "alive: true") {
		t.Errorf("the child said %q, %v", story.String(), runErr)
	}
}
