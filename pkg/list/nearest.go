package list

import (
	"strconv"
	"strings"
)

func itoa(n int) string { return strconv.Itoa(n) }

// nearest is the candidate that looks most like want, or empty where none does.
func nearest(want string, candidates []string) string {
	best, least := "", 0
	w := headerForm(want)
	for _, c := range candidates {
		f := headerForm(c)
		d := distance(w, f)
		if w != "" && f != "" && (strings.Contains(f, w) || strings.Contains(w, f)) {
			d = min(d, 1)
		}
		if limit := max(len([]rune(w)), len([]rune(f))); d*3 > limit*2 {
			continue
		}
		if best == "" || d < least {
			best, least = c, d
		}
	}
	return best
}

// distance counts the insertions, deletions, changes and swaps of neighbours between two texts.
func distance(a, b string) int {
	x, y := clip([]rune(a)), clip([]rune(b))
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}

// clip keeps a header of a megabyte from costing its square.
func clip(r []rune) []rune { return r[:min(len(r), 64)] }
