package list

import (
	"strings"

	"notify/pkg/diag"
)

// nearest is the candidate that looks most like want, or empty where none does.
func nearest(want string, candidates []string) string {
	best, least := "", 0
	w := headerForm(want)
	for _, c := range candidates {
		f := headerForm(c)
		d := diag.Distance(w, f)
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
