// Package docs_test holds the documents to the program: every command line they show is known to it, with its flags, every
// link leads somewhere, and every form of output that they name exists.
package docs_test

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notify/docs/schemas"
	"notify/pkg/exit"
	"notify/pkg/words"
)

const root = ".."

// documents are all Markdown files of the project.
func documents(t *testing.T) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != root {
			return filepath.SkipDir
		}
		if strings.HasSuffix(path, ".md") {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 15 {
		t.Fatalf("only %d documents were found: %v", len(found), found)
	}
	return found
}

// line is a command line in a document.
type line struct {
	file string
	no   int
	text string
}

// commandLines are the lines of fenced blocks that run notify: behind a prompt in console blocks, anywhere in sh blocks.
func commandLines(t *testing.T, path string) []line {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out []line
	fence := ""
	s := bufio.NewScanner(bytes.NewReader(b))
	for no := 1; s.Scan(); no++ {
		text := strings.TrimSpace(s.Text())
		if info, ok := strings.CutPrefix(text, "```"); ok {
			if fence == "" {
				fence = info + " "
			} else {
				fence = ""
			}
			continue
		}
		command, prompted := strings.CutPrefix(text, "$ ")
		if strings.TrimSpace(fence) == "sh" {
			_, command, prompted = cutCommand(text)
		}
		if prompted && strings.HasPrefix(command, "notify ") {
			out = append(out, line{path, no, command})
		}
	}
	return out
}

// cutCommand finds notify in a line of a script: behind variables, or behind the pattern of a case.
func cutCommand(text string) (before, command string, found bool) {
	i := strings.Index(text, "notify ")
	if i < 0 || i > 0 && text[i-1] != ' ' || strings.HasPrefix(text, "#") {
		return "", "", false
	}
	command, _, _ = strings.Cut(text[i:], " #")
	command, _, _ = strings.Cut(command, ";;")
	return text[:i], strings.TrimSpace(command), true
}

// shellWords splits as a shell does, quotes included; a comment behind two blanks ends the line.
func shellWords(text string) []string {
	var out []string
	for _, w := range regexp.MustCompile(`"[^"]*"|'[^']*'|\S+`).FindAllString(text, -1) {
		if w == "#" || w == "&" {
			break
		}
		out = append(out, w)
	}
	return out
}

// binaryVariable names a notify that was built already, as `make test` does.
const binaryVariable = "BINARY_UNDER_TEST"

