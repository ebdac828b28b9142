package plan

import (
	"fmt"
	"testing"

	"notify/pkg/words"
)

func english(said []words.Text) string { return words.Joined(words.Sentences, said...).String() }

// Which rows are others is told to the row in a list of some thousands, and to a few rows beyond that.
func TestWhichRowsChanged(t *testing.T) {
	type edit func(row int) (key, cell string, there bool)
	as := func(row int) (string, string, bool) { return fmt.Sprint("K", row), fmt.Sprint("cell ", row), true }
	but := func(rows ...int) edit {
		return func(row int) (string, string, bool) {
			k, c, ok := as(row)
			for _, r := range rows {
				if r == row {
					c += "!"
				}
			}
			return k, c, ok
		}
	}
	made := func(last int, cells edit) string {
		var m marks
		for row := 2; row <= last; row++ {
			if k, c, ok := cells(row); ok {
				m.add(row, k, []byte(c))
			}
		}
		return m.String()
	}
	for _, c := range []struct {
		name         string
		before, last int
		cells        edit
		want         string
	}{
		{"nothing", 21, 21, as, ""},
		{"a cell", 21, 21, but(7), "row 7"},
		{"the first and the last", 21, 21, but(2, 21), "2 rows: 2, 21"},
		{"neighbours", 21, 21, but(7, 8, 9, 12), "4 rows: 7–9, 12"},
		{"more than are shown", 21, 21, but(3, 5, 7, 9, 11, 13), "6 rows: 3, 5, 7, 9, …"},
		{"two more", 21, 23, as, "2 rows: 22–23"},
		{"one fewer", 21, 20, as, "row 21"},
		{"a row taken out", 21, 20, func(row int) (string, string, bool) {
			if row >= 7 {
				row++
			}
			return as(row)
		}, "15 rows: 7–21"},
		{"two rows that changed places", 21, 21, func(row int) (string, string, bool) {
			switch row {
			case 7:
				return as(8)
			case 8:
				return as(7)
			}
			return as(row)
		}, "2 rows: 7–8"},
		{"an empty row in between", 21, 21, func(row int) (string, string, bool) {
			k, c, _ := as(row)
			return k, c, row != 7
		}, "row 7"},
		{"23,000 rows", 23001, 23001, but(7, 20000), "within rows 4–7, 20000–20003"},
		{"a list that grew into larger blocks", 8000, 8200, but(7), "within rows 6–7, 8000–8201"},
		{"a million rows", 1_000_000, 1_000_000, but(500_000), "within rows 499968–500095"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := made(c.before, as)
			if got := english(rowsChanged(before, made(c.last, c.cells))); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
			if len(before) > 4*maxMarks {
				t.Errorf("the marks have %d bytes", len(before))
			}
		})
	}
	for _, broken := range []string{"", "x", "0:", "3:AAAA", "1:A", "1:AAAA AAAA", "-2:"} {
		if got := english(rowsChanged(broken, made(21, as))); got != "" {
			t.Errorf("%q was read as marks: %s", broken, got)
		}
	}
}
