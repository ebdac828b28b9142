package config

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"notify/pkg/diag/yamldoc"
	"notify/pkg/message"
	"notify/pkg/words"
)

// Frequency is how many messages an address may get within some calendar days, the present one being the last of them. The zero value does
// not limit.
type Frequency struct{ Most, Days int }

// The units in which days are said.
const (
	aDay   = 1
	aWeek  = 7
	aMonth = 30
)

// Since is from when on messages count at now.
func (f Frequency) Since(now time.Time, zone *time.Location) time.Time {
	y, m, d := now.In(zone).Date()
	return time.Date(y, m, d-f.Days+1, 0, 0, 0, 0, zone)
}

// String is as it is written: "2/day".
func (f Frequency) String() string {
	switch f.Days {
	case 0:
		return ""
	case aDay:
		return fmt.Sprintf("%d/day", f.Most)
	case aWeek:
		return fmt.Sprintf("%d/week", f.Most)
	case aMonth:
		return fmt.Sprintf("%d/month", f.Most)
	}
	return fmt.Sprintf("%d/%dd", f.Most, f.Days)
}

// Often is how many messages of a class an address may get on a channel.
func (c *Config) Often(class string, ch message.Channel) Frequency { return c.Frequency[class][ch] }

// frequency reads {sms: 2/day, email: 5/week}, for each class by itself, and {marketing: {sms: 2/day}} for one.
func (r *reader) frequency(m *yamldoc.Map) map[string]map[message.Channel]Frequency {
	var all map[string]map[message.Channel]Frequency
	given := r.oftenOf(m, nil)
	for _, class := range []string{Notice, Marketing} {
		of := m.Map(class)
		if often := r.oftenOf(of, given); len(often) > 0 {
			if all == nil {
				all = make(map[string]map[message.Channel]Frequency)
			}
			all[class] = often
		}
		of.Done()
	}
	m.Done()
	return all
}

// oftenOf reads what a map has of each channel; given is what holds for those that it does not name.
func (r *reader) oftenOf(m *yamldoc.Map, given map[message.Channel]Frequency) map[message.Channel]Frequency {
	all := make(map[message.Channel]Frequency)
	for _, ch := range r.channels.Names() {
		f, ok := given[ch]
		if v := m.Value(string(ch)); v.Set() {
			f, ok = yamldoc.Parsed(v, parseFrequency, words.T("config.do.frequency", nil))
		}
		if ok {
			all[ch] = f
		}
	}
	return all
}

var frequencyPattern = regexp.MustCompile(`^(\d{1,6})\s*/\s*(?:(day|week|month)|(\d{1,3})\s*d)$`)

func parseFrequency(s string) (Frequency, error) {
	m := frequencyPattern.FindStringSubmatch(s)
	if m == nil {
		return Frequency{}, words.Err("config.frequency-invalid", words.A{"value": s})
	}
	most, _ := strconv.Atoi(m[1])
	days := map[string]int{"day": aDay, "week": aWeek, "month": aMonth}[m[2]]
	if m[3] != "" {
		days, _ = strconv.Atoi(m[3])
	}
	if most == 0 || days == 0 || days > int(year/(24*time.Hour)) {
		return Frequency{}, words.Err("config.frequency-invalid", words.A{"value": s})
	}
	return Frequency{Most: most, Days: days}, nil
}
