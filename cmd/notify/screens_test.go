//go:build unix

package main

import (
	"flag"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/rivo/uniseg"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/xuri/excelize/v2"

	"notify/pkg/bill"
	"notify/pkg/drill"
	"notify/pkg/preflight"
	"notify/pkg/receipts"
	"notify/pkg/suppression"
	"notify/pkg/vendors/all"
	"notify/pkg/words"
)

var updateScreens = flag.Bool("update-screens", false, "write the screens of the story anew")

// columns are those of the terminal of every screen here: half a window.
const columns = 60

// TestTheWholeStoryAsAnOperator goes from a list to the report, in both languages; its screens are in testdata/story/LANGUAGE, as they stand on a
// terminal of 60 columns. Beside the commands of TestScript:
//
//	look NAME CODE ANSWER PROGRAM [ARG…]   runs a program on such a terminal, and holds its screen to the golden NAME; - holds it to none,
//	                                       and NAME~ leaves its figures out: they are those of a moment
//	workbook N FILE                        writes a list as people keep it: a summary sheet first, headers of their own
//	manual                                 reads the manual pages of every command
func TestTheWholeStoryAsAnOperator(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"en", "zh"} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			runScreens(t, "testdata/story", lang, false)
		})
	}
}

// TestEveryScreenInChinese walks through the commands, their main states and errors: no English is left, and nothing is wider than the terminal.
func TestEveryScreenInChinese(t *testing.T) {
	t.Parallel()
	runScreens(t, "testdata/screens", "zh", true)
}

// TestTheScreensOfTheReadme holds what README.md shows to what the program says, in the order of its blocks. Beside the commands of TestScript:
//
//	documented CODE ANSWER PROGRAM [ARG…]   runs a program on a terminal, and holds the README's next block with this command to its screen
func TestTheScreensOfTheReadme(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	examples, err := filepath.Abs("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	readme := string(text)
	documented := func(ts *testscript.TestScript, _ bool, args []string) {
		wantArgs(ts, args, 3, "documented CODE ANSWER PROGRAM [ARG…]")
		command := "$ " + strings.Join(args[2:], " ") + "\n"
		_, rest, found := strings.Cut(readme, "```console\n"+command)
		if !found {
			ts.Fatalf("README.md has no block with %s", command)
		}
		var shown string
		shown, readme, _ = strings.Cut(rest, "\n```\n")
		screen, code := onTerminal(ts, 100, args[1], args[2:])
		if code != number(ts, args[0]) {
			ts.Fatalf("%s ended with %d, want %s\n%s", command, code, args[0], screen)
		}
		holdsAll(ts, lastDrawn(screen), shown)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/readme",
		Setup: func(env *testscript.Env) error {
			env.Setenv("LANG", "C.UTF-8")
			env.Setenv("EXAMPLES", examples)
			return setupStory(env)
		},
		RequireExplicitExec: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"sandbox": cmdSandbox, "setting": cmdSetting, "exits": cmdExits, "documented": documented,
		},
	})
}

// progressLine is what a moment's progress looks like.
var progressLine = regexp.MustCompile(`(?m)^\[[= ]{20,}\].*$`)

// holdsAll holds a screen to what is shown of it: all that stands between the marks of what was left out, in this order.
func holdsAll(ts *testscript.TestScript, screen, shown string) {
	plain := func(s string) string { return flat(steady(ts, progressLine.ReplaceAllString(s, ""))) }
	rest := plain(screen)
	for part := range strings.SplitSeq(shown, "[…]") {
		_, behind, found := strings.Cut(rest, plain(part))
		if !found {
			ts.Fatalf("README.md shows what is not on the screen (or not there):\n%s\n-- the screen:\n%s", part, screen)
		}
		rest = behind
	}
}

