package view

import (
	"time"

	"notify/pkg/diag"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/report"
	"notify/pkg/suppression"
	"notify/pkg/words"
)

// suppressedLine is a line of the suppression list as it is shown: its address is masked.
type suppressedLine struct {
	Row      int             `json:"row,omitempty"`
	Address  string          `json:"address"`
	Channel  message.Channel `json:"channel"`
	Reason   string          `json:"reason,omitempty"`
	TakenOff bool            `json:"taken_off,omitempty"`
	Note     string          `json:"note,omitempty"`
	Who      string          `json:"who"`
	At       time.Time       `json:"at"`
}

// Mask is how an address of a channel may be shown; of one that is not named, that of the channel it looks like.
type Mask func(message.Channel, message.Address) string

func suppressedLines(mask Mask, found []ledger.Found) []suppressedLine {
	out := make([]suppressedLine, 0, len(found))
	for _, f := range found {
		out = append(out, suppressedLine{
			Row: f.Row, Address: mask(f.Channel, f.Address), Channel: f.Channel, Reason: f.Reason, TakenOff: f.Reason == "", Note: f.Note, Who: f.Who, At: f.At,
		})
	}
	return out
}

// Suppress is what became of addresses that were put on the suppression list.
type Suppress struct {
	ledger.Suppress
	Mask Mask
	// File, Read and Problems are about a file that was imported; Problems is nil where none was.
	File     string
	Read     suppression.Read
	Problems *diag.List
}

// ShowSuppress draws it.
func ShowSuppress(p *Printer, asJSON bool, v Suppress) error {
	kept := make([]ledger.Found, 0, len(v.Kept))
	for _, s := range v.Kept {
		kept = append(kept, ledger.Found{Suppression: s})
	}
	lines := suppressedLines(v.Mask, kept)
	if asJSON {
		return v.json(p, lines)
	}
	p.sentence("", v.text())
	for _, l := range lines {
		p.sentence("  ", words.T("suppress.stands", words.A{"entry": l.text()}))
	}
	if more := v.Known - len(lines); more > 0 && len(lines) > 0 {
		p.sentence("  ", words.T("suppress.more", words.A{"n": more}))
	}
	if v.Problems != nil {
		p.unread(v.Problems)
	}
	return p.Flush()
}

func (v *Suppress) json(p *Printer, kept []suppressedLine) error {
	type added struct {
		Text  words.Text       `json:"text"`
		Added int              `json:"added"`
		Known int              `json:"known"`
		Kept  []suppressedLine `json:"kept"`
	}
	a := added{v.text(), v.Added, v.Known, kept}
	if v.Problems == nil {
		return JSON(p.Out, p.Words(), "notify.suppress-add/1", a)
	}
	return JSON(p.Out, p.Words(), "notify.suppress-import/1", struct {
		added
		File     string       `json:"file"`
		Rows     int          `json:"rows"`
		Unread   int          `json:"unread"`
		Problems problemsJSON `json:"problems"`
	}{a, v.File, v.Read.Rows, v.Read.Unread, problemsJSON{v.Problems.Errors(), v.Problems.Warnings(), v.Problems.Kept()}})
}

func (v *Suppress) text() words.Text {
	said := words.T("suppress.added", words.A{"n": v.Added})
	if v.Added == 0 {
		said = words.T("suppress.nothing", nil)
	}
	all := []words.Text{said}
	if v.Known > 0 {
		all = append(all, words.T("suppress.known", words.A{"n": v.Known}))
	}
	if v.Problems != nil {
		all = append(all, words.T("suppress.read", words.A{"file": v.File, "rows": words.N(v.Read.Rows, "row"), "unread": v.Read.Unread}))
	}
	return words.Joined(words.Sentences, all...)
}

func (p *Printer) unread(problems *diag.List) {
	shown := 0
	for _, problem := range problems.Kept() {
		if problem.Stops() {
			shown++
			p.sentence("  "+p.Paint(Bad, p.Say(words.T("suppress.not-taken", nil)))+"  ", problem.Text())
		}
	}
	if more := problems.Errors() - shown; more > 0 {
		p.sentence("  ", words.T("suppress.more", words.A{"n": more}))
	}
}

