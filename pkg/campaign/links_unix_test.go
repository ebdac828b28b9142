//go:build unix

package campaign_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"notify/pkg/campaign"
)

func TestATextThatIsALinkToElsewhereIsNamed(t *testing.T) {
	elsewhere, dir := filepath.Join(t.TempDir(), "a.txt"), t.TempDir()
	for _, err := range []error{
		os.WriteFile(elsewhere, []byte("hello"), 0o600), os.WriteFile(filepath.Join(dir, "a.yaml"), []byte(minimal), 0o600),
		os.Symlink(elsewhere, filepath.Join(dir, "a.txt")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	c, err := campaign.Load(filepath.Join(dir, "a.yaml"), nil, nil)
	if err != nil || len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0].String(), "outside the folder of the campaign") {
		t.Errorf("got %v, %v", c, err)
	}
}