// runScreens runs the stories of a folder; those where no screen depends on the others go on after one that is wrong.
func runScreens(t *testing.T, dir, lang string, goOn bool) {
	t.Helper()
	locale := map[string]string{"en": "C.UTF-8", "zh": "zh_CN.UTF-8"}[lang]
	goldens, err := filepath.Abs(filepath.Join(dir, lang))
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: dir,
		Setup: func(env *testscript.Env) error {
			env.Setenv("LANG", locale)
			env.Setenv("GOLDENS", goldens)
			err := setupStory(env)
			s := env.Values[storyKey{}].(*story)
			s.vars = append(s.vars, "LANG")
			return err
		},
		RequireExplicitExec: true,
		ContinueOnError:     goOn,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"people": cmdPeople, "sandbox": cmdSandbox, "reached": cmdReached, "await": cmdAwait, "exits": cmdExits, "begin": cmdBegin,
			"signal": cmdSignal, "ends": cmdEnds, "setting": cmdSetting, "look": cmdLook, "workbook": cmdWorkbook, "manual": cmdManual,
		},
	})
}

func cmdLook(ts *testscript.TestScript, _ bool, args []string) {
	wantArgs(ts, args, 4, "look NAME CODE ANSWER PROGRAM [ARG…]")
	screen, code := onTerminal(ts, columns, args[2], args[3:])
	screen = lastDrawn(screen)
	_, _ = ts.Stdout().Write([]byte(screen))
	command := strings.Join(args[3:], " ")
	if code != number(ts, args[1]) {
		ts.Fatalf("%s ended with %d, want %s", command, code, args[1])
	}
	for line := range strings.SplitSeq(screen, "\n") {
		if (strings.HasPrefix(line, "  notify ") || strings.HasPrefix(line, "  source ")) && slices.Contains(args, "--help") {
			continue // an example is there to be copied, and stands on one line
		}
		if w := uniseg.StringWidth(line); w > columns {
			ts.Fatalf("%s has a line %d wide: %s", command, w, line)
		}
	}
	if strings.HasPrefix(ts.Getenv("LANG"), "zh") {
		said := steady(ts, screen)
		if slices.Contains(args, "--help") {
			said = typed.ReplaceAllString(said, "")
		}
		if left := englishOf(said); len(left) > 0 {
			ts.Fatalf("%s is Chinese, and says %q", command, left)
		}
	}
	if args[0] != "-" {
		screen = steady(ts, screen)
		if strings.HasSuffix(args[0], "~") {
			screen = figure.ReplaceAllString(screen, "0")
		}
		goldenScreen(ts, filepath.Join(ts.Getenv("GOLDENS"), strings.TrimSuffix(args[0], "~")+".txt"), "$ "+command+"\n"+screen)
	}
}

// cmdManual holds the manual pages to the language: what is left of Latin letters is typed, or a name.
func cmdManual(ts *testscript.TestScript, _ bool, _ []string) {
	dir := ts.MkAbs("manual")
	_, code := onTerminal(ts, columns, "", []string{"notify", "help", "--man", dir})
	pages, err := filepath.Glob(filepath.Join(dir, "*.1"))
	ts.Check(err)
	if code != 0 || len(pages) < 30 {
		ts.Fatalf("the manual has %d pages, exit %d", len(pages), code)
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		ts.Check(err)
		said := roff.ReplaceAllString(string(text), " ")
		if left := englishOf(typed.ReplaceAllString(said, "")); len(left) > 0 {
			ts.Fatalf("%s is Chinese, and says %q", filepath.Base(page), left)
		}
	}
}

// roff is what the pages are set with, and what is set in bold: names, flags and what is typed.
var roff = regexp.MustCompile(`(?m)^\.(?:TH|SH|PP|RS|RE|EX|EE|nh|nf|fi).*$|^notify[a-z-]* - |\\fB.*?\\f[PR](?:=\S*|\[=\S*\])?`)

// goldenScreen holds a screen to what was kept, word by word: where a line breaks depends on how long the names of this machine are.
func goldenScreen(ts *testscript.TestScript, path, screen string) {
	if *updateScreens {
		ts.Check(os.MkdirAll(filepath.Dir(path), 0o750))
		ts.Check(os.WriteFile(path, []byte(screen), 0o600))
	}
	want, err := os.ReadFile(path)
	ts.Check(err)
	if diff := cmp.Diff(flat(string(want)), flat(screen)); diff != "" {
		ts.Fatalf("%s differs (-want +got), -update-screens writes it anew:\n%s", path, diff)
	}
}

var (
	blanks = regexp.MustCompile(`[\s│·]+`)
	figure = regexp.MustCompile(`\d[\d,.]*`)
)

