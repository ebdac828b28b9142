package list_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/diag"
	"notify/pkg/list"
	"notify/pkg/message"
)

// The files in testdata are such as people and programs write.

func TestTextsThatProgramsWrapAreReadAsMeant(t *testing.T) {
	for _, test := range []struct {
		name string
		want [][]string
	}{
		{"equals-quote.csv", [][]string{{"00123", "Wang", "13490009001"}}},
		{"equals-quote-value.csv", [][]string{{"Wang", "13490009001", "00123"}, {"Li", "13490009002", "00456"}}},
		{"mysql-null.csv", [][]string{{"", "13490009001", "x"}}},
		{"linebreak.csv", [][]string{{"E1", "王小明 (二班)", "a1@x.test", "一等奖"}, {"E2", "李雷", "a2@x.test", "一等奖\n电脑一台"}, {"E3", "韩梅", "a3@x.test", "三等奖"}}},
	} {
		got := read(t, filepath.Join("testdata", test.name), list.Options{})
		if diff := cmp.Diff(test.want, got.values()); diff != "" || len(got.problems) != 0 {
			t.Errorf("%s (-want +got):\n%s%v", test.name, diff, got.problems)
		}
	}
}

func TestQuotesStandOutsideOfBlanks(t *testing.T) {
	const phone = ",13494000001,"
	for cell, want := range map[string]string{
		` "Wang, Li"`:         "Wang, Li",
		`"Wang, Li"  `:        "Wang, Li",
		`   "a ""b"" , c"  `:  `a "b" , c`,
		`"" `:                 "",
		` """" `:              `"`,
		`"a"" , ""b"`:         `a" , "b`,
		`5" `:                 `5"`,
		`say "hi" there`:      `say "hi" there`,
		`"` + "a\nb" + `"   `: "a\nb",
	} {
		for _, test := range []struct{ line, where string }{{cell + phone + "x", "first"}, {"x" + phone + cell, "last"}} {
			got := read(t, file(t, "l.csv", "说明一,手机,说明二\n"+test.line+"\n"+test.line+"\n"), list.Options{})
			if len(got.rows) != 2 || len(got.problems) != 0 || got.rows[1].Address(message.SMS) != "+8613494000001" {
				t.Errorf("%q %s: %v, %v", cell, test.where, got.rows, got.problems)
				continue
			}
			at := 0
			if test.where == "last" {
				at = 2
			}
			if got.rows[0].Values[at] != want || got.rows[1].Values[at] != want {
				t.Errorf("%q %s is %q, want %q", cell, test.where, got.values(), want)
			}
		}
	}
}

