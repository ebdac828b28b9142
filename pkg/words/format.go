package words

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/dustin/go-humanize"

	"notify/pkg/message"
)

// Num is a figure with separators between its thousands: 23,000.
func Num[I ~int | ~int64](n I) string { return humanize.Comma(int64(n)) }

// Decimal is an exact amount with separators between its thousands: "1,035.00".
func Decimal(m message.Money) string {
	digits, sign := m.String(), ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	units, decimals, _ := strings.Cut(digits, ".")
	if n, err := strconv.ParseInt(units, 10, 64); err == nil {
		units = humanize.Comma(n)
	}
	return sign + units + "." + decimals
}

// Money is an amount with its currency behind it: "1,035.00 CNY", in Chinese "1,035.00 元".
func (p Printer) Money(a Amount) string { return p.FixedMoney(a, 0) }

// FixedMoney is Money with so many decimals at least, as a column of amounts needs it.
func (p Printer) FixedMoney(a Amount, decimals int) string {
	unit := a.Currency
	if p.Lang == Chinese && unit == "CNY" {
		unit = "元"
	}
	digits := Decimal(a.Money)
	_, behind, _ := strings.Cut(digits, ".")
	return strings.TrimSpace(digits + strings.Repeat("0", max(0, decimals-len(behind))) + " " + unit)
}

// Percent is a share: "5%", "2.5%".
func (p Printer) Percent(v Percent) string {
	return strconv.FormatFloat(math.Round(float64(v)*10)/10, 'f', -1, 64) + "%"
}

// Rate is messages per second: "100/s", "0.5/s"; a dash where there is none.
func (p Printer) Rate(r Rate) string {
	if r <= 0 {
		return Unknown
	}
	if r >= 9999.5 { // four digits of it would be written with an exponent
		return strconv.FormatFloat(float64(r), 'f', 0, 64) + "/s"
	}
	return strconv.FormatFloat(float64(r), 'g', 4, 64) + "/s"
}

// Unknown stands where a figure is not known.
const Unknown = "–"

// Bytes is a size: "1.2 MiB".
func (p Printer) Bytes(n Size) string {
	return humanize.IBytes(uint64(max(0, n)))
}

// Weighed is a size beside another one: "5.0 MiB" beside "6.0 MiB", "5.01 MiB" beside "5.00 MiB", and "5,242,881 B" beside "5,242,880 B".
func (p Printer) Weighed(w Weighed) string {
	own, other := uint64(max(0, w.Size)), uint64(max(0, w.Against))
	for digits := 2; digits <= 4; digits++ {
		if own == other || readsLess(humanize.IBytesN(min(own, other), digits), humanize.IBytesN(max(own, other), digits)) {
			return humanize.IBytesN(own, digits)
		}
	}
	return Num(int64(w.Size)) + " B"
}

// readsLess reports that a size reads as less than another one does.
func readsLess(one, other string) bool {
	a, errA := humanize.ParseBytes(one)
	b, errB := humanize.ParseBytes(other)
	return errA == nil && errB == nil && a < b
}

// Time is a moment to the minute with its offset, in the Printer's zone; a dash where there is none.
func (p Printer) Time(t time.Time) string { return p.moment(t, "2006-01-02 15:04 -07:00") }

// Second is Time to the second.
func (p Printer) Second(t time.Time) string { return p.moment(t, "2006-01-02 15:04:05 -07:00") }

func (p Printer) moment(t time.Time, layout string) string {
	if t.IsZero() {
		return Unknown
	}
	if p.Zone != nil {
		t = t.In(p.Zone)
	}
	return t.Format(layout)
}

// unit is a part of a length of time, and what stands behind it.
type unit struct {
	size   time.Duration
	en, zh string
}

// Duration is a length of time in its two largest units: "2d 3h", "3m 50s", "0.4s"; in Chinese "2 天 3 小时".
func (p Printer) Duration(d time.Duration) string {
	if d < 0 {
		return "-" + p.Duration(-d)
	}
	units := []unit{{24 * time.Hour, "d", " 天"}, {time.Hour, "h", " 小时"}, {time.Minute, "m", " 分"}, {time.Second, "s", " 秒"}}
	if d < 10*time.Second {
		return strconv.FormatFloat(d.Round(100*time.Millisecond).Seconds(), 'f', -1, 64) + p.behind(units[3])
	}
	d = d.Round(time.Second)
	for i, u := range units {
		n := d / u.size
		if n == 0 {
			continue
		}
		said := strconv.Itoa(int(n)) + p.behind(u)
		if i+1 < len(units) {
			if rest := d % u.size / units[i+1].size; rest > 0 {
				said += " " + strconv.Itoa(int(rest)) + p.behind(units[i+1])
			}
		}
		return said
	}
	return "0" + p.behind(units[3])
}

// Span is a length of time as people write it in a file: "72h", "90m"; empty where there is none.
func Span(d time.Duration) string {
	if d == 0 {
		return ""
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// Clock is a time of day, as its distance from midnight: "09:00".
func Clock(d time.Duration) string {
	return fmt.Sprintf("%02d:%02d", int(d/time.Hour), int(d%time.Hour/time.Minute))
}

func (p Printer) behind(u unit) string {
	if p.Lang == Chinese {
		return u.zh
	}
	return u.en
}

// Safe is text from a list or a vendor as it may be shown: nothing in it can move the cursor, change colours or turn the
// direction of what follows. Line ends become spaces.
func Safe(s string) string { return strings.Map(safeRune, strings.ReplaceAll(s, "\n", " ")) }

// SafeText is Safe that keeps line ends.
func SafeText(s string) string { return strings.Map(safeRune, strings.ReplaceAll(s, "\r\n", "\n")) }

func safeRune(r rune) rune {
	switch {
	case r == '\n':
		return r
	case r == '\t' || r == '\r':
		return ' '
	case unicode.IsControl(r), r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069':
		return '\ufffd'
	}
	return r
}

// Typed is a word as a shell takes it: a name with a blank is quoted.
func Typed(word string) string {
	if word != "" && !strings.ContainsAny(word, " \t\n'\"\\$`!*?[](){}<>|&;#~") {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
