package list_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"notify/pkg/channel"
	"notify/pkg/diag"
	"notify/pkg/list"
	"notify/pkg/message"
)

func TestATextFileIsReadInItsEncodingAndSeparator(t *testing.T) {
	const text = "姓名,手机\r\n欧阳小明,13494000001\r\n"
	encoded := func(s string, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for _, test := range []struct{ name, content, encoding, comma string }{
		{"UTF-8", text, "utf-8", ","},
		{"UTF-8 with a mark", "\uFEFF" + text, "utf-8-bom", ","},
		{"GB18030", encoded(simplifiedchinese.GB18030.NewEncoder().String(text)), "gb18030", ","},
		{"UTF-16, little end first", encoded(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(text)), "utf-16le", ","},
		{"UTF-16, big end first", encoded(unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder().String(text)), "utf-16be", ","},
		{"tabs", strings.ReplaceAll(text, ",", "\t"), "utf-8", "\t"},
		{"semicolons", strings.ReplaceAll(text, ",", ";"), "utf-8", ";"},
		{"bars", strings.ReplaceAll(text, ",", "|"), "utf-8", "|"},
		{"Chinese commas", strings.ReplaceAll(text, ",", "，"), "utf-8", "，"},
		{"line feeds", strings.ReplaceAll(text, "\r", ""), "utf-8", ","},
		{"carriage returns", strings.ReplaceAll(text, "\n", ""), "utf-8", ","},
		{"no line end at the end", strings.TrimSpace(text), "utf-8", ","},
		{"semicolons with commas in titles", "名单,一,二,三\n" + strings.ReplaceAll(text, ",", ";"), "utf-8", ";"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := read(t, file(t, "l.csv", test.content), list.Options{Need: []message.Channel{message.SMS}})
			if got.header.Encoding != test.encoding || got.header.Comma != test.comma {
				t.Errorf("%s %q, want %s %q", got.header.Encoding, got.header.Comma, test.encoding, test.comma)
			}
			if len(got.rows) != 1 || len(got.problems) != 0 {
				t.Fatalf("rows %+v, problems %v, %v", got.rows, got.problems, got.err)
			}
			if row := got.rows[0]; row.Name != "欧阳小明" || row.Address(message.SMS) != "+8613494000001" || row.Key != "+8613494000001" {
				t.Errorf("row %+v", row)
			}
		})
	}
}

