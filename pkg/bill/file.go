package bill

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"notify/pkg/message"
	"notify/pkg/outfile"
	"notify/pkg/words"
)

// Sheet is a table of a file. Cells are string, int64, message.Money, or nil for what is not known.
type Sheet struct {
	Name string
	Rows [][]any
}

// Writable returns an error where a file's ending names no form that Write knows.
func Writable(path string) error {
	if ending := strings.ToLower(filepath.Ext(path)); path == "" || ending == ".xlsx" || ending == ".csv" {
		return nil
	}
	return words.Err("bill.ending", words.A{"file": path}).Do("bill.do.ending", nil)
}

// Write writes tables: all of them into an xlsx, the last one into a csv. See Writable.
func Write(ctx context.Context, path string, sheets []Sheet, inputs ...outfile.Input) error {
	return outfile.Write(ctx, path, func(f *os.File) error {
		if strings.EqualFold(filepath.Ext(path), ".xlsx") {
			return workbook(f, sheets)
		}
		return text(f, sheets[len(sheets)-1])
	}, inputs...)
}

func text(f *os.File, s Sheet) error {
	if _, err := f.WriteString("\ufeff"); err != nil {
		return err
	}
	w := csv.NewWriter(f)
	for _, row := range s.Rows {
		cells := make([]string, len(row))
		for i, c := range row {
			switch c := c.(type) {
			case nil:
				cells[i] = "–"
			case string:
				cells[i] = guarded(c)
			default:
				cells[i] = fmt.Sprint(c)
			}
		}
		if err := w.Write(cells); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

// guarded keeps a spreadsheet from taking a text for a formula.
func guarded(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t＝＋－＠", []rune(s)[0]) {
		return "'" + s
	}
	return s
}

func workbook(out *os.File, sheets []Sheet) (err error) {
	f := excelize.NewFile()
	defer func() { err = errors.Join(err, f.Close()) }()
	for i, s := range sheets {
		if i == 0 {
			err = f.SetSheetName(f.GetSheetName(0), s.Name)
		} else {
			_, err = f.NewSheet(s.Name)
		}
		if err != nil {
			return err
		}
		for n, row := range s.Rows {
			if err := sheetRow(f, s.Name, n+1, row); err != nil {
				return err
			}
		}
		if err := f.SetColWidth(s.Name, "A", "M", 18); err != nil {
			return err
		}
		if err := f.SetPanes(s.Name, &excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
			return err
		}
	}
	return f.Write(out)
}

func sheetRow(f *excelize.File, sheet string, n int, row []any) error {
	for i, c := range row {
		cell, err := excelize.CoordinatesToCellName(i+1, n)
		if err != nil {
			return err
		}
		switch c := c.(type) {
		case nil:
			err = f.SetCellStr(sheet, cell, "–")
		case message.Money:
			var v float64
			if v, err = strconv.ParseFloat(c.String(), 64); err == nil {
				err = f.SetCellFloat(sheet, cell, v, -1, 64)
			}
		case int64:
			err = f.SetCellInt(sheet, cell, c)
		default:
			err = f.SetCellStr(sheet, cell, fmt.Sprint(c))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
