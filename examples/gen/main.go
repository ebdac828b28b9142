// Command gen makes the example lists: the same bytes on every run. Run it from the root of the repository.
//
// The people are invented. Their mail domains end in .test, which RFC 2606 keeps out of the DNS. China reserves no phone
// numbers for fiction; the numbers here begin with 1349 and 4 to 8, which look like mobiles to every parser and which the
// table of mobile networks published by the Ministry of Industry and Information Technology (state of March 2023) gives to
// nobody: of 1349 only 1349-2, -3 and -9 are in use, by satellite services.
package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/xuri/excelize/v2"
)

const (
	winners = 23_000
	sheet   = "获奖名单"
	seed    = 2020
)

func main() {
	if err := generate("examples"); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1) //nolint:forbidigo // this is a main
	}
}

func generate(dir string) error {
	if err := writeAward(filepath.Join(dir, "award.xlsx"), invent(winners)); err != nil {
		return fmt.Errorf("make award.xlsx: %w", err)
	}
	lists := filepath.Join(dir, "lists")
	if err := os.MkdirAll(lists, 0o755); err != nil {
		return fmt.Errorf("make %s: %w", lists, err)
	}
	return writeLists(lists, invent(12))
}

// person is one invented recipient.
type person struct {
	id, name, phone, email, prize string
	amount                        int
}

func headers() []string {
	return []string{"工号", "姓名", "手机号", "邮箱", "奖项", "金额", "领奖日期"}
}

// collection is the day on which every prize is handed out.
func collection() time.Time { return time.Date(2020, time.January, 2, 0, 0, 0, 0, time.UTC) }

// invent makes n people with unique ids, phones and e-mails.
func invent(n int) []person {
	rng := rand.New(rand.NewPCG(seed, uint64(n)))
	phones := make(map[string]bool, n)
	people := make([]person, 0, n)
	for i := range n {
		p := person{id: fmt.Sprintf("A%05d", i+1)}
		var latin string
		p.name, latin = inventName(rng)
		for p.phone == "" || phones[p.phone] {
			p.phone = fmt.Sprintf("1349%d%06d", 4+rng.IntN(5), rng.IntN(1_000_000))
		}
		phones[p.phone] = true
		p.email = fmt.Sprintf("%s%d@%s", latin, i+1, inventDomain(rng))
		p.prize, p.amount = inventPrize(rng)
		people = append(people, p)
	}
	return people
}

func inventName(rng *rand.Rand) (name, latin string) {
	surnames := []string{"王", "wang", "李", "li", "张", "zhang", "刘", "liu", "陈", "chen", "杨", "yang", "赵", "zhao", "黄", "huang", "周", "zhou", "吴", "wu", "徐", "xu", "孙", "sun", "胡", "hu", "朱", "zhu", "高", "gao", "林", "lin", "何", "he", "郭", "guo", "马", "ma", "罗", "luo", "欧阳", "ouyang"}
	given := []string{"伟", "wei", "芳", "fang", "娜", "na", "敏", "min", "静", "jing", "丽", "li", "强", "qiang", "磊", "lei", "军", "jun", "洋", "yang", "勇", "yong", "艳", "yan", "杰", "jie", "涛", "tao", "明", "ming", "超", "chao", "秀", "xiu", "霞", "xia", "平", "ping", "刚", "gang", "桂", "gui", "婷", "ting", "雪", "xue", "晨", "chen"}
	s, g := 2*rng.IntN(len(surnames)/2), 2*rng.IntN(len(given)/2)
	name, latin = surnames[s]+given[g], surnames[s+1]+given[g+1]
	if rng.IntN(3) > 0 {
		h := 2 * rng.IntN(len(given)/2)
		name, latin = name+given[h], latin+given[h+1]
	}
	return name, latin
}

