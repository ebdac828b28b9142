//go:build unix

package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

var (
	// reaches is what a page may not have: a program, or something that it would fetch.
	reaches  = regexp.MustCompile(`(?i)<script|<iframe|<link|@import|\bon[a-z]+=|(?:src|srcset|data|action)="|url\(`)
	pdfPages = regexp.MustCompile(`(?m)^Pages:\s+(\d+)$`)
)

// cmdPrints prints a page with Chromium: it reaches for nothing outside of itself, and comes to no more than so many sheets of paper.
func cmdPrints(ts *testscript.TestScript, _ bool, args []string) {
	wantArgs(ts, args, 2, "prints FILE MOST")
	file := ts.MkAbs(args[0])
	text, err := os.ReadFile(file)
	ts.Check(err)
	if found := reaches.Find(text); found != nil {
		ts.Fatalf("%s has %s", args[0], found)
	}
	chromium, err := exec.LookPath("chromium")
	if err != nil && os.Getenv("CI") == "" {
		_, _ = os.Stderr.WriteString("\n!!! NOT TESTED: how pages are printed: get Chromium with: apt-get install chromium poppler-utils\n\n")
		return
	}
	ts.Check(err)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-pdf-header-footer",
		"--user-data-dir="+filepath.Join(filepath.Dir(file), "chromium"), "--print-to-pdf="+file+".pdf", "file://"+file).CombinedOutput()
	if err != nil {
		ts.Fatalf("chromium: %v\n%s", err, out)
	}
	info, err := exec.CommandContext(ctx, "pdfinfo", file+".pdf").Output()
	ts.Check(err)
	m := pdfPages.FindSubmatch(info)
	if m == nil {
		ts.Fatalf("pdfinfo says %s", info)
	}
	pages, err := strconv.Atoi(string(m[1]))
	ts.Check(err)
	if pages > number(ts, args[1]) {
		ts.Fatalf("%s is printed on %d pages, at most %s are wanted", args[0], pages, args[1])
	}
	said, err := exec.CommandContext(ctx, "pdftotext", "-layout", file+".pdf", "-").Output()
	ts.Check(err)
	_, _ = ts.Stdout().Write([]byte(strings.TrimSpace(string(said)) + "\n"))
}
