package list_test

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"notify/pkg/diag"
	"notify/pkg/list"
	"notify/pkg/message"
)

// The parts that every workbook here has, unless a test says otherwise.
const (
	rootRels  = `<Relationships><Relationship Id="r1" Type="http://x/officeDocument" Target="xl/workbook.xml"/></Relationships>`
	bookXML   = `<workbook xmlns:r="r"><sheets><sheet name="名单" sheetId="1" r:id="r1"/></sheets></workbook>`
	bookRels  = `<Relationships><Relationship Id="r1" Type="http://x/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="http://x/sharedStrings" Target="/xl/sharedStrings.xml"/><Relationship Id="r3" Type="http://x/styles" Target="styles.xml"/></Relationships>`
	sheetPart = "xl/worksheets/sheet1.xml"
)

// workbook writes an .xlsx file by hand, to hold what no library writes. An empty part is left out.
func workbook(tb testing.TB, parts map[string]string) string {
	tb.Helper()
	all := map[string]string{"_rels/.rels": rootRels, "xl/workbook.xml": bookXML, "xl/_rels/workbook.xml.rels": bookRels}
	for name, content := range parts {
		all[name] = content
	}
	path := filepath.Join(tb.TempDir(), "l.xlsx")
	f, err := os.Create(path)
	if err != nil {
		tb.Fatal(err)
	}
	z := zip.NewWriter(f)
	for name, content := range all {
		if content == "" {
			continue
		}
		w, err := z.Create(name)
		if err != nil {
			tb.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			tb.Fatal(err)
		}
	}
	if err := errors.Join(z.Close(), f.Close()); err != nil {
		tb.Fatal(err)
	}
	return path
}

// sheetXML is a sheet with headers A 工号, B 手机, C 说明, and what is given below them.
func sheetXML(rows string) string {
	return `<worksheet><sheetData><row r="1">` + inline("A1", "工号") + inline("B1", "手机") + inline("C1", "说明") + `</row>` + rows + `</sheetData></worksheet>`
}

func inline(ref, text string) string {
	return `<c r="` + ref + `" t="inlineStr"><is><t>` + text + `</t></is></c>`
}

func smsOnly() list.Options { return list.Options{Need: []message.Channel{message.SMS}} }

