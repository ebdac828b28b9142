package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// listed is what `go list` says of a package.
type listed struct {
	Dir, ImportPath     string
	GoFiles, EmbedFiles []string
}

// find names every slip of a room's files: those of this system, and the SQL that they embed.
func find(ctx context.Context, r room) (map[string]slip, error) {
	top, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	out, err := exec.CommandContext(ctx, "go", append([]string{"list", "-json=Dir,ImportPath,GoFiles,EmbedFiles"}, r.dirs...)...).Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	named := make(map[string]slip)
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var l listed
		if err := d.Decode(&l); errors.Is(err, io.EOF) {
			return named, nil
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		for _, f := range append(l.GoFiles, l.EmbedFiles...) {
			slips, err := plantFile(top, filepath.Join(l.Dir, f))
			if err != nil {
				return nil, err
			}
			for _, s := range slips {
				same := 0
				for {
					if _, taken := named[s.name(same)]; !taken {
						break
					}
					same++
				}
				named[s.name(same)] = s
			}
		}
	}
}

func plantFile(top, path string) ([]slip, error) {
	name, err := filepath.Rel(top, path)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	switch filepath.Ext(path) {
	case ".go":
		return plant(filepath.ToSlash(name), text)
	case ".sql":
		return plantSQL(filepath.ToSlash(name), text), nil
	}
	return nil, nil
}

// baseline is a room whose tests pass, how long they take, and the lines that they come to.
type baseline struct {
	room
	dir    string
	took   time.Duration
	passed map[string]map[int]bool // by file: lines that a test runs
}

// measure runs the tests of a room without a slip.
func measure(ctx context.Context, r room, dir string) (baseline, error) {
	b := baseline{room: r, dir: dir, passed: make(map[string]map[int]bool)}
	profile := filepath.Join(dir, r.name+".cover")
	args := append([]string{"-coverprofile", profile, "-coverpkg", strings.Join(r.dirs, ",")}, r.tests...)
	if out, err := b.test(ctx, 30*time.Minute, args...); err != nil { // builds the tests, and what they stand on
		return b, fmt.Errorf("its tests fail without a slip: %w\n%s", err, out)
	}
	began := time.Now()
	if out, err := b.test(ctx, 30*time.Minute, r.tests...); err != nil {
		return b, fmt.Errorf("its tests fail without a slip: %w\n%s", err, out)
	}
	b.took = time.Since(began)
	text, err := os.ReadFile(profile)
	if err != nil {
		return b, err
	}
	module, err := exec.CommandContext(ctx, "go", "list", "-m").Output()
	if err != nil {
		return b, fmt.Errorf("go list -m: %w", err)
	}
	return b, b.read(text, strings.TrimSpace(string(module))+"/")
}

// read takes in a coverage profile: notify/pkg/flow/account.go:30.13,32.2 1 5.
func (b baseline) read(profile []byte, module string) error {
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
		if b.passed[file] == nil {
			b.passed[file] = make(map[int]bool)
		}
		for line := from; line <= to; line++ {
			b.passed[file][line] = b.passed[file][line] || times > 0
		}
	}
	return nil
}

// comes reports whether a test runs a line of the slip. Constants and SQL belong to no statement: they may be used.
func (b baseline) comes(s slip) bool {
	lines, statement := b.passed[s.file], false
	for line := s.line; line <= s.last; line++ {
		run, ok := lines[line]
		if run {
			return true
		}
		statement = statement || ok
	}
	return !statement
}

// fate plants a slip and runs the tests.
func (b baseline) fate(ctx context.Context, s slip) fate {
	if !b.comes(s) {
		return uncovered
	}
	overlay, err := b.overlay(s)
	if err != nil {
		return fate(err.Error())
	}
	defer func() { _ = os.RemoveAll(filepath.Dir(overlay)) }()
	limit := max(time.Minute, 5*b.took)
	out, err := b.test(ctx, limit, append([]string{"-overlay", overlay, "-failfast"}, b.tests...)...)
	switch {
	case err == nil:
		return unnoticed
	case bytes.Contains(out, []byte("[build failed]")), bytes.Contains(out, []byte("[setup failed]")):
		return unbuilt
	case bytes.Contains(out, []byte("panic: test timed out")):
		return overtime
	}
	return noticed
}

func (b baseline) overlay(s slip) (string, error) {
	path, err := filepath.Abs(s.file)
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(b.dir, "slip-")
	if err != nil {
		return "", err
	}
	changed := filepath.Join(dir, filepath.Base(path))
	if err := os.WriteFile(changed, s.apply(), 0o600); err != nil {
		return "", err
	}
	j, err := json.Marshal(map[string]any{"Replace": map[string]string{path: changed}})
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "overlay.json"), os.WriteFile(filepath.Join(dir, "overlay.json"), j, 0o600)
}

// test is `go test` with what all runs have in common.
func (b baseline) test(ctx context.Context, limit time.Duration, args ...string) ([]byte, error) {
	all := append([]string{"test", "-count=1", "-vet=off", "-ldflags=-s -w", "-timeout", limit.String()}, args...)
	if len(b.args) > 0 {
		all = append(append(all, "-args"), b.args...)
	}
	return exec.CommandContext(ctx, "go", all...).CombinedOutput()
}