// inventDomain spreads people over mail hosts as real lists do: a few hold most of them, and sixty hold the rest.
func inventDomain(rng *rand.Rand) string {
	common := []string{"qq.test", "qq.test", "qq.test", "qq.test", "163.test", "163.test", "163.test", "126.test", "gmail.test", "outlook.test", "sina.test", "139.test", "foxmail.test", "aliyun.test"}
	if rng.IntN(10) < 8 {
		return common[rng.IntN(len(common))]
	}
	rare := []string{"yeah", "sohu", "189", "hotmail", "icloud", "yahoo", "live", "msn", "263", "21cn", "wo", "tom", "vip-qq", "vip-163"}
	n := rng.IntN(len(rare) + 36)
	if n < len(rare) {
		return rare[n] + ".test"
	}
	return fmt.Sprintf("company-%02d.test", n-len(rare)+1)
}

func inventPrize(rng *rand.Rand) (string, int) {
	switch n := rng.IntN(1000); {
	case n < 1:
		return "特等奖", 88888
	case n < 10:
		return "一等奖", 8888
	case n < 60:
		return "二等奖", 3888
	case n < 300:
		return "三等奖", 1888
	default:
		return "优秀奖", 888
	}
}

// styles are how the workbook shows its cells.
type styles struct{ title, header, amount, date int }

func makeStyles(f *excelize.File) (styles, error) {
	amount, date := "¥#,##0.00", "yyyy-mm-dd"
	var s styles
	for _, want := range []struct {
		into  *int
		style *excelize.Style
	}{
		{&s.title, &excelize.Style{Font: &excelize.Font{Bold: true, Size: 14}, Alignment: &excelize.Alignment{Horizontal: "center"}}},
		{&s.header, &excelize.Style{Font: &excelize.Font{Bold: true}}},
		{&s.amount, &excelize.Style{CustomNumFmt: &amount}},
		{&s.date, &excelize.Style{CustomNumFmt: &date}},
	} {
		id, err := f.NewStyle(want.style)
		if err != nil {
			return s, fmt.Errorf("style: %w", err)
		}
		*want.into = id
	}
	return s, nil
}

func writeAward(path string, people []person) error {
	f := excelize.NewFile()
	if err := f.SetSheetName("Sheet1", sheet); err != nil {
		return fmt.Errorf("name the sheet: %w", err)
	}
	s, err := makeStyles(f)
	if err != nil {
		return err
	}
	w, err := f.NewStreamWriter(sheet)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	for column, width := range []float64{9, 10, 14, 30, 10, 13, 13} {
		if err := w.SetColWidth(column+1, column+1, width); err != nil {
			return fmt.Errorf("set widths: %w", err)
		}
	}
	if err := writeRows(w, s, people); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("flush: %w", err)
	}
	return save(f, path)
}

func writeRows(w *excelize.StreamWriter, s styles, people []person) error {
	if err := w.SetRow("A1", []any{excelize.Cell{StyleID: s.title, Value: "2019 年度表彰大会获奖名单"}}); err != nil {
		return fmt.Errorf("title: %w", err)
	}
	if err := w.MergeCell("A1", "G1"); err != nil {
		return fmt.Errorf("title: %w", err)
	}
	var head []any
	for _, h := range headers() {
		head = append(head, excelize.Cell{StyleID: s.header, Value: h})
	}
	if err := w.SetRow("A2", head); err != nil {
		return fmt.Errorf("headers: %w", err)
	}
	day := excelize.Cell{StyleID: s.date, Value: serial(collection())}
	for i, p := range people {
		row := []any{p.id, p.name, p.phone, p.email, p.prize, excelize.Cell{StyleID: s.amount, Value: p.amount}, day}
		if err := w.SetRow(fmt.Sprintf("A%d", i+3), row); err != nil {
			return fmt.Errorf("row %d: %w", i+3, err)
		}
	}
	return nil
}

// serial is a day as a spreadsheet counts it: days since 1899-12-30.
func serial(day time.Time) int {
	return int(day.Sub(time.Date(1899, time.December, 30, 0, 0, 0, 0, time.UTC)).Hours() / 24)
}

func save(f *excelize.File, path string) error {
	if err := f.SaveAs(path); err != nil {
		return fmt.Errorf("save: %w", err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		return fmt.Errorf("save: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("close: %w", err)
	}
	return nil
}