func flat(screen string) string { return blanks.ReplaceAllString(screen, "") }

var escape = regexp.MustCompile("\x1b\\[[0-9;?]*[A-Za-z]")

// lastDrawn is what stands on the screen in the end: of lines that were drawn over each other the last.
func lastDrawn(screen string) string {
	var lines []string
	for line := range strings.SplitSeq(screen, "\n") {
		line = line[strings.LastIndex(line, "\r")+1:]
		lines = append(lines, strings.TrimRight(escape.ReplaceAllString(line, ""), " "))
	}
	return strings.Join(lines, "\n")
}

// steady is a screen without what is different at every run: times, lengths, names and numbers of this machine.
func steady(ts *testscript.TestScript, screen string) string {
	who, host := machine(ts)
	for _, name := range filesHere(ts) { // a path may be cut anywhere, as it is as long as this machine's folders
		screen = regexp.MustCompile(spaced(ts.MkAbs(name))).ReplaceAllLiteralString(screen, name)
	}
	for _, r := range []struct{ of, as string }{
		{spaced(ts.MkAbs("notify.db")), "notify.db"},
		{spaced(ts.MkAbs(".")) + `/?`, ""},
		{`[0-9a-f]{12,}`, "0123456789ab"}, // before what is a length: one may end in 3d
		{`\[=* *\] `, ""},                 // the bar
		{`20\d\d-\d\d-\d\d\s+\d\d:\d\d(:\d\d)?\s+[+-]\d\d:\d\d`, "2026-11-20 10:00 +08:00"},
		{`20\d\d-\d\d-\d\d`, "2026-11-20"},
		{`\d+\.\d+\.\d+\.\d+:\d+`, "127.0.0.1:8025"},
		{`\d+m\d+s`, "3s"},
		{`\d+(\.\d+)?(\s*(ms|µs|[smhd]|毫秒|微秒|秒|分钟|分|小时|天))(\s+\d+(\s*(s|m|h|秒|分钟|分|小时)))?([^\w]|$)`, "3s$7"},
		{`[\d.]+/s`, "20/s"},
		{`(process|进程) \d+`, "$1 4711"},
		{`[\d.,]+ [GT]iB`, "50 GiB"},
		{`\d{2,} KiB`, "200 KiB"},
		{`(ahead of|behind) sms`, "ahead of sms"},
		{`比 sms (快|慢)`, "比 sms 快"},
		{`\d+ messages; [1-9]\d* tried before`, "58 messages; 22 tried before"}, // a run that was paused in the middle
		{`((?:paused|lifted the pause|resumed)[\s·]+number\s+|(?:暂停|继续发送)[\s·]+数量\s+)\d+`, "${1}58"}, // and how many waited then
		{`\d+ 条消息；此前已发 [1-9]\d* 条`, "58 条消息；此前已发 22 条"},
		{`[\w.-]+@` + host + `\b`, "wang@ops-1"},
		{`\b` + who + `\b`, "wang"},
		{`\b` + host + `\b`, "ops-1"},
	} {
		screen = regexp.MustCompile(r.of).ReplaceAllString(screen, r.as)
	}
	return screen
}

// spaced is a name as an expression, wherever a line breaks it.
func spaced(name string) string {
	var parts []string
	for _, r := range name {
		parts = append(parts, regexp.QuoteMeta(string(r)))
	}
	return strings.Join(parts, `\s*`)
}

// filesHere are the names of the files of a script, the longest first: one may begin like another.
func filesHere(ts *testscript.TestScript) []string {
	entries, err := os.ReadDir(ts.MkAbs("."))
	ts.Check(err)
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	slices.SortFunc(names, func(a, b string) int { return len(b) - len(a) })
	return names
}

// machine is who runs this, and where, as expressions.
func machine(ts *testscript.TestScript) (who, host string) {
	me, err := user.Current()
	ts.Check(err)
	name, err := os.Hostname()
	ts.Check(err)
	return regexp.QuoteMeta(me.Username), regexp.QuoteMeta(name)
}

