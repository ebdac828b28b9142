package sdk

import (
	"strings"
	"time"

	"notify/pkg/message"
)

// Row is what codes of a vendor mean. What is in no row is unknown: it may have been taken.
type Row struct {
	Codes   []string
	Outcome message.OutcomeKind
	Reason  message.Reason // where Outcome is refused
	// Recipient says that being throttled is about this recipient alone; Wait is for how long.
	Recipient bool
	Wait      time.Duration
	// Says is what the vendor's text has to hold, for a code that means several things; empty for any.
	Says string
	// Source is where it is documented.
	Source string
}

// Codes is a vendor's table. A code that ends in ".*" stands for all that begin so and have no row of their own. Of several rows
// for a code the first whose Says is in the text holds.
type Codes map[string][]Row

// Table makes Codes of rows.
func Table(rows ...Row) Codes {
	t := make(Codes)
	for _, r := range rows {
		for _, c := range r.Codes {
			t[c] = append(t[c], r)
		}
	}
	return t
}

// find is what a code means beside a text.
func (t Codes) find(code, said string) (Row, bool) {
	rows := t[code]
	if rows == nil {
		if i := strings.IndexByte(code, '.'); i > 0 {
			rows = t[code[:i]+".*"]
		}
	}
	for _, r := range rows {
		if strings.Contains(said, r.Says) {
			return r, true
		}
	}
	return Row{}, false
}
