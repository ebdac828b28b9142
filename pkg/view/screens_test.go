package view_test

import (
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/rivo/uniseg"

	"notify/pkg/view"
	"notify/pkg/words"
)

// device is where a result is looked at.
type device struct {
	name    string
	printer func(io.Writer) *view.Printer
}

// devices are a terminal of the usual width, half a window, one with colours, and a pipe; the first three in both languages.
func devices() []device {
	on := func(name string, p view.Printer) device {
		p.Zone = zone
		return device{name, func(w io.Writer) *view.Printer {
			q := &view.Printer{Out: w, Terminal: p.Terminal, Color: p.Color, Width: p.Width, Zone: p.Zone, Lang: p.Lang}
			return q
		}}
	}
	return []device{
		on("terminal", view.Printer{Terminal: true, Width: 80}),
		on("narrow", view.Printer{Terminal: true, Width: 60}),
		on("colour", view.Printer{Terminal: true, Color: true, Width: 80}),
		on("pipe", view.Printer{}),
		on("terminal.zh", view.Printer{Terminal: true, Width: 80, Lang: words.Chinese}),
		on("narrow.zh", view.Printer{Terminal: true, Width: 60, Lang: words.Chinese}),
		on("pipe.zh", view.Printer{Lang: words.Chinese}),
	}
}

var colours = regexp.MustCompile("\x1b\\[[0-9;]*m")

// looksRight holds a screen to what every screen keeps: its width, Chinese counted as two, and one language.
func looksRight(t *testing.T, name, got string) {
	t.Helper()
	room := 0
	switch {
	case strings.Contains(name, "-narrow."):
		room = 60
	case strings.Contains(name, "-terminal."), strings.Contains(name, "-colour."):
		room = 80
	}
	for line := range strings.SplitSeq(colours.ReplaceAllString(got, ""), "\n") {
		if w := uniseg.StringWidth(line); room > 0 && w > room {
			t.Errorf("%s has a line %d wide: %s", name, w, line)
		}
		if strings.TrimRight(line, " ") != line && room > 0 {
			t.Errorf("%s has blanks at the end of %q", name, line)
		}
	}
	if room > 0 && strings.HasSuffix(name, ".zh.txt") {
		if left := english(got); len(left) > 0 {
			t.Errorf("%s is Chinese, and says %q\n%s", name, left, got)
		}
	}
}

// named may stand in Latin letters on a Chinese screen: commands, paths, names and ids; and what people, lists and vendors in the
// fixtures of these tests said, word for word.
var named = regexp.MustCompile("`[^`]*`|" + `notify v\S+ \(\w+\), go\S+ \w+/\w+|notify( [a-z]+)? [^ ]+( -[^ ]+( [^ ]+)?)*|https?://\S+|[\w.+*-]+@[\w.-]+|（[a-z][a-z -]*）|（[a-z-]+，[^）]*）|\{[^}]*\}|[\w-]+\.(yaml|xlsx|csv|pdf|db|test)|` +
	`/(?:[\w.]+/)+[\w.]+|（sqlite）|isv\.\w+|notify:\w+|CNY|MiB|KiB|HTML|SMS_\w+|[kKEA]\d+|` + saidByOthers)

// saidByOthers are words of the fixtures.
const saidByOthers = `by mail|agreed.\[2J by telephone|message 7 is accepted, its attempt is not|SHA-256 [ab]+|PASS → FAIL: |qq\.com|\b[a-z]+(-[a-z]+)+\b|(?:未完成|放行|警告)：[a-z-]+(、[a-z-]+)*|[a-z]+ 角色的人|，audit）|replied T|replied|a mistake|too short for a phone number|correct it|quota refuses|检查项 [a-z-]+|award-2020|double-payout|wrong-environment|Operations Wang|\bLi\b|operations|award-20\d\d|award-notice|ops-\d|\b(wang|li|zhao|edm|sms|spare|http|smtp|notice|quota|balance)\b|` +
	`agreed by telephone|wrong text|QUOTA|connection refused|hidden rows|Awards <|your award|Dear 王芳, │ │ you won|row 12 has no second address`

var latinWord = regexp.MustCompile(`[A-Za-z]{2,}`)