func TestARowOfATextFileIsARecord(t *testing.T) {
	got := read(t, file(t, "l.csv", strings.Join([]string{
		`姓名,手机,贺词`,                    // row 1, line 1
		`王,13494000001,"第一行`,          // row 2, line 2
		`第二行, 有逗号"`,                   //
		``,                            // row 3, line 4
		`李,13494000002,5" 屏幕`,         // row 4
		` , ,　`,                       // row 5: nothing but spaces
		`张,13494000003`,               // row 6: ragged
		`"赵ab",13494000004,"他说""好"""`, // row 7
		`错,1349400000,`,               // row 8, line 9
	}, "\r\n")), list.Options{Need: []message.Channel{message.SMS}})
	want := []list.Row{
		{Number: 2, Key: "+8613494000001", Name: "王", To: []list.Reach{{Channel: message.SMS, Address: "+8613494000001"}}, Values: []string{"王", "13494000001", "第一行\n第二行, 有逗号"}},
		{Number: 4, Key: "+8613494000002", Name: "李", To: []list.Reach{{Channel: message.SMS, Address: "+8613494000002"}}, Values: []string{"李", "13494000002", `5" 屏幕`}},
		{Number: 6, Key: "+8613494000003", Name: "张", To: []list.Reach{{Channel: message.SMS, Address: "+8613494000003"}}, Values: []string{"张", "13494000003", ""}},
		{Number: 7, Key: "+8613494000004", Name: "赵ab", To: []list.Reach{{Channel: message.SMS, Address: "+8613494000004"}}, Values: []string{"赵ab", "13494000004", `他说"好"`}},
		{Number: 8, Name: "错", Values: []string{"错", "1349400000", ""}},
	}
	if diff := cmp.Diff(want, got.rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if len(got.problems) != 1 {
		t.Fatalf("problems %v", got.problems)
	}
	p := got.problems[0]
	if p.Code != "phone-invalid" || p.Place.Row != 8 || p.Place.Line != 9 || p.Place.Column != "B 手机" || p.Value != "134*****00" {
		t.Errorf("problem %+v", p)
	}
}

func TestEveryProblemOfATextFileIsTold(t *testing.T) {
	gb, err := simplifiedchinese.GB18030.NewEncoder().String("工号,手机,邮箱\nA1,13494000001,w@x.test\nA2,13494000002,")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, content string
		want          []string
	}{
		{
			"rows", "工号,手机,邮箱\n,13494000001,w@x.test\nA2,,\nA3,1.35E+10,w@@x.test\nA4,13494000004,w4@x.test,多\nA5,#N/A,#REF!\n",
			[]string{"key-missing 2 A 工号", "phone-missing 3 B 手机", "email-missing 3 C 邮箱", "digits-lost 4 B 手机", "email-invalid 4 C 邮箱", "too-many-cells 5 D", "cell-error 6 B 手机", "cell-error 6 C 邮箱"},
		},
		{"a key that lost its digits", "工号,手机,邮箱\n4.40E+17,13494000001,w@x.test\n12E3,13494000002,v@x.test\n", []string{"digits-lost 2 A 工号"}},
		{"the headers again", "工号,手机,邮箱\nA1,13494000001,w@x.test\n工号,手机,邮箱\n", []string{"header-repeated 3"}},
		{"bytes that are no text", gb + "\xff@x.test\n", []string{"bad-characters 3 C 邮箱", "email-local 3 C 邮箱"}},
		{"spoilt UTF-8", "工号,手机,邮箱,部门名称\nA1,13494000001,w@x.test,行政人事部\xff门行政部行政部行政部\n", []string{"bad-characters 2 D 部门名称"}},
		{"a NUL", "工号,手机,邮箱\nA\x001,13494000001,w@x.test\n", []string{"bad-characters 2 A 工号"}},
		{"a quotation that is not closed", "工号,手机,邮箱\n\"A1,13494000001,w@x.test\nA2,13494000002,v@x.test\nA3,13494000003,u@x.test\n", []string{"quote-open 2 A 工号", "phone-missing 2 B 手机", "email-missing 2 C 邮箱"}},
		{"no rows", "工号,手机,邮箱\n\n,,\n", []string{"list-empty"}},
		{"a column without a header", "工号,手机,邮箱,,部门\nA1,13494000001,w@x.test,是,\nA2,13494000002,v@x.test,否,\n", []string{"column-unnamed 2 D"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := read(t, file(t, "l.csv", test.content), list.Options{Need: channel.Builtin().Names()})
			if diff := cmp.Diff(test.want, told(got.problems)); diff != "" || got.err != nil {
				t.Errorf("problems (-want +got):\n%s%v", diff, got.err)
			}
			for _, p := range got.problems {
				if p.Place.File == "" || p.Summary.String() == "" || p.Hint.String() == "" || strings.Contains(p.Value, "1349400000") {
					t.Errorf("%+v lacks a file, summary or hint, or shows a number", p)
				}
			}
		})
	}
}

func TestAValueInAProblemIsMasked(t *testing.T) {
	for cell, want := range map[string]string{
		"1380013800":                "138*****00",
		"13494000001/13494000002":   "134********/*********02",
		"010-8888 8888":             "010-**** **88",
		"见备注":                       "见备注",
		"w@@x.test":                 "w***@@x.test",
		"wang@x.test; li@y.test":    "w***g@x.test l***@y.test",
		"Wang <wang xm@x.test>":     "Wang wang x***@x.test",
		strings.Repeat("长", 100):    strings.Repeat("长", 60) + "…",
		"第一行\n第二行":                  "第一行 第二行",
		"wang.example.test 第 123 号": "wang.example.test 第 123 号",
	} {
		got := read(t, file(t, "l.csv", "手机,邮箱\n\""+cell+"\",\""+cell+"\"\n"), list.Options{})
		for _, p := range got.problems {
			if p.Value != want {
				t.Errorf("%q is shown as %q, want %q", cell, p.Value, want)
			}
		}
		if len(got.problems) == 0 {
			t.Errorf("%q is no problem", cell)
		}
	}
}

