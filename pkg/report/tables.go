package report

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"notify/pkg/checklist"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

// Table is a section of a report that every form of it has: on a screen, on a page, in a workbook. A cell is a string, a words.Text, a
// checklist.Text, an int, an int64, a *message.Money, which is nil where it is not known, a time.Time, a time.Duration, a words.Percent, a
// words.Rate, or nil where there is nothing to say.
type Table struct {
	Title   words.Text
	Columns []Column
	Rows    [][]any
	Sums    []any // the last row; nil where there is none
	// Note says what has to be known to read it; zero for nothing.
	Note words.Text
}

// Column is a column with what stands in it.
type Column struct {
	Name words.Text
	Kind Kind
}

// Kind is what a column holds.
type Kind string

// The kinds of columns.
const (
	Words  Kind = "words"
	Figure Kind = "figure"
	Money  Kind = "money"
	Moment Kind = "moment"
	Length Kind = "length"
	Share  Kind = "share"
	Speed  Kind = "speed"
)

func col(kind Kind, name words.Text) Column { return Column{Name: name, Kind: kind} }

// cells are figures in a row.
func cells(ns ...int) []any {
	out := make([]any, len(ns))
	for i, n := range ns {
		out[i] = n
	}
	return out
}

// MessagesTable is how the messages stand, by channel.
func (r *Report) MessagesTable() Table {
	t := Table{Title: words.T("report.table.messages", nil), Columns: []Column{col(Words, words.T("column.channel", nil)), col(Figure, words.T("column.messages", nil))}}
	for _, s := range message.States() {
		t.Columns = append(t.Columns, col(Figure, words.Of("state", s)))
	}
	row := func(name any, n int, by map[message.State]int) []any {
		cells := []any{name, n}
		for _, s := range message.States() {
			cells = append(cells, by[s])
		}
		return cells
	}
	for _, c := range r.Channels {
		t.Rows = append(t.Rows, row(words.Of("channel", c.Channel), c.Messages, c.ByState))
	}
	t.Sums = row(words.T("column.together", nil), r.Messages, r.Total)
	return t
}

// DeliveredTo says to how many of those a message was delivered.
func (p *People) DeliveredTo() words.Text {
	return words.T("report.people-delivered", words.A{"people": words.N(p.Delivered, "person")})
}

// PeopleTable is how it stands for the people, each by the best of the messages for him.
func (r *Report) PeopleTable() Table {
	t := Table{
		Title:   words.T("report.table.people", nil),
		Columns: []Column{col(Words, words.T("report.best-state", nil)), col(Figure, words.T("column.people", nil))},
		Sums:    []any{words.T("column.together", nil), r.People.Total},
	}
	for _, s := range message.States() {
		t.Rows = append(t.Rows, []any{words.Of("state", s), r.People.ByState[s]})
	}
	if r.People.Delivered > 0 {
		t.Note = r.People.DeliveredTo()
	}
	return t
}

// WrittenTable is what the incident was about: how many were told how often.
func (r *Report) WrittenTable() Table {
	t := Table{Title: words.T("report.table.written", nil), Columns: []Column{
		col(Words, words.T("column.channel", nil)), col(Figure, words.T("report.failed", nil)), col(Figure, words.T("report.succeeded", nil)),
	}}
	for i := range MaxTimes {
		name := words.T("report.written-times", words.A{"n": i + 1})
		if i == MaxTimes-1 {
			name = words.T("report.written-more", words.A{"times": MaxTimes})
		}
		t.Columns = append(t.Columns, col(Figure, name))
	}
	if r.EachTold {
		t.Note = words.T("report.each-told", words.A{"setting": "shared_address: each"})
	}
	for _, w := range r.Written {
		t.Rows = append(t.Rows, append([]any{words.Of("channel", w.Channel), w.Failed, w.Succeeded}, cells(w.Times[:]...)...))
	}
	return t
}

