package numfmt_test

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"notify/pkg/list/numfmt"
)

// The formats and the values that are held to LibreOffice: every format with every value of its kind.
var (
	numberFormats = []string{
		"0", "0.0", "0.00", "0.000", "#", "#.##", "#.0#", "0.0#", "0.##", "#,##0", "#,##0.00", "#,##0.##", "000000", "00000.00", "0,000", "?0.0?",
		"0%", "0.0%", "0.00%", "#,##0%", `0.00"元"`, `"¥"#,##0.00`, "¥#,##0.00", `#,##0"元"`, `"共"0"次"`, "$#,##0.00", "[$¥-804]#,##0.00", "[$€-407]#,##0.00", "[$-409]0.00",
		"0,", "0.0,", "0.00,,", `0.0,"千"`, `0.00,,"百万"`, "#,##0,", `0.00,,,"B"`, "0.00E+00", "0E+0", "0.###E+0", "##0.0E+0", "0.0E-0",
		"0;-0", "0;(0)", "0.00;(0.00)", `0;-0;"零"`, `0"元";-0"元";"未中奖"`, `0.0;-0.0;"-"`, "0;;", ";-0;", "0;-0;", "0.00_);(0.00)", "_(* #,##0_);_(* (#,##0);_(* \"-\"_);_(@_)",
		"[Red]0.00", "[Red]-0.0;[Blue]0.0", "[Color10]0;[Color3]-0", "[黑色]0",
		`[=1]"男";[=2]"女";"未知"`, `[>=100000000]0.00,,"百万";[>=10000]0.0,"千";0"元"`, `[>=90]"优";[>=60]"及格";"不及格"`, `[<60]"不及格";"及格"`, "[>100]0.0;0.00", "[<0]0.0;0.00", "[<=0]0.0;0.00", "[>0]0.0;0.00", "[<>1]0;\"一\"", "[=0]\"无\";0.00",
		"000-0000-0000", "(000) 000-0000", "00 00 00", `"NO."0000`, `\N0`, "0-0", "00:00", "##-##", "General", `General"元"`, `"第"General"名"`, `General;-General;"零"`,
		"[DBNum1][$-804]General", "[DBNum2][$-804]General", "[DBNum2][$-804]General\"元整\"", "[DBNum1][$-804]0", "[DBNum2][$-804]0", "[DBNum3][$-804]0", "[DBNum1][$-804]#,##0", "# ?/?", "[DBNum1]General", "0;[<0]-0;0",
	}
	numbers = []float64{
		0, 1, 2, -1, 5, 10, 12, 42, 60, 89.5, 100, 110, -110, 1005, 10010, 18888, 12345, 100000, 123456.789, -123456.789, 88888888, 1234567890, 13490000001, 0.5, 1.5, 2.5, -0.5, 1.005, 2.675, 0.125, 8.345, 99.995, 0.999, 0.0049, -0.001, 1.1, 33.333333333333336, 0.000123,
	}
	dateFormats = []string{
		"yyyy-mm-dd", "yyyy/m/d", "yy-m-d", "yyyy.mm.dd", "yyyymmdd", "d/m/yyyy", "m/d/yy", "mm-dd", "yyyy-mm", "yyyy", "yy", "m", "mm", "d", "dd", "mmm", "mmmm", "mmmmm", "mmm-yy", "d-mmm-yy", "ddd", "dddd", "dddd, mmmm d, yyyy",
		`yyyy"年"m"月"d"日"`, `m"月"d"日"`, `yyyy"年"m"月"`, `[$-804]yyyy"年"m"月"d"日"`, `[DBNum1][$-804]yyyy"年"m"月"d"日"`, `[DBNum1][$-804]yyyy"年"m"月"`, `[DBNum1][$-804]m"月"d"日"`, `[DBNum2][$-804]yyyy"年"m"月"d"日"`, `[DBNum3][$-804]yyyy"年"m"月"d"日"`,
		"[$-804]aaaa", "[$-804]aaa", "[$-804]dddd", "[$-804]ddd", "[$-411]aaaa", "[$-409]mmm d, yyyy", "[$-409]dddd", "yyyy-mm-dd;@", `yyyy-mm-dd;;"无"`,
		"hh:mm", "h:mm", "hh:mm:ss", "h:mm:ss", "mm:ss", "mm:ss.0", "ss.00", "hh", "ss", "h:mm AM/PM", "h:mm:ss AM/PM", "hh:mm A/P", "yyyy-mm-dd hh:mm", "yyyy-mm-dd hh:mm:ss", "yyyy/m/d h:mm", "m/d h:mm", `h"时"mm"分"`, `h"时"mm"分"ss"秒"`, `上午/下午h"时"mm"分"`, `[$-804]AM/PMh"时"mm"分"`,
		"[h]:mm", "[h]:mm:ss", "[hh]:mm", "[mm]:ss", "[m]", "[s]", "[ss]", "d h:mm", "yyyy-mm-dd\\Thh:mm:ss",
	}
	dates = []float64{
		1, 59, 61, 366, 36526, 43832, 44196, 44197, 45351, 46351, 0.25, 0.5, 0.999988425925926, 1.5, 43832.25, 43832.5, 43832.75, 43832.9999, 43832.123456, 44196.999999, 44196.520833333336, 45351.041666666664, 46351.99930555556, 2958465, 0.0416666, 0.000011574,
	}
)

