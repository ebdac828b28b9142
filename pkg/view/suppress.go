package view

import (
	"fmt"
	"strings"
	"time"

	"notify/pkg/diag"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/report"
	"notify/pkg/suppression"
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

func suppressedLines(found []ledger.Found) []suppressedLine {
	out := make([]suppressedLine, 0, len(found))
	for _, f := range found {
		out = append(out, suppressedLine{
			Row: f.Row, Address: f.Address.Masked(), Channel: f.Channel, Reason: f.Reason, TakenOff: f.Reason == "", Note: f.Note, Who: f.Who, At: f.At,
		})
	}
	return out
}

// Suppress is what became of addresses that were put on the suppression list.
type Suppress struct {
	ledger.Suppress
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
	lines := suppressedLines(kept)
	if asJSON {
		return v.json(p, lines)
	}
	p.Wrapped("", v.text())
	for _, l := range lines {
		p.Wrapped("  ", "stands: "+p.suppressedWords(l))
	}
	if more := v.Known - len(lines); more > 0 && len(lines) > 0 {
		p.Line("  and %s more", Num(more))
	}
	if v.Problems != nil {
		p.unread(v.Problems)
	}
	return p.Flush()
}

func (v *Suppress) json(p *Printer, kept []suppressedLine) error {
	type added struct {
		Text  string           `json:"text"`
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

func (v *Suppress) text() string {
	words := Num(v.Added) + " addresses were put on the suppression list"
	switch v.Added {
	case 0:
		words = "nothing new was put on the suppression list"
	case 1:
		words = "1 address was put on the suppression list"
	}
	switch {
	case v.Known == 1:
		words += "; 1 was on it already, and its first entry stands"
	case v.Known > 1:
		words += "; " + Num(v.Known) + " were on it already, and their first entries stand"
	}
	if v.Problems != nil {
		words += fmt.Sprintf("; %s: %s rows, %s of them could not be read", Safe(v.File), Num(v.Read.Rows), Num(v.Read.Unread))
	}
	return words
}

func (p *Printer) unread(problems *diag.List) {
	shown := 0
	for _, problem := range problems.Kept() {
		if problem.Stops() {
			shown++
			p.Wrapped("  "+p.Paint(Bad, "not taken")+"  ", p.Say(problem.Text()))
		}
	}
	if more := problems.Errors() - shown; more > 0 {
		p.Line("  and %s more", Num(more))
	}
}

func (p *Printer) suppressedWords(l suppressedLine) string {
	words := fmt.Sprintf("%s, %s since %s (%s)", l.Address, l.Reason, p.Time(l.At), Safe(l.Who))
	if l.Note != "" {
		words += ": " + Safe(l.Note)
	}
	return words
}

// SuppressionList is the suppression list, or what of it was asked for.
type SuppressionList struct {
	*report.Suppressed
	// In is a list whose rows were looked up; empty otherwise.
	In string `json:"in,omitempty"`
	// Free are addresses that were asked for and are not on it.
	Free []message.Address `json:"-"`
}

// ShowSuppressionList draws it, addresses masked.
func ShowSuppressionList(p *Printer, asJSON bool, v SuppressionList) error {
	free := make([]string, 0, len(v.Free))
	for _, a := range v.Free {
		free = append(free, a.Masked())
	}
	lines := suppressedLines(v.Newest)
	if asJSON {
		return JSON(p.Out, p.Words(), "notify.suppress-list/1", struct {
			SuppressionList
			Lines []suppressedLine `json:"lines"`
			Free  []string         `json:"free,omitempty"`
		}{v, lines, free})
	}
	if v.Entries+v.TakenOff > 0 || len(free) == 0 {
		p.Wrapped("", v.sum())
	}
	if len(lines) > 0 {
		p.suppressedTable(lines, v.In != "")
	}
	if more := v.Entries + v.TakenOff - len(lines); more > 0 {
		p.Line("the last %s are shown; --limit 0 shows all, -o FILE writes them", Num(len(lines)))
	}
	for _, a := range free {
		p.Line("%s  not on the suppression list", a)
	}
	return p.Flush()
}

func (p *Printer) suppressedTable(lines []suppressedLine, rows bool) {
	columns := []string{"address", "channel", "reason", "since", "who", "note"}
	if rows {
		columns = append([]string{">row"}, columns...)
	}
	t := NewTable(columns...)
	for _, l := range lines {
		if l.TakenOff {
			l.Reason = "taken off"
		}
		cells := []string{l.Address, string(l.Channel), l.Reason, p.Time(l.At), l.Who, l.Note}
		if rows {
			cells = append([]string{Num(l.Row)}, cells...)
		}
		t.Row(cells...)
	}
	p.Table(t, 0)
}

func (v *SuppressionList) sum() string {
	where := "on the suppression list"
	if v.In != "" {
		where += " in " + Safe(v.In)
	}
	if v.Entries == 0 && v.TakenOff == 0 {
		return "nobody is " + where
	}
	var words []string
	for _, r := range suppression.Reasons() {
		if n := v.ByReason[string(r)]; n > 0 {
			words = append(words, Num(n)+" "+string(r))
		}
	}
	text := fmt.Sprintf("%s %s", Num(v.Entries), where)
	if v.TakenOff > 0 {
		text = Num(v.Entries+v.TakenOff) + " lines"
		words = append(words, Num(v.TakenOff)+" taken off")
	}
	return text + " = " + strings.Join(words, " + ")
}
