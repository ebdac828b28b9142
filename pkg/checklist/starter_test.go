package checklist_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"notify/checklists"
	"notify/pkg/checklist"
)

// The first list of a team's own loads as it is, stops nothing before anybody may sign, and asks for the signatures of the
// shipped list once the # are taken away.
func TestAFirstListLoadsWithAndWithoutItsSignatures(t *testing.T) {
	text, err := checklist.Starter(checklists.FS(), "winners", "winners.checklist.yaml", "winners.yaml")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	load := func(text string) *checklist.Checklist {
		t.Helper()
		path := filepath.Join(dir, "winners.checklist.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := checklist.Source{Dir: dir}.Load("winners.checklist.yaml")
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	signedBefore := func(c *checklist.Checklist) (ids []string) {
		for i := range c.Items {
			if c.Items[i].Signed() && c.Items[i].Phase == checklist.Before {
				ids = append(ids, c.Items[i].ID)
			}
		}
		return ids
	}
	first := load(text)
	if ids := signedBefore(first); len(ids) > 0 || first.Name != "winners" || len(first.Checks()) < 20 {
		t.Errorf("%s has %d checks, and wants %v signed", first.Name, len(first.Checks()), ids)
	}
	whole := load(strings.ReplaceAll(text, "\n#  ", "\n  "))
	shipped, err := checklist.Source{Shipped: checklists.FS()}.Load("award-notice")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(whole.IDs(), shipped.IDs()) || len(signedBefore(whole)) < 5 || whole.Digest() != shipped.Digest() {
		t.Errorf("without # it holds %v, the shipped list %v", whole.IDs(), shipped.IDs())
	}
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "#  ") && line != "#" && !strings.HasPrefix(line, "# ") {
			t.Errorf("neither words nor an item: %q", line)
		}
	}
	if _, err := checklist.Starter(os.DirFS(dir), "winners", "a", "b"); err == nil {
		t.Error("a list was made of nothing")
	}
}