// cmdWorkbook writes the people as a department keeps them.
func cmdWorkbook(ts *testscript.TestScript, _ bool, args []string) {
	wantArgs(ts, args, 2, "workbook N FILE")
	f := excelize.NewFile()
	defer func() { ts.Check(f.Close()) }()
	ts.Check(f.SetSheetName("Sheet1", "汇总"))
	_, err := f.NewSheet("获奖名单")
	ts.Check(err)
	rows := map[string][][]any{
		"汇总":   {{"部门", "人数"}, {"运营", 12}, {"产品", 8}},
		"获奖名单": {{"员工编号", "姓名", "手机号\n(11位)", "公司邮箱", "奖项"}},
	}
	for _, p := range people(1, number(ts, args[0])) {
		rows["获奖名单"] = append(rows["获奖名单"], []any{p.key, p.name, p.phone, p.email, p.prize})
	}
	for sheet, all := range rows {
		for i, row := range all {
			cell, err := excelize.CoordinatesToCellName(1, i+1)
			ts.Check(err)
			ts.Check(f.SetSheetRow(sheet, cell, &row))
		}
	}
	ts.Check(f.SaveAs(ts.MkAbs(args[1])))
}

// latinName may stand in Latin letters on a Chinese screen: what is typed, paths, addresses, constants and formats.
var latinName = regexp.MustCompile("(?s)PostgreSQL|ssh-keygen|`[^`]*`|\\{\\{.*?\\}\\}|https?://\\S*|[\\w.+*-]+@[\\w.*-]+|\\$\\w+|" +
	`\bnotify(?: [a-z][\w.-]*)*|[\w.*/~-]*/[\w.*/-]*|[\w*-]*\.(?:ya?ml|xlsx|csv|json|html|db|txt|test|com|xml)\b|` +
	`\b[a-z][a-z_]*(?:\.[\w-]+)+\b|\b[a-z]+(?:_[a-z]+)+\b|\b[A-Z0-9][A-Z0-9_-]+\b|[0-9a-f]{8,}|` + // dotted keys and settings
	`\b(?:Ctrl-C|Excel|cron|GiB|MiB|KiB|go\d[\w.]*|[kKEA]\d+)\b`)

// typed is what a help shows to be typed: its commands and examples.
var typed = regexp.MustCompile(`(?m)^  [a-z].*?(?:  +|$)`)

// latinWord is a word with all that is hyphenated to it: texts-read is one.
var latinWord = regexp.MustCompile(`-{0,2}[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*`)

// known are the words that are names here: checks, roles, people, accounts, channels, campaigns and settings.
func known() map[string]bool {
	names := map[string]bool{}
	for _, c := range preflight.All() {
		names[c.ID] = true
	}
	for _, kind := range all.Registry() {
		names[kind.Name] = true
		for _, o := range kind.Options(nil, "") {
			names[o.Name] = true
		}
		for name := range strings.FieldsSeq(words.Printer{Lang: words.English}.Say(kind.About)) { // the vendor's among them
			if unicode.IsUpper(rune(name[0])) {
				names[name] = true
			}
		}
	}
	for _, d := range drill.All() {
		names[d.Name] = true
	}
	for _, mapping := range slices.Concat(receipts.ShippedMappings(), bill.Shipped()) {
		names[mapping] = true
	}
	for _, reason := range suppression.Reasons() {
		names[string(reason)] = true
	}
	for _, list := range []string{
		"texts-read lawful", "award-notice drill incident marketing system-notice", // items and checklists
		"sms edm email http smtp sandbox", "winners award award-2020 ops-1", "wang zhao li liu operations product legal",
		"accepted not-sent phone email generic slow bang Message auto starttls false ap-guangzhou", // answers, columns, faults and options
		"expect budget environment window timer key token id sheet sqlite en zh debug info warn error Prometheus prom",
	} {
		for name := range strings.FieldsSeq(list) {
			names[name] = true
		}
	}
	return names
}

// englishOf is what of a screen is in Latin letters and no name. Where a line was wrapped does not matter.
func englishOf(screen string) []string {
	var left []string
	names := known()
	for _, w := range latinWord.FindAllString(latinName.ReplaceAllString(strings.Join(strings.Fields(screen), " "), " "), -1) {
		if len(w) > 1 && !names[w] && !strings.HasPrefix(w, "-") {
			left = append(left, w)
		}
	}
	return left
}
