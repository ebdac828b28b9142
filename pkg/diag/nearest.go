package diag

import (
	"strings"

	"notify/pkg/words"
)

// Nearest is the known word that was probably meant, for a hint ("did you mean rate?"); empty where none is near enough:
// at most a third of the letters, and at least one, may differ.
func Nearest[S ~string](word string, known []S) S {
	w := []rune(strings.ToLower(word))
	best, bestAt := S(""), max(1, len(w)/3)+1
	for _, k := range known {
		if d := Distance(string(w), strings.ToLower(string(k))); d < bestAt {
			best, bestAt = k, d
		}
	}
	return best
}

// longest is how much of a text counts: a header of a megabyte must not cost its square.
const longest = 64

// Known is the hint for a word that is not known: the one that was probably meant, and all that there are.
func Known(word string, known []string) words.Text {
	if len(known) == 0 {
		return words.T("known.none", nil)
	}
	if near := Nearest(word, known); near != "" {
		return words.T("known.near", words.A{"near": near, "names": words.Names(known, 0)})
	}
	return words.T("known.names", words.A{"names": words.Names(known, 0)})
}

// Distance counts inserted, dropped, changed and swapped letters (optimal string alignment) in the first 64 letters of each.
func Distance(one, other string) int {
	a, b := []rune(one), []rune(other)
	a, b = a[:min(len(a), longest)], b[:min(len(b), longest)]
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range a {
		row[0] = i + 1
		for j := range b {
			changed := 1
			if a[i] == b[j] {
				changed = 0
			}
			d := min(last[j]+changed, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				d = min(d, before[j-1]+1)
			}
			row[j+1] = d
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
