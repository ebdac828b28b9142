package view

import (
	"strconv"
	"time"

	"notify/pkg/message"
	"notify/pkg/words"
)

// Num is a figure with separators between its thousands: 23,000.
func Num[T ~int | ~int64](n T) string { return words.Num(n) }

// Money is an amount with separators and its currency: "1,035.00 CNY".
func Money(m message.Money, currency string) string {
	return words.Printer{}.Money(words.Money(m, currency))
}

// Price is an amount for one, or a dash where none is known.
func Price(m *message.Money, currency string) string {
	if m == nil {
		return Unknown
	}
	return Money(*m, currency)
}

// Unknown stands where a figure is not known.
const Unknown = words.Unknown

// Rate is messages per second: "100/s", "0.5/s"; a dash where there is none.
func Rate(r float64) string { return words.Printer{}.Rate(words.Rate(r)) }

// Bytes is a size: "1.2 MiB".
func Bytes(n int64) string { return words.Printer{}.Bytes(words.Size(n)) }

// Duration is a length of time in its two largest units: "2d 3h", "3m 50s", "0.4s".
func Duration(d time.Duration) string { return words.Printer{}.Duration(d) }

// Time is a moment in the Printer's zone, to the minute and with its offset; a dash where there is none.
func (p *Printer) Time(t time.Time) string { return p.Words().Time(t) }

// plainInt is a number that counts nothing, such as that of a process: no separators.
func plainInt(n int) string { return strconv.Itoa(n) }
