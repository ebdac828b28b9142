package numfmt

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// arrangeDate tells minutes from months, and finds the fractions of seconds.
func (s *section) arrangeDate() {
	for i := range s.parts {
		p := &s.parts[i]
		switch p.kind {
		case partDate:
			if (p.text == "m" || p.text == "mm") && s.besideTime(i) {
				p.kind = partMinute
			}
		case partPoint:
			if !s.fractionAt(i) {
				p.kind = partLiteral
			}
		case partSlash:
			p.kind = partLiteral
		case partLiteral, partMinute, partElapsed, partHalfDay, partFraction:
		case partDigit, partExponent, partPercent, partGeneral, partText:
			if p.text != "" {
				s.err = unsure(WhySyntax)
			}
		}
	}
}

// besideTime reports an m behind hours or before seconds.
func (s *section) besideTime(i int) bool {
	for j := i - 1; j >= 0; j-- {
		if k := s.parts[j].kind; k == partDate || k == partElapsed || k == partMinute {
			if s.parts[j].text[0] == 'h' {
				return true
			}
			break
		}
	}
	for j := i + 1; j < len(s.parts); j++ {
		if k := s.parts[j].kind; k == partDate || k == partElapsed {
			return s.parts[j].text[0] == 's'
		}
	}
	return false
}

// fractionAt makes one part of the point at i and the zeros behind it, where they follow seconds.
func (s *section) fractionAt(i int) bool {
	if i == 0 || s.parts[i-1].text == "" || s.parts[i-1].text[0] != 's' {
		return false
	}
	zeros := 0
	for i+1+zeros < len(s.parts) && s.parts[i+1+zeros].kind == partDigit && s.parts[i+1+zeros].text == "0" {
		s.parts[i+1+zeros] = part{kind: partDigit}
		zeros++
	}
	if zeros == 0 || zeros > 3 {
		return false
	}
	s.parts[i] = part{partFraction, strings.Repeat("0", zeros)}
	return true
}

// moment is a date and a time as a sheet counts them.
type moment struct {
	time.Time
	days     int // since the sheet's day 0
	seconds  int // of the day
	fraction int // of a second, in the section's digits
}

const (
	// leapDay is the 29 February 1900 that Excel counts and that never was: up to it Excel and LibreOffice show different dates, and no
	// weekday of Excel's dates is that of the calendar.
	leapDay = 60
	lastDay = 2958465 // 9999-12-31
)

func (s *section) momentOf(v float64, date1904 bool) (moment, error) {
	places, timed, onDays := 0, s.has(partMinute, partElapsed, partHalfDay), false
	for _, p := range s.parts {
		switch {
		case p.kind == partFraction:
			places = len(p.text)
		case p.kind == partDate && (p.text[0] == 'h' || p.text[0] == 's'):
			timed = true
		case p.kind == partDate:
			onDays = true
		}
	}
	unit := math.Pow10(places)
	if !timed {
		unit = 1e4 // a day alone does not round up with its last second
	}
	m := moment{days: int(math.Floor(v))}
	ticks := int(math.Floor((v-math.Floor(v))*86400*unit + 0.5))
	if day := int(86400 * unit); ticks >= day {
		ticks -= day
		m.days++
	}
	m.seconds, m.fraction = ticks/int(unit), ticks%int(unit)
	calendar := m.days
	if date1904 {
		calendar += 1462
	}
	switch {
	case onDays && calendar < 1 || calendar > lastDay:
		return m, unsure(WhyDate)
	case onDays && calendar <= leapDay:
		return m, unsure(WhyEarly)
	}
	m.Time = time.Date(1899, 12, 30+calendar, 0, 0, m.seconds, 0, time.UTC)
	return m, nil
}

func (s *section) showDate(v float64, date1904 bool) (string, error) {
	m, err := s.momentOf(v, date1904)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, p := range s.parts {
		text, err := s.momentPart(p, m)
		if err != nil {
			return "", err
		}
		b.WriteString(text)
	}
	return b.String(), nil
}

