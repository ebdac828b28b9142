package list_test

import (
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/text/encoding/htmlindex"

	"notify/pkg/list"
)

// namesIn are names as they stand on lists of the countries that use an encoding.
var namesIn = map[string][]string{
	"gb18030":      {"王伟", "李娜", "欧阳小明", "刘洋", "陈静", "赵鑫磊", "邓婷婷", "司马懿"},
	"big5":         {"王小明", "陳怡君", "林志豪", "張雅婷", "黃俊傑", "劉佩珊"},
	"shift_jis":    {"山田太郎", "佐々木花子", "鈴木一郎", "高橋さくら", "田中", "渡辺ゆい", "タナカ"},
	"euc-kr":       {"김철수", "이영희", "박민수", "최지우", "정수진"},
	"windows-1252": {"Müller", "Jürgen Böhm", "Größe", "Jäger", "Schröder", "François Lefèvre", "José Núñez", "Søren Åberg", "João Conceição"},
	"windows-1250": {"Łukasz Żółć", "Dvořák", "Kováč", "Szűcs", "Świątek", "Ştefănescu"},
	"windows-1254": {"Yılmaz Öztürk", "Gülşen Çağ", "İbrahim", "Doğan"},
	"windows-1251": {"Иванов Иван", "Пётр Сидоров", "Мария Кузнецова", "Смирнов"},
	"koi8-r":       {"Иванов Иван", "Пётр Сидоров", "Мария Кузнецова", "Смирнов"},
	"windows-1253": {"Γιώργος Παπαδόπουλος", "Μαρία"},
	"windows-874":  {"สมชาย", "สมหญิง"},
	"windows-1255": {"דוד כהן", "שרה לוי"},
	"windows-1256": {"محمد علي", "فاطمة"},
}

// encoded is a list of so many names in an encoding.
func encoded(tb testing.TB, name string, from, n int) string {
	tb.Helper()
	e, err := htmlindex.Get(name)
	if err != nil {
		tb.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("phone,name\n")
	for i := range n {
		b.WriteString("+8613490000001," + namesIn[name][(from+i)%len(namesIn[name])] + "\n")
	}
	text, err := e.NewEncoder().String(b.String())
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

func TestTheEncodingOfAListIsRecognised(t *testing.T) {
	homes := map[string]string{
		"gb18030": "CN", "big5": "TW", "shift_jis": "JP", "euc-kr": "KR", "windows-1252": "DE", "windows-1250": "PL", "windows-1254": "TR", "windows-1251": "RU",
		"koi8-r": "RU", "windows-1253": "GR", "windows-874": "TH", "windows-1255": "IL", "windows-1256": "EG",
	}
	right, doubted, all := 0, 0, 0
	for name, names := range namesIn {
		for _, country := range []string{homes[name], "CN"} {
			for _, n := range []int{1, 3, 30} {
				for from := range names {
					all++
					got := read(t, file(t, "l.csv", encoded(t, name, from, n)), list.Options{Country: country})
					doubt := len(got.problems) == 1 && got.problems[0].Code == "encoding-doubt" && !got.problems[0].Stops() && got.problems[0].Value == got.rows[0].Values[1]
					switch {
					case got.header.Encoding == name && got.rows[0].Name == names[from]:
						right++
						if doubt {
							doubted++
						}
						if !doubt && country == "CN" && name != "gb18030" {
							t.Errorf("%s in %s: no doubt of what the country does not use: %v", name, country, got.problems)
						}
					case n == 30 || !doubt:
						t.Errorf("%d names in %s from %s in %s are taken for %s: %v %v", n, name, names[from], country, got.header.Encoding, got.rows[0].Values, got.problems)
					default:
						doubted++
					}
				}
			}
		}
	}
	t.Logf("%d lists, %d read as they were written, %d with a warning", all, right, doubted)
	if right*100 < 92*all {
		t.Errorf("%d of %d were read as they were written", right, all)
	}
}

func TestAnEncodingWithoutAMarkIsReadAndNamed(t *testing.T) {
	for name, want := range map[string]struct{ country, encoding, name string }{
		"cp1252-de.csv":     {"DE", "windows-1252", "Müller"},
		"sjis-jp.csv":       {"CN", "shift_jis", "山田太郎"},
		"utf16le-nobom.csv": {"CN", "utf-16le", "Wang"},
	} {
		got := read(t, filepath.Join("testdata", name), list.Options{Country: want.country})
		if got.header.Encoding != want.encoding || len(got.rows) == 0 || got.rows[0].Name != want.name {
			t.Errorf("%s: %+v %v, %v", name, got.header, got.rows, got.problems)
		}
	}
}

func TestAnEncodingThatIsSaidIsTaken(t *testing.T) {
	path := filepath.Join("testdata", "sjis-jp.csv")
	for said, want := range map[string]string{"shift_jis": "山田太郎", "SJIS": "山田太郎", "cp932": "山田太郎", "windows-1252": "ŽR“c‘¾˜Y"} {
		got := read(t, path, list.Options{Encoding: said})
		if len(got.problems) != 0 || len(got.rows) == 0 || got.rows[0].Name != want {
			t.Errorf("%s: %v, %v", said, got.rows, got.problems)
		}
	}
	got := read(t, path, list.Options{Encoding: "ebcdic"})
	if len(got.problems) != 1 || got.problems[0].Code != "encoding-unknown" {
		t.Errorf("an encoding that there is not: %v", got.problems)
	}
}
