//go:build unix

package awake_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"notify/pkg/awake"
)

// asker puts a program into the path, which the system has for it.
func asker(t *testing.T, script string) (log string) {
	t.Helper()
	dir := t.TempDir()
	log = filepath.Join(dir, "log")
	name := "systemd-inhibit"
	if runtime.GOOS == "darwin" {
		name = "caffeinate"
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+strings.ReplaceAll(script, "LOG", log)), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(filepath.ListSeparator)+os.Getenv("PATH"))
	return log
}

const granting = "echo \"$@\" >>LOG\ncat\necho ended >>LOG\n"

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestTheSystemIsAskedAndLetGo(t *testing.T) {
	log := asker(t, granting)
	letGo, ok := awake.KeepPatiently("sends a campaign")
	if got := read(t, log); !ok || strings.Contains(got, "ended") || runtime.GOOS == "linux" && !strings.Contains(got, "--why=sends a campaign --mode=block") {
		t.Errorf("asked %v: %q", ok, got)
	}
	letGo()
	if got := read(t, log); !strings.Contains(got, "ended") {
		t.Errorf("it still asks: %q", got)
	}
}

func TestARefusalIsSaid(t *testing.T) {
	asker(t, "echo 'Access denied' >&2\nexit 1\n")
	letGo, ok := awake.KeepPatiently("sends a campaign")
	letGo()
	if ok {
		t.Error("a refusal is taken for a yes")
	}
	t.Setenv("PATH", t.TempDir())
	letGo, ok = awake.KeepPatiently("sends a campaign")
	letGo()
	if ok {
		t.Error("nobody was there to ask")
	}
}

// TestTheRequestEndsWithAProcessThatIsKilled, which can let nothing go.
func TestTheRequestEndsWithAProcessThatIsKilled(t *testing.T) {
	if os.Getenv("AWAKE_KILLED") != "" {
		if _, ok := awake.KeepPatiently("sends a campaign"); !ok {
			t.Fatal("it was not asked")
		}
		p, err := os.FindProcess(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		_ = p.Kill()
		select {}
	}
	log := asker(t, "tee LOG\necho ended >LOG.end\n")
	if err := syscall.Mkfifo(log+".end", 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), "AWAKE_KILLED=1")
	if err := cmd.Run(); err == nil {
		t.Fatal("it was not killed")
	}
	if got := read(t, log+".end"); got != "ended\n" { // waits for who writes it
		t.Errorf("it still asks: %q", got)
	}
}
