package view

import (
	"strconv"
	"strings"
	"time"

	"notify/pkg/message"

	"github.com/dustin/go-humanize"
)

// Num is a figure with separators between its thousands: 23,000.
func Num[T ~int | ~int64](n T) string { return humanize.Comma(int64(n)) }

// Money is an amount with separators and its currency: "1,035.00 CNY". It is exact.
func Money(m message.Money, currency string) string {
	digits, sign := m.String(), ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	units, decimals, _ := strings.Cut(digits, ".")
	if n, err := strconv.ParseInt(units, 10, 64); err == nil {
		units = humanize.Comma(n)
	}
	return strings.TrimSpace(sign + units + "." + decimals + " " + currency)
}

// Price is an amount for one, or a dash where none is known.
func Price(m *message.Money, currency string) string {
	if m == nil {
		return Unknown
	}
	return Money(*m, currency)
}

// Unknown stands where a figure is not known.
const Unknown = "–"

// Rate is messages per second: "100/s", "0.5/s"; a dash where there is none.
func Rate(r float64) string {
	if r <= 0 {
		return Unknown
	}
	return strconv.FormatFloat(r, 'g', 4, 64) + "/s"
}

// Bytes is a size: "1.2 MiB".
func Bytes(n int64) string {
	return humanize.IBytes(uint64(max(0, n))) //nolint:gosec // not negative
}

// Duration is a length of time in its two largest units: "2d 3h", "3m 50s", "0.4s".
func Duration(d time.Duration) string {
	if d < 0 {
		return "-" + Duration(-d)
	}
	if d < 10*time.Second {
		return strconv.FormatFloat(d.Round(100*time.Millisecond).Seconds(), 'f', -1, 64) + "s"
	}
	d = d.Round(time.Second)
	units := []struct {
		name string
		size time.Duration
	}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}}
	for i, u := range units {
		n := d / u.size
		if n == 0 {
			continue
		}
		words := strconv.Itoa(int(n)) + u.name
		if i+1 < len(units) {
			if rest := d % u.size / units[i+1].size; rest > 0 {
				words += " " + strconv.Itoa(int(rest)) + units[i+1].name
			}
		}
		return words
	}
	return "0s"
}

// Time is a moment in the Printer's zone, to the minute; a dash where there is none.
func (p *Printer) Time(t time.Time) string {
	if t.IsZero() {
		return Unknown
	}
	if p.Zone != nil {
		t = t.In(p.Zone)
	}
	return t.Format("2006-01-02 15:04 MST")
}
