package main

import (
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"notify/pkg/plan"
)

// partOptions choose the part of a list that is sent now.
type partOptions struct {
	limit int
	rows  string
}

func (o *partOptions) partFlags(f *pflag.FlagSet) {
	f.IntVar(&o.limit, "limit", 0, "send to the first `N` recipients of the list only; the rest can follow later")
	f.StringVar(&o.rows, "rows", "", "send to the rows `A-B` of the list only, numbered as the spreadsheet numbers them")
}

// part reads the flags.
func (o *partOptions) part() (plan.Part, error) {
	p := plan.Part{Limit: o.limit}
	if o.limit < 0 {
		return p, usage("for example --limit 9000", "--limit %d is not a number of recipients", o.limit)
	}
	if o.rows == "" {
		return p, nil
	}
	from, to, ok := strings.Cut(o.rows, "-")
	a, errA := strconv.Atoi(strings.TrimSpace(from))
	b, errB := strconv.Atoi(strings.TrimSpace(to))
	if !ok || errA != nil || errB != nil || a < 1 || b < a {
		return p, usage("for example --rows 2-9001", "--rows %s is not a first and a last row", o.rows)
	}
	p.From, p.To = a, b
	return p, nil
}
