package docs_test

import (
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	vendorfiles "notify/examples/vendors"
	"notify/pkg/vendors"
	"notify/pkg/vendors/all"
)

// page is what a vendor's page shows.
type page struct {
	Accounts map[string]struct {
		Vendor   string
		Endpoint string
		Options  map[string]any
	}
}

var (
	snippet = regexp.MustCompile("(?s)```yaml\n(.*?)```")
	asks    = regexp.MustCompile("(?m)^\\| asked by `notify` \\| (.*) \\|$")
	inTicks = regexp.MustCompile("`([a-z]+)`")
)

// The files that are patterns to copy, and no vendor's.
func patterns() []string { return []string{"sandbox-sms", "signed-sms", "twilio-sms"} }

func TestEveryVendorFileHasAPageThatIsTrue(t *testing.T) {
	files, err := fs.Glob(vendorfiles.FS(), "*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	readme := read(t, "vendors/README.md")
	for _, f := range files {
		name := strings.TrimSuffix(f, ".yaml")
		if slices.Contains(patterns(), name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			text := read(t, "vendors/"+name+".md")
			if !strings.Contains(readme, "| `builtin:"+name+"` |") || !strings.Contains(readme, "("+name+".md)") {
				t.Error("vendors/README.md does not list it")
			}
			shown := snippet.FindStringSubmatch(text)
			said := asks.FindStringSubmatch(text)
			if shown == nil || said == nil {
				t.Fatal("the page shows no account, or not what is asked")
			}
			v := account(t, shown[1])
			var claimed []string
			for _, m := range inTicks.FindAllStringSubmatch(said[1], -1) {
				claimed = append(claimed, m[1])
			}
			if d := cmp.Diff(abilities(t, name, v), claimed); d != "" {
				t.Errorf("asked (-file +page): %s", d)
			}
			for _, option := range options(t, name) {
				if !strings.Contains(text, option) {
					t.Errorf("the page does not tell of the option %s", option)
				}
			}
			for _, row := range []string{"our key", "balance", "quota", "looking a message up", "receipts", "approval", "idempotency"} {
				if !strings.Contains(text, "\n| "+row+" | ") {
					t.Errorf("the page does not tell of %s", row)
				}
			}
		})
	}
}

// options are those that a file declares.
func options(t *testing.T, name string) []string {
	t.Helper()
	b, err := os.ReadFile("../examples/vendors/" + name + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Options map[string]any }
	if err := yaml.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	return slices.Sorted(maps.Keys(file.Options))
}

// account builds the account of a page. Required options that it does not show, and unknown ones that it does, are errors.
func account(t *testing.T, text string) vendors.Vendor {
	t.Helper()
	var p page
	if err := yaml.Unmarshal([]byte(text), &p); err != nil || len(p.Accounts) != 1 {
		t.Fatalf("%d accounts, %v", len(p.Accounts), err)
	}
	for name, a := range p.Accounts {
		v, err := all.Registry().New(a.Vendor, vendors.Settings{
			Account: name, Endpoint: a.Endpoint, Concurrency: 1, Timeout: time.Minute, Options: a.Options, Now: time.Now,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = v.Close() })
		return v
	}
	return nil
}

// abilities are those of a file, as it names them: a balance query serves as a probe, so that this is told by the file's own keys.
func abilities(t *testing.T, name string, v vendors.Vendor) []string {
	t.Helper()
	var out []string
	if _, ok := vendors.As[vendors.Balancer](v); ok {
		out = append(out, "balance")
	}
	if _, ok := vendors.As[vendors.Finder](v); ok {
		out = append(out, "find")
	}
	b, err := os.ReadFile("../examples/vendors/" + name + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(b), "\nprobe:\n") {
		out = append(out, "probe")
	}
	if _, ok := vendors.As[vendors.TemplateLister](v); ok {
		out = append(out, "templates")
	}
	if _, ok := vendors.As[vendors.SuppressionLister](v); ok {
		out = append(out, "suppressed")
	}
	return out
}