// AccountsTable is what the accounts carried and cost, and what became of it.
func (r *Report) AccountsTable() Table {
	t := Table{Title: words.T("report.table.accounts", nil), Columns: []Column{
		col(Words, words.T("column.account", nil)), col(Figure, words.T("column.messages", nil)), col(Figure, words.T("column.segments", nil)),
		col(Money, words.T("column.cost", nil)), col(Words, words.T("column.currency", nil)), col(Figure, words.T("column.accepted", nil)),
		col(Figure, words.T("column.delivered", nil)), col(Figure, words.T("column.not-delivered", nil)),
	}}
	told := []message.ReceiptState{message.HardBounce, message.SoftBounce, message.Clicked, message.OptedOut, message.Complained, message.Replied}
	for _, state := range told {
		t.Columns = append(t.Columns, col(Figure, words.Of("receipt", state)))
	}
	t.Columns = append(t.Columns, col(Share, words.T("column.receipts-missing", nil)))
	var sum struct{ messages, segments, accepted, delivered, not int }
	sums := make([]int, len(told))
	for _, a := range r.Accounts {
		var rec Receipts
		if i := slices.IndexFunc(r.Delivered, func(x Receipts) bool { return x.Account == a.Account }); i >= 0 {
			rec = r.Delivered[i]
		}
		not := rec.ByState[message.Undelivered] + rec.ByState[message.Dropped]
		row := []any{a.Account, a.Messages, a.Segments, a.Cost, a.Currency, rec.Accepted, rec.ByState[message.Delivered], not}
		for i, state := range told {
			row = append(row, rec.ByState[state])
			sums[i] += rec.ByState[state]
		}
		t.Rows = append(t.Rows, append(row, words.Percent(rec.Missing)))
		sum.messages, sum.segments, sum.accepted = sum.messages+int(a.Messages), sum.segments+int(a.Segments), sum.accepted+rec.Accepted
		sum.delivered, sum.not = sum.delivered+rec.ByState[message.Delivered], sum.not+not
	}
	cost, currency := r.Cost()
	t.Sums = append([]any{words.T("column.together", nil), sum.messages, sum.segments, cost, currency, sum.accepted, sum.delivered, sum.not}, cells(sums...)...)
	t.Sums = append(t.Sums, nil)
	return t
}

// Cost is what it cost altogether: nil where that is not known, or not in one currency.
func (r *Report) Cost() (cost *message.Money, currency string) {
	if len(r.Unpriced) > 0 || len(r.Costs) > 1 {
		return nil, ""
	}
	if len(r.Costs) == 0 {
		return new(message.Money), ""
	}
	return &r.Costs[0].Cost, r.Costs[0].Currency
}

// RatesTable is how fast it went, against the limits.
func (r *Report) RatesTable() Table {
	t := Table{Title: words.T("report.table.rates", nil), Columns: []Column{
		col(Words, words.T("column.account", nil)), col(Speed, words.T("report.limit", nil)), col(Speed, words.T("report.mean", nil)),
		col(Speed, words.T("report.highest", words.A{"step": r.Timeline.Step})), col(Length, words.T("report.lasted", nil)),
	}}
	for _, a := range r.Rates {
		t.Rows = append(t.Rows, []any{a.Account, words.Rate(a.Limit), words.Rate(a.Mean), words.Rate(a.Highest), a.Lasted})
	}
	return t
}

// DelaysTable is how long it took until messages arrived.
func (r *Report) DelaysTable() Table {
	t := Table{Title: words.T("report.table.delays", nil), Columns: []Column{
		col(Words, words.T("column.account", nil)), col(Figure, words.T("column.delivered", nil)), col(Length, words.T("report.median", nil)),
		col(Length, words.T("report.p95", nil)), col(Length, words.T("report.longest", nil)),
	}}
	for _, d := range r.Delays {
		t.Rows = append(t.Rows, []any{d.Account, d.Messages, d.Median, d.P95, d.Longest})
	}
	return t
}

// CodesTable is why messages failed, and what that means.
func (r *Report) CodesTable() Table {
	t := Table{Title: words.T("report.table.codes", nil), Columns: []Column{
		col(Words, words.T("column.state", nil)), col(Words, words.T("column.code", nil)), col(Figure, words.T("column.messages", nil)),
		col(Words, words.T("report.meaning", nil)),
	}}
	for _, c := range r.Codes {
		t.Rows = append(t.Rows, []any{words.Of("state", c.State), c.Code, c.Messages, c.Said})
	}
	return t
}

