package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"time"
)

// trial is a room whose tests are known one by one, and compiled with the slips that are tried.
type trial struct {
	room
	dir      string
	packages []listed
	exams    []exam // the quickest first
	slips    map[int]slip
	refused  map[int]bool // do not compile
	keen     keen
}

// keen counts which tests noticed slips of a file: they are the first to be asked about the next.
type keen struct {
	mu sync.Mutex
	by map[string]map[string]int // by file and test
}

var failedTest = regexp.MustCompile(`(?m)^--- FAIL: (\w+)`)

func (k *keen) noticed(file string, some []exam, out []byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.by == nil {
		k.by = make(map[string]map[string]int)
	}
	if k.by[file] == nil {
		k.by[file] = make(map[string]int)
	}
	for _, m := range failedTest.FindAllSubmatch(out, -1) {
		for _, e := range some {
			if e.name == string(m[1]) {
				k.by[file][e.key()]++
			}
		}
	}
}

// first are those of the exams that noticed most in a file, each for a process of its own, and the others.
func (k *keen) first(file string, exams []exam) (few, others []exam) {
	const most = 3
	k.mu.Lock()
	defer k.mu.Unlock()
	counts := k.by[file]
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return cmp.Or(counts[b]-counts[a], cmp.Compare(a, b)) })
	names = names[:min(most, len(names))]
	for _, e := range exams {
		if slices.Contains(names, e.key()) {
			few = append(few, e)
		} else {
			others = append(others, e)
		}
	}
	slices.SortFunc(few, func(a, b exam) int { return counts[b.key()] - counts[a.key()] })
	return few, others
}

// together is where the binaries lie that have all slips.
func (t *trial) together() string { return filepath.Join(t.dir, "together") }

// build compiles all slips that stand in functions into one binary for each package of tests; what does not compile is found and left out.
func (t *trial) build(ctx context.Context) error {
	t.refused = make(map[int]bool)
	flags := make([]string, 0, len(t.packages))
	for _, p := range t.packages {
		flags = append(flags, "-gcflags="+p.ImportPath+"=-e") // every error, not the first ten
	}
	for {
		overlay, err := t.overlay(t.files())
		if err != nil {
			return err
		}
		out, err := t.compile(ctx, t.together(), append(flags, "-overlay="+overlay)...)
		if err == nil {
			return nil
		}
		found := refused(out)
		if len(found) == 0 {
			return fmt.Errorf("compile: %w\n%s", err, out)
		}
		maps.Copy(t.refused, found)
	}
}

// files are the room's files with all slips in them.
func (t *trial) files() map[string][]byte {
	byFile := make(map[string]map[int]slip)
	for n, s := range t.slips {
		if s.body.from == 0 || t.refused[n] {
			continue
		}
		if byFile[s.file] == nil {
			byFile[s.file] = make(map[int]slip)
		}
		byFile[s.file][n] = s
	}
	files := make(map[string][]byte)
	for name, slips := range byFile {
		for _, s := range slips {
			files[name] = many(s.text, slips)
			break
		}
	}
	for _, p := range t.packages {
		files[filepath.Join(p.Dir, "slip_that_is_on.go")] = reading(p.Name)
	}
	return files
}

// overlay writes files that stand in for those of the project.
func (t *trial) overlay(files map[string][]byte) (string, error) {
	dir, err := os.MkdirTemp(t.dir, "files-")
	if err != nil {
		return "", err
	}
	replace := make(map[string]string)
	for name, text := range files {
		path, err := filepath.Abs(name)
		if err != nil {
			return "", err
		}
		replace[path] = filepath.Join(dir, fmt.Sprint(len(replace))+filepath.Ext(name))
		if err := os.WriteFile(replace[path], text, 0o600); err != nil {
			return "", err
		}
	}
	j, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, j, 0o600)
}

// fate is what becomes of a slip where the tests run that come to it.
func (t *trial) fate(ctx context.Context, n int) fate {
	s := t.slips[n]
	var coming []exam
	for _, e := range t.exams {
		if e.comes(s) {
			coming = append(coming, e)
		}
	}
	switch {
	case t.refused[n]:
		return unbuilt
	case len(coming) == 0:
		return uncovered
	case s.body.from > 0:
		return t.examine(ctx, t.together(), s.file, coming, fmt.Sprint(n))
	}
	overlay, err := t.overlay(map[string][]byte{s.file: s.apply()})
	if err != nil {
		return fate(err.Error())
	}
	alone := filepath.Dir(overlay)
	defer func() { _ = os.RemoveAll(alone) }()
	if _, err := t.compile(ctx, alone, "-overlay="+overlay); err != nil {
		return unbuilt
	}
	return t.examine(ctx, alone, s.file, coming, "0")
}

// examine runs exams until one fails.
func (t *trial) examine(ctx context.Context, binaries, file string, exams []exam, on string) fate {
	few, others := t.keen.first(file, exams)
	for _, some := range append(slices.Collect(slices.Chunk(few, 1)), sittings(others)...) {
		limit := 10 * time.Second
		for _, e := range some {
			limit += 20 * e.took
		}
		out, _, err := sit(ctx, binaries, some, limit, nil, []string{variable + "=" + on})
		switch {
		case err == nil:
		case timedOut(out):
			return overtime
		default:
			t.keen.noticed(file, some, out)
			return noticed
		}
	}
	return unnoticed
}

// sittings are the exams that one process takes each: the quick ones of a package together and first, then the others one by one.
func sittings(exams []exam) [][]exam {
	var all [][]exam
	for _, e := range exams {
		i := slices.IndexFunc(all, func(some []exam) bool {
			return some[0].pkg.Dir == e.pkg.Dir && slices.Equal(some[0].args, e.args) && e.took < time.Second
		})
		if i < 0 {
			all = append(all, []exam{e})
		} else {
			all[i] = append(all[i], e)
		}
	}
	return all
}
