package list_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"notify/pkg/list"
	"notify/pkg/message"
)

// zipped is a zip file with the named parts, each holding a few bytes.
func zipped(tb testing.TB, names ...string) string {
	tb.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range names {
		w, err := z.Create(name)
		if err != nil {
			tb.Fatal(err)
		}
		if _, err := w.Write([]byte("<x/>")); err != nil {
			tb.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

func protected(tb testing.TB) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "p.xlsx")
	f := excelize.NewFile()
	if err := errors.Join(f.SaveAs(path, excelize.Options{Password: "x"}), f.Close()); err != nil {
		tb.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

func TestAFileThatIsNoListIsRefusedWithAHint(t *testing.T) {
	const ole = "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"
	for _, test := range []struct{ name, file, content, code, says string }{
		{"protected by a password", "l.xlsx", protected(t), "file-kind", "password"},
		{"an old workbook", "l.xls", ole + strings.Repeat("\x00", 600) + "W\x00o\x00r\x00k\x00b\x00o\x00o\x00k\x00", "file-kind", "old .xls"},
		{"an old binary file", "l.xls", ole, "file-kind", "old binary"},
		{"empty", "l.csv", "", "file-empty", "empty"},
		{"blank", "l.csv", " \r\n \n", "file-empty", "nothing"},
		{"a PDF", "l.xlsx", "%PDF-1.7", "file-kind", "PDF"},
		{"a web page", "l.xls", "\uFEFF<html><table>", "file-kind", "web page"},
		{"XML of 2003", "l.xls", `<?xml version="1.0"?><Workbook/>`, "file-kind", "XML"},
		{"a Word document", "l.docx", zipped(t, "[Content_Types].xml", "word/document.xml"), "file-kind", "Word"},
		{"an OpenDocument file", "l.ods", zipped(t, "mimetype", "content.xml"), "file-kind", "OpenDocument"},
		{"a Numbers document", "l.numbers", zipped(t, "Index/Document.iwa"), "file-kind", "Numbers"},
		{"a binary workbook", "l.xlsb", zipped(t, "xl/workbook.bin"), "file-kind", ".xlsb"},
		{"a zip file", "l.zip", zipped(t, "a.csv"), "file-kind", "zip"},
		{"cut short", "l.xlsx", zipped(t, "xl/workbook.xml")[:60], "file-damaged", "not copied to its end"},
		{"nothing but the beginning", "l.xlsx", "PK\x03\x04", "file-damaged", "damaged"},
		{"a workbook without sheets", "l.xlsx", zipped(t, "_rels/.rels", "xl/workbook.xml"), "sheet-missing", "no sheet"},
		{"a mark of an open file", "~$award.xlsx", "x", "file-owner", "award.xlsx"},
		{"a picture", "l.csv", "\x89PNG\r\n", "file-kind", "picture"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := read(t, file(t, test.file, test.content), list.Options{})
			if len(got.problems) != 1 || got.problems[0].Code != test.code || !strings.Contains(got.problems[0].String(), test.says) {
				t.Fatalf("problems %v; want %s with %q", got.problems, test.code, test.says)
			}
			if got.problems[0].Hint.String() == "" || got.problems[0].Place.File == "" {
				t.Errorf("%+v lacks a hint or a file", got.problems[0])
			}
		})
	}
}

func TestAPathThatIsNoFileIsRefusedWithAHint(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "award.xlsx"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, says := range map[string]string{dir: "folder", filepath.Join(dir, "awrad.xlsx"): filepath.Join(dir, "award.xlsx"), filepath.Join(dir, "no", "such.xlsx"): "no such file", os.DevNull: "not a regular file"} {
		got := read(t, path, list.Options{})
		if len(got.problems) != 1 || !strings.Contains(got.problems[0].String(), says) {
			t.Errorf("%s: %v; want %q", path, got.problems, says)
		}
	}
	got := read(t, file(t, "l.csv", "手机\n1\n"), list.Options{Sheet: "名单"})
	if len(got.problems) != 1 || got.problems[0].Code != "sheet-missing" {
		t.Errorf("a sheet of a text file: %v", got.problems)
	}
}

func TestContentDecidesWhateverTheNameSays(t *testing.T) {
	content, err := os.ReadFile(workbook(t, map[string]string{sheetPart: sheetXML(`<row r="2">` + inline("A2", "A") + inline("B2", "13494000001") + `</row>`)}))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"l.csv": string(content), "l.xlsx": "工号,手机\nA,13494000001\n"} {
		got := read(t, file(t, name, content), list.Options{})
		if len(got.rows) != 1 || got.rows[0].Address(message.SMS) != "+8613494000001" {
			t.Errorf("%s: %v, %v", name, got.rows, got.err)
		}
	}
}

func TestADamagedSheetIsNeverASilentEnd(t *testing.T) {
	good := `<row r="2">` + inline("A2", "A") + inline("B2", "13494000001") + `</row>`
	for _, test := range []struct{ name, sheet, strings, code string }{
		{"cut in a row", strings.TrimSuffix(sheetXML(good), "</row></sheetData></worksheet>"), "", "file-damaged"},
		{"cut between rows", strings.TrimSuffix(sheetXML(good), "</sheetData></worksheet>"), "", "file-damaged"},
		{"a control character", sheetXML(good + `<row r="3">` + inline("A3", "A\x08") + `</row>`), "", "file-damaged"},
		{"a row that goes back", sheetXML(good + `<row r="2"></row>`), "", "file-damaged"},
		{"a row beyond the end", sheetXML(good + `<row r="1048577"></row>`), "", "file-damaged"},
		{"a reference to a string that is not there", sheetXML(good + `<row r="3"><c r="A3" t="s"><v>9</v></c></row>`), "<sst/>", "file-damaged"},
		{"a string table that is cut", sheetXML(good), "<sst><si><t>a</t></si>", "file-damaged"},
		{"a reference to no column", sheetXML(good + `<row r="3"><c r="ZZZZ3"><v>1</v></c></row>`), "", "file-damaged"},
		{"a cell at the far end", sheetXML(good + `<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>`), "", "too-wide"},
		{"a cell of megabytes", sheetXML(good + `<row r="3">` + inline("A3", strings.Repeat("x", 8<<20)) + `</row>`), "", "cell-too-long"},
		{"a cell of many pieces", sheetXML(good + `<row r="3"><c r="A3" t="inlineStr"><is>` + strings.Repeat("<r><t>"+strings.Repeat("x", 1000)+"</t></r>", 500) + `</is></c></row>`), "", "cell-too-long"},
		{"a string of many pieces", sheetXML(good), "<sst><si>" + strings.Repeat("<r><t>"+strings.Repeat("x", 1000)+"</t></r>", 500) + "</si></sst>", "cell-too-long"},
		{"an entity that is not XML's", sheetXML(good + `<row r="3">` + inline("A3", "&lol;") + `</row>`), "", "file-damaged"},
		{"what unpacks to a thousand times its size", strings.Replace(sheetXML(good), "<sheetData>", strings.Repeat("<!--"+strings.Repeat(" ", 100_000)+"-->", 800)+"<sheetData>", 1), "", "file-bomb"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := read(t, workbook(t, map[string]string{sheetPart: test.sheet, "xl/sharedStrings.xml": test.strings}), list.Options{})
			if got.err == nil || len(got.problems) == 0 || got.problems[len(got.problems)-1].Code != test.code {
				t.Errorf("rows %d, problems %v, %v; want %s", len(got.rows), got.problems, got.err, test.code)
			}
		})
	}
}

