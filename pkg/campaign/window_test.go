package campaign_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"notify/pkg/campaign"
)

func hours(from, to float64) campaign.Window {
	return campaign.Window{From: time.Duration(from * float64(time.Hour)), To: time.Duration(to * float64(time.Hour))}
}

func TestAWindowIsOpenFromItsFirstMomentUntilItsLast(t *testing.T) {
	zone := time.FixedZone("CST", 8*3600)
	const form = "02 15:04:05.999"
	for _, c := range []struct {
		name   string
		window campaign.Window
		at     string
		open   bool
		next   string
	}{
		{"all day", campaign.Window{}, "20 03:00:00", true, "20 03:00:00"},
		{"from and to are the same", hours(9, 9), "20 03:00:00", true, "20 03:00:00"},
		{"before it opens", hours(9, 20), "20 08:59:59.999", false, "20 09:00:00"},
		{"when it opens", hours(9, 20), "20 09:00:00", true, "20 09:00:00"},
		{"right before it closes", hours(9, 20), "20 19:59:59.999", true, "20 19:59:59.999"},
		{"when it closes", hours(9, 20), "20 20:00:00", false, "21 09:00:00"},
		{"after it closed", hours(9, 20), "20 23:00:00", false, "21 09:00:00"},
		{"on the last day of a month", hours(9, 20), "30 23:00:00", false, "01 09:00:00"},
		{"over midnight, in the evening", hours(22, 6), "20 23:00:00", true, "20 23:00:00"},
		{"over midnight, in the morning", hours(22, 6), "20 05:59:59", true, "20 05:59:59"},
		{"over midnight, by day", hours(22, 6), "20 06:00:00", false, "20 22:00:00"},
		{"until midnight", hours(9, 24), "20 23:59:59.999", true, "20 23:59:59.999"},
		{"until midnight, past it", hours(9, 24), "21 00:00:00", false, "21 09:00:00"},
		{"from midnight", hours(0, 6), "20 06:00:00", false, "21 00:00:00"},
		{"half hours", hours(9.5, 20), "20 09:29:00", false, "20 09:30:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			at, err := time.ParseInLocation("2006-01-"+form, "2026-11-"+c.at, zone)
			if err != nil {
				t.Fatal(err)
			}
			open, next := c.window.Open(at)
			if open != c.open || next.Format(form) != c.next || next.Location() != zone {
				t.Errorf("open %v, next %v; want %v, %s", open, next, c.open, c.next)
			}
		})
	}
}

func TestHowLongAWindowIsOpen(t *testing.T) {
	for w, want := range map[campaign.Window]time.Duration{
		{}: 24 * time.Hour, hours(9, 20): 11 * time.Hour, hours(22, 6): 8 * time.Hour, hours(0, 24): 24 * time.Hour, hours(9, 24): 15 * time.Hour,
	} {
		if got := w.Length(); got != want {
			t.Errorf("%v is open for %v, want %v", w, got, want)
		}
	}
}

func TestAWindowOpensWhenItSaysSo(t *testing.T) {
	day := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		minutes := rapid.IntRange(0, 24*60-1)
		w := campaign.Window{From: time.Duration(minutes.Draw(t, "from")) * time.Minute, To: time.Duration(minutes.Draw(t, "to")) * time.Minute}
		at := day.Add(time.Duration(rapid.Int64Range(0, int64(48*time.Hour)).Draw(t, "at")))
		open, next := w.Open(at)
		switch again, same := w.Open(next); {
		case open != next.Equal(at):
			t.Fatalf("open is %v, and it opens at %v", open, next)
		case !again || !same.Equal(next):
			t.Fatalf("closed at %v, when it was to open", next)
		case next.Before(at) || next.Sub(at) >= 24*time.Hour:
			t.Fatalf("from %v it opens at %v", at, next)
		}
		if !open {
			if early, _ := w.Open(next.Add(-time.Nanosecond)); early {
				t.Fatalf("it was open before %v", next)
			}
		}
	})
}

func TestAWindowGoesByTheClockOnTheWallWhereSummerTimeBegins(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	w := hours(9, 20)
	// The night of 29 March 2026 has no hour from two to three.
	open, next := w.Open(time.Date(2026, 3, 28, 21, 0, 0, 0, zone))
	if want := time.Date(2026, 3, 29, 9, 0, 0, 0, zone); open || !next.Equal(want) {
		t.Errorf("open %v, next %v, want %v", open, next, want)
	}
	if open, _ := w.Open(time.Date(2026, 3, 29, 8, 59, 0, 0, zone)); open {
		t.Error("open at one minute to nine")
	}
	if open, _ := w.Open(time.Date(2026, 3, 29, 9, 0, 0, 0, zone)); !open {
		t.Error("closed at nine")
	}
}

func TestAWindowThatOpensInAnHourThatIsLeftOutOpensAllTheSame(t *testing.T) {
	for name, day := range map[string][2]int{"Europe/Berlin": {3, 29}, "America/New_York": {3, 8}, "Australia/Sydney": {10, 4}} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		for at := time.Date(2026, time.Month(day[0]), day[1], 0, 0, 0, 0, zone); at.Day() == day[1]; at = at.Add(time.Minute) {
			if open, next := hours(2.5, 5).Open(at); !open && !next.After(at) {
				t.Errorf("at %v it is shut, and opens at %v", at, next)
			}
		}
	}
}
