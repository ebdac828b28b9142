package outfile_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"notify/pkg/outfile"
	"notify/pkg/words"
)

func file(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func text(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return strings.Join(all, " ")
}

func hello(f *os.File) error {
	_, err := f.WriteString("hello")
	return err
}

func TestAnInputIsNeverWrittenOverByWhateverName(t *testing.T) {
	dir := t.TempDir()
	list := file(t, filepath.Join(dir, "list.csv"), "people")
	hard := filepath.Join(dir, "hard.csv")
	if err := os.Link(list, hard); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{list, hard, filepath.Join(dir, "x", "..", "list.csv")} {
		notOver(t, path, list)
	}
}

// notOver fails where the list would be written over, by whatever name.
func notOver(t *testing.T, path, list string) {
	t.Helper()
	var refused *outfile.RefusedError
	err := outfile.Write(t.Context(), path, hello, outfile.Input{What: words.T("outfile.what.list", nil), Path: list})
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), "it is the list") || refused.Hint.IsZero() {
		t.Errorf("%s: got %v", path, err)
	}
	if got := text(t, list); got != "people" {
		t.Errorf("the list holds %q", got)
	}
}

func TestAFolderIsNotWrittenOver(t *testing.T) {
	dir := t.TempDir()
	if err := outfile.Write(t.Context(), dir, hello); err == nil || !strings.Contains(err.Error(), "folder") {
		t.Errorf("got %v", err)
	}
}

// A link may be put there while the output is made.
func TestWhatComesInBetweenIsRefusedAtTheEnd(t *testing.T) {
	dir := t.TempDir()
	list := file(t, filepath.Join(dir, "list.csv"), "people")
	path := filepath.Join(dir, "out.csv")
	f, err := outfile.Create(t.Context(), path, outfile.Input{What: words.T("outfile.what.list", nil), Path: list})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Link(list, path); err != nil {
		t.Fatal(err)
	}
	if err := f.Commit(t.Context()); err == nil || !strings.Contains(err.Error(), "it is the list") {
		t.Errorf("got %v", err)
	}
	if got := names(t, dir); got != "list.csv out.csv" {
		t.Errorf("left are %s", got)
	}
}

func TestAnOutputIsThereWholeOrNotAtAll(t *testing.T) {
	dir := t.TempDir()
	path := file(t, filepath.Join(dir, "out.csv"), "before")
	broken := errors.New("broken")
	err := outfile.Write(t.Context(), path, func(f *os.File) error {
		if got := text(t, path); got != "before" {
			t.Errorf("while it is made it holds %q", got)
		}
		return errors.Join(hello(f), broken)
	})
	if !errors.Is(err, broken) || text(t, path) != "before" || names(t, dir) != "out.csv" {
		t.Errorf("got %v, %q, %s", err, text(t, path), names(t, dir))
	}
	if err := outfile.Write(t.Context(), path, hello); err != nil || text(t, path) != "hello" || names(t, dir) != "out.csv" {
		t.Errorf("got %v, %q, %s", err, text(t, path), names(t, dir))
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("its mode is %v, %v", info.Mode(), err)
	}
	if _, err := outfile.CreateNew(t.Context(), path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("what must be new: got %v", err)
	}
}

func TestFreshMeansFreshAlsoAtTheEnd(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "copy.db")
	f, err := outfile.CreateNew(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	file(t, path, "somebody else's")
	if err := f.Commit(t.Context()); !errors.Is(err, fs.ErrExist) || text(t, path) != "somebody else's" || names(t, dir) != "copy.db" {
		t.Errorf("got %v, %q, %s", err, text(t, path), names(t, dir))
	}
	if err := f.Discard(); err != nil {
		t.Errorf("after all: %v", err)
	}
}

