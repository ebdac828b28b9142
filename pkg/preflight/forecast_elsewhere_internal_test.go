package preflight

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/config"
	"notify/pkg/message"
)

// What an account gives up falls to another one; who has nothing is not on the route, and all of it is 100 percent.
func TestWhatIsTakenOffAnAccountFallsToAnother(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		route []config.Share
		own   int // percent of a
		keep  int
		want  string
	}{
		{[]config.Share{{Account: "a", Weight: 1}}, 100, 99, "[a: 99, x: 1]"},
		{[]config.Share{{Account: "a", Weight: 7}}, 100, 1, "[a: 1, x: 99]"},
		{[]config.Share{{Account: "a", Weight: 7}}, 100, 0, "[x: 100]"},
		{[]config.Share{{Account: "a", Weight: 3}, {Account: "b", Weight: 1}}, 75, 40, "[a: 40, b: 25, x: 35]"},
		{[]config.Share{{Account: "b", Weight: 2}, {Account: "a", Weight: 1}}, 33, 20, "[b: 67, a: 20, x: 13]"},
		{[]config.Share{{Account: "a", Weight: 1}, {Account: "b", Weight: 1}, {Account: "c", Weight: 1}}, 33, 32, "[a: 32, b: 33, c: 33, x: 2]"},
		{[]config.Share{{Account: "a", Weight: 1}, {Account: "b"}}, 100, 50, "[a: 50, x: 50]"},
		{[]config.Share{{Account: "a", Weight: 199}, {Account: "b", Weight: 2}}, 99, 50, "[a: 50, b: 1, x: 49]"},
	} {
		if got := asWritten(shifted(c.route, "a", "x", c.keep)); got != c.want || percent(c.route, "a") != c.own {
			t.Errorf("%s of which a keeps %d of %d: %s, want %s of %d", asWritten(c.route), c.keep, percent(c.route, "a"), got, c.want, c.own)
		}
	}
	if p := percent(nil, "a"); p != 0 {
		t.Errorf("%d%% of nothing", p)
	}
}

func TestWhatAnAccountWouldCarryOfAChannel(t *testing.T) {
	t.Parallel()
	needs := []Need{
		{Name: "a", Channel: message.Email, Messages: 9, Segments: 9},
		{Name: "a", Channel: message.SMS, Messages: 3, Segments: 6},
		{Name: "b", Channel: message.SMS, Messages: 1, Segments: 2},
		{Name: "b", Channel: message.Email, Messages: 8, Segments: 8},
	}
	got := weighed(message.SMS, []config.Share{{Account: "a", Weight: 75}, {Account: "b", Weight: 25}, {Account: "c", Weight: 0}}, needs)
	if d := cmp.Diff([]ShareOf{{"a", 75, 3, 6}, {"b", 25, 1, 2}, {"c", 0, 0, 0}}, got); d != "" {
		t.Error(d)
	}
}
