package preflight_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"notify/pkg/campaign"
	"notify/pkg/diag"
	"notify/pkg/message"
	"notify/pkg/preflight"
	"notify/pkg/words"
)

func problem(code string, sev diag.Severity, row int) diag.Problem {
	return diag.Problem{Severity: sev, Code: code, Place: diag.Place{File: "award.xlsx", Row: row}, Summary: words.Raw("not good")}
}

func TestList(t *testing.T) {
	askAll(t, "list", []question{
		{
			name: "errors stop it, counted by kind", want: preflight.Fail,
			change: func(w *world) {
				for i := range 12 {
					w.problems = append(w.problems, problem("phone-invalid", diag.Error, i+2))
				}
				w.problems = append(w.problems, problem("row-hidden", diag.Warning, 40), problem("phone-missing", diag.Error, 41))
			},
			summary:  []string{"100 recipients", "13 errors, 1 warning", "12 phone-invalid, 1 phone-missing, 1 row-hidden"},
			remedies: []string{"correct the rows", "notify preflight award.xlsx --problems problems.csv"},
		},
		{
			name: "warnings warn", want: preflight.Warn,
			change:  func(w *world) { w.problems = append(w.problems, problem("row-hidden", diag.Warning, 40)) },
			summary: []string{"no error, 1 warning: 1 row-hidden"},
		},
		{
			name: "an empty list stops it", want: preflight.Fail, change: func(w *world) { w.people = nil },
			summary: []string{"no recipients"}, remedies: []string{"award.xlsx", "row 1", "list.sheet"},
		},
		{
			name: "a list without an address stops it", want: preflight.Fail,
			change: func(w *world) {
				for i := range w.people {
					w.people[i].To[0].Address = ""
				}
			},
			summary: []string{"100 recipients", "no message can be made for any of them"}, remedies: []string{"correct"},
		},
		{
			name: "five kinds are named", want: preflight.Warn, summary: []string{"7 warnings: 1 a, 1 b, 1 c, 1 d, 1 e and 2 more"},
			change: func(w *world) {
				for i, code := range []string{"a", "b", "c", "d", "e", "f", "g"} {
					w.problems = append(w.problems, problem(code, diag.Warning, i+2))
				}
			},
		},
		{
			name: "what checks of their own tell is not told twice", want: preflight.Warn, summary: []string{"no error, 1 warning: 1 row-hidden"},
			change: func(w *world) {
				w.problems = []diag.Problem{problem("row-hidden", diag.Warning, 40)}
				w.people[7].Values[1] = ""
				w.people[1].To[0].Address = w.people[0].To[0].Address
			},
		},
		{name: "an encoding that is none of today is named", want: preflight.Pass, change: encoded("gb18030"), summary: []string{"read as gb18030"}},
		{
			name: "hidden rows are named", want: preflight.Pass, change: func(w *world) { w.people[3].Hidden = true },
			summary: []string{"1 of them hidden"},
		},
	})
}

// encoded is a list that was read so.
func encoded(as string) func(*world) {
	return func(w *world) { w.subject = func(s *preflight.Subject) { s.Plan.Header.Encoding = as } }
}

func TestListShowsTheFirstTwenty(t *testing.T) {
	w := newWorld(t)
	for i := range 500 {
		w.problems = append(w.problems, problem("phone-invalid", diag.Error, i+2))
	}
	if f := w.ask("list"); len(details(f)) != 21 || details(f)[20] != "and 480 more" {
		t.Errorf("%d details", len(details(f)))
	}
}

func TestVariablesAreToldOnce(t *testing.T) {
	w := newWorld(t)
	w.people[7].Values[1] = ""
	w.people[1].To[0].Address = w.people[0].To[0].Address
	encoded("utf-8")(w)
	f := w.ask("list")
	if f.Status != preflight.Pass || summary(f) != "100 recipients, nothing wrong with any row" || len(details(f)) > 0 || facts(f)["errors"] != 0 {
		t.Errorf("an empty variable, or an address of two, is told twice: %s %q %v", summary(f), details(f), facts(f))
	}
	if got := slices.Collect(maps.Keys(facts(f))); slices.ContainsFunc(got, func(name string) bool { return strings.HasPrefix(name, "problems.") }) {
		t.Errorf("the figures are %q", got)
	}
}

func TestVariables(t *testing.T) {
	askAll(t, "variables", []question{
		{
			name: "one cell, and another fault of another row", want: preflight.Fail, summary: []string{"1 text cannot be made"}, remedies: []string{"fill in the cells"},
			change: both(cell(1, 1, ""), func(w *world) { w.problems = append(w.problems, problem("phone-invalid", diag.Error, 40)) }),
		},
	})
}