// TestWhatAKilledProcessLeftIsRemovedByTheNext and what a process that lives is writing is not.
func TestWhatAKilledProcessLeftIsRemovedByTheNext(t *testing.T) {
	dir, path := os.Getenv("OUTFILE_KILLED"), "out.csv"
	if dir != "" { // the process that is killed
		f, err := outfile.Create(t.Context(), filepath.Join(dir, path))
		if err != nil {
			t.Fatal(err)
		}
		_ = hello(f.File)
		p, err := os.FindProcess(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		_ = p.Kill()
		select {}
	}
	dir = t.TempDir()
	alive, err := outfile.Create(t.Context(), filepath.Join(dir, path))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), "OUTFILE_KILLED="+dir)
	if err := cmd.Run(); err == nil {
		t.Fatal("it was not killed")
	}
	if got := len(strings.Fields(names(t, dir))); got != 2 {
		t.Fatalf("%d files are there: %s", got, names(t, dir))
	}
	if err := outfile.Write(t.Context(), filepath.Join(dir, path), hello); err != nil {
		t.Fatal(err)
	}
	if got := strings.Fields(names(t, dir)); len(got) != 2 || got[0] != filepath.Base(alive.Name()) || got[1] != path {
		t.Errorf("left are %v", got)
	}
	if err := alive.Commit(t.Context()); err != nil || names(t, dir) != path {
		t.Errorf("the other: %v, %s", err, names(t, dir))
	}
}

func TestScratchIsNowhereToBeFound(t *testing.T) {
	dir := t.TempDir()
	f, err := outfile.Scratch(dir, "plan")
	if err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); runtime.GOOS != "windows" && got != "" {
		t.Errorf("it has the name %s", got)
	}
	if err := hello(f); err != nil {
		t.Fatal(err)
	}
	back := make([]byte, 5)
	if n, err := f.ReadAt(back, 0); n != 5 || string(back) != "hello" {
		t.Errorf("it holds %q, %v", back, err)
	}
	if err := outfile.Drop(f); err != nil || strings.Contains(names(t, dir), "plan") {
		t.Errorf("afterwards: %v, %s", err, names(t, dir))
	}
}

// A place that the system refuses is a matter of the name, with what to do; and so is a name that is taken where nothing may be replaced.
func TestAPlaceThatIsRefusedIsAMatterOfTheName(t *testing.T) {
	dir := t.TempDir()
	for name, path := range map[string]string{
		"a folder that is not there": filepath.Join(dir, "none", "p.csv"),
		"a file in a file":           filepath.Join(file(t, filepath.Join(dir, "list.csv"), "people"), "p.csv"),
	} {
		var refused *outfile.RefusedError
		err := outfile.Write(t.Context(), path, hello)
		if !errors.As(err, &refused) || refused.Path != path || refused.Hint.IsZero() || refused.Why.IsZero() {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := names(t, dir); got != "list.csv" {
		t.Errorf("there is %s", got)
	}
}

func TestAFolderThatCannotBeMadeIsNoFileThatCannotBeWritten(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none")
	t.Setenv("TMPDIR", none)
	t.Setenv("TMP", none)
	if _, _, err := outfile.Folder("scratch"); err == nil || !strings.HasPrefix(err.Error(), "make a temporary folder in "+none) {
		t.Errorf("it says %v", err)
	}
}

// A folder that a killed process left is removed by the next; one that somebody works in stays.
func TestAFolderThatWasLeftIsRemovedByTheNext(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	t.Setenv("TMP", tmp)
	mine, drop, err := outfile.Folder("scratch")
	if err != nil {
		t.Fatal(err)
	}
	file(t, filepath.Join(tmp, "scratch-1.lock"), "")
	if err := os.Mkdir(filepath.Join(tmp, "scratch-1"), 0o700); err != nil {
		t.Fatal(err)
	}
	file(t, filepath.Join(tmp, "scratch-1", "scratch.db"), "people")
	other, dropOther, err := outfile.Folder("scratch")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{mine, other} {
		if _, err := os.Stat(dir); err != nil {
			t.Error(err)
		}
	}
	if err := errors.Join(drop(), dropOther()); err != nil || names(t, tmp) != "" {
		t.Errorf("there is %q, %v", names(t, tmp), err)
	}
}