func TestDigitsThatAreGoneAreToldWhereTheyAreUsed(t *testing.T) {
	long := filepath.Join("testdata", "long-number.xlsx")
	text := file(t, "l.csv", "phone,card,note\n13494000001,6.22202E+18,x\n13494000002,6222021234567890123,12E3\n")
	for path, want := range map[string][]string{long: {"digits-lost 2 C 卡号", "digits-lost 3 C 卡号"}, text: {"digits-lost 2 B card"}} {
		r, err := list.Open(t.Context(), path, list.Options{})
		if err != nil {
			t.Fatal(err)
		}
		used := readAll(t, r, func() { r.Use([]string{"card", "卡号"}) })
		if diff := cmp.Diff(want, told(used)); diff != "" {
			t.Errorf("%s, card is used (-want +got):\n%s", path, diff)
		}
		r, err = list.Open(t.Context(), path, list.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if unused := readAll(t, r, func() { r.Use(nil) }); len(unused) != 0 {
			t.Errorf("%s, card is not used: %v", path, unused)
		}
	}
}

func readAll(t *testing.T, r list.Reader, before func()) []diag.Problem {
	t.Helper()
	before()
	var problems diag.List
	var row list.Row
	for r.Next(&row, &problems) == nil {
		continue
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	return problems.Kept()
}

func TestPeopleOnASecondSheetAreCounted(t *testing.T) {
	got := read(t, filepath.Join("testdata", "two-sheets.xlsx"), list.Options{})
	if len(got.problems) != 1 || got.problems[0].Code != "sheets-unread" || got.problems[0].Stops() || !strings.Contains(got.problems[0].Summary.String(), "(25 with an address)") {
		t.Errorf("problems %v", got.problems)
	}
}

func TestAFormulaThatNobodyCalculatedIsNoValue(t *testing.T) {
	got := read(t, filepath.Join("testdata", "xlsxwriter-formula.xlsx"), list.Options{})
	if len(got.problems) == 0 || len(got.problems) != len(got.rows) {
		t.Fatalf("rows %v, problems %v", got.rows, got.problems)
	}
	for _, p := range got.problems {
		if p.Code != "formula-uncached" || !p.Stops() {
			t.Errorf("problem %v", p)
		}
	}
	calculated := workbook(t, map[string]string{
		"xl/workbook.xml": strings.Replace(bookXML, "</sheets>", `</sheets><calcPr fullCalcOnLoad="1"/>`, 1),
		sheetPart:         sheetXML(`<row r="2"><c r="A2"><f>1</f><v>7</v></c>` + inline("B2", "13494000001") + `<c r="C2"><v>0</v></c></row>`),
	})
	if got := read(t, calculated, list.Options{}); len(got.problems) != 0 || got.rows[0].Key != "7" || got.rows[0].Values[2] != "0" {
		t.Errorf("rows %v, problems %v", got.rows, got.problems)
	}
}

func TestFormatsThatChooseTheirWordsAreShown(t *testing.T) {
	got := read(t, filepath.Join("testdata", "formats.xlsx"), list.Options{})
	var shown []string
	for _, row := range got.rows {
		shown = append(shown, row.Values[2])
	}
	want := []string{"女", "88元", "未中奖", "二〇二〇年十二月三十一日", "壹万捌仟捌佰捌拾捌元整", "1.01元"}
	if diff := cmp.Diff(want, shown); diff != "" || len(got.problems) != 0 {
		t.Errorf("shown (-want +got):\n%s%v", diff, got.problems)
	}
}

func TestAFormatThatCannotBeShownForSureIsToldWhereItIsUsed(t *testing.T) {
	for code, value := range map[string]float64{"# ?/?": 0.3, "[$-804]mmmm d": 43832, "[$-411]ggge": 43832, `[>100]"many"`: 5, "yyyy-mm-dd": -3, "0 pcs": 5} {
		path := styled(t, code, value)
		if diff := cmp.Diff([]string{"format-unsure 2 C 说明"}, told(read(t, path, list.Options{}).problems)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", code, diff)
		}
		r, err := list.Open(t.Context(), path, list.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if unused := readAll(t, r, func() { r.Use(nil) }); len(unused) != 0 {
			t.Errorf("%s, not used: %v", code, unused)
		}
	}
}

func TestAFormatMayAddWordsToATextAndHideANumber(t *testing.T) {
	styles := func(code string) string {
		return `<styleSheet><numFmts><numFmt numFmtId="200" formatCode="` + code + `"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="200"/></cellXfs></styleSheet>`
	}
	row := `<row r="2"><c r="A2" s="1"><v>42</v></c><c r="B2" s="1"><v>13494000001</v></c><c r="C2" s="1" t="inlineStr"><is><t>王</t></is></c></row>`
	for code, want := range map[string][]string{
		"0;0;0;@&quot;先生&quot;": {"42", "13494000001", "王先生"},
		";;;":                   {"42", "13494000001", ""}, // a key and an address are read by a machine
		"@":                     {"42", "13494000001", "王"},
	} {
		got := read(t, workbook(t, map[string]string{sheetPart: sheetXML(row), "xl/styles.xml": styles(code)}), list.Options{})
		if diff := cmp.Diff([][]string{want}, got.values()); diff != "" || got.rows[0].Address(message.SMS) != "+8613494000001" {
			t.Errorf("%s (-want +got):\n%s%v", code, diff, got.problems)
		}
	}
}
