//go:build unix

package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"

	"github.com/rogpeppe/go-internal/testscript"
)

// cmdScrape asks a program that was begun for its metrics, as Prometheus does, until it has looked at the ledger and all that is wanted is there, and writes them to a file. SCRAPED is its address then.
func cmdScrape(ts *testscript.TestScript, _ bool, args []string) {
	wantArgs(ts, args, 2, "scrape NAME FILE [REGEXP ...]")
	wants := []*regexp.Regexp{regexp.MustCompile(`(?m)^notify_ledger_read_timestamp_seconds `)}
	for _, more := range args[2:] {
		wants = append(wants, regexp.MustCompile("(?m)"+more))
	}
	p, at := processOf(ts, args[0]), regexp.MustCompile(`http://([0-9.:]+)/metrics`)
	var found []string
	ts.Check(await("the address of its metrics", func() bool { return !p.alive() }, func() (bool, error) {
		found = at.FindStringSubmatch(p.err.String())
		return found != nil, nil
	}))
	var text []byte
	ts.Check(await("a look at the ledger", func() bool { return !p.alive() }, func() (bool, error) {
		answer, err := http.Get(found[0])
		if err != nil {
			return false, err
		}
		defer func() { _ = answer.Body.Close() }()
		if text, err = io.ReadAll(answer.Body); err == nil && answer.StatusCode != http.StatusOK {
			err = fmt.Errorf("%s answers %s\n%s", found[0], answer.Status, text)
		}
		return !slices.ContainsFunc(wants, func(want *regexp.Regexp) bool { return !want.Match(text) }), err
	}))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), text, 0o600))
	ts.Setenv("SCRAPED", found[1])
}

// hasPromtool reports whether what Prometheus reads can be held to it.
func hasPromtool() error {
	_, err := exec.LookPath("promtool")
	return err
}
