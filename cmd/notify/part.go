package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"notify/pkg/plan"
	"notify/pkg/words"
)

// partOptions choose the part of a list that is sent now.
type partOptions struct {
	limit int
	rows  string
}

func (o *partOptions) partFlags(e *env, f *pflag.FlagSet) {
	f.IntVar(&o.limit, "limit", 0, e.say("cmd.part.flag-limit", nil))
	f.StringVar(&o.rows, "rows", "", e.say("cmd.part.flag-rows", nil))
}

// part reads the flags.
func (o *partOptions) part() (plan.Part, error) {
	p := plan.Part{Limit: o.limit}
	if o.limit < 0 {
		return p, usage(words.Err("cmd.error.limit", words.A{"limit": fmt.Sprint(o.limit)}).Do("cmd.do.for-example", words.A{"command": "--limit 9000"}))
	}
	if o.rows == "" {
		return p, nil
	}
	from, to, ok := strings.Cut(o.rows, "-")
	a, errA := strconv.Atoi(strings.TrimSpace(from))
	b, errB := strconv.Atoi(strings.TrimSpace(to))
	if !ok || errA != nil || errB != nil || a < 1 || b < a {
		return p, usage(words.Err("cmd.error.rows", words.A{"rows": words.Typed(o.rows)}).Do("cmd.do.for-example", words.A{"command": "--rows 2-9001"}))
	}
	p.From, p.To = a, b
	return p, nil
}
