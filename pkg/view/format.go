package view

import (
	"strconv"
	"time"
)

// Time is a moment in the Printer's zone, to the minute and with its offset; a dash where there is none.
func (p *Printer) Time(t time.Time) string { return p.Words().Time(t) }

// plainInt is a number that counts nothing, such as that of a process: no separators.
func plainInt(n int) string { return strconv.Itoa(n) }
