package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const sample = `package p

const limit = 3

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
		"limit: 3 → 4",
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
