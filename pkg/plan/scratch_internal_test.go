package plan

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"notify/pkg/campaign"
)

// What could not be done with the plan's temporary file is said as it was.
func TestWhatCouldNotBeDoneWithTheTemporaryFile(t *testing.T) {
	written := func(t *testing.T) *Plan {
		t.Helper()
		dir := filepath.Join(t.TempDir(), "scratch")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		s, err := newSpool(dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Append(&record{row: 2, key: "a"}); err != nil {
			t.Fatal(err)
		}
		return &Plan{Spec: Spec{Order: campaign.OrderSpread}, rows: s, folds: folds{channels: 1}}
	}
	failed := func(rows func(func(Recipient, error) bool)) string {
		for _, err := range rows {
			if err != nil {
				return err.Error()
			}
		}
		return ""
	}
	for name, c := range map[string]struct {
		hurt   func(*Plan) error
		leaves bool
		want   string
	}{
		"rows are read of one that is gone":   {func(p *Plan) error { return p.Close() }, false, "read the plan's temporary file"},
		"rows are read of one that is shut":   {func(p *Plan) error { return p.rows.f.Close() }, false, "read the plan's temporary file"},
		"the order has no place":              {func(p *Plan) error { return os.RemoveAll(p.rows.dir) }, true, "make a temporary file for the plan"},
		"rows are spread of one that is shut": {func(p *Plan) error { return p.rows.f.Close() }, true, "read the plan's temporary file"},
	} {
		t.Run(name, func(t *testing.T) {
			p := written(t)
			if err := p.rows.Written(); err != nil {
				t.Fatal(err)
			}
			if err := c.hurt(p); err != nil {
				t.Fatal(err)
			}
			rows := p.Rows()
			if c.leaves {
				rows = p.Leaving()
			}
			if got := failed(rows); !strings.HasPrefix(got, c.want) {
				t.Errorf("it says %q", got)
			}
		})
	}
	p := written(t)
	if err := p.rows.f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := p.rows.Written(); err == nil || !strings.HasPrefix(err.Error(), "write the plan's temporary file") {
		t.Errorf("what was not written says %v", err)
	}
}
