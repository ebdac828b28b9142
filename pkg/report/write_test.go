package report_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"notify/pkg/message"
	"notify/pkg/report"
	"notify/pkg/words"
)

// The form of a file makes no difference to what is in it: texts are no formulas, and what is not known is not 0.
func TestTablesAreWrittenIntoEitherForm(t *testing.T) {
	price := message.Money(45000)
	column := func(name string, k report.Kind) report.Column {
		return report.Column{Name: words.Of("column", name), Kind: k}
	}
	tables := []report.Table{
		{Title: words.Of("column", "side"), Columns: []report.Column{column("side", report.Words)}, Rows: [][]any{{words.Of("side", "ours")}}},
		{
			Title: words.Of("column", "cost"), Columns: []report.Column{column("campaign", report.Words), column("messages", report.Figure), column("cost", report.Figure)},
			Rows: [][]any{{"=1+1", int64(12), &price}, {"award", int64(0), (*message.Money)(nil)}},
		},
	}
	dir := t.TempDir()
	for _, name := range []string{"t.csv", "t.xlsx"} {
		if err := report.WriteTables(t.Context(), filepath.Join(dir, name), words.Printer{Lang: words.English}, tables); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(filepath.Join(dir, "t.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("\ufeffcampaign,messages,cost\n'=1+1,12,0.045\naward,0,–\n", string(b)); diff != "" {
		t.Error(diff)
	}
	f, err := excelize.OpenFile(filepath.Join(dir, "t.xlsx"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	sheets := f.GetSheetList()
	rows, err := f.GetRows(sheets[1], excelize.Options{RawCellValue: true})
	if err != nil || len(sheets) != 2 {
		t.Fatal(sheets, err)
	}
	if diff := cmp.Diff([][]string{{"campaign", "messages", "cost"}, {"=1+1", "12", "0.045"}, {"award", "0", "–"}}, rows); diff != "" {
		t.Error(diff)
	}
	if kind, err := f.GetCellType(sheets[1], "C2"); err != nil || kind == excelize.CellTypeInlineString {
		t.Errorf("the cost is of type %v: %v", kind, err)
	}
	if formula, err := f.GetCellFormula(sheets[1], "A2"); err != nil || formula != "" {
		t.Errorf("a text is the formula %q: %v", formula, err)
	}
}

func TestOtherFormsOfTablesAreRefused(t *testing.T) {
	for path, want := range map[string]bool{"": true, "a.csv": true, "a.XLSX": true, "a.json": false, "a": false} {
		if err := report.CheckTables(path); (err == nil) != want || err != nil && !strings.Contains(err.Error(), ".xlsx") {
			t.Errorf("%q: %v", path, err)
		}
	}
}