func TestAChannelThatIsNotSentOnOnlyWarns(t *testing.T) {
	path := file(t, "l.csv", "手机,邮箱\n13494000001,nonsense\n13494000002,\n")
	got := read(t, path, list.Options{Need: []message.Channel{message.SMS}})
	if len(got.problems) != 1 || got.problems[0].Severity != diag.Warning || got.problems[0].Code != "email-invalid" {
		t.Errorf("problems %v", got.problems)
	}
	got = read(t, path, list.Options{})
	if len(got.problems) != 1 || !got.problems[0].Stops() {
		t.Errorf("where no channel is named, problems %v", got.problems)
	}
	got = read(t, file(t, "l.csv", "姓名,手机,邮箱\n王,,\n李,,w@x.test\n"), list.Options{})
	if diff := cmp.Diff([]string{"address-missing 2"}, told(got.problems)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestTooManyRowsAreRefused(t *testing.T) {
	got := read(t, file(t, "l.csv", "手机\n13494000001\n13494000002\n13494000003\n"), list.Options{MaxRows: 2})
	if len(got.rows) != 2 || got.err == nil {
		t.Fatalf("rows %v, %v", got.rows, got.err)
	}
	if diff := cmp.Diff([]string{"too-many-rows 4"}, told(got.problems)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestAnEndlessQuotationIsRefusedInBoundedMemory(t *testing.T) {
	got := read(t, file(t, "l.csv", "姓名,手机\n\""+strings.Repeat("王,13494000001\n", 300_000)), list.Options{})
	if diff := cmp.Diff([]string{"row-too-long 2"}, told(got.problems)); diff != "" || got.err == nil {
		t.Errorf("problems (-want +got):\n%s%v", diff, got.err)
	}
}

func FuzzCSV(f *testing.F) {
	for _, s := range []string{
		"手机,姓名\n13494000001,王\n", "\uFEFF邮箱;a\n\"w@x.test\";\"b\n c\"\n\n", "phone\r13494000001\r", "\xff\xfep\x00h\x00o\x00n\x00e\x00\n\x00",
		"sep=|\nphone|x\n1|\"2\n", "标题\n\n手机\t邮箱\n1.3E+10\t＠\n", "\xca\xd6\xbb\xfa,a\n1,2\n", "手机,手机\n", "电话,a\n,,,,\n\x00",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		if len(content) == 0 || strings.HasPrefix(string(content), "PK") || strings.HasPrefix(string(content), "\xD0\xCF") {
			return
		}
		got := read(t, file(t, "l.csv", string(content)), list.Options{})
		if got.err != nil {
			return
		}
		lines := 1 + strings.Count(string(content), "\n") + strings.Count(string(content), "\r")
		if len(got.rows) > lines {
			t.Fatalf("%d rows out of %d lines", len(got.rows), lines)
		}
		last := got.header.Row
		for _, row := range got.rows {
			if row.Number <= last || row.Number > lines {
				t.Fatalf("row %d after row %d of %d", row.Number, last, lines)
			}
			last = row.Number
			if len(row.Values) != len(got.header.Columns) {
				t.Fatalf("row %+v has not the %d columns", row, len(got.header.Columns))
			}
			if _, err := channel.Phone(string(row.Address(message.SMS)), ""); row.Address(message.SMS) != "" && err != nil {
				t.Fatalf("phone %q: %v", row.Address(message.SMS), err)
			}
			if _, err := channel.Email(string(row.Address(message.Email))); row.Address(message.Email) != "" && err != nil {
				t.Fatalf("e-mail %q: %v", row.Address(message.Email), err)
			}
		}
		seen := map[string]bool{}
		for _, c := range got.header.Columns {
			if c == "" || seen[c] {
				t.Fatalf("columns %q", fmt.Sprint(got.header.Columns))
			}
			seen[c] = true
		}
	})
}

func TestAnApostropheThatGuardsACellIsNoPartOfIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "award.csv")
	cells := "'=1+1,'-,'@here,''=2,'Li,'+8613490000001,','',=3"
	if err := os.WriteFile(path, []byte("a,b,c,d,e,phone,f,g,h\n"+cells+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := list.Open(t.Context(), path, list.Options{Country: "CN"})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var row list.Row
	if err := r.Next(&row, &diag.List{}); err != nil {
		t.Fatal(err)
	}
	want := []string{"=1+1", "-", "@here", "'=2", "'Li", "+8613490000001", "'", "''", "=3"}
	if diff := cmp.Diff(want, row.Values); diff != "" {
		t.Error(diff)
	}
}
