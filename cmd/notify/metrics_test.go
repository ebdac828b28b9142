//go:build unix

package main

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"

	"github.com/rogpeppe/go-internal/testscript"
)

// cmdScrape asks a program that was begun for its metrics, as Prometheus does, and writes them to a file. SCRAPED is its address then.
func cmdScrape(ts *testscript.TestScript, _ bool, args []string) {
	wantArgs(ts, args, 2, "scrape NAME FILE")
	p, at := processOf(ts, args[0]), regexp.MustCompile(`http://([0-9.:]+)/metrics`)
	var found []string
	ts.Check(await("the address of its metrics", func() bool { return !p.alive() }, func() (bool, error) {
		found = at.FindStringSubmatch(p.err.String())
		return found != nil, nil
	}))
	answer, err := http.Get(found[0])
	ts.Check(err)
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	ts.Check(err)
	if answer.StatusCode != http.StatusOK {
		ts.Fatalf("%s answers %s\n%s", found[0], answer.Status, text)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), text, 0o600))
	ts.Setenv("SCRAPED", found[1])
}

// hasPromtool reports whether what Prometheus reads can be held to it.
func hasPromtool() error {
	_, err := exec.LookPath("promtool")
	return err
}
