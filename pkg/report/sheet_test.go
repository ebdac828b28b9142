package report

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"notify/pkg/words"
)

// Another program reads every text as it was, in its column; what no sheet can hold is cut, or is not a character.
func TestASheetHoldsTextsAsTheyAre(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.xlsx")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	wide := make([]any, 30)
	wide[29] = "AD"
	rows := [][]any{
		{"name", " two  blanks ", "a\nb\tc", `<a href="x">&amp;</a>`, "王芳🎉", "=1+1", "00123", "_x000A_", "", "after an empty one", "＝1+1"},
		wide,
		{strings.Repeat("长", maxCell)},
	}
	w, err := newTable(path, f, words.Printer{}, words.Raw("S"), nil)
	for _, r := range rows {
		if err == nil {
			err = w.Row(r)
		}
	}
	if err == nil {
		err = w.Row([]any{strings.Repeat("x", maxCell+1), "\x00\x1b"})
	}
	if err != nil || w.Close() != nil || f.Close() != nil {
		t.Fatal(err)
	}
	x, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	got, err := x.GetRows("S")
	if err != nil {
		t.Fatal(err)
	}
	var want [][]string
	for _, r := range append(rows, []any{strings.Repeat("x", maxCell), "\uFFFD\uFFFD"}) {
		line := make([]string, len(r))
		for i, c := range r {
			line[i], _ = c.(string)
		}
		want = append(want, line)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if s := (&sheet{n: maxSheetRows}); s.Row(nil) == nil {
		t.Error("a row too many is taken")
	}
}