func (s *section) momentPart(p part, m moment) (string, error) {
	switch p.kind {
	case partDate:
		return s.datePart(p.text, m)
	case partMinute:
		return s.count(m.Minute(), len(p.text))
	case partElapsed:
		return s.count(elapsed(p.text[0], m), len(p.text))
	case partHalfDay:
		return s.halfDay(p.text, m.Hour())
	case partFraction:
		return "." + pad(m.fraction, len(p.text)), nil
	case partLiteral, partDigit, partPoint, partExponent, partPercent, partSlash, partGeneral, partText:
	}
	return p.text, nil
}

func elapsed(unit byte, m moment) int {
	seconds := m.days*86400 + m.seconds
	switch unit {
	case 'h':
		return seconds / 3600
	case 'm':
		return seconds / 60
	}
	return seconds
}

func pad(n, width int) string {
	text := strconv.Itoa(n)
	return strings.Repeat("0", max(0, width-len(text))) + text
}

// count is a number of a date, in the section's numerals.
func (s *section) count(n, width int) (string, error) {
	if s.numerals > 0 {
		return s.read(strconv.Itoa(n), true)
	}
	return pad(n, width), nil
}

func (s *section) datePart(code string, m moment) (string, error) {
	n := len(code)
	switch code[0] {
	case 'y':
		return s.year(m.Year(), n)
	case 'e':
		if s.language != Chinese {
			return "", unsure(WhyLanguage)
		}
		return s.year(m.Year(), 4)
	case 'm':
		if n <= 2 {
			return s.count(int(m.Month()), n)
		}
		return s.monthName(m.Month(), n)
	case 'd':
		if n <= 2 {
			return s.count(m.Day(), n)
		}
		return s.dayName(m.Weekday(), n)
	case 'a':
		return s.asianDay(m.Weekday(), n)
	case 'h':
		hour := m.Hour()
		if s.has(partHalfDay) {
			hour = (hour+11)%12 + 1
		}
		return s.count(hour, min(n, 2))
	}
	return s.count(m.Second(), min(n, 2))
}

func (s *section) year(year, n int) (string, error) {
	text := strconv.Itoa(year)
	if n <= 2 {
		text = text[2:]
	}
	if s.numerals == 0 {
		return text, nil
	}
	marks := ""
	for i := range len(text) {
		marks += marked(text[i])
	}
	return s.numeralDigits(marks)
}

// asianDay is aaa or aaaa.
func (s *section) asianDay(day time.Weekday, n int) (string, error) {
	name := string([]rune(dayNames(s.language))[day])
	switch {
	case n < 3 || n > 4 || s.language != Chinese && s.language != Japanese:
		return "", unsure(WhyLanguage)
	case n == 3:
		return name, nil
	case s.language == Japanese:
		return name + "曜日", nil
	}
	return "星期" + name, nil
}

func dayNames(l Language) string {
	if l == Japanese {
		return "日月火水木金土"
	}
	return "日一二三四五六"
}

// english reports names in English: in China they are, unless the format says that they are to be Chinese.
func (s *section) english() bool {
	return s.language == English || s.language == Chinese && !s.named
}

func (s *section) monthName(month time.Month, n int) (string, error) {
	if !s.english() || n > 5 {
		return "", unsure(WhyLanguage)
	}
	switch name := month.String(); n {
	case 3:
		return name[:3], nil
	case 4:
		return name, nil
	default:
		return name[:1], nil
	}
}

func (s *section) dayName(day time.Weekday, n int) (string, error) {
	switch {
	case s.english() && n == 3:
		return day.String()[:3], nil
	case s.english() && n == 4:
		return day.String(), nil
	case s.language == Chinese && n == 4:
		return "星期" + string([]rune(dayNames(Chinese))[day]), nil
	}
	return "", unsure(WhyLanguage)
}

func (s *section) halfDay(code string, hour int) (string, error) {
	late := hour >= 12
	names := [2]string{"AM", "PM"}
	switch {
	case code == "上午/下午", s.named && s.language == Chinese && len(code) == len("AM/PM"):
		names = [2]string{"上午", "下午"}
	case len(code) == len("A/P"), s.language == "", s.language == Japanese:
		return "", unsure(WhyLanguage)
	}
	if late {
		return names[1], nil
	}
	return names[0], nil
}
