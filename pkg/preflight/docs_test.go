package preflight_test

import (
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"notify/pkg/preflight"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write docs/checks.md, and what the findings say, anew")

var constructor = regexp.MustCompile(`Check\{\s*ID: "([a-z0-9-]+)"`)

// explained is what the comments of the checks' functions say to operators: all behind the first paragraph.
func explained(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	sections := make(map[string]string)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files := token.NewFileSet()
		f, err := parser.ParseFile(files, path, text, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || strings.HasSuffix(path, "_test.go") || fn.Doc == nil {
				continue
			}
			if id := constructor.FindSubmatch(text[files.Position(fn.Pos()).Offset:files.Position(fn.End()).Offset]); id != nil {
				_, said, _ := strings.Cut(fn.Doc.Text(), "\n\n")
				sections[string(id[1])] = strings.TrimSpace(said)
			}
		}
	}
	return sections
}

func TestEveryCheckIsExplained(t *testing.T) {
	const page = "../../docs/checks.md"
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, _ := strings.Cut(string(b), "\n## List\n")
	// What stands under the heading of a group, before its first check, stays.
	intros := make(map[preflight.Group]string)
	for _, part := range strings.Split("## List\n"+rest, "\n## ") {
		name, text, _ := strings.Cut(strings.TrimPrefix(part, "## "), "\n")
		intro, _, _ := strings.Cut(text, "### ")
		intros[preflight.Group(strings.ToLower(name))] = strings.TrimSpace(intro)
	}
	sections := explained(t)
	text, group := strings.TrimSpace(head)+"\n", preflight.Group("")
	for _, c := range preflight.All() {
		if c.Group == "" || (c.Run == nil) == (c.After == nil) {
			t.Errorf("%s lacks a group, or what it does", c.ID)
			continue
		}
		if c.Group != group {
			group = c.Group
			text += "\n## " + strings.ToUpper(string(group[:1])) + string(group[1:]) + "\n"
			if intro := intros[group]; intro != "" {
				text += "\n" + intro + "\n"
			}
		}
		if body := sections[c.ID]; !strings.HasPrefix(body, "*") || !strings.Contains(body, "?*") {
			t.Errorf("the comment of %s does not ask its question in a second paragraph: %.60q", c.ID, body)
		}
		text += "\n### " + c.ID + "\n\n" + sections[c.ID] + "\n"
		delete(sections, c.ID)
	}
	for id := range sections {
		t.Errorf("%s is explained, and is not among all", id)
	}
	if *update {
		if err := os.WriteFile(page, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(text, string(b)); diff != "" {
		t.Errorf("docs/checks.md is not what the checks say of themselves, -update writes it anew (-checks +page):\n%s", diff)
	}
}

// README.md shows screens and counts no checks on them: the next check would make them wrong.
func TestTheScreensOfTheReadmeCountNoChecks(t *testing.T) {
	b, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	if strings.Count(text, " of […] checks stop it") != 1 || strings.Count(text, ": […] passed, ") != 1 {
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
