//go:build unix

package outfile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"notify/pkg/outfile"
)

func TestAnInputIsNeverWrittenOverByALink(t *testing.T) {
	dir := t.TempDir()
	list := file(t, filepath.Join(dir, "list.csv"), "people")
	linked, folder := filepath.Join(dir, "link.csv"), filepath.Join(dir, "folder")
	for _, err := range []error{os.Symlink(list, linked), os.Symlink(dir, folder)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{linked, filepath.Join(folder, "list.csv")} {
		notOver(t, path, list)
	}
}

func TestNothingIsWrittenThroughALinkOrIntoSomethingElse(t *testing.T) {
	dir := t.TempDir()
	other := file(t, filepath.Join(dir, "other"), "mine")
	link, dangling := filepath.Join(dir, "link"), filepath.Join(dir, "dangling")
	for _, err := range []error{os.Symlink(other, link), os.Symlink(filepath.Join(dir, "nowhere"), dangling)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for path, why := range map[string]string{link: "symbolic link", dangling: "symbolic link", os.DevNull: "no plain file"} {
		if err := outfile.Write(t.Context(), path, hello); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: got %v", path, err)
		}
	}
	if got := text(t, other); got != "mine" {
		t.Errorf("it holds %q", got)
	}
	if _, err := os.Lstat(filepath.Join(dir, "nowhere")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a link was followed: %v", err)
	}
}
