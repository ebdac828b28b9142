package list_test

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/xuri/excelize/v2"

	"notify/pkg/channel"
	"notify/pkg/diag"
	"notify/pkg/list"
)

const benchRows = 100_000

// BenchmarkRead compares reading a list, with every address normalised and every number shown, with what excelize alone
// takes to stream the same file.
func BenchmarkRead(b *testing.B) {
	path := filepath.Join(b.TempDir(), "bench.xlsx")
	makeWorkbook(b, path, benchRows)
	csv := filepath.Join(b.TempDir(), "bench.csv")
	makeCSV(b, csv, benchRows)
	b.Run("excelize alone", func(b *testing.B) {
		for b.Loop() {
			measure(b, func(rows func(n int)) { streamExcelize(b, path, rows) })
		}
	})
	b.Run("list of the same file", func(b *testing.B) {
		for b.Loop() {
			measure(b, func(rows func(n int)) { streamList(b, path, rows) })
		}
	})
	b.Run("list of a CSV", func(b *testing.B) {
		for b.Loop() {
			measure(b, func(rows func(n int)) { streamList(b, csv, rows) })
		}
	})
}

// measure reports rows a second, and how far the heap grows from its first looks to its last: what grows with the rows.
func measure(b *testing.B, read func(rows func(n int))) {
	b.Helper()
	var early, late uint64
	read(func(n int) {
		if n%(benchRows/20) != 0 {
			return
		}
		b.StopTimer()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		if n <= benchRows/4 {
			early = max(early, m.HeapAlloc)
		} else {
			late = max(late, m.HeapAlloc)
		}
		b.StartTimer()
	})
	growth := float64(0)
	if late > early {
		growth = float64(late-early) / (1 << 20)
	}
	b.ReportMetric(growth, "MB-growth")
	b.ReportMetric(float64(late)/(1<<20), "MB-live")
}

func streamExcelize(b *testing.B, path string, rows func(n int)) {
	b.Helper()
	f, err := excelize.OpenFile(path, excelize.Options{RawCellValue: true, TmpDir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	r, err := f.Rows("Sheet1")
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	n := 0
	for r.Next() {
		if _, err := r.Columns(); err != nil {
			b.Fatal(err)
		}
		n++
		rows(n)
	}
	if n != benchRows+1 {
		b.Fatalf("read %d rows", n)
	}
}

func streamList(b *testing.B, path string, rows func(n int)) {
	b.Helper()
	r, err := list.Open(b.Context(), path, list.Options{Need: channel.Builtin().Names(), TempDir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	var row list.Row
	var problems diag.List
	n := 0
	for {
		err := r.Next(&row, &problems)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			b.Fatal(err)
		}
		n++
		rows(n)
	}
	if n != benchRows || problems.Len() != 0 {
		b.Fatalf("read %d rows, %d problems: %v", n, problems.Len(), problems.Kept())
	}
}

func makeWorkbook(tb testing.TB, path string, rows int) {
	tb.Helper()
	f := excelize.NewFile()
	amount := "¥#,##0.00"
	style, err := f.NewStyle(&excelize.Style{CustomNumFmt: &amount})
	if err != nil {
		tb.Fatal(err)
	}
	w, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		tb.Fatal(err)
	}
	if err := w.SetRow("A1", []any{"工号", "姓名", "手机号", "邮箱", "奖项", "金额"}); err != nil {
		tb.Fatal(err)
	}
	for i := range rows {
		key, name, phone, email := invented(i)
		if err := w.SetRow(fmt.Sprintf("A%d", i+2), []any{key, name, phone, email, "优秀奖", excelize.Cell{StyleID: style, Value: i % 9000}}); err != nil {
			tb.Fatal(err)
		}
	}
	if err := errors.Join(w.Flush(), f.SaveAs(path), f.Close()); err != nil {
		tb.Fatal(err)
	}
}

func invented(i int) (key, name, phone, email string) {
	return fmt.Sprintf("A%07d", i), "王小明", fmt.Sprintf("13494%06d", i), fmt.Sprintf("wang%d@company-%02d.test", i, i%60)
}
