package config

import (
	"maps"
	"slices"
	"strings"
	"time"

	"notify/pkg/diag/yamldoc"
	"notify/pkg/words"
)

// Hours are the times at which messages of a class may leave. The zero value is always.
type Hours struct {
	From, To time.Duration // since midnight; equal: all day
	Zone     *time.Location
	// Weekdays and Days ("2026-10-01") are off.
	Weekdays map[time.Weekday]bool
	Days     map[string]bool
}

// horizon is how far ahead an opening is looked for: nobody has a year of days off.
const horizon = 400

// Open reports whether messages may leave at t, and when they may next: t itself where they may, zero where that is never.
func (h Hours) Open(t time.Time) (bool, time.Time) {
	if h.Zone == nil {
		return true, t
	}
	for day := -1; day < horizon; day++ {
		from, to := h.on(t, day)
		if from.IsZero() || !to.After(t) {
			continue
		}
		if !from.After(t) {
			return true, t
		}
		return false, from.In(t.Location())
	}
	return false, time.Time{}
}

// Shuts is when messages may leave no more, of those that may at t; zero where that is never.
func (h Hours) Shuts(t time.Time) time.Time {
	if h.Zone == nil || h.From == h.To && len(h.Weekdays)+len(h.Days) == 0 {
		return time.Time{}
	}
	end := t
	for day := -1; day < horizon; day++ {
		if from, to := h.on(t, day); !from.IsZero() && !from.After(end) && to.After(end) {
			end = to
		}
	}
	return end.In(t.Location())
}

// on is when it is open on the day that lies so many after t's; zero for a day off.
func (h Hours) on(t time.Time, after int) (from, to time.Time) {
	y, m, d := t.In(h.Zone).Date()
	at := func(days int, since time.Duration) time.Time {
		return time.Date(y, m, d+after+days, 0, 0, int(since/time.Second), 0, h.Zone)
	}
	midnight := at(0, 0)
	if h.Weekdays[midnight.Weekday()] || h.Days[midnight.Format(time.DateOnly)] {
		return time.Time{}, time.Time{}
	}
	switch {
	case h.From == h.To:
		return midnight, at(1, 0)
	case h.From < h.To:
		return at(0, h.From), at(0, h.To)
	}
	return at(0, h.From), at(1, h.To)
}

// String is what is signed.
func (h Hours) String() string {
	if h.Zone == nil {
		return ""
	}
	s := words.Clock(h.From) + "–" + words.Clock(h.To) + " " + h.Zone.String()
	for _, d := range weekdays() {
		if h.Weekdays[d] {
			s += ", not " + d.String()
		}
	}
	for _, d := range slices.Sorted(maps.Keys(h.Days)) {
		s += ", not " + d
	}
	return s
}

func weekdays() []time.Weekday {
	return []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday, time.Sunday}
}

// hours are the times of each class.
func hours(m *yamldoc.Map, zone *time.Location) map[string]Hours {
	defer m.Done()
	var all map[string]Hours
	for _, class := range []string{Notice, Marketing} {
		if !m.Value(class).Set() {
			continue
		}
		if all == nil {
			all = make(map[string]Hours)
		}
		all[class] = hoursOf(m.Map(class), zone)
	}
	return all
}

func hoursOf(m *yamldoc.Map, zone *time.Location) Hours {
	defer m.Done()
	h := Hours{Zone: zone, Weekdays: make(map[time.Weekday]bool), Days: make(map[string]bool)}
	hint := words.T("campaign.do.window", nil)
	h.From, _ = yamldoc.Parsed(m.Value("from"), parseClock, hint)
	h.To, _ = yamldoc.Parsed(m.Value("to"), parseClock, hint)
	if v := m.Value("timezone"); v.Set() {
		loc, err := time.LoadLocation(v.Text())
		if err != nil || v.Text() == "Local" {
			v.Problem(words.T("config.timezone-invalid", words.A{"value": v.Text()}), words.T("config.do.timezone", nil))
		} else {
			h.Zone = loc
		}
	}
	for _, v := range m.Value("days_off").List() {
		day := strings.ToLower(v.Text())
		known := false
		for _, d := range weekdays() {
			if day == strings.ToLower(d.String()) {
				h.Weekdays[d], known = true, true
			}
		}
		if _, err := time.Parse(time.DateOnly, day); err == nil {
			h.Days[day], known = true, true
		}
		if !known {
			v.Problem(words.T("config.day-off", words.A{"value": v.Text()}), words.T("config.do.day-off", nil))
		}
	}
	if len(h.Weekdays) == len(weekdays()) {
		m.Problem("days_off", words.T("config.days-off-all", nil), words.T("config.do.day-off", nil))
	}
	return h
}

func parseClock(s string) (time.Duration, error) {
	if s == "24:00" {
		return 24 * time.Hour, nil
	}
	t, err := time.Parse("15:04", s)
	if err != nil {
		return 0, words.Err("campaign.time-invalid", words.A{"value": s})
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, nil
}
