// Command mutate plants slips in the rooms where the promise is made, one at a time, and lists those that no test notices: a
// condition turned round, a call left out, a bound or a number off by one, a return that is not made, an AND of the
// SQL that is an OR. Each is tried on the tests of its own room only, over the files as they are (go test -overlay).
//
//	go run ./scripts/mutate [-n 40] [-seed 1] [-only REGEXP] [ROOM…]
//
// A slip that changes nothing that matters stands in explained.yaml with the reason.
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

// room is what slips are planted in, and the tests that must notice them.
type room struct {
	name  string
	dirs  []string
	tests []string
	args  []string // behind -args: a quick selection
}

func rooms() []room {
	ledger := []string{"./pkg/ledger", "./pkg/ledger/ledgertest", "./pkg/ledger/sqlite"}
	return []room{
		{name: "flow", dirs: []string{"./pkg/flow"}, tests: []string{"./pkg/flow"}, args: []string{"-rapid.nofailfile"}},
		{name: "evidence", dirs: []string{"./pkg/vendors/evidence"}, tests: []string{"./pkg/vendors/evidence"}},
		{name: "send", dirs: []string{"./pkg/send"}, tests: []string{"./pkg/send"}, args: []string{"-seeds", "60"}},
		{name: "ledger", dirs: []string{"./pkg/ledger"}, tests: ledger},
		{name: "sqlite", dirs: []string{"./pkg/ledger/sqlite"}, tests: []string{"./pkg/ledger/sqlite"}},
		{name: "preflight", dirs: []string{"./pkg/preflight"}, tests: []string{"./pkg/preflight"}},
	}
}

// options are the flags.
type options struct {
	n, jobs int
	seed    uint64
	only    *regexp.Regexp
	list    bool
}

func main() {
	var o options
	var only string
	flag.IntVar(&o.n, "n", 40, "how many slips to try in each room; 0: all")
	flag.IntVar(&o.jobs, "j", runtime.NumCPU(), "how many at a time")
	flag.Uint64Var(&o.seed, "seed", 1, "which of them")
	flag.StringVar(&only, "only", "", "slips whose name matches, and no others")
	flag.BoolVar(&o.list, "list", false, "list the slips that could be planted")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := mutate(ctx, o, only, flag.Args()); err != nil {
		fmt.Fprintf(os.Stderr, "mutate: %v\n", err)
		stop()
		os.Exit(1)
	}
}

var errUnnoticed = errors.New("nobody noticed some of them: write the test, or explain them in scripts/mutate/explained.yaml")

func mutate(ctx context.Context, o options, only string, names []string) error {
	var err error
	if o.only, err = regexp.Compile(only); err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	reasons, err := explained()
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
		ok, err := o.room(ctx, r, reasons, dir)
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

//go:embed explained.yaml
var explanations []byte

// explained are the reasons of slips that need not be noticed, by their names.
func explained() (map[string]string, error) {
	var all []struct{ Slip, Because string }
	if err := yaml.Unmarshal(explanations, &all); err != nil {
		return nil, fmt.Errorf("explained.yaml: %w", err)
	}
	reasons := make(map[string]string)
	for _, e := range all {
		if e.Slip == "" || e.Because == "" {
			return nil, fmt.Errorf("explained.yaml: %q has no reason", e.Slip)
		}
		reasons[e.Slip] = e.Because
	}
	return reasons, nil
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
func (o options) room(ctx context.Context, r room, reasons map[string]string, dir string) (bool, error) {
	named, err := find(ctx, r)
	if err != nil {
		return false, err
	}
	clean := true
	for name := range reasons {
		if _, ok := named[name]; !ok && belongs(name, r) {
			fmt.Printf("explained, and not there any more: %s\n", name)
			clean = false
		}
	}
	var names []string
	for name := range named {
		if o.only.MatchString(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	if o.list {
		fmt.Println(strings.Join(names, "\n"))
		return clean, nil
	}
	all := len(names)
	rand.New(rand.NewPCG(o.seed, 0)).Shuffle(all, func(i, j int) { names[i], names[j] = names[j], names[i] })
	if o.n > 0 {
		names = names[:min(o.n, all)]
	}
	slices.Sort(names)
	b, err := measure(ctx, r, dir)
	if err != nil {
		return false, err
	}
	fmt.Printf("%s: %d of %d slips, seed %d; its tests take %.1f s\n", r.name, len(names), all, o.seed, b.took.Seconds())
	counts := o.try(ctx, b, names, named, reasons)
	if err := ctx.Err(); err != nil {
		return false, err
	}
	fmt.Printf("%s: %d noticed, %d noticed by their time, %d unnoticed, %d explained; %d do not compile\n", r.name,
		counts[noticed], counts[overtime], counts[unnoticed]+counts[uncovered], counts[spoken], counts[unbuilt])
	return clean && counts[unnoticed]+counts[uncovered] == 0, nil
}

// belongs reports a name of a slip of a room.
func belongs(name string, r room) bool {
	file, _, _ := strings.Cut(name, " ")
	return slices.ContainsFunc(r.dirs, func(d string) bool {
		rest, ok := strings.CutPrefix(file, strings.TrimPrefix(d, "./")+"/")
		return ok && (!strings.Contains(rest, "/") || strings.HasSuffix(rest, ".sql"))
	})
}

// try plants some at a time, and tells of each that is not noticed at once.
func (o options) try(ctx context.Context, b baseline, names []string, named map[string]slip, reasons map[string]string) map[fate]int {
	counts := make(map[fate]int)
	var mu sync.Mutex
	var wg sync.WaitGroup
	next := make(chan string)
	for range o.jobs {
		wg.Go(func() {
			for name := range next {
				f := b.fate(ctx, named[name])
				if _, ok := reasons[name]; ok && (f == unnoticed || f == uncovered) {
					f = spoken
				}
				mu.Lock()
				counts[f]++
				if f == unnoticed || f == uncovered || f == overtime {
					fmt.Printf("  %s, line %d: %s\n", f, named[name].line, name)
				}
				mu.Unlock()
			}
		})
	}
	for _, name := range names {
		if ctx.Err() != nil {
			break
		}
		next <- name
	}
	close(next)
	wg.Wait()
	return counts
}
