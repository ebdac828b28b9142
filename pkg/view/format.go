package view

import (
	"strconv"
	"time"

	"notify/pkg/words"
)

// Num is a figure with separators between its thousands: 23,000.
func Num[T ~int | ~int64](n T) string { return words.Num(n) }

// Unknown stands where a figure is not known.
const Unknown = words.Unknown

// Rate is messages per second: "100/s", "0.5/s"; a dash where there is none.
func Rate(r float64) string { return words.Printer{}.Rate(words.Rate(r)) }

// Time is a moment in the Printer's zone, to the minute and with its offset; a dash where there is none.
func (p *Printer) Time(t time.Time) string { return p.Words().Time(t) }

// plainInt is a number that counts nothing, such as that of a process: no separators.
func plainInt(n int) string { return strconv.Itoa(n) }
