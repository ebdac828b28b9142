package checklist_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"notify/pkg/checklist"
	"notify/pkg/diag"

	"github.com/google/go-cmp/cmp"
)

const whole = `name: ours
title: {en: Our own, zh: 我们的}
items:
  - id: balance
    title: The balance pays for it
    why: It ran out half-way.
    phase: before
    role: finance
    check: balance
  - id: released
    title: {zh: 放行}
    why: One overlooks what two see.
    phase: before
    role: night-shift
    sign: {evidence: file, expires: 2d, people: 2}
  - id: watched
    title: {en: Somebody watches}
    why: Faults were found by people.
    phase: during
    role: operations
    sign:
`

func source(text string) checklist.Source {
	return checklist.Source{
		Shipped: fstest.MapFS{"ours.yaml": {Data: []byte(text)}}, Checks: []string{"list", "balance"}, Roles: []string{"night-shift"},
	}
}

func TestTheWholeFile(t *testing.T) {
	want := &checklist.Checklist{
		Name: "ours", Title: checklist.Text{EN: "Our own", ZH: "我们的"},
		Items: []checklist.Item{
			{ID: "balance", Title: checklist.Text{EN: "The balance pays for it"}, Why: checklist.Text{EN: "It ran out half-way."}, Phase: checklist.Before, Role: "finance", Check: "balance"},
			{
				ID: "released", Title: checklist.Text{ZH: "放行"}, Why: checklist.Text{EN: "One overlooks what two see."}, Phase: checklist.Before, Role: "night-shift",
				Evidence: checklist.FileEvidence, Expires: 48 * time.Hour, People: 2,
			},
			{ID: "watched", Title: checklist.Text{EN: "Somebody watches"}, Why: checklist.Text{EN: "Faults were found by people."}, Phase: checklist.During, Role: "operations", People: 1},
		},
	}
	shipped, err := source(whole).Load("ours")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, shipped); diff != "" {
		t.Errorf("shipped: %s", diff)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "mine.yaml"), []byte(whole), 0o600); err != nil {
		t.Fatal(err)
	}
	s := source("")
	s.Dir = dir
	own, err := s.Load("mine.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, own); diff != "" {
		t.Errorf("a file: %s", diff)
	}
	if got := own.Items[1].Title.In("en"); got != "放行" {
		t.Errorf("a title in one language is %q in the other", got)
	}
	if got := own.Checks(); !cmp.Equal(got, []string{"balance"}) {
		t.Errorf("it names the checks %q", got)
	}
}

func TestBrokenLists(t *testing.T) {
	for _, c := range []struct{ name, from, to, column, says, hint string }{
		{"a key that nobody knows", "    why: It", "    whi: x\n    why: It", "items[1].whi", `"whi" is not known`, "did you mean why"},
		{"a key of the list", "name: ours", "name: ours\ntitel: x", "titel", `"titel" is not known`, "did you mean title"},
		{"a key of the signature", "people: 2", "person: 2", "items[2].sign.person", `"person" is not known`, "people"},
		{"no name", "name: ours\n", "", "name", "name is not set", ""},
		{"no items", whole[strings.Index(whole, "items:"):], "", "items", "no items", "- id"},
		{"an item that is a word", "  - id: watched", "  - word\n  - id: watched", "items[3]", "an item holds keys", "- id"},
		{"no id", "  - id: watched\n    title", "  - title", "items[3].id", "id is not set", "texts-read"},
		{"an id that cannot be typed", "id: watched", "id: Wat ched", "items[3].id", "cannot be the id", "small letters"},
		{"an id twice", "id: watched", "id: balance", "items[3].id", "stands twice", "of its own"},
		{"no title", "    title: {en: Somebody watches}\n", "", "items[3].title", "title is not set", "zh"},
		{"a title without words", "{en: Somebody watches}", "{}", "items[3].title", "no words", "zh"},
		{"a title in another language", "{en: Somebody watches}", "{fr: On regarde}", "items[3].title.fr", "is not known", "known here: en, zh"},
		{"no reason", "    why: Faults were found by people.\n", "", "items[3].why", "why is not set", "what goes wrong"},
		{"no phase", "    phase: during\n", "", "items[3].phase", "phase is not set", "before, during or after"},
		{"a phase that is none", "phase: during", "phase: later", "items[3].phase", `"later" is not known`, "before, during or after"},
		{"a role that nobody has", "role: operations", "role: operation", "items[3].role", "there is no role", "did you mean operations"},
		{"a check that is not there", "check: balance", "check: balanec", "items[1].check", "there is no preflight check", "did you mean balance"},
		{"two proofs", "check: balance", "check: balance\n    sign:", "items[1].check", "by a check or by signatures", "keep one"},
		{"no proof", "    check: balance\n", "", "items[1].sign", "has no proof", "check:"},
		{"a check while it runs", "phase: before\n    role: finance", "phase: during\n    role: finance", "items[1].check", "before the campaign", "sign:"},
		{"evidence of no kind", "evidence: file", "evidence: fax", "items[2].sign.evidence", `"fax" is not known`, "any, file"},
		{"nobody who signs", "people: 2", "people: 0", "items[2].sign.people", "out of range", "from 1 to 20"},
		{"a time without a unit", "expires: 2d", "expires: 2", "items[2].sign.expires", "not a time span", "72h"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(whole, c.from, c.to, 1)
			if text == whole {
				t.Fatal("nothing was changed")
			}
			_, err := source(text).Load("ours")
			var input *diag.InputError
			if !errors.As(err, &input) {
				t.Fatalf("the error is %v", err)
			}
			var got []string
			for _, p := range input.Problems.Kept() {
				if p.Place.Column == c.column && strings.Contains(p.Summary.String(), c.says) && strings.Contains(p.Hint.String(), c.hint) {
					return
				}
				got = append(got, p.String())
			}
			t.Errorf("no problem says %q and %q at %s, but %q", c.says, c.hint, c.column, got)
		})
	}
}

func TestAListThatIsNotThere(t *testing.T) {
	for _, c := range []struct{ ref, says string }{
		{"our", "there is no such checklist; did you mean ours? Known here: ours"},
		{"", "there is no such checklist"},
		{"none.yaml", "there is no such file"},
		{"../ours.yaml", "there is no such file"},
	} {
		t.Run(c.ref, func(t *testing.T) {
			_, err := source(whole).Load(c.ref)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("the error is %v, want %q", err, c.says)
			}
		})
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(whole)
	f.Add("name: a\nitems: [{id: a, sign: {people: x}}]")
	f.Add("items:\n  - sign: []\n  - check: {}\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := source(text).Load("ours")
		if err != nil {
			var input *diag.InputError
			if !errors.As(err, &input) || input.Problems.Errors() == 0 {
				t.Fatalf("refused without a problem: %v", err)
			}
			return
		}
		seen := make(map[string]bool)
		for _, i := range c.Items {
			if i.ID == "" || seen[i.ID] || i.Why == (checklist.Text{}) || i.Role == "" || i.Signed() != (i.People > 0) || i.Title.In("en") == "" {
				t.Errorf("taken: %+v", i)
			}
			seen[i.ID] = true
		}
	})
}
