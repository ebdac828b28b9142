package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// exam is a test by itself, or a world of a simulation: the time of a processor that it takes, however busy the machine, and the lines that it comes to.
type exam struct {
	pkg    listed
	name   string
	args   []string // behind the flags of `go test`
	took   time.Duration
	passed map[string]map[int]bool // by file: lines that it runs, and lines that it does not
}

// key is what tells an exam from all others of its room.
func (e exam) key() string {
	return strings.Join(append([]string{e.pkg.ImportPath, e.name}, e.args...), " ")
}

// comes reports whether the exam runs a line of the slip. Constants and SQL belong to no statement: they may be used.
func (e exam) comes(s slip) bool {
	lines, statement := e.passed[s.file], false
	if s.decides > 0 && lines[s.decides] {
		return true
	}
	for line := s.line; line <= s.last; line++ {
		run, ok := lines[line]
		if run {
			return true
		}
		statement = statement || ok
	}
	return !statement
}

// read takes in a coverage profile: notify/pkg/flow/account.go:30.13,32.2 1 5.
func (e *exam) read(profile []byte, module string) error {
	e.passed = make(map[string]map[int]bool)
	for s := bufio.NewScanner(bytes.NewReader(profile)); s.Scan(); {
		place, counts, _ := strings.Cut(s.Text(), " ")
		file, span, ok := strings.Cut(strings.TrimPrefix(place, module), ":")
		if !ok || strings.HasPrefix(place, "mode:") {
			continue
		}
		var from, fromColumn, to, toColumn, statements, times int
		if _, err := fmt.Sscanf(span+" "+counts, "%d.%d,%d.%d %d %d", &from, &fromColumn, &to, &toColumn, &statements, &times); err != nil {
			return fmt.Errorf("coverage of %s: %w", file, err)
		}
		if e.passed[file] == nil {
			e.passed[file] = make(map[int]bool)
		}
		for line := from; line <= to; line++ {
			e.passed[file][line] = e.passed[file][line] || times > 0
		}
	}
	return nil
}

// compile makes the test binaries of a room.
func (r room) compile(ctx context.Context, into string, args ...string) ([]byte, error) {
	all := append([]string{"test", "-c", "-vet=off", "-ldflags=-s -w", "-o", into + "/"}, args...)
	return exec.CommandContext(ctx, "go", append(all, r.tests...)...).CombinedOutput()
}

func timedOut(out []byte) bool { return bytes.Contains(out, []byte("panic: test timed out")) }

// sit runs exams of one package and with the same arguments, in one process of the binaries of a folder.
func sit(ctx context.Context, binaries string, exams []exam, limit time.Duration, args, env []string) (out []byte, took time.Duration, err error) {
	var names []string
	for _, e := range exams {
		names = append(names, e.name)
	}
	first := exams[0]
	// Those that run side by side come last, and mostly wait.
	args = append(append([]string{"-test.failfast", "-test.parallel=16", "-test.timeout=" + limit.String(), "-test.run=^(" + strings.Join(names, "|") + ")$"}, args...), first.args...)
	cmd := exec.CommandContext(ctx, filepath.Join(binaries, filepath.Base(first.pkg.ImportPath)+".test"), args...)
	// What tests leave behind that end in a panic goes with the binaries.
	cmd.Dir, cmd.Env, cmd.WaitDelay = first.pkg.Dir, append(append(os.Environ(), "TMPDIR="+binaries), env...), time.Second
	out, err = cmd.CombinedOutput()
	if s := cmd.ProcessState; s != nil {
		took = s.UserTime() + s.SystemTime()
	}
	return out, took, err
}

// exams are all tests of a room, each run by itself and without a slip, the quickest first. Those that take longer than slow, if it is not 0, are left out.
func (r room) exams(ctx context.Context, dir string, only *regexp.Regexp, slow time.Duration) ([]exam, error) {
	tests, err := list(ctx, r.tests)
	if err != nil {
		return nil, err
	}
	into := filepath.Join(dir, "covered")
	if out, err := r.compile(ctx, into, "-coverpkg="+strings.Join(r.dirs, ",")); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, out)
	}
	module, err := exec.CommandContext(ctx, "go", "list", "-m").Output()
	if err != nil {
		return nil, fmt.Errorf("go list -m: %w", err)
	}
	var all []exam
	for _, pkg := range tests {
		planned, err := r.planned(ctx, pkg, into, only)
		if err != nil {
			return nil, err
		}
		for _, e := range planned {
			profile := filepath.Join(into, "profile")
			out, took, err := sit(ctx, into, []exam{e}, cmp.Or(10*slow, 30*time.Minute), []string{"-test.coverprofile=" + profile}, nil)
			if slow > 0 && (took > slow || timedOut(out)) {
				continue
			} else if err != nil {
				return nil, fmt.Errorf("%s fails without a slip: %w\n%s", e.name, err, out)
			}
			e.took = took
			text, err := os.ReadFile(profile)
			if err != nil {
				return nil, err
			}
			if err := e.read(text, strings.TrimSpace(string(module))+"/"); err != nil {
				return nil, err
			}
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b exam) int { return int(a.took - b.took) })
	return all, nil
}

// planned are the tests of a package, and the worlds of its simulation.
func (r room) planned(ctx context.Context, pkg listed, binaries string, only *regexp.Regexp) ([]exam, error) {
	out, _, err := sit(ctx, binaries, []exam{{pkg: pkg}}, time.Minute, []string{"-test.list=."}, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", pkg.ImportPath, err, out)
	}
	var all []exam
	for _, name := range strings.Fields(string(out)) {
		e := exam{pkg: pkg, name: name, args: r.args[pkg.Name]}
		switch {
		case strings.HasPrefix(name, "Benchmark"), !only.MatchString(name):
		case name == r.worlds.test:
			for seed := range r.worlds.n {
				e.args = []string{"-seed", fmt.Sprint(seed + 1)}
				all = append(all, e)
			}
		default:
			all = append(all, e)
		}
	}
	return all, nil
}
