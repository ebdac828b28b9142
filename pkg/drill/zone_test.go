package drill_test

import (
	"testing"
	"time"

	"notify/pkg/drill"
)

// No day may end while a drill runs: it takes minutes on a busy machine.
func TestTheDayOfADrillDoesNotEnd(t *testing.T) {
	t.Parallel()
	for hour := range 24 * 4 {
		now := time.Date(2026, 1, 2, 0, 15*hour, 0, 0, time.UTC)
		zone, err := time.LoadLocation(drill.Zone(now))
		if err != nil {
			t.Fatal(err)
		}
		in := now.In(zone)
		if left := time.Date(in.Year(), in.Month(), in.Day()+1, 0, 0, 0, 0, zone).Sub(in); left < 2*time.Hour {
			t.Errorf("at %s the day in %s ends in %s", now, zone, left)
		}
	}
}