// DomainsTable is what became of the mails, by domain.
func (r *Report) DomainsTable() Table {
	t := Table{Title: words.T("report.table.domains", nil), Columns: []Column{
		col(Words, words.T("report.domain", nil)), col(Figure, words.T("column.messages", nil)), col(Figure, words.T("column.accepted", nil)),
		col(Figure, words.Of("state", message.Rejected)), col(Figure, words.Of("state", message.Unknown)), col(Figure, words.T("column.delivered", nil)),
		col(Figure, words.T("column.bounced", nil)),
	}}
	for _, d := range r.Domains {
		var name any = d.Domain
		if d.Domain == "" {
			name = words.T("report.other-domains", words.A{"n": d.Domains})
		}
		t.Rows = append(t.Rows, append([]any{name}, cells(d.Messages, d.Accepted, d.Rejected, d.Unknown, d.Delivered, d.Bounced)...))
	}
	return t
}

// TimelineTable is what happened when.
func (r *Report) TimelineTable() Table {
	t := Table{Title: words.T("report.table.timeline", words.A{"step": r.Timeline.Step}), Columns: []Column{col(Moment, words.T("column.from", nil))}}
	for _, a := range r.Rates {
		t.Columns = append(t.Columns, col(Figure, words.T("report.accepted-by", words.A{"account": a.Account})))
	}
	t.Columns = append(t.Columns, col(Figure, words.Of("state", message.Rejected)), col(Figure, words.Of("state", message.Unknown)),
		col(Figure, words.T("column.delivered", nil)))
	for _, s := range r.Timeline.Steps {
		row := []any{s.At}
		for _, a := range r.Rates {
			row = append(row, s.Accepted[a.Account])
		}
		t.Rows = append(t.Rows, append(row, cells(s.Rejected, s.Unknown, s.Delivered)...))
	}
	return t
}

// span is from when to when something lasted, and how long; the end is zero where it has none yet.
func span(from, to time.Time) []any {
	if to.IsZero() {
		return []any{from, nil, nil}
	}
	return []any{from, to, to.Sub(from)}
}

// PausesTable is when nothing was sent, and why.
func (r *Report) PausesTable() Table {
	t := Table{Title: words.T("report.table.pauses", nil), Columns: []Column{
		col(Moment, words.T("column.from", nil)), col(Moment, words.T("column.to", nil)), col(Length, words.T("report.lasted", nil)),
		col(Words, words.T("report.stopped-by", nil)), col(Words, words.T("report.continued-by", nil)), col(Words, words.T("column.why", nil)),
	}}
	for _, p := range r.Pauses {
		t.Rows = append(t.Rows, append(span(p.From, p.To), p.By, p.After, p.Why))
	}
	return t
}

// RunsTable are the runs, the oldest first.
func (r *Report) RunsTable() Table {
	t := Table{Title: words.T("report.table.runs", nil), Columns: []Column{
		col(Moment, words.T("column.from", nil)), col(Moment, words.T("column.to", nil)), col(Length, words.T("report.lasted", nil)),
		col(Words, words.T("column.who", nil)), col(Words, words.T("report.machine", nil)), col(Words, words.T("column.why", nil)),
	}}
	for _, run := range slices.Backward(r.Runs) {
		t.Rows = append(t.Rows, append(span(run.Started, run.Ended), run.User, run.Host, run.Why))
	}
	return t
}