// english is what of a screen is in Latin letters and no name. Where a line was wrapped does not matter.
func english(screen string) []string {
	flat := regexp.MustCompile(`\s+`).ReplaceAllString(screen, " ")
	for _, said := range saidRaw() {
		flat = strings.ReplaceAll(flat, said, " ")
	}
	return latinWord.FindAllString(named.ReplaceAllString(flat, " "), -1)
}

// saidRaw are the sentences of the fixtures that are not of the catalogue.
func saidRaw() []string {
	var all []string
	add := func(texts ...words.Text) {
		for _, t := range texts {
			if t.ID == "words.raw" {
				all = append(all, t.String())
			}
		}
	}
	for _, f := range stopped().Findings {
		add(f.Summary...)
		add(f.Details...)
		for _, r := range f.Remedies {
			add(r.Text)
		}
	}
	for _, l := range awarded().Lines {
		add(l.Said...)
		for _, lapse := range l.Lapses {
			add(lapse.Why)
		}
	}
	return append(all, "balance: PASS → FAIL: sms-a: 445.50 CNY left", "topped up <by phone>", "zhang (ops@ops-1)", "topped up")
}

func TestAScreenIsNotWiderThanTheTerminal(t *testing.T) {
	for _, c := range []struct{ name, said string }{
		{"words", strings.Repeat("nothing fits into the balance ", 10)},
		{"Chinese", strings.Repeat("余额够发 10,000 条，需要 25,300 条。", 10)},
		{"one long word", strings.Repeat("a", 300)},
		{"a long address", "https://example.test/" + strings.Repeat("path/", 40)},
		{"a blank at every edge", strings.Repeat("123456789 ", 30)},
	} {
		for _, head := range []string{"", "  FAIL  ", "  不通过  余额（balance）  ", "  " + strings.Repeat("很", 40)} {
			for width := 20; width < 90; width += 7 {
				var out strings.Builder
				p := &view.Printer{Out: &out, Terminal: true, Width: width}
				p.Wrapped(head, c.said)
				if err := p.Flush(); err != nil {
					t.Fatal(err)
				}
				for line := range strings.SplitSeq(out.String(), "\n") {
					if uniseg.StringWidth(line) > width {
						t.Errorf("%s behind %q at %d: %q", c.name, head, width, line)
					}
				}
				bare := func(s string) string { return strings.ReplaceAll(strings.ReplaceAll(s, " ", ""), "\n", "") }
				if bare(out.String()) != bare(head+c.said) {
					t.Errorf("%s behind %q at %d lost something: %q", c.name, head, width, out.String())
				}
			}
		}
	}
}

func TestChineseIsBrokenBetweenCharactersAndNotBeforeACommaNorInANumber(t *testing.T) {
	var out strings.Builder
	p := &view.Printer{Out: &out, Terminal: true, Width: 32}
	p.Wrapped("  ", "短信账号 sms：余额够发 10,000 条，需要 25,300 条，差 15,300 条（688.50 元）。请充值。")
	if err := p.Flush(); err != nil {
		t.Fatal(err)
	}
	want := "  短信账号 sms：余额够发 10,000\n  条，需要 25,300 条，差 15,300\n  条（688.50 元）。请充值。\n"
	if out.String() != want {
		t.Errorf("it reads\n%s", out.String())
	}
}

func TestAWatchedScreenIsDrawnOverTheOneBefore(t *testing.T) {
	var out strings.Builder
	p := &view.Printer{Out: &out, Terminal: true, Width: 80, Height: 10, Over: true}
	draw := func(lines int) string {
		out.Reset()
		for range lines {
			p.Line("x")
		}
		if err := p.Flush(); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	if got := draw(2); got != "x\nx\n" {
		t.Errorf("the first: %q", got)
	}
	if got := draw(3); got != "\x1b[2A\x1b[Jx\nx\nx\n" {
		t.Errorf("the second: %q", got)
	}
	if got := draw(12); !strings.HasPrefix(got, "\x1b[H\x1b[2J") {
		t.Errorf("higher than the screen: %q", got)
	}
	p.Terminal = false
	if got := draw(1); got != "x\n" {
		t.Errorf("off a terminal: %q", got)
	}
}
