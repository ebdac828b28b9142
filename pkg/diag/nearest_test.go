package diag_test

import (
	"testing"

	"notify/pkg/diag"
)

func TestNearest(t *testing.T) {
	known := []string{"rate", "domain_rate", "daily_quota", "姓名", "手机号"}
	for _, c := range []struct{ name, word, want string }{
		{"a swapped pair is one mistake", "raet", "rate"},
		{"capitals do not count", "Rate", "rate"},
		{"a dropped letter in a long word", "daily_quta", "daily_quota"},
		{"one of three Chinese characters", "手机好", "手机号"},
		{"one character too many", "姓名字", "姓名"},
		{"something else altogether has no neighbour", "colour", ""},
		{"an empty word has no neighbour", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := diag.Nearest(c.word, known); got != c.want {
				t.Errorf("Nearest(%q) = %q, want %q", c.word, got, c.want)
			}
		})
	}
}