func TestCellsOfEveryKindAreRead(t *testing.T) {
	path := workbook(t, map[string]string{
		sheetPart: `<?xml version="1.0"?><x:worksheet xmlns:x="m"><x:cols><x:col min="9" max="9" hidden="1"/></x:cols><x:sheetData>` +
			`<x:row r="2"><x:c r="A2" t="s"><x:v>0</x:v></x:c><x:c r="B2" t="s"><x:v> 1 </x:v></x:c><x:c r="C2" t="s"><x:v>2</x:v></x:c></x:row>` +
			`<x:row r="4"><x:c r="A4"><x:v>1.2E3</x:v></x:c><x:c r="B4"><x:v>1.3494000001E10</x:v></x:c><x:c r="C4" t="b"><x:v>1</x:v></x:c></x:row>` +
			`<x:row hidden="1"><x:c><x:v>7</x:v></x:c><x:c t="str"><x:f>1&amp;2</x:f><x:v>13494000002</x:v></x:c><x:c t="d"><x:v>2020-01-02T00:00:00</x:v></x:c></x:row>` +
			`<x:row r="9"><x:c r="C9" t="s"><x:v>3</x:v></x:c><x:c r="A9" t="inlineStr"><x:is><x:r><x:t>A</x:t></x:r><x:r><x:t>9</x:t></x:r></x:is></x:c><x:c r="B9"><x:f>1</x:f><x:v>13494000003</x:v></x:c></x:row>` +
			`</x:sheetData></x:worksheet>`,
		"xl/sharedStrings.xml": `<sst><si><t>工号</t></si><si><t>手机</t></si><si><r><t>说</t></r><r><rPr/><t>明</t></r></si><si><t>一_x000A_二</t><rPh><t>いち</t></rPh></si></sst>`,
	})
	got := read(t, path, smsOnly())
	want := []list.Row{
		{Number: 4, Key: "1200", To: []list.Reach{{Channel: message.SMS, Address: "+8613494000001"}}, Values: []string{"1200", "13494000001", "TRUE"}},
		{Number: 5, Key: "7", To: []list.Reach{{Channel: message.SMS, Address: "+8613494000002"}}, Values: []string{"7", "13494000002", "2020-01-02"}, Hidden: true},
		{Number: 9, Key: "A9", To: []list.Reach{{Channel: message.SMS, Address: "+8613494000003"}}, Values: []string{"A9", "13494000003", "一\n二"}},
	}
	if diff := cmp.Diff(want, got.rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s%v", diff, got.err)
	}
	if diff := cmp.Diff([]string{"rows-hidden"}, told(got.problems)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestNumbersAreShownAsTheSheetShowsThem(t *testing.T) {
	check := func(format string, value any, want, country string) {
		t.Helper()
		path := formatted(t, format, value)
		got := read(t, path, list.Options{Country: country})
		if len(got.rows) != 1 || got.rows[0].Values[1] != want {
			t.Errorf("%v as %s is shown as %q, want %q", value, format, got.values(), want)
		}
	}
	check("General", 8888, "8888", "")
	check("¥#,##0.00", 8888, "¥8,888.00", "")
	check("0%", 0.85, "85%", "")
	check("yyyy-mm-dd", 43832, "2020-01-02", "")
	check(`yyyy"年"m"月"d"日"`, 43832, "2020年1月2日", "")
	check("yyyy-mm-dd hh:mm", 43832.5, "2020-01-02 12:00", "")
	check("000000", 42, "000042", "")
	check("General", 0.1+0.2, "0.3", "")
	check("General", 123456789012.0, "123456789012", "")
	check(";;;", 5, "", "")
	check("@", 42, "42", "")
	check("14", 43832, "2020/1/2", "CN")
	check("14", 43832, "2020-01-02", "US")
}

// formatted is a list with one recipient and one number under a format; "14" is the built-in date of the machine's settings.
func formatted(tb testing.TB, format string, value any) string {
	tb.Helper()
	f := excelize.NewFile()
	style := &excelize.Style{CustomNumFmt: &format}
	if format == "14" {
		style = &excelize.Style{NumFmt: 14}
	}
	id, err := f.NewStyle(style)
	path := filepath.Join(tb.TempDir(), "f.xlsx")
	if err := errors.Join(
		err,
		f.SetSheetRow("Sheet1", "A1", &[]any{"手机", "值"}),
		f.SetSheetRow("Sheet1", "A2", &[]any{"+8613494000001", value}),
		f.SetCellStyle("Sheet1", "B2", "B2", id),
		f.SaveAs(path), f.Close(),
	); err != nil {
		tb.Fatal(err)
	}
	return path
}

func TestEveryProblemOfASheetIsTold(t *testing.T) {
	for _, test := range []struct {
		name, rows string
		want       []string
	}{
		{"an error value", `<row r="2"><c r="A2" t="e"><v>#REF!</v></c><c r="B2" t="e"><v>#N/A</v></c><c r="C2" t="str"><v>#VALUE!</v></c></row>`, []string{"cell-error 2 A 工号", "cell-error 2 B 手机", "cell-error 2 C 说明"}},
		{"a formula nobody calculated", `<row r="2"><c r="A2"><f>1+1</f></c><c r="B2"><f>X1</f><v/></c><c r="C2"><f>1</f><v></v></c></row>`, []string{"formula-uncached 2 A 工号", "formula-uncached 2 B 手机", "formula-uncached 2 C 说明"}},
		{"a formula that gives nothing", `<row r="2">` + inline("A2", "A") + inline("B2", "13494000001") + `<c r="C2" t="str"><f>""</f><v></v></c></row>`, nil},
		{"a key with too many digits", `<row r="2"><c r="A2"><v>4.40106199001011E+17</v></c><c r="B2"><v>13494000001</v></c></row>`, []string{"digits-lost 2 A 工号"}},
		{"a value beside the list", `<row r="2">` + inline("A2", "A") + inline("B2", "13494000001") + inline("F2", "note") + `</row>`, []string{"column-unnamed 2 F"}},
		{"merged cells", `<row r="2">` + inline("A2", "A") + inline("B2", "13494000001") + inline("C2", "x") + `</row><row r="3">` + inline("A3", "B") + inline("B3", "13494000002") + `</row></sheetData><mergeCells><mergeCell ref="A1:B1"/><mergeCell ref="C2:C3"/></mergeCells><sheetData>`, []string{"cells-merged 2 C"}},
		{"a row with styles only", `<row r="2"><c r="A2" s="1"/><c r="B2" s="1"/></row><row r="3">` + inline("A3", "A") + inline("B3", "13494000001") + `</row>`, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := read(t, workbook(t, map[string]string{sheetPart: sheetXML(test.rows)}), smsOnly())
			want := test.want
			if diff := cmp.Diff(want, told(got.problems)); diff != "" || got.err != nil {
				t.Errorf("problems (-want +got):\n%s%v", diff, got.err)
			}
		})
	}
}

func TestTheSheetIsChosen(t *testing.T) {
	parts := map[string]string{
		"xl/workbook.xml": `<workbook xmlns:r="r"><sheets><sheet name="旧名单" state="hidden" r:id="r1"/><sheet name="图" r:id="r4"/><sheet name="获奖名单" r:id="r2"/><sheet name="Second" r:id="r3"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="r1" Type="http://x/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="http://x/worksheet" Target="worksheets/sheet2.xml"/>` +
			`<Relationship Id="r3" Type="http://x/worksheet" Target="worksheets/sheet3.xml"/><Relationship Id="r4" Type="http://x/chartsheet" Target="chartsheets/sheet1.xml"/></Relationships>`,
	}
	for i, phone := range []string{"13494000001", "13494000002", "13494000003"} {
		parts["xl/worksheets/sheet"+string(rune('1'+i))+".xml"] = sheetXML(`<row r="2">` + inline("A2", "A") + inline("B2", phone) + `</row>`)
	}
	path := workbook(t, parts)
	for sheet, want := range map[string]message.Address{"": "+8613494000002", "旧名单": "+8613494000001", "获奖名单": "+8613494000002", " second": "+8613494000003"} {
		got := read(t, path, list.Options{Sheet: sheet})
		if len(got.rows) != 1 || got.rows[0].Address(message.SMS) != want {
			t.Errorf("sheet %q gives %+v, %v; want %s", sheet, got.rows, got.err, want)
		}
		warnings := []string{"sheets-unread"}
		if sheet == "旧名单" {
			warnings = append(warnings, "sheet-hidden")
		}
		if !cmp.Equal(warnings, told(got.problems)) {
			t.Errorf("sheet %q: problems %v", sheet, got.problems)
		}
	}
	got := read(t, path, list.Options{Sheet: "获奖名單"})
	if len(got.problems) != 1 || got.problems[0].Code != "sheet-missing" || !strings.Contains(got.problems[0].Hint.String(), "did you mean 获奖名单?") || !strings.Contains(got.problems[0].Hint.String(), "旧名单, 图, 获奖名单, Second") {
		t.Errorf("an unknown sheet: %v", got.problems)
	}
}

func TestAHiddenColumnThatServesIsDoubted(t *testing.T) {
	sheet := strings.Replace(sheetXML(`<row r="2">`+inline("A2", "A")+inline("B2", "13494000001")+`</row>`), "<sheetData>", `<cols><col min="2" max="3" hidden="1"/></cols><sheetData>`, 1)
	got := read(t, workbook(t, map[string]string{sheetPart: sheet}), smsOnly())
	if diff := cmp.Diff([]string{"column-hidden 1 B 手机"}, told(got.problems)); diff != "" || len(got.rows) != 1 {
		t.Errorf("problems (-want +got):\n%s%v", diff, got.err)
	}
}

func TestSheetsThatAreNotReadAreMentioned(t *testing.T) {
	f := excelize.NewFile()
	path := filepath.Join(t.TempDir(), "two.xlsx")
	errs := []error{f.SetSheetRow("Sheet1", "A1", &[]any{"手机"}), f.SetSheetRow("Sheet1", "A2", &[]any{"13494000001"})}
	for _, name := range []string{"二组", "空"} {
		_, err := f.NewSheet(name)
		errs = append(errs, err)
	}
	for i := range 100 {
		errs = append(errs, f.SetCellValue("二组", "A"+itoa(i+1), 13494000001+i))
	}
	if err := errors.Join(append(errs, f.SaveAs(path), f.Close())...); err != nil {
		t.Fatal(err)
	}
	got := read(t, path, list.Options{})
	if len(got.problems) != 1 || got.problems[0].Code != "sheets-unread" || got.problems[0].Stops() || !strings.HasSuffix(got.problems[0].Summary.String(), ": 二组 (100 with an address)") {
		t.Errorf("problems %v", got.problems)
	}
	if got := read(t, path, list.Options{Sheet: "Sheet1"}); len(got.problems) != 1 {
		t.Errorf("with a sheet named, problems %v", got.problems)
	}
}

func TestATemporaryFileThatCannotBeMadeIsNoFaultOfTheList(t *testing.T) {
	o := smsOnly()
	o.TempDir = filepath.Join(t.TempDir(), "missing")
	strs := "<sst>" + strings.Repeat("<si><t>"+strings.Repeat("x", 1000)+"</t></si>", 5000) + "</sst>"
	_, err := list.Open(t.Context(), workbook(t, map[string]string{sheetPart: sheetXML(""), "xl/sharedStrings.xml": strs}), o)
	var input *diag.InputError
	if err == nil || errors.As(err, &input) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

// TestManyStringsSpillToDisk reads a string table that does not stay in memory, in an order that defeats its cache.
func TestManyStringsSpillToDisk(t *testing.T) {
	const rows = 25_000
	var strs, sheet strings.Builder
	strs.WriteString("<sst><si><t>工号</t></si><si><t>手机</t></si>")
	sheet.WriteString(`<worksheet><sheetData><row><c t="s"><v>0</v></c><c t="s"><v>1</v></c></row>`)
	pad := strings.Repeat("x", 200)
	for i := range rows {
		key, _, phone, _ := invented(i)
		strs.WriteString("<si><t>" + key + pad + "</t></si><si><t>" + phone + "</t></si>")
		at := (i * 7919) % rows
		sheet.WriteString(`<row><c t="s"><v>` + itoa(2+2*at) + `</v></c><c t="s"><v>` + itoa(3+2*at) + `</v></c></row>`)
	}
	path := workbook(t, map[string]string{sheetPart: sheet.String() + `</sheetData></worksheet>`, "xl/sharedStrings.xml": strs.String() + "</sst>"})
	o := smsOnly()
	o.TempDir = t.TempDir()
	got := read(t, path, o)
	if len(got.rows) != rows || len(got.problems) != 0 || got.err != nil {
		t.Fatalf("%d rows, %v, %v", len(got.rows), got.problems, got.err)
	}
	for i, row := range got.rows {
		key, _, phone, _ := invented((i * 7919) % rows)
		if row.Key != key+pad || row.Address(message.SMS) != message.Address("+86"+phone) {
			t.Fatalf("row %d is %+v, want %s %s", row.Number, row, key, phone)
		}
	}
	left, err := os.ReadDir(o.TempDir)
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// FuzzFormat shows numbers under formats that somebody made up.
func FuzzFormat(f *testing.F) {
	for _, code := range []string{"¥#,##0.00", "[Red]0.0;-0;;@", "yyyy\"年\"m", "[$-804]h:mm AM/PM", "# ?/?", "0E+0", "[>100]0;0", "_ * #,##0_ ", "[h]:mm:ss.000", ";", "\\"} {
		f.Add(code, 43832.25)
	}
	f.Fuzz(func(t *testing.T, code string, value float64) {
		if code == "" || len(code) > 100 || strings.ContainsFunc(code, func(r rune) bool { return r < ' ' || r == '\uFFFD' || r > '\uFFF0' }) {
			return
		}
		got := read(t, styled(t, code, value), list.Options{})
		if got.err != nil || len(got.rows) != 1 {
			t.Fatalf("%q: %v, %v", code, got.rows, got.err)
		}
	})
}

// styled is formatted by hand, with any format code.
func styled(tb testing.TB, code string, value float64) string {
	tb.Helper()
	var escaped strings.Builder
	if err := xml.EscapeText(&escaped, []byte(code)); err != nil {
		tb.Fatal(err)
	}
	return workbook(tb, map[string]string{
		sheetPart:       sheetXML(`<row r="2">` + inline("A2", "A") + inline("B2", "13494000001") + `<c r="C2" s="1"><v>` + strconv.FormatFloat(value, 'g', -1, 64) + `</v></c></row>`),
		"xl/styles.xml": `<styleSheet><numFmts count="1"><numFmt numFmtId="200" formatCode="` + escaped.String() + `"/></numFmts><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="200"/></cellXfs></styleSheet>`,
	})
}
