package preflight

import (
	"strconv"

	"notify/pkg/words"
)

// byDay says how messages spread over days: "10,000 on 2026-11-20, 10,000 on 2026-11-21, 3,000 on 2026-11-22".
func byDay(days []Day) words.List {
	var parts []words.Text
	for _, d := range days {
		parts = append(parts, words.T("preflight.on-day", words.A{"messages": d.Messages, "date": d.Date}))
	}
	const shown = 5
	return most(shown, parts)
}

// answers puts the answers about several accounts together into one finding: the worst status, all figures.
type answers struct {
	status  Status
	finding Finding
}

func (a *answers) add(st Status, part words.Text, remedies ...words.Text) {
	if len(a.finding.Summary) == 0 || st.rank() > a.status.rank() {
		a.status = st
	}
	a.finding.Summary = append(a.finding.Summary, part)
	a.finding.Remedies = append(a.finding.Remedies, do(remedies...)...)
}

// say adds an answer: a sentence of the catalogue, and what to do about it.
func (a *answers) say(st Status, id string, args words.A, remedies ...words.Text) {
	a.add(st, words.T(id, args), remedies...)
}

// andMore counts what is not shown; nothing where all is.
func andMore(n int) []words.Text {
	if n <= 0 {
		return nil
	}
	return said("preflight.and-more", words.A{"n": n})
}

// row is a row's number as the spreadsheet has it, without a comma.
func row(n int) string { return strconv.Itoa(n) }

// do are remedies of one sentence each.
func do(texts ...words.Text) []Remedy {
	all := make([]Remedy, 0, len(texts))
	for _, t := range texts {
		all = append(all, Remedy{Text: t})
	}
	return all
}

func (a *answers) fact(name string, value any) {
	a.finding.Facts = append(a.finding.Facts, Fact{name, value})
}

func (a *answers) detail(line words.Text) { a.finding.Details = append(a.finding.Details, line) }

// offer adds the ways out of the answer that was added last.
func (a *answers) offer(w ways) { a.finding.offer(w) }

// done is the finding; empty says what it means that there was nothing to look at.
func (a *answers) done(empty words.Text) Finding {
	f := a.finding
	f.Status = a.status
	if len(f.Summary) == 0 {
		f.Status, f.Summary = Skip, []words.Text{empty}
	}
	return f
}

// most is a list of sentences of which so many are shown.
func most(n int, all []words.Text) words.List {
	l := words.Texts(words.Commas, all...)
	l.Most = n
	return l
}