func TestShared(t *testing.T) {
	share := func(rule string, sameText bool) func(*world) {
		return func(w *world) {
			w.campaign.Shared = rule
			w.people[1].To[0].Address = w.people[0].To[0].Address
			if sameText {
				w.people[1].Values[1] = w.people[0].Values[1]
			}
		}
	}
	askAll(t, "shared", []question{
		{
			name: "the same text is told once", want: preflight.Pass, change: share("refuse", true),
			summary: []string{"1 message told once for several rows"},
		},
		{
			name: "different texts stop it", want: preflight.Fail, change: share("refuse", false),
			summary: []string{"1 row with the address of another row"}, remedies: []string{"shared_address: fold", "each"},
		},
		{
			name: "fold tells the first only, and warns", want: preflight.Warn, change: share("fold", false),
			summary: []string{"1 row with an own text"}, remedies: []string{"shared_address: each"},
		},
		{name: "fold changes nothing for the same text", want: preflight.Pass, change: share("fold", true), summary: []string{"1 message told once for several rows"}},
		{name: "fold changes nothing where nobody shares", want: preflight.Pass, change: func(w *world) { w.campaign.Shared = campaign.SharedFold }, summary: []string{"no two rows"}},
		{name: "each tells all", want: preflight.Pass, change: share("each", false), summary: []string{"no two rows"}},
	})
}

func TestExpect(t *testing.T) {
	expect := func(n int) func(*world) { return func(w *world) { w.campaign.Expect = n } }
	askAll(t, "expect", []question{
		{name: "too many", want: preflight.Fail, change: expect(90), summary: []string{"expected 90, the list has 100: 10 too many"}},
		{name: "not said", want: preflight.Warn, change: expect(0), summary: []string{"does not say"}, remedies: []string{"expect: 100"}},
	})
}

func TestCapacity(t *testing.T) {
	capacity := func(n int) func(*world) { return func(w *world) { w.config.Capacity.Recipients = n } }
	askAll(t, "capacity", []question{
		{name: "exactly", want: preflight.Pass, change: capacity(100), summary: []string{"100%"}},
		{
			name: "one more", want: preflight.Fail, change: both(many(101), capacity(100)), summary: []string{"101 recipients"},
			remedies: []string{"2 parts of at most 51 recipients", "--rows 1-52", "--rows 53-102"},
		},
		{
			name: "more parts than are named", want: preflight.Fail, change: capacity(20),
			remedies: []string{"5 parts of at most 20 recipients", "--rows 1-21", "--rows 22-41, --rows 42-61, --rows 62-81 and 1 more"},
		},
		{
			name: "of a plan that lost a row", want: preflight.Error, change: func(w *world) { w.subject = func(s *preflight.Subject) { s.Plan.Recipients++ } },
			summary: []string{"101 recipients", "100"},
		},
		{
			name: "of a plan that cannot be read", want: preflight.Error, change: closed, summary: []string{"the plan could not be read"},
		},
		{name: "not stated", want: preflight.Warn, change: capacity(0), summary: []string{"does not say"}, remedies: []string{"rehearse"}},
	})
}

func TestAListThatIsTooLargeHasNoMorePartsThanItNeeds(t *testing.T) {
	for capacity, want := range map[int]int{99: 2, 50: 2, 49: 3, 34: 3, 33: 4, 1: 100} {
		w := newWorld(t)
		w.config.Capacity.Recipients = capacity
		f := w.ask("capacity")
		if got := facts(f)["parts"]; got != want || len(f.Options[0].Parts) != want {
			t.Errorf("%v parts of at most %d, and %d are offered; want %d", got, capacity, len(f.Options[0].Parts), want)
		}
		for _, p := range f.Options[0].Parts {
			if p.Recipients > capacity {
				t.Errorf("a part of %d, above %d", p.Recipients, capacity)
			}
		}
	}
}

func TestAllowList(t *testing.T) {
	in := func(env string, entries ...string) func(*world) {
		return func(w *world) { w.config.Environment, w.config.AllowList = env, entries }
	}
	askAll(t, "allow-list", []question{
		{name: "production reaches everybody", want: preflight.Skip, summary: []string{"everybody"}},
		{name: "without a list nobody is reached", want: preflight.Fail, change: in("staging"), summary: []string{"100 of 100", "staging"}},
	})
	w := newWorld(t)
	in("test", "+86100*")(w)
	w.people[41].To[0].Address = "+447700900123"
	if f := w.ask("allow-list"); len(details(f)) != 1 || details(f)[0] != "row 43: "+message.Address("+447700900123").Masked() {
		t.Errorf("details: %q", details(f))
	}
}
