package yamldoc_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/diag"
	"notify/pkg/diag/yamldoc"
	"notify/pkg/words"
)

func parse(t *testing.T, text string) (*yamldoc.Document, *yamldoc.Map) {
	t.Helper()
	doc := &yamldoc.Document{Place: diag.Place{File: "f.yaml"}, Problems: &diag.List{}}
	m, ok := doc.Parse([]byte(text))
	if !ok {
		t.Fatal(doc.Problems.Err())
	}
	return doc, m
}

func TestAskingForAKeyMakesItKnown(t *testing.T) {
	doc, m := parse(t, "rate: 5\nburst: 6\nraet: 7\n")
	got := []string{m.Value("rate").Text(), m.Value("burst").Text(), m.Value("quota").Text()}
	m.Done()
	if diff := cmp.Diff([]string{"5", "6", ""}, got); diff != "" {
		t.Error(diff)
	}
	want := `f.yaml, line 3, raet: the key "raet" is not known; did you mean rate? Known here: burst, quota, rate`
	if err := doc.Problems.Err(); err == nil || err.Error() != want {
		t.Errorf("error is %v, want %s", err, want)
	}
}

func TestNumbersKeepEveryDigit(t *testing.T) {
	_, m := parse(t, "a: 0.1234567890123456789\nb: 007\nc: +8613800138000\nd: 1_000\ne: 2020-01-02\nf: \"5\"\ng: yes\n")
	for key, want := range map[string]string{
		"a": "0.1234567890123456789", "b": "007", "c": "+8613800138000", "d": "1_000", "e": "2020-01-02", "f": "5", "g": "yes",
	} {
		if got := m.Value(key).Text(); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
}

func TestWhatIsInForceComesFromTheMergedSources(t *testing.T) {
	doc, m := parse(t, "a: file\nb: {c: file}\nl: [x, y]\n")
	doc.Merged = func(path []string) (string, diag.Place, bool) {
		switch strings.Join(path, "/") {
		case "a":
			return "of the file", diag.Place{}, true
		case "b/c":
			return "1, 2", diag.Place{Variable: "X"}, true
		case "l":
			return "p, q", diag.Place{Variable: "L"}, true
		case "none":
			return "5", diag.Place{Builtin: true}, true
		}
		return "", diag.Place{}, false
	}
	var texts []string
	for _, v := range m.Value("l").List() {
		texts = append(texts, v.Text())
	}
	got := []any{m.Value("a").Text(), m.Map("b").Value("c").Text(), texts, m.Value("none").Int(0, 9), m.Value("other").Set()}
	if diff := cmp.Diff([]any{"of the file", "1, 2", []string{"p", "q"}, int64(5), false}, got); diff != "" {
		t.Error(diff)
	}
	m.Map("b").Value("c").Problem(words.Raw("is wrong"), words.Text{})
	if err := doc.Problems.Err(); err == nil || err.Error() != "environment variable X, b.c: is wrong" {
		t.Errorf("error is %v", err)
	}
}

func TestPlainHoldsWhatCanBeMerged(t *testing.T) {
	_, m := parse(t, "a: 1.10\nb: {c: x, d: }\ne: [1]\nf: ~\n")
	want := map[string]any{"a": "1.10", "b": map[string]any{"c": "x"}}
	if diff := cmp.Diff(want, m.Plain()); diff != "" {
		t.Error(diff)
	}
}

func TestParseDuration(t *testing.T) {
	for _, c := range []struct {
		in   string
		want time.Duration
		ok   bool
	}{
		{"90s", 90 * time.Second, true},
		{"720h", 720 * time.Hour, true},
		{"30d", 720 * time.Hour, true},
		{"1d12h", 36 * time.Hour, true},
		{"1.5d", 0, false},
		{"-1d", 0, false},
		{"d", 0, false},
		{"5", 0, false},
		{"1d2", 0, false},
		{"99999d", 0, false},
	} {
		t.Run(c.in, func(t *testing.T) {
			got, err := yamldoc.ParseDuration(c.in)
			if (err == nil) != c.ok || got != c.want {
				t.Errorf("ParseDuration(%q) = %v, %v", c.in, got, err)
			}
		})
	}
}

// walk asks for everything in the way that readers do.
func walk(m *yamldoc.Map, depth int) {
	for _, k := range m.Keys() {
		v := m.Value(k)
		switch {
		case v.IsMap() && depth < 20:
			walk(v.Map(), depth+1)
		case v.IsList():
			for _, item := range v.List() {
				_ = item.Text()
			}
		default:
			_, _, _ = v.Text(), v.Int(0, 100), v.Duration(0, time.Hour)
		}
	}
	m.Done()
}

func TestBackslashesInDoubleQuotesAreExplained(t *testing.T) {
	for _, c := range []struct{ name, text, place, example string }{
		{"an escape that YAML does not know", "a: b\nledger: \"C:\\Users\\wang\\notify.db\"\n", "f.yaml, line 2", `'C:\Users\wang\notify.db'`},
		{"one of a share", "text: \"\\\\server\\share\\a.txt\"\n", "f.yaml, line 1", `'\\server\share\a.txt'`},
		{"escapes that YAML knows, in a path", "text: \"C:\\temp\\new.txt\"\n", "f.yaml, line 1, text", `'C:\temp\new.txt'`},
		{"a bell in the name of a file", "m: {text: \"texts\\award.txt\"}\n", "f.yaml, line 1, m.text", `'texts\award.txt'`},
		{"a file with a quotation mark in its name", "text: \"d:\\it's.txt\"\n", "f.yaml, line 1", `'d:\it''s.txt'`},
	} {
		t.Run(c.name, func(t *testing.T) {
			doc := &yamldoc.Document{Place: diag.Place{File: "f.yaml"}, Problems: &diag.List{}}
			if m, ok := doc.Parse([]byte(c.text)); ok {
				_ = m.Value("text").Text()
				_ = m.Map("m").Value("text").Text()
			}
			if doc.Problems.Errors() != 1 || doc.Problems.Count("backslash") != 1 {
				t.Fatalf("problems: %v", doc.Problems.Kept())
			}
			p := doc.Problems.Kept()[0]
			if p.Place.String() != c.place || p.Hint.Args["example"] != c.example {
				t.Errorf("%s: %v, want %s: %s", p.Place, p.Hint.Args["example"], c.place, c.example)
			}
		})
	}
	for _, fine := range []string{`a: 'C:\Users\wang'`, `a: C:\Users\wang`, `a: "one\ntwo\tthree"`, `a: "C:\\temp\\new.txt"`, `a: "say \"no\""`, `a: "\u4f60\x41"`, "# \"C:\\Users\"\na: b"} {
		doc, m := parse(t, fine)
		if m.Value("a").Text() == "" || doc.Problems.Len() > 0 {
			t.Errorf("%s: %v", fine, doc.Problems.Kept())
		}
	}
}

func TestWhatTheYAMLReaderSaysIsSaidInBothLanguages(t *testing.T) {
	for _, text := range []string{"a: [b", "a: {b", "a: b: c", "a: @x", "a: \"b", "a: b\n c: d\n- e", "a: ]", "a: b\nc", "- a\nb: c"} {
		doc := &yamldoc.Document{Place: diag.Place{File: "f.yaml"}, Problems: &diag.List{}}
		if _, ok := doc.Parse([]byte(text)); ok || doc.Problems.Errors() != 1 {
			t.Errorf("%q: %v", text, doc.Problems.Kept())
			continue
		}
		p := doc.Problems.Kept()[0]
		if cause, ok := p.Summary.Args["what"].(words.Text); ok && !strings.HasPrefix(cause.ID, "yaml.said.") {
			t.Errorf("%q: %s", text, p)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"a: b", "a: [1, {b: c}]\n", "&a a: *a", "? [x]\n: y", "- a", "a:\n\tb: c", "\ufeffa: 5\r\n", "a: !!binary x", "a: |\n  x\n---\n", "<<: {a: b}", "a: 你：好"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		doc := &yamldoc.Document{Place: diag.Place{File: "f.yaml"}, Problems: &diag.List{}}
		lines := 1 + strings.Count(string(data), "\n") + strings.Count(string(data), "\r")
		m, ok := doc.Parse(data)
		if ok {
			walk(m, 0)
			_ = fmt.Sprint(m.Plain())
		} else if doc.Problems.Errors() == 0 {
			t.Errorf("%q was refused without a word", data)
		}
		for _, p := range doc.Problems.Kept() {
			if p.Place.File != "f.yaml" || p.Summary.String() == "" || p.Place.Line > lines+strings.Count(string(data), "\u0085")+strings.Count(string(data), "\u2028")+strings.Count(string(data), "\u2029") {
				t.Errorf("%q has a problem at no place of its %d lines: %v", data, lines, p)
			}
		}
	})
}