const fixture = "testdata/libreoffice.csv"

// differs says why a cell is shown as Excel shows it and not as LibreOffice does; empty where it has to be the same.
func differs(code string, v float64, got, want string) string {
	asIn := strings.NewReplacer("点", ".", "．", ".", "－", "-", "负", "-")
	timed := strings.ContainsAny(code, "hs")
	switch {
	case v < 0 && !strings.ContainsAny(want, "123456789一壹１") && strings.HasPrefix(got, "-") && strings.Trim(got[1:], ".") == strings.Trim(asIn.Replace(want), "."):
		return "Excel keeps the minus of what rounds to zero"
	case strings.Contains(code, ".#") && strings.Replace(got, ".", "", 1) == want:
		return "Excel shows the point also where nothing stands behind it"
	case strings.Contains(code, "DBNum") && got == asIn.Replace(want):
		return "Excel has no numerals for the minus and the point"
	case strings.HasSuffix(code, "[$-804]0") || strings.HasSuffix(code, "[$-804]#,##0"):
		return "Excel shows numerals one by one where the format has places for digits"
	case timed && math.Mod(v, 1) > 0 && got != want:
		return "Excel rounds to what is shown of a second"
	case strings.HasPrefix(code, "上午"), strings.HasPrefix(code, "[黑色]"):
		return "LibreOffice does not know words that are not English"
	case want == "#FMT":
		return "LibreOffice has no times that long"
	case code == "[>0]0.0;0.00" && v == 0:
		return "LibreOffice takes zero for above zero"
	case strings.HasSuffix(code, "%") && v == 1.005:
		return "Excel rounds what it shows, not a product"
	}
	return ""
}

