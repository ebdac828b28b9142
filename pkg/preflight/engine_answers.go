package preflight

import (
	"strings"
	"time"

	"notify/pkg/message"
	"notify/pkg/words"
)

// num is a figure as an operator reads it: 23,000.
func num[T ~int | ~int64](n T) string { return words.Num(n) }

// count is a figure with its noun: "1 message", "23,000 messages".
func count[T ~int | ~int64](n T, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return num(n) + " " + noun + "s"
}

// money is an amount with its currency, if one is known: "1,035.00 CNY".
func money(m message.Money, currency string) string {
	return words.Printer{}.Money(words.Money(m, currency))
}

// when is a time as an operator reads it, in the zone that it carries.
func when(t time.Time) string { return words.Printer{}.Time(t) }

// first joins at most so many words, and counts the rest.
func first(names []string, n int) string {
	return words.Printer{}.Value(words.Names(names, n))
}

// byDay says how messages spread over days: "10,000 on 2026-11-20, 10,000 on 2026-11-21, 3,000 on 2026-11-22".
func byDay(days []Day) string {
	var parts []string
	for _, d := range days {
		parts = append(parts, num(d.Messages)+" on "+d.Date)
	}
	const shown = 5
	return first(parts, shown)
}

// answers puts the answers about several accounts together into one finding: the worst status, all figures.
type answers struct {
	status  Status
	finding Finding
}

func (a *answers) add(st Status, part any, remedies ...any) {
	if a.status == NotRun || st.rank() > a.status.rank() {
		a.status = st
	}
	a.finding.Summary = append(a.finding.Summary, text(part))
	for _, r := range remedies {
		a.finding.Remedies = append(a.finding.Remedies, Remedy{Text: text(r)})
	}
}

func text(v any) words.Text {
	if t, ok := v.(words.Text); ok {
		return t
	}
	return words.Raw(v.(string))
}

func (a *answers) fact(name string, value any) {
	a.finding.Facts = append(a.finding.Facts, Fact{name, value})
}

func (a *answers) detail(line any) { a.finding.Details = append(a.finding.Details, text(line)) }

// offer adds the ways out of the answer that was added last.
func (a *answers) offer(w ways) { a.finding.offer(w) }

// done is the finding; empty says what it means that there was nothing to look at.
func (a *answers) done(empty any) Finding {
	f := a.finding
	f.Status = a.status
	if a.status == NotRun {
		f.Status, f.Summary = Skip, []words.Text{text(empty)}
	}
	return f
}

// hours is a length of time as people write it in the campaign file: "72h", "90m".
func hours(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// most is a list of sentences of which so many are shown.
func most(n int, all []words.Text) words.List {
	l := words.Texts(words.Commas, all...)
	l.Most = n
	return l
}
