package report

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

// Another program reads every text as it was, in its column; what no sheet can hold is cut, or is not a character.
func TestASheetHoldsTextsAsTheyAre(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.xlsx")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	wide := make([]string, 30)
	wide[29] = "AD"
	rows := [][]string{
		{"name", " two  blanks ", "a\nb\tc", `<a href="x">&amp;</a>`, "王芳🎉", "=1+1", "00123", "_x000A_", "", "after an empty one"},
		wide,
		{strings.Repeat("长", maxCell)},
	}
	w, err := newSheetRows(f)
	for _, r := range rows {
		if err == nil {
			err = w.Row(r)
		}
	}
	if err == nil {
		err = w.Row([]string{strings.Repeat("x", maxCell+1), "\x00\x1b"})
	}
	if err != nil || w.Close() != nil || f.Close() != nil {
		t.Fatal(err)
	}
	x, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	got, err := x.GetRows("Sheet1")
	if err != nil {
		t.Fatal(err)
	}
	want := append(rows, []string{strings.Repeat("x", maxCell), "\uFFFD\uFFFD"})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if s := (&sheetRows{n: maxSheetRows}); s.Row(nil) == nil {
		t.Error("a row too many is taken")
	}
}