// TestNumbersAreShownAsLibreOfficeShowsThem compares every cell of the fixture. scripts/numfmt.sh makes it anew.
func TestNumbersAreShownAsLibreOfficeShowsThem(t *testing.T) {
	if soffice := os.Getenv("NUMFMT_SOFFICE"); soffice != "" {
		if err := makeFixture(t.TempDir(), soffice); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.Open(fixture)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(bufio.NewReader(f)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	same, why := 0, make(map[string]int)
	for _, row := range rows {
		code, want := row[0], row[2]
		v, err := strconv.ParseFloat(row[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		got, err := numfmt.Parse(code, numfmt.Options{Language: numfmt.English}).Show(v)
		reason := differs(code, v, got, want)
		var unsure *numfmt.UnsureError
		switch {
		case err == nil && strings.TrimSpace(got) == strings.TrimSpace(want):
			same++
		case errors.As(err, &unsure):
			why["not sure: "+string(unsure.Why)]++
		case reason != "":
			why[reason]++
		default:
			t.Errorf("%v as %s is %q (%v), LibreOffice shows %q", v, code, got, err, want)
		}
	}
	t.Logf("%d cells, %d the same, others: %v", len(rows), same, why)
	if len(rows) < 5000 || same < 4200 {
		t.Errorf("%d of %d the same", same, len(rows))
	}
}

// Excel's 1 January 1900 is a Sunday, LibreOffice's day 1 is 31 December 1899, and the true first of January was a Monday.
func TestDaysBeforeMarch1900AreNotSure(t *testing.T) {
	for _, code := range []string{"yyyy-mm-dd", "ddd", "dddd", "[$-804]aaaa", "aaaa", "m/d", "d h:mm", "yyyy"} {
		for v, want := range map[float64]numfmt.Why{0: numfmt.WhyDate, 1: numfmt.WhyEarly, 59: numfmt.WhyEarly, 60: numfmt.WhyEarly, 60.5: numfmt.WhyEarly, 61: ""} {
			got, err := numfmt.Parse(code, numfmt.Options{Language: numfmt.Chinese}).Show(v)
			var unsure *numfmt.UnsureError
			if errors.As(err, &unsure) && unsure.Why != want || err == nil && want != "" {
				t.Errorf("%v as %s is %q, %v", v, code, got, err)
			}
		}
	}
	for code, want := range map[string]string{"yyyy-mm-dd": "1904-01-01", "dddd": "Friday", "d h:mm": "1 0:00"} {
		if got, err := numfmt.Parse(code, numfmt.Options{Language: numfmt.English, Date1904: true}).Show(0); err != nil || got != want {
			t.Errorf("day 0 from 1904 as %s is %q, %v", code, got, err)
		}
	}
	if got, err := numfmt.Parse("[h]:mm", numfmt.Options{}).Show(2.5); err != nil || got != "60:00" {
		t.Errorf("a length of time is %q, %v", got, err)
	}
}

// makeFixture writes a workbook, has LibreOffice say what it shows, and keeps that.
func makeFixture(dir, soffice string) (err error) {
	var cells [][]string
	book := excelize.NewFile()
	defer func() { err = errors.Join(err, book.Close()) }()
	for _, kind := range []struct {
		codes  []string
		values []float64
	}{{numberFormats, numbers}, {dateFormats, dates}} {
		for _, code := range kind.codes {
			style, err := book.NewStyle(&excelize.Style{CustomNumFmt: &code})
			if err != nil {
				return fmt.Errorf("%s: %w", code, err)
			}
			for _, v := range kind.values {
				cells = append(cells, []string{code, strconv.FormatFloat(v, 'g', -1, 64)})
				at := "A" + strconv.Itoa(len(cells))
				if err := errors.Join(book.SetCellValue("Sheet1", at, v), book.SetCellStyle("Sheet1", at, at, style), book.SetCellValue("Sheet1", "B"+at[1:], "end")); err != nil {
					return err
				}
			}
		}
	}
	path := filepath.Join(dir, "formats.xlsx")
	if err := errors.Join(book.SetColWidth("Sheet1", "A", "A", 80), book.SaveAs(path)); err != nil {
		return err
	}
	// Separated by commas, texts in quotation marks where they need it, UTF-8; cells as they are shown.
	out, err := exec.Command(soffice, "-env:UserInstallation=file://"+dir+"/profile", "--headless", "--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76", "--outdir", dir, path).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	shown, err := os.Open(filepath.Join(dir, "formats.csv"))
	if err != nil {
		return err
	}
	defer shown.Close()
	texts, err := csv.NewReader(shown).ReadAll()
	if err != nil {
		return err
	}
	if len(texts) != len(cells) {
		return fmt.Errorf("%d cells, %d shown", len(cells), len(texts))
	}
	var b strings.Builder
	w := csv.NewWriter(&b)
	for i := range cells {
		if err := w.Write(append(cells[i], texts[i][0])); err != nil {
			return err
		}
	}
	w.Flush()
	return errors.Join(w.Error(), os.MkdirAll("testdata", 0o750), os.WriteFile(fixture, []byte(b.String()), 0o600))
}