var build = sync.OnceValues(func() (string, error) {
	if path := os.Getenv(binaryVariable); path != "" {
		_, err := os.Stat(path) // so that a result is not taken for that of another binary
		return path, err
	}
	dir, err := os.MkdirTemp("", "notify-docs-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "notify")
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	out, err := exec.Command("go", "build", "-o", path, "../cmd/notify").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, out)
	}
	return path, err
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := build(); err == nil && os.Getenv(binaryVariable) == "" {
		_ = os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// built is the program, compiled once for all tests.
func built(t *testing.T) string {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// helper asks for the help of commands, each once.
type helper struct {
	binary string
	known  sync.Map
}

func (h *helper) help(t *testing.T, command []string) string {
	t.Helper()
	key := strings.Join(command, " ")
	if v, ok := h.known.Load(key); ok {
		return v.(string)
	}
	out, err := exec.CommandContext(t.Context(), h.binary, append(slices.Clone(command), "--help")...).CombinedOutput()
	if err != nil {
		t.Errorf("notify %s --help: %v\n%s", key, err, out)
	}
	h.known.Store(key, string(out))
	return string(out)
}

var subcommand = regexp.MustCompile(`^[a-z-]+$`)

// check looks up the command and each of its flags.
func (h *helper) check(t *testing.T, l line) {
	t.Helper()
	args := shellWords(strings.TrimPrefix(l.text, "notify "))
	var command []string
	for _, a := range args {
		usage := h.help(t, command)
		if !subcommand.MatchString(a) || !regexp.MustCompile(`(?m)^  `+a+` +\S`).MatchString(usage) {
			break
		}
		command = append(command, a)
	}
	if len(command) == 0 {
		t.Errorf("%s:%d: there is no such command: %s", l.file, l.no, l.text)
		return
	}
	usage := h.help(t, command)
	for _, a := range args {
		flag, _, _ := strings.Cut(a, "=")
		if len(flag) < 2 || flag[0] != '-' {
			continue
		}
		if !regexp.MustCompile(`(?m)^ +(-\w, )?` + regexp.QuoteMeta(flag) + `[ ,]`).MatchString(usage) {
			t.Errorf("%s:%d: notify %s has no flag %s: %s", l.file, l.no, strings.Join(command, " "), flag, l.text)
		}
	}
	wants := regexp.MustCompile(`(?m)^  notify ` + strings.Join(command, " ") + ` ([A-Z]+)`).FindStringSubmatch(usage)
	if wants != nil && wants[1] != "COMMAND" && len(args) == len(command) {
		t.Errorf("%s:%d: notify %s wants %s: %s", l.file, l.no, strings.Join(command, " "), wants[1], l.text)
	}
}

func TestTheCommandLinesInTheDocumentsAreKnownToTheProgram(t *testing.T) {
	t.Parallel()
	h := &helper{binary: built(t)}
	n := 0
	for _, path := range documents(t) {
		for _, l := range commandLines(t, path) {
			h.check(t, l)
			n++
		}
	}
	if n < 30 {
		t.Errorf("only %d command lines were found", n)
	}
}

var update = flag.Bool("update", false, "write the exit codes of README.md anew")

func TestTheExitCodesOfTheDocuments(t *testing.T) {
	t.Parallel()
	english, chinese := words.Printer{}, words.Printer{Lang: words.Chinese}
	want := make(map[string]string)
	table, line := "| exit code | meaning |\n| --- | --- |\n", []string(nil)
	for _, c := range exit.Codes() {
		said := english.Say(exit.Meaning(c))
		want[strconv.Itoa(c)] = said
		table += fmt.Sprintf("| %d | %s |\n", c, said)
		line = append(line, fmt.Sprintf("%d %s", c, chinese.Say(exit.Meaning(c))))
	}
	readme := read(t, "../README.md")
	anew := regexp.MustCompile(`\| exit code \| meaning \|\n(\|.*\n)+`).ReplaceAllLiteralString(readme, table)
	anew = regexp.MustCompile(`(?m)^退出码：.*$`).ReplaceAllLiteralString(anew, "退出码："+strings.Join(line, "；")+"。")
	if anew != readme {
		if !*update {
			t.Error("the exit codes of README.md are others than the program's: -update writes them anew")
		} else if err := os.WriteFile("../README.md", []byte(anew), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	documented := make(map[string]string)
	for _, m := range regexp.MustCompile(`(?m)^\| (\d) \| (.*?) \|`).FindAllStringSubmatch(read(t, "exit-codes.md"), -1) {
		documented[m[1]] = m[2]
	}
	if diff := cmp.Diff(want, documented); diff != "" {
		t.Errorf("exit-codes.md (-program +page): %s", diff)
	}
}

func TestTheLinksInTheDocumentsLeadSomewhere(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	n := 0
	for _, path := range documents(t) {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllSubmatch(b, -1) {
			target, _, _ := strings.Cut(string(m[1]), "#")
			if target == "" || strings.Contains(target, "://") {
				continue
			}
			n++
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), target)); err != nil {
				t.Errorf("%s: the link to %s leads nowhere", path, target)
			}
		}
	}
	if n < 20 {
		t.Errorf("only %d links were found", n)
	}
}

func TestTheFormsOfJSONThatAreDocumentedExist(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("json.md")
	if err != nil {
		t.Fatal(err)
	}
	names, err := schemas.Names()
	if err != nil {
		t.Fatal(err)
	}
	documented := regexp.MustCompile("`(notify\\.[a-z-]+/\\d+)`").FindAllSubmatch(doc, -1)
	if len(documented) < 10 {
		t.Fatalf("only %d forms are documented", len(documented))
	}
	for _, s := range documented {
		if !slices.Contains(names, string(s[1])) {
			t.Errorf("json.md documents %s, and the program does not write it", s[1])
		}
	}
}