func (l *suppressedLine) text() words.Text {
	reason := words.Of("suppressed", l.Reason)
	if l.Note == "" {
		return words.T("suppress.entry", words.A{"address": l.Address, "reason": reason, "at": l.At, "who": l.Who})
	}
	return words.T("suppress.entry-note", words.A{"address": l.Address, "reason": reason, "at": l.At, "who": l.Who, "note": l.Note})
}

// SuppressionList is the suppression list, or what of it was asked for.
type SuppressionList struct {
	*report.Suppressed
	Mask Mask `json:"-"`
	// In is a list whose rows were looked up; empty otherwise.
	In string `json:"in,omitempty"`
	// Free are addresses that were asked for and are not on it.
	Free []message.Address `json:"-"`
	// Asked is what vendors say about the addresses; nil where nobody was asked.
	Asked []AskedList `json:"vendors,omitempty"`
}

// ShowSuppressionList draws it, addresses masked.
func ShowSuppressionList(p *Printer, asJSON bool, v SuppressionList) error {
	free := make([]string, 0, len(v.Free))
	for _, a := range v.Free {
		free = append(free, v.Mask("", a))
	}
	lines := suppressedLines(v.Mask, v.Newest)
	if asJSON {
		return JSON(p.Out, p.Words(), "notify.suppress-list/1", struct {
			SuppressionList
			Lines []suppressedLine `json:"lines"`
			Free  []string         `json:"free,omitempty"`
		}{v, lines, free})
	}
	if v.Entries+v.TakenOff > 0 || len(free) == 0 {
		p.sentence("", v.sum())
	}
	if len(lines) > 0 {
		p.suppressedTable(lines, v.In != "")
	}
	if more := v.Entries + v.TakenOff - len(lines); more > 0 {
		p.sentence("", words.T("suppress.newest", words.A{"n": len(lines)}))
	}
	for _, a := range free {
		p.sentence("", words.T("suppress.free", words.A{"address": a}))
	}
	p.askedLists(v.Asked)
	return p.Flush()
}

func (p *Printer) suppressedTable(lines []suppressedLine, rows bool) {
	t := NewTable("address", "channel", "reason", "since", "who", "note")
	if rows {
		t = NewTable(">row", "address", "channel", "reason", "since", "who", "note")
	}
	for _, l := range lines {
		reason := l.Reason
		if l.TakenOff {
			reason = "taken-off"
		}
		cells := []string{l.Address, p.word("channel", string(l.Channel)), p.word("suppressed", reason), p.Time(l.At), l.Who, l.Note}
		if rows {
			cells = append([]string{plainInt(l.Row)}, cells...)
		}
		t.Row(cells...)
	}
	p.Table(t, 0)
}

// sum is how many there are, and of which reasons.
func (v *SuppressionList) sum() words.Text {
	if v.Entries == 0 && v.TakenOff == 0 {
		if v.In != "" {
			return words.T("suppress.nobody-in", words.A{"list": v.In})
		}
		return words.T("suppress.nobody", nil)
	}
	of := words.List{Join: words.Plus}
	add := func(n int, reason string) {
		if n > 0 {
			of.Items = append(of.Items, words.T("sum.part", words.A{"count": n, "state": words.Of("suppressed", reason)}))
		}
	}
	for _, r := range suppression.Reasons() {
		add(v.ByReason[string(r)], string(r))
	}
	add(v.TakenOff, "taken-off")
	switch {
	case v.TakenOff > 0:
		return words.T("suppress.lines", words.A{"n": v.Entries + v.TakenOff, "parts": of})
	case v.In != "":
		return words.T("suppress.sum-in", words.A{"n": v.Entries, "list": v.In, "parts": of})
	}
	return words.T("suppress.sum", words.A{"n": v.Entries, "parts": of})
}
