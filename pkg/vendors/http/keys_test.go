package httpvendor_test

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"notify/pkg/words"

	"github.com/google/go-cmp/cmp"

	httpvendor "notify/pkg/vendors/http"
)

var update = flag.Bool("update", false, "write docs/vendors/keys.md anew")

// whole is a file that has every map that a vendor file can have, each with the key "zzz", which none knows.
const whole = `zzz: 1
name: v
channels: [sms]
options: {a: {zzz: 1}}
limits: {zzz: 1}
auth: {zzz: 1, basic: {zzz: 1}}
token: {zzz: 1}
send: {zzz: 1}
answer: {zzz: 1}
codes: [{zzz: 1}]
balance: {zzz: 1}
find: {zzz: 1, receipts: {zzz: 1}, not_found: {zzz: 1}}
probe: {zzz: 1}
templates: {zzz: 1, states: {zzz: 1}}
signatures: {zzz: 1, states: {zzz: 1}}
suppressed: {zzz: 1, reasons: {zzz: 1}}
`

// The table that is explained and documented has the keys that are read, and no other.
func TestTheTableOfKeysIsWhatIsRead(t *testing.T) {
	read := map[string]bool{}
	for _, p := range httpvendor.Problems([]byte(whole)) {
		path, found := strings.CutSuffix(p.Place.Column, "zzz")
		known, ok := p.Hint.Args["names"].(words.List)
		if !found || !ok {
			continue
		}
		for _, key := range known.Items {
			read[strings.NewReplacer("options.a.", "options.*.", "codes[1].", "codes.").Replace(path)+key.(string)] = true
		}
	}
	var got, want []string
	for _, k := range httpvendor.Keys() {
		// A map is read by its own key, and then what is in it.
		parts := strings.Split(strings.TrimSuffix(k.Path, ".*"), ".")
		for i := range parts {
			if path := strings.Join(parts[:i+1], "."); parts[i] != "*" && !slices.Contains(got, path) {
				got = append(got, path)
			}
		}
	}
	for path := range read {
		want = append(want, path)
	}
	slices.Sort(got)
	slices.Sort(want)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-read +table: %s", d)
	}
}

func TestKeysAndFunctionsAreDocumented(t *testing.T) {
	const path = "../../../docs/vendors/keys.md"
	var b strings.Builder
	b.WriteString("# The keys of a vendor file\n\nWritten from the program: `notify vendor test FILE` explains a file with the same words. An asterisk stands for a name that the file\n" +
		"chooses. How values are written: [examples/vendors](../../examples/vendors/README.md).\n\n| key | meaning |\n| --- | --- |\n")
	say := words.Printer{}
	for _, k := range httpvendor.Keys() {
		b.WriteString("| `" + k.Path + "` | " + say.Say(k.About) + " |\n")
	}
	b.WriteString("\n## Functions\n\n| function | result |\n| --- | --- |\n")
	for _, f := range httpvendor.Functions() {
		b.WriteString("| `" + f.Usage + "` | " + say.Say(f.About) + " |\n")
	}
	b.WriteString("\nOf the expression language (expr-lang.org) there are also: `" + strings.Join(httpvendor.Builtins(), "`, `") +
		"`, its operators (`?:`, `??`, `?.`, `in`, `contains`, `startsWith`, `endsWith`, `matches`), and one loop in an expression.\n")
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(b.String(), string(have)); d != "" {
		t.Errorf("docs/vendors/keys.md is another (-update writes it): %s", d)
	}
}