func TestDeepXMLIsReadInBoundedMemory(t *testing.T) {
	deep := strings.Repeat("<a>", 400_000)
	path := workbook(t, map[string]string{sheetPart: strings.Replace(sheetXML(""), "<sheetData>", deep+"<sheetData>", 1)})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got := read(t, path, list.Options{})
	runtime.GC()
	runtime.ReadMemStats(&after)
	if got.err != nil || len(got.header.Columns) != 3 {
		t.Errorf("%+v, %v", got.header, got.err)
	}
	if after.HeapAlloc > before.HeapAlloc+(8<<20) {
		t.Errorf("the heap grew from %d to %d", before.HeapAlloc, after.HeapAlloc)
	}
}

func FuzzSheet(f *testing.F) {
	f.Add(sheetXML(`<row r="2">`+inline("A2", "A")+`<c r="B2"><v>1.3E10</v></c></row>`), "<sst><si><t>手机</t></si></sst>")
	f.Add(`<worksheet><sheetData><row><c t="s"><v>0</v></c></row><row><c t="s"><v>-1</v></c></row></sheetData></worksheet>`, "<sst><si><t>手机</t></si></sst>")
	f.Add(`<worksheet><cols><col min="a" max="9" hidden="1"/></cols><sheetData/><mergeCells><mergeCell ref="::"/></mergeCells></worksheet>`, "")
	f.Fuzz(func(t *testing.T, sheet, strs string) {
		got := read(t, workbook(t, map[string]string{sheetPart: sheet, "xl/sharedStrings.xml": strs}), list.Options{})
		if rows := strings.Count(sheet, "row"); len(got.rows) > rows {
			t.Fatalf("%d rows out of %d elements", len(got.rows), rows)
		}
		last := got.header.Row
		for _, row := range got.rows {
			if row.Number <= last {
				t.Fatalf("row %d after row %d", row.Number, last)
			}
			last = row.Number
		}
	})
}
