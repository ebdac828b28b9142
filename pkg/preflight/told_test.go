package preflight_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/preflight"
)

// told is all that the findings of a table say, in the ids of sentences and with their arguments, by the names of the cases: in testdata/told.
// What is another on each machine or in each run stands there as "…".
type toldAll struct {
	known map[string]string
	mu    sync.Mutex
	found map[string]string
	order []string
}

func toldIn(t *testing.T) *toldAll {
	t.Helper()
	name := filepath.Join("testdata", "told", t.Name()+".txt")
	a := &toldAll{known: make(map[string]string), found: make(map[string]string)}
	if *update {
		t.Cleanup(func() {
			var all strings.Builder
			for _, name := range a.order {
				fmt.Fprintf(&all, "== %s\n%s", name, a.found[name])
			}
			if err := os.WriteFile(name, []byte(all.String()), 0o600); err != nil {
				t.Error(err)
			}
		})
		return a
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for part := range strings.SplitSeq(strings.ReplaceAll("\n"+string(text), "\r\n", "\n"), "\n== ") {
		if of, says, ok := strings.Cut(part, "\n"); ok {
			a.known[of] = strings.TrimSuffix(says, "\n")
		}
	}
	return a
}

// compare looks whether a finding says what it is known to say.
func (a *toldAll) compare(t *testing.T, name string, f preflight.Finding) {
	t.Helper()
	got := written(t, f)
	if *update {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.found[name], a.order = got, append(a.order, name)
		return
	}
	if d := cmp.Diff(a.known[name], strings.TrimSuffix(got, "\n")); d != "" {
		t.Errorf("it says something else: %s", d)
	}
}

// varying is what differs by machine and run: folders, keys and digests, the size of a ledger, servers of tests, and this machine.
var varying = regexp.MustCompile(`"server":"127[^"]*"|[A-Za-z0-9+/]{60,}=*|(/|[A-Z]:\\\\)[^" ]*(notify-preflight|Test[A-Z])[^" ]*|"size":{"bytes":[0-9]{6}}`)

// written is a finding line by line.
func written(t *testing.T, f preflight.Finding) string {
	t.Helper()
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	line := func(what string, v any) {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		said := strings.ReplaceAll(varying.ReplaceAllString(string(b), "…"), fmt.Sprintf("%q", host), `"HOST"`)
		fmt.Fprintf(&out, "%s %s\n", what, said)
	}
	line("status", f.Status)
	for _, s := range f.Summary {
		line("says", s)
	}
	for _, d := range f.Details {
		line("detail", d)
	}
	for _, r := range f.Remedies {
		what := "do"
		if r.Or {
			what = "or"
		}
		line(what, r.Text)
	}
	for _, one := range f.Facts {
		if slices.Contains(theirOwn, f.ID+" "+one.Name) {
			one.Value = "…"
		}
		line("fact "+one.Name, one.Value)
	}
	for _, o := range f.Options {
		o.Text.ID = ""
		line("option", o)
	}
	return out.String()
}
