package list_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"notify/pkg/diag"
	"notify/pkg/list"
)

func makeCSV(tb testing.TB, path string, rows int) {
	tb.Helper()
	var b strings.Builder
	b.WriteString("工号,姓名,手机号,邮箱,奖项,金额\n")
	for i := range rows {
		key, name, phone, email := invented(i)
		fmt.Fprintf(&b, "%s,%s,%s,%s,优秀奖,%d.00\n", key, name, phone, email, i%9000)
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		tb.Fatal(err)
	}
}

// file writes a list into a folder of the test.
func file(tb testing.TB, name, content string) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// reading is what a list gave: its rows, with their values copied, and its problems.
type reading struct {
	header   list.Header
	rows     []list.Row
	problems []diag.Problem
	err      error // from Open or Next
}

func read(tb testing.TB, path string, o list.Options) reading {
	tb.Helper()
	r, err := list.Open(tb.Context(), path, o)
	if err != nil {
		return reading{err: err, problems: inputProblems(tb, err)}
	}
	defer func() {
		if err := r.Close(); err != nil {
			tb.Errorf("close: %v", err)
		}
	}()
	got := reading{header: r.Header()}
	problems := diag.List{Keep: 1000}
	for {
		var row list.Row
		err := r.Next(&row, &problems)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			got.err, got.problems = err, append(slices.Clone(problems.Kept()), inputProblems(tb, err)...)
			return got
		}
		row.Values, row.To = slices.Clone(row.Values), slices.Clone(row.To)
		got.rows = append(got.rows, row)
	}
	got.problems = problems.Kept()
	return got
}

// inputProblems are the problems of an error that must be the operator's to mend.
func inputProblems(tb testing.TB, err error) []diag.Problem {
	tb.Helper()
	var input *diag.InputError
	if !errors.As(err, &input) {
		tb.Fatalf("%v is no *diag.InputError", err)
	}
	return input.Problems.Kept()
}

// told are problems as code, row and column: "phone-invalid 3 C 手机号".
func told(problems []diag.Problem) []string {
	var all []string
	for _, p := range problems {
		s := p.Code
		if p.Place.Row > 0 {
			s += fmt.Sprintf(" %d", p.Place.Row)
		}
		if p.Place.Column != "" {
			s += " " + p.Place.Column
		}
		all = append(all, s)
	}
	return all
}

func (r reading) values() [][]string {
	var all [][]string
	for _, row := range r.rows {
		all = append(all, row.Values)
	}
	return all
}

func itoa(n int) string { return strconv.Itoa(n) }
