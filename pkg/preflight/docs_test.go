package preflight_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"notify/pkg/preflight"

	"github.com/google/go-cmp/cmp"
)

// explained are the sections of docs/checks.md by the id of the check.
func explained(t *testing.T) map[string]string {
	t.Helper()
	b, err := os.ReadFile("../../docs/checks.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := make(map[string]string)
	heading := regexp.MustCompile("(?m)^### `?([a-z0-9-]+)`?.*$")
	text := string(b)
	places := heading.FindAllStringSubmatchIndex(text, -1)
	for i, p := range places {
		end := len(text)
		if i+1 < len(places) {
			end = places[i+1][0]
		}
		body, _, _ := strings.Cut(text[p[1]:end], "\n## ")
		id := text[p[2]:p[3]]
		if _, twice := sections[id]; twice {
			t.Errorf("%s has two sections", id)
		}
		sections[id] = strings.TrimSpace(body)
	}
	return sections
}

func TestEveryCheckIsExplained(t *testing.T) {
	sections := explained(t)
	var want, have []string
	for _, c := range preflight.All() {
		want = append(want, c.ID)
		if c.Group == "" || (c.Run == nil) == (c.After == nil) {
			t.Errorf("%s lacks a group, or what it does", c.ID)
		}
		if body := sections[c.ID]; !strings.HasPrefix(body, "*") || !strings.Contains(body, "?*") {
			t.Errorf("the section of %s does not begin with its question: %.60q", c.ID, body)
		}
	}
	for id := range sections {
		have = append(have, id)
	}
	slices.Sort(want)
	slices.Sort(have)
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("docs/checks.md has other checks than there are (-checks +docs):\n%s", diff)
	}
}

// README.md shows screens and counts no checks on them: the next check would make them wrong.
func TestTheScreensOfTheReadmeCountNoChecks(t *testing.T) {
	b, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	if strings.Count(text, " of […] checks stop it") != 1 || strings.Count(text, ": […] passed, ") != 2 {
		t.Error("the screens are not there: look for others that count")
	}
	if counts := regexp.MustCompile(`\d+ of \d+ checks|\d+ passed, |, \d+ skipped`).FindAllString(text, -1); len(counts) > 0 {
		t.Errorf("README.md counts checks: %q", counts)
	}
}

// Whatever evidence is missing, a check answers, and never with a pass.
func TestNoCheckPassesWithoutItsEvidence(t *testing.T) {
	w := newWorld(t)
	ready(w)
	w.subject = func(s *preflight.Subject) {
		s.Plan.Facts = nil
		_ = s.Plan.Close()
		s.Ledger, s.LedgerErr = nil, errDisk
		s.Vendors, s.VendorErrs = nil, map[string]error{"sms-a": errDown}
	}
	r := preflight.Run(t.Context(), w.make(), preflight.All())
	all := table()
	for _, f := range r.Findings {
		if f.Status == preflight.Pass && !all[f.ID].offhand {
			t.Errorf("%s passes without evidence: %s", f.ID, summary(f))
		}
		if summary(f) == "" {
			t.Errorf("%s says nothing", f.ID)
		}
	}
	if r.Verdict != preflight.Fail {
		t.Errorf("verdict %s", r.Verdict)
	}
}
