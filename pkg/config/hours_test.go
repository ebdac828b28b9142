package config_test

import (
	"testing"
	"time"

	"notify/pkg/config"
)

func TestHoursOfAClass(t *testing.T) {
	china := time.FixedZone("CST", 8*3600)
	h := config.Hours{
		From: 8 * time.Hour, To: 22 * time.Hour, Zone: china,
		Weekdays: map[time.Weekday]bool{time.Sunday: true}, Days: map[string]bool{"2026-10-01": true},
	}
	night := config.Hours{From: 22 * time.Hour, To: 6 * time.Hour, Zone: china, Weekdays: map[time.Weekday]bool{time.Saturday: true}}
	for _, c := range []struct {
		name        string
		h           config.Hours
		at          string
		open        bool
		next, shuts string
	}{
		{"in the day", h, "2026-09-30T10:00:00+08:00", true, "2026-09-30T10:00:00+08:00", "2026-09-30T22:00:00+08:00"},
		{"seen from another zone", h, "2026-09-30T13:59:59Z", true, "2026-09-30T13:59:59Z", "2026-09-30T14:00:00Z"},
		{"in the evening before a holiday", h, "2026-09-30T22:00:00+08:00", false, "2026-10-02T08:00:00+08:00", ""},
		{"in the morning", h, "2026-10-02T07:59:59+08:00", false, "2026-10-02T08:00:00+08:00", ""},
		{"on Saturday evening", h, "2026-10-03T23:00:00+08:00", false, "2026-10-05T08:00:00+08:00", ""},
		{"after midnight", night, "2026-10-02T01:00:00+08:00", true, "2026-10-02T01:00:00+08:00", "2026-10-02T06:00:00+08:00"},
		{"in the night that began on Friday", night, "2026-10-03T05:00:00+08:00", true, "2026-10-03T05:00:00+08:00", "2026-10-03T06:00:00+08:00"},
		{"in the night that would begin on Saturday", night, "2026-10-03T23:00:00+08:00", false, "2026-10-04T22:00:00+08:00", ""},
	} {
		at := parse(t, c.at)
		open, next := c.h.Open(at)
		if open != c.open || !next.Equal(parse(t, c.next)) {
			t.Errorf("%s: %v, next %v, want %v, %s", c.name, open, next, c.open, c.next)
		}
		if c.open {
			if got := c.h.Shuts(at); !got.Equal(parse(t, c.shuts)) {
				t.Errorf("%s: shuts %v, want %s", c.name, got, c.shuts)
			}
		}
	}
	if open, _ := (config.Hours{}).Open(time.Now()); !open || !(config.Hours{}).Shuts(time.Now()).IsZero() {
		t.Error("without hours it is not always open")
	}
}

func parse(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
