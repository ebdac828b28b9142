package schemas_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"notify/docs/schemas"
)

const root = "../.."

func described(t *testing.T) []string {
	t.Helper()
	names, err := schemas.Names()
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// goldens are the answers that the tests of the screens keep.
func goldens(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob(root + "/pkg/view/testdata/*.json")
	if err != nil || len(paths) == 0 {
		t.Fatalf("%d answers, %v", len(paths), err)
	}
	return paths
}

func TestEveryAnswerKeepsToItsForm(t *testing.T) {
	for _, path := range goldens(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			answer, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if name, err := schemas.Check(answer); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}

func TestADraftHoldsTheAnswerThatItWasMadeOf(t *testing.T) {
	path, form, err := schemas.Draft([]byte(`{"schema":"notify.new/1","n":1,"list":[{"a":"b"}],"none":[],"yes":true,"nothing":null}`))
	if err != nil || path != "new.schema.json" {
		t.Fatalf("%s: %v", path, err)
	}
	for _, want := range []string{`"$id": "new.schema.json"`, `"const": "notify.new/1"`, `"additionalProperties": false`, `"type": "null"`} {
		if !strings.Contains(string(form), want) {
			t.Errorf("it lacks %s: %s", want, form)
		}
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(path, v); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(path)
	if err != nil {
		t.Fatal(err)
	}
	for answer, fits := range map[string]bool{
		`{"schema":"notify.new/1","n":2,"list":[{"a":"c"}],"none":[],"yes":false,"nothing":null}`: true,
		`{"schema":"notify.new/1","n":"2","list":[],"none":[],"yes":false,"nothing":null}`:        false,
		`{"schema":"notify.new/1","list":[],"none":[],"yes":false,"nothing":null}`:                false,
	} {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(answer))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(v); (err == nil) != fits {
			t.Errorf("%s: %v", answer, err)
		}
	}
}

func TestWhatIsNotOfTheFormIsFound(t *testing.T) {
	for _, c := range []struct{ name, answer, want string }{
		{"a field that nobody knows", `{"schema":"notify.version/1","version":"v1","go":"go1","platform":"linux/amd64","more":1}`, "more"},
		{"a field that is missing", `{"schema":"notify.version/1","version":"v1","go":"go1"}`, "platform"},
		{"another version", `{"schema":"notify.version/2","version":"v1","go":"go1","platform":"linux/amd64"}`, "notify.version/1"},
		{"a list that is null", `{"schema":"notify.pause/1","did":{"id":"a","text":"b"},"paused":null}`, "paused"},
		{"a time that is none", `{"schema":"notify.ledger-check/1","id":"a","driver":"a","place":"a","schema_version":1,"created":"today","bytes":1,"durable":true,"free":0,"problems":[]}`, "created"},
		{"a form that is described nowhere", `{"schema":"notify.nothing/1"}`, "described nowhere"},
		{"a list", `[]`, "described nowhere"},
		{"no JSON", `{`, "EOF"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := schemas.Check([]byte(c.answer)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("it says %v, want %q", err, c.want)
			}
		})
	}
}

// found are the first groups of a pattern in all files of a folder with a suffix, sorted, each once.
func found(t *testing.T, folder, suffix string, pattern *regexp.Regexp) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, suffix) || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range pattern.FindAllStringSubmatch(string(text), -1) {
			all = append(all, m[1])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// inCode are the forms that the program writes on stdout: what view writes by name, and what commands say they did.
func inCode(t *testing.T) []string {
	t.Helper()
	names := found(t, root+"/pkg/view", ".go", regexp.MustCompile(`"(notify\.[a-z-]+/\d+)"`))
	names = append(names, found(t, root+"/pkg/trace", ".go", regexp.MustCompile(`"(notify\.[a-z-]+/\d+)"`))...)
	names = append(names, found(t, root+"/pkg/preflight", ".go", regexp.MustCompile(`"(notify\.[a-z-]+/\d+)"`))...)
	commands := found(t, root+"/cmd/notify", ".go", regexp.MustCompile(`\b(?:e\.did\(|view\.Show[A-Za-z]+\(e\.printer\(\), e\.flags\.json, )"([a-z-]+)"`))
	for _, command := range append(commands, found(t, root+"/pkg/view", ".go", regexp.MustCompile(`\bShow[A-Za-z]+\(p, asJSON, "([a-z-]+)"`))...) {
		names = append(names, "notify."+command+"/1")
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func TestEveryFormOfTheProgramIsDescribedAndNoOther(t *testing.T) {
	names, code := described(t), inCode(t)
	for _, name := range code {
		if !slices.Contains(names, name) {
			t.Errorf("%s is written and not described", name)
		}
	}
	for _, name := range names {
		if !slices.Contains(code, name) {
			t.Errorf("%s is described and nowhere written", name)
		}
	}
}

// A form that no answer was ever held to may say anything. Scripts hold what they look at with json to its form, too.
func TestEveryFormHasAnAnswer(t *testing.T) {
	have := found(t, root+"/cmd/notify/testdata/script", ".txtar", regexp.MustCompile(`(?m)^json schema (notify\.[a-z-]+/\d+)$`))
	for _, path := range goldens(t) {
		answer, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name, err := schemas.Check(answer)
		if err != nil {
			t.Error(err)
		}
		have = append(have, name)
	}
	for _, name := range described(t) {
		if !slices.Contains(have, name) {
			t.Errorf("no golden answer and no script has the form %s", name)
		}
	}
}

// Keys are in snake case, in every answer.
func TestKeysAreInSnakeCase(t *testing.T) {
	snake := regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	var walk func(at string, v any, names bool)
	walk = func(at string, v any, names bool) {
		switch v := v.(type) {
		case map[string]any:
			for key, of := range v {
				if names && !snake.MatchString(key) {
					t.Errorf("%s: %q", at, key)
				}
				walk(at+"/"+key, of, !names && key == "properties")
			}
		case []any:
			for _, of := range v {
				walk(at, of, false)
			}
		}
	}
	paths, err := filepath.Glob("*.schema.json")
	if err != nil || len(paths) != len(described(t)) {
		t.Fatalf("%d files, %v", len(paths), err)
	}
	for _, path := range paths {
		form, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(form))
		if err != nil {
			t.Fatal(err)
		}
		walk(path, v, false)
	}
}
