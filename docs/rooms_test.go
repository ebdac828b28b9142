package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// rooms are the folders of pkg that have code: "diag", "diag/yamldoc".
func rooms(t *testing.T) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir("../pkg", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && d.Name() == "testdata" {
			return filepath.SkipDir
		}
		room, err := filepath.Rel("../pkg", filepath.Dir(path))
		room = filepath.ToSlash(room)
		if strings.HasSuffix(path, ".go") && !slices.Contains(found, room) {
			found = append(found, room)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(found)
	return found
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestTheArchitectureShowsEveryRoom(t *testing.T) {
	t.Parallel()
	_, text, _ := strings.Cut(read(t, "architecture.md"), "## Layout\n\n```\n")
	text, _, _ = strings.Cut(text, "```")
	var shown []string
	above := ""
	for _, m := range regexp.MustCompile(`(?m)^(  |    )([a-z/]+(?:NAME)?)/ `).FindAllStringSubmatch(text, -1) {
		room := m[2]
		if m[1] == "  " {
			above = room
		} else {
			room = above + "/" + room
		}
		shown = append(shown, room)
	}
	slices.Sort(shown)
	want := rooms(t)
	for i, room := range want { // adapters share a line
		if strings.HasPrefix(room, "vendors/") && !slices.Contains(shown, room) {
			want[i] = "vendors/NAME"
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(slices.Compact(want), shown); diff != "" {
		t.Errorf("the folders of pkg (-), the layout (+):\n%s", diff)
	}
}

// lint is what these tests read of .golangci.yml.
type lint struct {
	Linters struct {
		Enable   []string `yaml:"enable"`
		Settings struct {
			Depguard struct {
				Rules map[string]struct {
					Files []string `yaml:"files"`
					Mode  string   `yaml:"list-mode"`
				} `yaml:"rules"`
			} `yaml:"depguard"`
		} `yaml:"settings"`
	} `yaml:"linters"`
}

func readLint(t *testing.T) lint {
	t.Helper()
	var l lint
	if err := yaml.Unmarshal([]byte(read(t, "../.golangci.yml")), &l); err != nil {
		t.Fatal(err)
	}
	return l
}

// Depguard lets a file import anything that no rule is about: a new room would be free without a word.
func TestEveryRoomHasARuleThatListsWhatItMayImport(t *testing.T) {
	t.Parallel()
	var ruled []string
	for name, rule := range readLint(t).Linters.Settings.Depguard.Rules {
		for _, files := range rule.Files {
			room, ok := strings.CutPrefix(files, "**/pkg/")
			if !ok {
				continue
			}
			if rule.Mode != "strict" {
				t.Errorf("rule %s: list-mode is %q", name, rule.Mode)
			}
			ruled = append(ruled, room)
		}
	}
	for _, room := range rooms(t) {
		if !slices.ContainsFunc(ruled, func(files string) bool {
			whole, all := strings.CutSuffix(files, "/**")
			if parent, each := strings.CutSuffix(whole, "/*"); each {
				return all && filepath.ToSlash(filepath.Dir(room)) == parent
			}
			alone, _ := strings.CutSuffix(files, "/*.go")
			return room == alone || all && (room == whole || strings.HasPrefix(room, whole+"/"))
		}) {
			t.Errorf("pkg/%s may import anything: no rule in .golangci.yml is about it", room)
		}
	}
}

func TestNolintNamesLintersThatAreOn(t *testing.T) {
	t.Parallel()
	on := readLint(t).Linters.Enable
	if len(on) < 20 {
		t.Fatalf("only %d linters are on", len(on))
	}
	said := regexp.MustCompile(`//nolint:([a-z,]+)`)
	for _, dir := range []string{"../checklists", "../cmd", "../docs", "../examples", "../pkg", "../scripts"} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
				return err
			}
			for _, m := range said.FindAllStringSubmatch(read(t, path), -1) {
				for name := range strings.SplitSeq(m[1], ",") {
					if !slices.Contains(on, name) {
						t.Errorf("%s: nolint names %s, which is not on", path, name)
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
