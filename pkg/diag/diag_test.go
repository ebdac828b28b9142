package diag_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/diag"
	"notify/pkg/words"
)

func TestAPlaceNamesOnlyWhatIsKnown(t *testing.T) {
	for _, c := range []struct {
		place diag.Place
		want  string
	}{
		{diag.Place{}, ""},
		{diag.Place{File: "award.xlsx"}, "award.xlsx"},
		{diag.Place{File: "award.xlsx", Sheet: "获奖名单", Row: 12, Column: "C 手机号"}, "award.xlsx, sheet 获奖名单, row 12, column C 手机号"},
		{diag.Place{File: "notify.yaml", Line: 4, Column: "accounts.edm.rate"}, "notify.yaml, line 4, accounts.edm.rate"},
		{diag.Place{Row: 2}, "row 2"},
		{diag.Place{Column: "rate"}, "rate"},
	} {
		if got := c.place.String(); got != c.want {
			t.Errorf("%+v reads %q, want %q", c.place, got, c.want)
		}
	}
}

func TestAProblemOnOneLine(t *testing.T) {
	for _, c := range []struct {
		problem diag.Problem
		want    string
	}{
		{diag.Problem{Summary: words.Raw("no rows")}, "no rows"},
		{diag.Problem{Place: diag.Place{Row: 3}, Summary: words.Raw("not a mobile number"), Value: "123", Hint: words.Raw("correct it")}, "row 3: not a mobile number (123); correct it"},
		{diag.Problem{Summary: words.Raw("empty"), Hint: words.Raw("fill it in")}, "empty; fill it in"},
	} {
		if got := c.problem.String(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

// What there is most of hides nothing: of every kind some are shown, and of a few kinds all that there is room for.
func TestAListShowsSomeOfEachKind(t *testing.T) {
	l := diag.List{Keep: 6}
	for i := range 50 {
		l.Add(diag.Problem{Code: "many", Place: diag.Place{Row: i}})
	}
	l.Add(diag.Problem{Code: "one", Place: diag.Place{Row: 50}})
	for i := range 50 {
		l.Add(diag.Problem{Code: "late", Place: diag.Place{Row: 51 + i}})
	}
	rows := func(kept []diag.Problem) (rows []int) {
		for _, p := range kept {
			rows = append(rows, p.Place.Row)
		}
		return rows
	}
	if diff := cmp.Diff([]int{0, 1, 2, 50, 51, 52}, rows(l.Kept())); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int{51, 52, 53, 54, 55, 56}, rows(l.KeptOf(func(code string) bool { return code == "late" }))); diff != "" {
		t.Error(diff)
	}
}

func TestAnythingThatIsNoWarningStops(t *testing.T) {
	for severity, want := range map[diag.Severity]bool{diag.Error: true, diag.Warning: false, "": true, "fatal": true} {
		if got := (diag.Problem{Severity: severity}).Stops(); got != want {
			t.Errorf("%q stops: %v, want %v", severity, got, want)
		}
	}
}

func TestAListCountsAllAndKeepsTheFirst(t *testing.T) {
	for name, c := range map[string]struct{ keep, want int }{"as many as it is told": {3, 3}, "twenty without a word": {0, diag.DefaultKeep}, "none": {-1, 0}} {
		t.Run(name, func(t *testing.T) {
			seen := 0
			l := diag.List{Keep: c.keep, Each: func(p diag.Problem) {
				seen++
				if p.Severity == "" {
					t.Error("a problem was passed on without a severity")
				}
			}}
			for i := range 100 {
				l.Add(diag.Problem{Code: "a", Place: diag.Place{Row: i}})
				l.Add(diag.Problem{Code: "b", Severity: diag.Warning})
			}
			l.Add(diag.Problem{Code: "c", Place: diag.Place{Row: 7}})
			if seen != 201 || l.Len() != 201 || l.Errors() != 101 || l.Warnings() != 100 || l.Count("a") != 100 || l.Count("none") != 0 {
				t.Errorf("seen %d, all %d = %d errors + %d warnings", seen, l.Len(), l.Errors(), l.Warnings())
			}
			if len(l.Kept()) != c.want {
				t.Errorf("%d are kept, want %d", len(l.Kept()), c.want)
			}
			if diff := cmp.Diff([]string{"a", "b", "c"}, l.Codes()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTheMostFrequentCodeComesFirst(t *testing.T) {
	var l diag.List
	for code, n := range map[string]int{"rare": 1, "often": 9, "also-often": 9, "now-and-then": 3} {
		for range n {
			l.Add(diag.Problem{Code: code})
		}
	}
	if diff := cmp.Diff([]string{"also-often", "often", "now-and-then", "rare"}, l.Codes()); diff != "" {
		t.Error(diff)
	}
}

func TestWarningsAreNoError(t *testing.T) {
	var l diag.List
	if err := l.Err(); err != nil {
		t.Errorf("an empty list is an error: %v", err)
	}
	l.Add(diag.Problem{Severity: diag.Warning, Summary: words.Raw("odd")})
	if err := l.Err(); err != nil {
		t.Errorf("a warning is an error: %v", err)
	}
	l.Add(diag.Problem{Summary: words.Raw("wrong"), Place: diag.Place{Row: 2}})
	err := fmt.Errorf("read the list: %w", l.Err())
	var input *diag.InputError
	if !errors.As(err, &input) || input.Problems != &l {
		t.Fatalf("the list is not in the error: %v", err)
	}
	// The first that stops is told, not the warning before it.
	if got := input.Error(); got != "row 2: wrong" {
		t.Errorf("it says %q", got)
	}
	l.Add(diag.Problem{Summary: words.Raw("wrong again")})
	if got := input.Error(); got != "row 2: wrong (and 1 more)" {
		t.Errorf("it says %q", got)
	}
}

func TestAnInputErrorWhoseErrorsWereNotKeptSaysHowManyThereAre(t *testing.T) {
	l := diag.List{Keep: 1}
	l.Add(diag.Problem{Severity: diag.Warning, Summary: words.Raw("odd")})
	l.Add(diag.Problem{Summary: words.Raw("wrong")})
	if got := l.Err().Error(); !strings.Contains(got, "1 problem") {
		t.Errorf("it says %q", got)
	}
}

func TestAProblemIsSaidInTheLanguageOfTheScreen(t *testing.T) {
	p := diag.Err(diag.Place{File: "award.xlsx", Sheet: "获奖名单", Row: 1234, Column: "C 手机号"}, "problem.error", nil).
		Do("problem.more", words.A{"n": 2}).With("123\x1b[2J")
	if p.Code != "error" || p.Summary.ID != "problem.error" || !p.Stops() || p.Warns().Stops() {
		t.Errorf("%+v", p)
	}
	for lang, want := range map[words.Language]string{
		words.English: "award.xlsx, sheet 获奖名单, row 1234, column C 手机号: error (123�[2J); and 2 more",
		words.Chinese: "award.xlsx，工作表 获奖名单，第 1234 行，C 手机号 列：错误（123�[2J）；另有 2 处",
	} {
		if got := (words.Printer{Lang: lang}).Say(p.Text()); got != want {
			t.Errorf("%s: %q, want %q", lang, got, want)
		}
	}
}

func TestTheCodeOfAProblemIsTheLastWordOfItsSentence(t *testing.T) {
	var l diag.List
	l.Add(diag.Problem{Summary: words.T("problem.only-counted", words.A{"n": 1})})
	l.Add(diag.Problem{Summary: words.Raw("what somebody else said")})
	if l.Count("only-counted") != 1 || l.Count("") != 1 {
		t.Errorf("codes %q", l.Codes())
	}
}

func TestAnErrorThatIsCausedByInputSaysWhatIsWrong(t *testing.T) {
	var l diag.List
	l.Add(diag.Err(diag.Place{Row: 2}, "problem.error", nil))
	l.Add(diag.Err(diag.Place{Row: 3}, "problem.error", nil))
	got := words.Printer{Lang: words.Chinese}.Say(words.Cause(fmt.Errorf("read: %w", l.Err())))
	if want := "第 2 行：错误（另有 1 处）"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
