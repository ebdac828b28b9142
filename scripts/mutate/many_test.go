package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const program = `package main

func main() {
	println(sum(4, 6) + joined("a", "b"))
}

func joined(a, b string) string {
	return a + b
}

func sum(all ...int) (text string) {
each:
	for _, n := range all {
		if n > 5 {
			break each
		}
		text += "n"
	}
	return text
}
`

// Each slip is on by itself in a program that has them all, and without one it does what it did. What does not compile is known by its number.
func TestOneProgramHasAllSlips(t *testing.T) {
	found, err := plant("main.go", []byte(program))
	if err != nil {
		t.Fatal(err)
	}
	dir, slips := t.TempDir(), make(map[int]slip)
	for i, s := range found {
		slips[i+1] = s
	}
	write := func(name string, text []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(on int, args ...string) ([]byte, error) {
		cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), variable+"="+strconv.Itoa(on))
		return cmd.CombinedOutput()
	}
	write("go.mod", []byte("module main\n\ngo 1.26\n"))
	write("on.go", reading("main"))
	got := make(map[string]string)
	for {
		write("main.go", many([]byte(program), slips))
		out, err := run(0, "go", "build", "-o", "main", "-gcflags=-e", ".")
		if err == nil {
			break
		}
		no := refused(out)
		if len(no) == 0 {
			t.Fatalf("%v\n%s", err, out)
		}
		for n := range no {
			got[slips[n].what] = "does not compile"
			delete(slips, n)
		}
	}
	slips[0] = slip{what: "none"}
	for n, s := range slips {
		out, err := run(n, "./main")
		if err != nil {
			t.Fatalf("%s: %v\n%s", s.what, err, out)
		}
		got[s.what] = string(out)
	}
	want := map[string]string{
		"none": "nab\n", "4 → 5": "nab\n", "6 → 7": "nab\n", "5 → 6": "nnab\n", "n > 5 → !(n > 5)": "ab\n", "n > 5 → n >= 5": "nab\n",
		"break each → left out": "nnab\n", "a + b → a - b": "does not compile",
		`println(sum(4, 6) + joined("a", "b")) → left out`:            "",
		`sum(4, 6) + joined("a", "b") → sum(4, 6) - joined("a", "b")`: "does not compile",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
