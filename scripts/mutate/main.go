// Command mutate plants slips in the rooms where the promise is made, one at a time, and lists those that no test notices: a
// condition turned round, a call left out, a bound or a number off by one, a return that is not made, an AND of the
// SQL that is an OR. Each is tried on those tests of its own room that come to its lines, first those that noticed most in its
// file and then the quickest, until one fails. A room is compiled once for all slips of its functions, over the files as they are
// (go test -overlay): each function has a copy of its body for each of its slips, and a variable of the environment says which is on.
//
//	go run ./scripts/mutate [-n 40] [-seed 1] [-only REGEXP] [-run REGEXP] [-slow 2s] [ROOM…]
//
// A slip that changes nothing that matters stands in explained.yaml with the reason.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// room is what slips are planted in, and the tests that must notice them.
type room struct {
	name   string
	dirs   []string
	tests  []string
	args   map[string][]string // of the tests of a package
	worlds worlds
}

// worlds are the seeds of a simulation, each a test of its own.
type worlds struct {
	test string
	n    int
}

func rooms() []room {
	return []room{
		{name: "flow", dirs: []string{"./pkg/flow"}, tests: []string{"./pkg/flow", "./pkg/ledger/ledgertest"}, args: map[string][]string{"flow": {"-rapid.nofailfile"}}},
		{name: "evidence", dirs: []string{"./pkg/vendors/evidence"}, tests: []string{"./pkg/vendors/evidence"}},
		{name: "send", dirs: []string{"./pkg/send"}, tests: []string{"./pkg/send"}, worlds: worlds{test: "TestNobodyIsToldTwice", n: 60}},
		{name: "ledger", dirs: []string{"./pkg/ledger"}, tests: []string{"./pkg/ledger"}},
		{name: "sqlite", dirs: []string{"./pkg/ledger/sqlite"}, tests: []string{"./pkg/ledger/sqlite"}},
		{name: "preflight", dirs: []string{"./pkg/preflight"}, tests: []string{"./pkg/preflight"}},
	}
}

// options are the flags.
type options struct {
	n, jobs   int
	seed      uint64
	only, run *regexp.Regexp
	slow      time.Duration
	list      bool
}

func main() {
	var o options
	var only, run string
	flag.IntVar(&o.n, "n", 40, "how many slips to try in each room; 0: all")
	flag.IntVar(&o.jobs, "j", runtime.NumCPU(), "how many at a time")
	flag.Uint64Var(&o.seed, "seed", 1, "which of them")
	flag.StringVar(&only, "only", "", "slips whose name matches, and no others")
	flag.StringVar(&run, "run", "", "the tests whose name matches, and no others")
	flag.DurationVar(&o.slow, "slow", 0, "leave out tests that take a processor for longer; 0: none")
	flag.BoolVar(&o.list, "list", false, "list the slips that could be planted")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := mutate(ctx, o, only, run, flag.Args()); err != nil {
		fmt.Fprintf(os.Stderr, "mutate: %v\n", err)
		stop()
		os.Exit(1)
	}
}

var errUnnoticed = errors.New("nobody noticed some of them: write the test, or explain them in scripts/mutate/explained.yaml")

func mutate(ctx context.Context, o options, only, run string, names []string) error {
	var err error
	if o.only, err = regexp.Compile(only); err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	if o.run, err = regexp.Compile(run); err != nil {
		return fmt.Errorf("-run: %w", err)
	}
	why, err := read(explanations)
	if err != nil {
		return err
	}
	var chosen []room
	for _, r := range rooms() {
		if len(names) == 0 || slices.Contains(names, r.name) {
			chosen = append(chosen, r)
		}
	}
	if len(chosen) == 0 || len(names) > len(chosen) {
		return fmt.Errorf("no such room among %q", names)
	}
	dir, err := os.MkdirTemp("", "mutate-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	clean := true
	for _, r := range chosen {
		dir := filepath.Join(dir, r.name)
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
		ok, err := o.room(ctx, r, why, dir)
		if err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
		clean = clean && ok
	}
	if !clean {
		return errUnnoticed
	}
	return nil
}

// fate is what became of a slip.
type fate string

const (
	noticed   fate = "noticed"
	unnoticed fate = "unnoticed"
	uncovered fate = "unnoticed: no test comes here"
	overtime  fate = "noticed by its time"
	unbuilt   fate = "does not compile"
	spoken    fate = "explained"
)

// room tries the slips of a room, and is false where one was not noticed.
func (o options) room(ctx context.Context, r room, why reasons, dir string) (bool, error) {
	packages, err := list(ctx, r.dirs)
	if err != nil {
		return false, err
	}
	named, err := find(packages)
	if err != nil {
		return false, err
	}
	clean := true
	for _, gone := range why.gone(r, named) {
		fmt.Printf("explained, and not there any more: %s\n", gone)
		clean = false
	}
	names := o.chosen(named)
	if o.list {
		fmt.Println(strings.Join(names, "\n"))
		return clean, nil
	}
	t := &trial{room: r, dir: dir, packages: packages, slips: make(map[int]slip)}
	for i, name := range names {
		t.slips[i+1] = named[name]
	}
	began := time.Now()
	if t.exams, err = r.exams(ctx, dir, o.run, o.slow); err != nil {
		return false, err
	}
	var took time.Duration
	for _, e := range t.exams {
		took += e.took
	}
	if err := t.build(ctx); err != nil {
		return false, err
	}
	fmt.Printf("%s: %d of %d slips, seed %d; %d tests take a processor %.1f s; ready after %.0f s\n",
		r.name, len(names), len(named), o.seed, len(t.exams), took.Seconds(), time.Since(began).Seconds())
	began = time.Now()
	counts := o.try(ctx, t, names, why)
	if err := ctx.Err(); err != nil {
		return false, err
	}
	fmt.Printf("%s: %d noticed, %d noticed by their time, %d unnoticed, %d explained; %d do not compile; %.2f s for each\n", r.name,
		counts[noticed], counts[overtime], counts[unnoticed]+counts[uncovered], counts[spoken], counts[unbuilt],
		time.Since(began).Seconds()/float64(max(1, len(names)-counts[unbuilt])))
	return clean && counts[unnoticed]+counts[uncovered] == 0, nil
}

// chosen are the names of the slips to try.
func (o options) chosen(named map[string]slip) []string {
	var names []string
	for name := range named {
		if o.only.MatchString(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	if o.list || o.n == 0 {
		return names
	}
	rand.New(rand.NewPCG(o.seed, 0)).Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	names = names[:min(o.n, len(names))]
	slices.Sort(names)
	return names
}

// try plants some at a time, and tells of each that is not noticed at once.
func (o options) try(ctx context.Context, t *trial, names []string, why reasons) map[fate]int {
	counts := make(map[fate]int)
	var mu sync.Mutex
	var wg sync.WaitGroup
	next := make(chan int)
	for range o.jobs {
		wg.Go(func() {
			for n := range next {
				f, name := t.fate(ctx, n), names[n-1]
				if (f == unnoticed || f == uncovered) && why.of(name) != "" {
					f = spoken
				}
				mu.Lock()
				counts[f]++
				if f == unnoticed || f == uncovered || f == overtime {
					fmt.Printf("  %s, line %d: %s\n", f, t.slips[n].line, name)
				}
				mu.Unlock()
			}
		})
	}
	for i := range names {
		if ctx.Err() != nil {
			break
		}
		next <- i + 1
	}
	close(next)
	wg.Wait()
	return counts
}
