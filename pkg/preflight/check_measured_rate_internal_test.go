package preflight

import (
	"testing"
	"time"
)

// at are n times with this gap between them, and one more of another length in the middle.
func at(n int, gap, pause time.Duration) []time.Time {
	all, t := make([]time.Time, 0, n), time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	for i := range n {
		if i == n/2 {
			t = t.Add(pause - gap)
		}
		all, t = append(all, t), t.Add(gap)
	}
	return all
}

func TestTheRateThatWasKeptUp(t *testing.T) {
	mixed := at(201, 100*time.Millisecond, 100*time.Millisecond)
	for i := range 100 {
		mixed[i], mixed[200-i] = mixed[200-i], mixed[i]
	}
	cases := map[string]struct {
		times []time.Time
		want  float64
	}{
		"a hundred are enough":                {at(100, time.Second, time.Second), 100.0 / 99},
		"fewer are not":                       {at(99, time.Second, time.Second), 0},
		"two seconds are enough":              {at(201, 10*time.Millisecond, 10*time.Millisecond), 201.0 / 2},
		"less is not":                         {at(200, 10*time.Millisecond, 10*time.Millisecond), 0},
		"half a minute is a pause":            {at(101, time.Second, 30*time.Second), 101.0 / 99},
		"less is slow":                        {at(101, time.Second, 30*time.Second-1), 101 / (129 - 1e-9)},
		"in whatever order they were claimed": {mixed, 201.0 / 20},
	}
	for name, c := range cases {
		if got := keptUp(c.times); got != c.want {
			t.Errorf("%s: %v/s, want %v/s", name, got, c.want)
		}
	}
}
