package report

import (
	"maps"
	"slices"
	"time"

	"notify/pkg/message"
	"notify/pkg/words"
)

// Against compares two campaigns: a line for each figure with what it is in both, and by how much the first is above the second.
func Against(a, b *Report) Table {
	t := Table{Title: words.T("report.table.against", words.A{"one": a.Campaign, "other": b.Campaign}), Columns: []Column{
		col(Words, words.T("report.figure", nil)), col(Figure, words.T("report.of", words.A{"campaign": a.Campaign})),
		col(Figure, words.T("report.of", words.A{"campaign": b.Campaign})), col(Figure, words.T("report.difference", nil)),
	}}
	count := func(name words.Text, of func(*Report) int) {
		x, y := of(a), of(b)
		t.Rows = append(t.Rows, []any{name, x, y, x - y})
	}
	count(words.T("report.recipients", nil), func(r *Report) int { return r.Recipients })
	count(words.T("report.people-told", nil), func(r *Report) int { return r.People.ByState[message.Accepted] })
	count(words.T("column.messages", nil), func(r *Report) int { return r.Messages })
	for _, s := range message.States() {
		count(words.Of("state", s), func(r *Report) int { return r.Total[s] })
	}
	count(words.T("column.segments", nil), func(r *Report) (n int) {
		for _, x := range r.Accounts {
			n += int(x.Segments)
		}
		return n
	})
	count(words.T("column.delivered", nil), func(r *Report) (n int) {
		for _, x := range r.Delivered {
			n += x.ByState[message.Delivered]
		}
		return n
	})
	count(words.T("report.told-twice", nil), func(r *Report) (n int) {
		for _, w := range r.Written {
			n += w.Twice()
		}
		return n
	})
	t.costs(a, b)
	t.lengths(words.T("report.lasted", nil), a.Took(), b.Took())
	if len(a.Delays) > 0 && len(b.Delays) > 0 {
		t.lengths(words.T("report.delay-median", nil), slowest(a, median), slowest(b, median))
		t.lengths(words.T("report.delay-p95", nil), slowest(a, p95), slowest(b, p95))
	}
	t.codes(a, b)
	return t
}

func median(d Delay) time.Duration { return d.Median }
func p95(d Delay) time.Duration    { return d.P95 }

// slowest is that of the account where it took longest.
func slowest(r *Report, of func(Delay) time.Duration) (most time.Duration) {
	for _, d := range r.Delays {
		most = max(most, of(d))
	}
	return most
}

func (t *Table) lengths(name words.Text, a, b time.Duration) {
	t.Rows = append(t.Rows, []any{name, a, b, a - b})
}

// costs are what both cost, by currency; what is not known of one of them makes no difference known.
func (t *Table) costs(a, b *Report) {
	currencies := make(map[string]bool)
	of := func(r *Report, currency string) *message.Money {
		if len(r.Unpriced) > 0 {
			return nil
		}
		i := slices.IndexFunc(r.Costs, func(s Sum) bool { return s.Currency == currency })
		if i < 0 {
			return new(message.Money)
		}
		return &r.Costs[i].Cost
	}
	for _, r := range []*Report{a, b} {
		for _, s := range r.Costs {
			currencies[s.Currency] = true
		}
	}
	for _, c := range slices.Sorted(maps.Keys(currencies)) {
		x, y := of(a, c), of(b, c)
		var diff *message.Money
		if x != nil && y != nil {
			d := *x - *y
			diff = &d
		}
		t.Rows = append(t.Rows, []any{words.T("report.cost-in", words.A{"currency": c}), x, y, diff})
	}
}

// codes are why messages of either failed.
func (t *Table) codes(a, b *Report) {
	type reason struct {
		state message.State
		code  string
	}
	of := func(r *Report) map[reason]int {
		n := make(map[reason]int)
		for _, c := range r.Codes {
			n[reason{c.State, c.Code}] += c.Messages
		}
		return n
	}
	x, y := of(a), of(b)
	for _, r := range []*Report{a, b} {
		for _, c := range r.Codes {
			k := reason{c.State, c.Code}
			if r == b && x[k] > 0 {
				continue // said already
			}
			t.Rows = append(t.Rows, []any{words.T("report.code-of", words.A{"state": words.Of("state", c.State), "code": c.Code}), x[k], y[k], x[k] - y[k]})
		}
	}
}
