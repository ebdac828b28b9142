package preflight

import (
	"context"
	"errors"
	"testing"
	"time"
)

// A flush takes what all of them took on the average; a slow disk, and whoever gives up, are not kept waiting.
func TestHowAFlushIsMeasured(t *testing.T) {
	start := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name         string
		first, other time.Duration // what the first one takes, and each other
		giveUp       int           // at which look at the clock; 0: never
		want         time.Duration
		err          error
		looks        int // at the clock
	}{
		{"slow at first", 101 * time.Millisecond, time.Millisecond, 0, 2 * time.Millisecond, nil, flushes + 1},
		{"very slow", time.Second, time.Second, 0, time.Second, nil, 7},
		{"nobody waits any more", time.Millisecond, time.Millisecond, 3, 0, context.Canceled, 3},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		now, looks := start, 0
		got, err := measureFlush(ctx, t.TempDir(), func() time.Time {
			switch looks++; looks {
			case 1:
			case 2:
				now = now.Add(c.first)
			default:
				now = now.Add(c.other)
			}
			if looks == c.giveUp {
				cancel()
			}
			return now
		})
		cancel()
		if got != c.want || !errors.Is(err, c.err) || looks != c.looks {
			t.Errorf("%s: %v, %v after %d looks at the clock; want %v, %v after %d", c.name, got, err, looks, c.want, c.err, c.looks)
		}
	}
}
