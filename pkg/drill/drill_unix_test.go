//go:build unix

package drill_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"notify/pkg/drill"
)

// play plays a drill with a program that is a script.
func play(ctx context.Context, t *testing.T, name, script string) (drill.Report, error) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "notify")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	d, ok := drill.Find(name)
	if !ok {
		t.Fatalf("there is no drill %s", name)
	}
	return d.Play(ctx, drill.Options{Program: program, Dir: t.TempDir(), Env: []string{"PATH=" + os.Getenv("PATH")}, Now: time.Now})
}

func TestAProgramThatRefusesNothingFailsEveryDrill(t *testing.T) {
	for _, d := range drill.All() {
		t.Run(d.Name, func(t *testing.T) {
			r, err := play(t.Context(), t, d.Name, `echo '{"verdict":"pass","ended":"finished"}'`)
			if err == nil && r.Stopped {
				t.Errorf("it held: %+v", r.Lines)
			}
		})
	}
}

func TestALineThatWasNotStoppedDoesNotHold(t *testing.T) {
	// It says what a preflight would say, and ends as if it had sent.
	const answer = `{"checks": [{"id": "environment", "status": "fail"}, {"id": "allow-list", "status": "fail"}]}`
	r, err := play(t.Context(), t, "wrong-environment", "echo '"+answer+"'")
	if err != nil {
		t.Fatal(err)
	}
	if r.Stopped || len(r.Lines) != 5 {
		t.Errorf("held %v, %d lines", r.Stopped, len(r.Lines))
	}
	for _, l := range r.Lines {
		if l.Stopped {
			t.Errorf("%s held with exit 0", l.Name)
		}
	}
}

func TestADrillThatIsGivenUpLeavesNoProcess(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	begun := filepath.Join(t.TempDir(), "begun")
	go func() { // gives up as soon as the program is there
		for ctx.Err() == nil {
			if _, err := os.Stat(begun); err == nil {
				cancel()
			}
			<-time.After(5 * time.Millisecond)
		}
	}()
	r, err := play(ctx, t, "double-payout", "echo $$ >"+begun+".new; mv "+begun+".new "+begun+"; exec sleep 600")
	if err == nil || len(r.Steps) != 1 {
		t.Errorf("steps %+v, %v", r.Steps, err)
	}
	text, err := os.ReadFile(begun)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("process %d: %v, want none", pid, err)
	}
}

func TestAnAnswerThatCannotBeReadIsSaid(t *testing.T) {
	_, err := play(t.Context(), t, "wrong-environment", "echo what")
	if err == nil || !strings.Contains(err.Error(), "the answer of `notify send award.csv --yes` cannot be read") {
		t.Errorf("it says %v", err)
	}
}
