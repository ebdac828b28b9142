package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

// writeLists writes the same twelve people in the forms in which lists arrive.
func writeLists(dir string, people []person) error {
	utf16 := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	for _, list := range []struct {
		name     string
		text     string
		encoding encoding.Encoding
	}{
		{"gb18030.csv", table(people, ",", "\r\n", headers()), simplifiedchinese.GB18030},
		{"utf8-bom.csv", "\uFEFF" + table(people, ",", "\r\n", headers()), nil},
		{"semicolon.csv", table(people, ";", "\n", headers()), nil},
		{"tabs.tsv", table(people, "\t", "\n", headers()), nil},
		{"unicode-text.txt", table(people, "\t", "\r\n", headers()), utf16},
		{"english.csv", table(people, ",", "\n", []string{"Employee ID", "Full name", "Mobile (required)", "E-mail", "Prize", "Amount", "Date"}), nil},
		{"titled.csv", "2019 年度表彰大会获奖名单,,,,,,\n\n制表：行政部,,,,日期：,2019-12-31,\n" + table(people, ",", "\n", headers()), nil},
		{"typed.csv", typed(people), nil},
	} {
		text := list.text
		if list.encoding != nil {
			var err error
			if text, err = list.encoding.NewEncoder().String(text); err != nil {
				return fmt.Errorf("encode %s: %w", list.name, err)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, list.name), []byte(text), 0o644); err != nil {
			return fmt.Errorf("write: %w", err)
		}
	}
	return writeNumbers(filepath.Join(dir, "numbers.xlsx"), people)
}

func table(people []person, comma, end string, head []string) string {
	var b strings.Builder
	b.WriteString(strings.Join(head, comma) + end)
	for _, p := range people {
		cells := []string{p.id, p.name, p.phone, p.email, p.prize, fmt.Sprintf("%d.00", p.amount), collection().Format("2006-01-02")}
		b.WriteString(strings.Join(cells, comma) + end)
	}
	return b.String()
}

// typed is a list as people type it: every phone and e-mail in a way of its own.
func typed(people []person) string {
	ways := []func(p *person){
		func(p *person) { p.phone = "+86 " + p.phone[:3] + " " + p.phone[3:7] + " " + p.phone[7:] },
		func(p *person) { p.phone = "0086" + p.phone },
		func(p *person) { p.phone = "86-" + p.phone },
		func(p *person) { p.phone = "'" + p.phone },
		func(p *person) { p.phone = p.phone[:3] + "-" + p.phone[3:7] + "-" + p.phone[7:] },
		func(p *person) { p.phone = "\u200b" + p.phone + "\u00a0" },
		func(p *person) { p.phone = p.phone + ".0" },
		func(p *person) { p.phone = strings.Map(func(r rune) rune { return r - '0' + '０' }, p.phone) },
		func(p *person) { p.email = p.name + " <" + p.email + ">" },
		func(p *person) { p.email = "mailto:" + strings.ToUpper(p.email) },
		func(p *person) { p.email = strings.ReplaceAll(p.email, "@", "＠") + "；" },
		func(p *person) { p.email = strings.ReplaceAll(p.email, ".", "。") + " " },
	}
	var changed []person
	for i, p := range people {
		ways[i%len(ways)](&p)
		changed = append(changed, p)
	}
	return table(changed, ",", "\n", headers())
}

// writeNumbers writes a workbook with phones typed as numbers and shown as 1.35E+10, a cover sheet, and a hidden sheet.
func writeNumbers(path string, people []person) error {
	f := excelize.NewFile()
	s, err := makeStyles(f)
	if err != nil {
		return err
	}
	scientific, err := f.NewStyle(&excelize.Style{NumFmt: 11}) // 0.00E+00
	if err != nil {
		return fmt.Errorf("style: %w", err)
	}
	if err := f.SetSheetName("Sheet1", "说明"); err != nil {
		return fmt.Errorf("name the sheet: %w", err)
	}
	for _, name := range []string{"名单", "旧名单"} {
		if _, err := f.NewSheet(name); err != nil {
			return fmt.Errorf("add a sheet: %w", err)
		}
	}
	cells := map[string]any{"A1": "工号", "B1": "姓名", "C1": "手机号", "D1": "金额", "E1": "领奖日期"}
	ranges := map[string]int{"C2:C13": scientific, "D2:D13": s.amount, "E2:E13": s.date}
	for i, p := range people {
		row := fmt.Sprint(i + 2)
		var phone int64
		if _, err := fmt.Sscan(p.phone, &phone); err != nil {
			return fmt.Errorf("phone: %w", err)
		}
		cells["A"+row], cells["B"+row], cells["C"+row], cells["D"+row], cells["E"+row] = p.id, p.name, phone, p.amount, serial(collection())
	}
	for _, row := range sortedCells(cells) {
		if err := f.SetCellValue("名单", row, cells[row]); err != nil {
			return fmt.Errorf("cell %s: %w", row, err)
		}
	}
	for _, columns := range []string{"C2:C13", "D2:D13", "E2:E13"} {
		from, to, _ := strings.Cut(columns, ":")
		if err := f.SetCellStyle("名单", from, to, ranges[columns]); err != nil {
			return fmt.Errorf("style %s: %w", columns, err)
		}
	}
	if err := f.SetCellValue("说明", "A1", "请看“名单”页"); err != nil {
		return fmt.Errorf("cover: %w", err)
	}
	if err := f.SetSheetVisible("旧名单", false); err != nil {
		return fmt.Errorf("hide a sheet: %w", err)
	}
	return save(f, path)
}

func sortedCells(cells map[string]any) []string {
	var names []string
	for row := 1; row <= len(cells); row++ {
		for _, column := range "ABCDE" {
			name := fmt.Sprintf("%c%d", column, row)
			if _, ok := cells[name]; ok {
				names = append(names, name)
			}
		}
	}
	return names
}
