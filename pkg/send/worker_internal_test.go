package send

import (
	"testing"
	"testing/synctest"
	"time"

	"notify/pkg/ledger"
)

// TestAClaimRunsOutByEitherClock: the wall clock goes on while a machine sleeps, and can be put back; the other clock stands
// still in a sleep, and cannot.
func TestAClaimRunsOutByEitherClock(t *testing.T) {
	for _, tt := range []struct {
		name          string
		passed, clock time.Duration // what really passed, and what the wall clock shows of it
		want          bool
	}{
		{"in time", 9 * time.Second, 9 * time.Second, false},
		{"past its deadline", 11 * time.Second, 11 * time.Second, true},
		{"after a sleep that only the wall clock saw", time.Second, time.Hour, true},
		{"with a wall clock that was put back", 11 * time.Second, -time.Hour, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				c := claim{Claim: ledger.Claim{Deadline: start.Add(10 * time.Second)}, got: start, good: 10 * time.Second}
				time.Sleep(tt.passed)
				if got := c.expired(start.Add(tt.clock)); got != tt.want {
					t.Errorf("expired: %v, want %v", got, tt.want)
				}
			})
		})
	}
}
