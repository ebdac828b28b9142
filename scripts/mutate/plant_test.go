package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const sample = `package p

const limit = 3

func count() (int, error) { return 5, errBusy }

func take(n int, free func() error) error {
	if n < limit && n != 0 {
		note(n)
		return nil
	}
	if err := free(); err != nil {
		return err
	}
	return nil
}

func note(int) {}
`

func TestWhatIsPlantedInGo(t *testing.T) {
	slips, err := plant("p/p.go", []byte(sample))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range slips {
		got = append(got, strings.TrimPrefix(s.name(0), "p/p.go "))
	}
	want := []string{
		"limit: 3 → 4", // the 5 beside an error is nobody's
		"take: n < limit && n != 0 → !(n < limit && n != 0)",
		"take: n < limit && n != 0 → n < limit || n != 0",
		"take: n < limit → n <= limit",
		"take: n != 0 → n == 0",
		"take: 0 → 1",
		"take: return nil → left out",
		"take: note(n) → left out",
		"take: free() → left out",
		"take: err != nil → err == nil",
		"take: return err → left out",
		"take: err → nil",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for _, s := range slips {
		changed := s.apply()
		if _, err := plant("p/p.go", changed); err != nil {
			t.Errorf("%s: %v\n%s", s.what, err, changed)
		}
	}
}

// A case that is never true is looked at by whoever comes to its switch.
func TestAConditionOfACaseIsLookedAtWhereItsSwitchIs(t *testing.T) {
	const text = `package p

func kind(n int) (string, error) {
	switch {
	case n < 0:
		return "", errNegative
	case n == 7:
		note(n)
	}
	return "", nil
}
`
	slips, err := plant("p/p.go", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	e := exam{passed: map[string]map[int]bool{"p/p.go": {3: true, 4: true, 5: false, 6: false, 7: false, 8: false, 10: true}}}
	got := make(map[string]bool)
	for _, s := range slips {
		got[strings.TrimPrefix(s.name(0), "p/p.go kind: ")] = e.comes(s)
	}
	want := map[string]bool{
		"n < 0 → !(n < 0)": true, "n < 0 → n <= 0": true, "0 → 1": true, "n == 7 → n != 7": true, "7 → 8": true,
		"note(n) → left out": false,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// Who noticed most in a file is asked first, and others no later than before.
func TestWhoNoticedIsAskedFirst(t *testing.T) {
	var exams []exam
	for _, name := range []string{"TestA", "TestB", "TestC", "TestD", "TestE"} {
		exams = append(exams, exam{name: name})
	}
	exams[1].args = []string{"-seed", "7"}
	var k keen
	k.noticed("p.go", exams, []byte("--- FAIL: TestB (0.1s)\n    --- FAIL: TestB/part (0.1s)\n"))
	k.noticed("p.go", exams, []byte("--- FAIL: TestD (0.1s)\n--- FAIL: TestB (0.1s)\n"))
	k.noticed("other.go", exams, []byte("--- FAIL: TestA (0.1s)\n"))
	names := func(all []exam) string {
		var s []string
		for _, e := range all {
			s = append(s, e.name)
		}
		return strings.Join(s, " ")
	}
	for file, want := range map[string]string{"p.go": "TestB TestD|TestA TestC TestE", "other.go": "TestA|TestB TestC TestD TestE", "third.go": "|TestA TestB TestC TestD TestE"} {
		few, others := k.first(file, exams)
		if got := names(few) + "|" + names(others); got != want {
			t.Errorf("%s: %s, want %s", file, got, want)
		}
	}
}

func TestWhatIsPlantedInSQL(t *testing.T) {
	const schema = "-- a = b\nCREATE TABLE m (\n  n INTEGER CHECK (n >= 0 AND n < 9) -- 1 < 2\n);\n"
	var got []string
	for _, s := range plantSQL("s.sql", []byte(schema)) {
		got = append(got, strings.Split(string(s.apply()), "\n")[2])
	}
	want := []string{
		"  n INTEGER CHECK (n > 0 AND n < 9) -- 1 < 2",
		"  n INTEGER CHECK (n >= 0 OR n < 9) -- 1 < 2",
		"  n INTEGER CHECK (n >= 0 AND n <= 9) -- 1 < 2",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestAnExplanationIsForASlipOrForAKind(t *testing.T) {
	why, err := read([]byte("- slip: 'p/p.go take: 0 → 1'\n  because: first\n- like: 'p/p.go take: .* → left out( #\\d)?'\n  because: second\n"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"p/p.go take: 0 → 1": "first", "p/p.go take: 0 → 1 #2": "", "p/p.go take: free() → left out #2": "second", "p/p.go note: free() → left out": "",
	} {
		if got := why.of(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	named := map[string]slip{"p/p.go take: free() → left out": {}}
	if d := cmp.Diff([]string{"p/p.go take: 0 → 1"}, why.gone(room{dirs: []string{"./p"}}, named)); d != "" {
		t.Error(d)
	}
	if _, err := read(explanations); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"- slip: a\n", "- because: b\n", "- {slip: a, like: a, because: b}\n", "- {like: '(', because: b}\n"} {
		if _, err := read([]byte(bad)); err == nil {
			t.Errorf("taken: %s", bad)
		}
	}
}
