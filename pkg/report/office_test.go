package report_test

import (
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"notify/pkg/message"
	"notify/pkg/report"
)

// office runs LibreOffice on a file. Where CI is set it is there, or the test fails.
func office(t *testing.T, to, file string) bool {
	t.Helper()
	path, err := exec.LookPath("soffice")
	if err != nil && os.Getenv("CI") == "" {
		_, _ = os.Stderr.WriteString("\n!!! NOT TESTED: what a spreadsheet makes of the report: get LibreOffice with: apt-get install libreoffice-calc-nogui\n\n")
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(file)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	out := must[[]byte](t)(exec.CommandContext(ctx, path, "-env:UserInstallation=file://"+filepath.ToSlash(dir)+"/profile", "--headless", "--norestore",
		"--convert-to", to, "--outdir", dir, file).CombinedOutput())
	t.Logf("soffice: %s", out)
	return true
}

// TestASpreadsheetAddsUpWhatTheTerminalSays: SUM over the recipients' sheet, calculated by LibreOffice, is what the report says.
func TestASpreadsheetAddsUpWhatTheTerminalSays(t *testing.T) {
	l := ledgers(t)["sqlite"]
	staged(t, l, "award-2020")
	sent(t, l, "award-2020")
	terms := report.Terms{Prices: prices()}
	r := must[*report.Report](t)(report.Make(t.Context(), l, "award-2020", terms))
	path := filepath.Join(t.TempDir(), "award.xlsx")
	must[int](t)(report.WriteFile(t.Context(), l, "award-2020", path, report.Options{Zone: zone, Terms: terms}))

	x := must[*excelize.File](t)(excelize.OpenFile(path))
	defer x.Close()
	var sheet string
	var header []string
	for _, name := range x.GetSheetList() {
		rows := must[[][]string](t)(x.GetRows(name))
		if len(rows) > 0 && slices.Contains(rows[0], "notify_cost") {
			sheet, header = name, rows[0]
		}
	}
	column := func(name string) string {
		return must[string](t)(excelize.ColumnNumberToName(slices.Index(header, name) + 1))
	}
	ends := make(map[string]string)
	for _, n := range x.GetDefinedName() {
		if n.Name == "notify_recipients" || n.Scope == sheet {
			ends[n.Name] = strings.Split(n.RefersTo[strings.LastIndexByte(n.RefersTo, ':')+1:], "$")[1]
		}
	}
	// The list reader takes every column, and paper those that can be read there.
	if ends["notify_recipients"] != column(header[len(header)-1]) || ends["_xlnm.Print_Area"] != column("notify_detail") {
		t.Errorf("it ends at %v", ends)
	}
	number := must[int](t)(x.NewSheet("sums"))
	for i, formula := range []string{
		fmt.Sprintf("ROUND(SUM('%s'!%s2:%[2]s999),6)", sheet, column("notify_cost")),
		fmt.Sprintf(`COUNTIF('%s'!%s2:%[2]s999,"accepted")`, sheet, column("notify_state")),
	} {
		if err := x.SetCellFormula("sums", fmt.Sprintf("A%d", i+1), formula); err != nil {
			t.Fatal(err)
		}
	}
	if err := x.SaveAs(path); err != nil {
		t.Fatal(err)
	}
	if !office(t, fmt.Sprintf(`csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,%d`, number+1), path) {
		return
	}
	files := must[[]string](t)(filepath.Glob(filepath.Join(filepath.Dir(path), "*sums*.csv")))
	if len(files) != 1 {
		t.Fatalf("sums are in %v", files)
	}
	f := must[*os.File](t)(os.Open(files[0]))
	defer f.Close()
	var got []string
	for _, row := range must[[][]string](t)(csv.NewReader(f).ReadAll()) {
		got = append(got, row[0])
	}
	want := []string{r.Costs[0].Cost.String(), fmt.Sprint(r.Total[message.Accepted])}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("LibreOffice says %v, the terminal %v", got, want)
	}
}