// AuditTable is what people did.
func (r *Report) AuditTable() Table {
	t := Table{Title: words.T("report.table.audit", nil), Columns: []Column{
		col(Moment, words.T("column.when", nil)), col(Words, words.T("column.who", nil)), col(Words, words.T("column.did", nil)),
		col(Figure, words.T("column.number", nil)), col(Money, words.T("column.cost", nil)), col(Words, words.T("column.currency", nil)),
		col(Words, words.T("column.why", nil)),
	}}
	for _, a := range r.Audit {
		row := []any{a.At, a.Doer(), Did(a), nil, nil, nil, a.Why()}
		if f := a.Figures; f != nil {
			row[3] = f.Messages + f.Addresses
			if len(f.Cost) == 1 {
				for currency, cost := range f.Cost {
					row[4], row[5] = &cost, currency
				}
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// OverridesTable are the checks in spite of which it was sent.
func (r *Report) OverridesTable() Table {
	t := Table{Title: words.T("report.table.overrides", nil), Columns: []Column{
		col(Moment, words.T("column.when", nil)), col(Words, words.T("column.who", nil)), col(Words, words.T("report.check", nil)),
		col(Words, words.T("column.why", nil)),
	}}
	for _, a := range r.Overrides {
		t.Rows = append(t.Rows, []any{a.At, a.Who, strings.TrimPrefix(a.What, ActOverride), a.Why()})
	}
	return t
}

// ChecklistTable is who answered for what: a line for each signature, and one for each item that has none.
func (r *Report) ChecklistTable() Table {
	t := Table{Title: words.T("report.table.checklist", nil), Columns: []Column{
		col(Words, words.T("report.phase", nil)), col(Words, words.T("report.item", nil)), col(Words, words.T("report.role", nil)),
		col(Words, words.T("column.state", nil)), col(Words, words.T("column.signed", nil)), col(Moment, words.T("column.when", nil)),
		col(Words, words.T("report.evidence", nil)),
	}}
	if r.Checklist == nil {
		return t
	}
	for i := range r.Checklist.Lines {
		l := &r.Checklist.Lines[i]
		row := []any{words.Of("phase", l.Phase), l.Title, checklist.RoleWord(l.Role), words.Of("item", l.Status)}
		for _, s := range l.Signatures {
			var proof any
			if s.Evidence != nil {
				proof = s.Evidence.Says()
			}
			t.Rows = append(t.Rows, append(row[:4:4], words.T("report.signed", words.A{"name": s.Name, "who": s.Who}), s.At, proof))
		}
		if len(l.Signatures) == 0 {
			t.Rows = append(t.Rows, append(row, nil, nil, words.Texts(words.Sentences, l.Said...)))
		}
	}
	return t
}

// Did says what somebody did.
func Did(a ledger.AuditEntry) words.Text {
	verb, what, _ := strings.Cut(a.What, " ")
	switch verb {
	case "send", "resume", "preflight", "pause", "unpause", "join", "abort", "retry", "resolve", "rehearse", "emergency", "receipts", "receipts-import",
		"unsubscribe", "wave", ledger.ActBackup, ledger.ActRestored, ledger.ActMoved, ledger.ActForgotten, ledger.ActStop, ledger.ActExported, ledger.ActPurged:
		return words.Of("act", verb)
	case "person", "trace":
		return words.Of("act", verb+"-"+strings.TrimLeft(what, "-"))
	case "accounts":
		account, _, _ := strings.Cut(strings.TrimPrefix(what, "set "), ": ")
		return words.T("act.set", words.A{"account": account})
	case "suppress", "unsuppress":
		return suppressed(verb, what)
	case "override":
		return words.T("act.override", words.A{"what": what})
	case "sign":
		item, name, _ := strings.Cut(what, " as ")
		return words.T("act.sign", words.A{"item": item, "name": name})
	case "revoke":
		item, name, _ := strings.Cut(what, " as ")
		name, signer, _ := strings.Cut(name, ", signed by ")
		return words.T("act.revoke", words.A{"item": item, "name": name, "signer": signer})
	}
	return words.T("act.other", words.A{"what": a.What})
}

// suppressed says that addresses were put on the suppression list, or taken off it: one, which is masked, so many, or those of a file or an account.
func suppressed(verb, what string) words.Text {
	many, is := strings.CutSuffix(what, " addresses")
	n, err := strconv.Atoi(many)
	account, pulled := strings.CutPrefix(what, "pull ")
	switch {
	case is && err == nil && verb == "suppress":
		return words.T("act.suppress-many", words.A{"addresses": words.N(n, "address")})
	case is && err == nil:
		return words.T("act.unsuppress-many", words.A{"addresses": words.N(n, "address")})
	case what == "import":
		return words.T("act.suppress-import", nil)
	case pulled:
		return words.T("act.suppress-pull", words.A{"account": account})
	case verb == "suppress":
		return words.T("act.suppress", words.A{"what": what})
	}
	return words.T("act.unsuppress", words.A{"what": what})
}

// Took is how long it took from the first attempt to the last.
func (r *Report) Took() time.Duration { return r.Last.Sub(r.First) }
