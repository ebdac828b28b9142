package report

import (
	"context"
	"io"
	"slices"
	"strconv"

	"github.com/xuri/excelize/v2"

	"notify/pkg/message"
	"notify/pkg/words"
)

// The tabs of a report.
const (
	tabSummary = iota
	tabRecipients
	tabCodes
	tabUnknown
	tabNotSent
	tabAccounts
	tabDomains
	tabTimeline
	tabChecklist
	tabRuns
	tabAgainst
)

func tabs(against bool) []words.Text {
	all := []words.Text{
		words.T("report.sheet.summary", nil), words.T("report.sheet.recipients", nil), words.T("report.sheet.codes", nil),
		words.T("report.sheet.unknown", nil), words.T("report.sheet.not-sent", nil), words.T("report.sheet.accounts", nil),
		words.T("report.sheet.domains", nil), words.T("report.sheet.timeline", nil), words.T("report.sheet.checklist", nil),
		words.T("report.sheet.runs", nil),
	}
	if against {
		all = append(all, words.T("report.sheet.against", nil))
	}
	return all
}

// nameRecipients is the name in a workbook under which the list reader finds the sheet of the recipients.
const nameRecipients = "notify_recipients"

// xlsx is a report as a workbook, in the making.
type xlsx struct {
	*book
	r    *Report
	look *look
	o    *Options
	// rows is how many messages are on the sheet of the recipients, and cost what they cost; priced says that all of it is known.
	rows   int
	cost   message.Money
	priced bool
}

// writeBook writes a report as a workbook: every message is read once for its row and its figures, and those that need somebody's attention
// once more for sheets of their own.
func writeBook(ctx context.Context, s Source, name string, w io.Writer, o Options) (rows int, err error) {
	r, err := begin(ctx, s, name, o.Terms)
	if err != nil {
		return 0, err
	}
	b, err := newBook(w, o.printer(), o.decimals, tabs(o.Against != "")...)
	if err != nil {
		return 0, err
	}
	x := &xlsx{book: b, r: r, look: newLook(r), o: &o, priced: true}
	for _, part := range []func(context.Context, Source) error{x.recipients, x.complete, x.unknown, x.notSent, x.figures, x.against} {
		if err := part(ctx, s); err != nil {
			return 0, err
		}
	}
	return x.rows, b.Close()
}

// complete adds what is known once all messages were seen.
func (x *xlsx) complete(ctx context.Context, s Source) error {
	x.r.Figures = x.look.figures()
	if err := x.r.finish(ctx, s, x.o.Terms); err != nil || x.o.Complete == nil {
		return err
	}
	return x.o.Complete(x.r)
}

// figures are the sheets that nothing more is read for.
func (x *xlsx) figures(context.Context, Source) error {
	r := x.r
	for _, of := range []struct {
		tab    int
		tables []Table
	}{
		{tabCodes, []Table{r.CodesTable()}},
		{tabDomains, []Table{r.DomainsTable()}},
		{tabTimeline, []Table{r.TimelineTable()}},
		{tabAccounts, []Table{r.AccountsTable(), r.RatesTable(), r.DelaysTable()}},
		{tabChecklist, []Table{r.ChecklistTable(), r.OverridesTable()}},
		{tabRuns, []Table{r.RunsTable(), r.PausesTable(), r.AuditTable()}},
	} {
		if err := x.tables(of.tab, of.tables...); err != nil {
			return err
		}
	}
	return x.summary()
}

// against compares with another campaign, where one is named.
func (x *xlsx) against(ctx context.Context, s Source) error {
	if x.o.Against == "" {
		return nil
	}
	other, err := Make(ctx, s, x.o.Against, x.o.Terms)
	if err != nil {
		return err
	}
	return x.tables(tabAgainst, Against(x.r, other))
}

// recipients is the list with what came of every message: it can be sent again.
func (x *xlsx) recipients(ctx context.Context, s Source) error {
	columns := x.r.Columns
	widths := make([]float64, 0, len(columns)+len(outcomeColumns()))
	for _, c := range columns {
		widths = append(widths, float64(min(40, max(14, wide(c)+2))))
	}
	look := layout{frozen: true, filter: true}
	for _, of := range outcomes() {
		if widths = append(widths, of.width); of.name == lastPrinted {
			look.printed = len(widths)
		}
	}
	look.widths = widths
	sh, err := x.sheet(tabRecipients, look)
	if err != nil {
		return err
	}
	if err := sh.Header(append(slices.Clone(columns), outcomeColumns()...)); err != nil {
		return err
	}
	for m, err := range all(ctx, s, x.r.Campaign) {
		if err != nil {
			return err
		}
		x.look.see(m)
		if len(x.o.States) > 0 && !slices.Contains(x.o.States, m.State) {
			continue
		}
		cells, err := x.o.line(m, len(columns))
		if err != nil {
			return err
		}
		if err := sh.Row(cells); err != nil {
			return err
		}
		x.rows++
		switch cost, _ := x.o.cost(&m.Record); c := cost.(type) {
		case amount:
			x.cost += c.Money
		case string:
			x.priced = false
		}
	}
	if err := sh.Close(); err != nil {
		return err
	}
	return x.f.SetDefinedName(&excelize.DefinedName{
		Name: nameRecipients, RefersTo: quoted(x.sheets[tabRecipients]) + "!$A$1:$" + column(len(widths)-1) + "$" + strconv.Itoa(x.rows+1),
	})
}

// unknown are the messages that may have arrived.
func (x *xlsx) unknown(ctx context.Context, s Source) error {
	sh, err := x.people(tabUnknown)
	if err != nil {
		return err
	}
	for m, err := range all(ctx, s, x.r.Campaign, message.Unknown) {
		if err != nil {
			return err
		}
		if err := sh.Row(x.person(m, words.Of("state", m.State))); err != nil {
			return err
		}
	}
	return sh.Close()
}

// notSent are the messages that did not leave, and the rows that are told through the message of another.
func (x *xlsx) notSent(ctx context.Context, s Source) error {
	sh, err := x.people(tabNotSent)
	if err != nil {
		return err
	}
	for rec, err := range s.Messages(ctx, x.r.Campaign, message.Rejected, message.Cancelled, message.Pending) {
		if err != nil {
			return err
		}
		if err := sh.Row(x.person(&seen{Record: rec}, words.Of("state", rec.State))); err != nil {
			return err
		}
	}
	for _, f := range x.look.folds {
		through := words.T("report.told-through", words.A{"row": f.through})
		if err := sh.Row([]any{f.row, nil, words.Of("channel", f.channel), nil, through}); err != nil {
			return err
		}
	}
	return sh.Close()
}

func (x *xlsx) people(tab int) (*sheet, error) {
	sh, err := x.sheet(tab, layout{widths: []float64{8, 16, 10, 26, 22, 14, 10, 20, 22, 60, 28}, frozen: true, filter: true})
	if err != nil {
		return nil, err
	}
	var names []string
	for _, t := range []words.Text{
		words.T("column.row", nil), words.T("column.recipient", nil), words.T("column.channel", nil), words.T("column.address", nil),
		words.T("column.state", nil), words.T("column.account", nil), words.T("report.attempts", nil), words.T("column.at", nil),
		words.T("column.code", nil), words.T("report.meaning", nil), words.T("column.key", nil),
	} {
		names = append(names, x.say.Say(t))
	}
	return sh, sh.Header(names)
}

func (x *xlsx) person(m *seen, state words.Text) []any {
	who, to, key := m.Recipient, string(m.Address), string(m.Key)
	if x.o.Mask {
		who, to, key = x.o.masked(who), x.o.Channels.Masked(m.Channel, m.Address), ""
	}
	return []any{m.Row, who, words.Of("channel", m.Channel), to, state, m.Account, m.Attempts, m.Claimed, m.Code, words.Said(m.Code, m.Detail), key}
}

// tables writes a sheet of tables. One that is alone has its header in the first row, where it stays and filters.
func (x *xlsx) tables(tab int, ts ...Table) error {
	alone := len(ts) == 1
	sh, err := x.sheet(tab, layout{widths: x.widths(ts), frozen: alone, filter: alone && len(ts[0].Rows) > 0})
	if err != nil {
		return err
	}
	for _, t := range ts {
		if err := sh.table(t, !alone); err != nil {
			return err
		}
	}
	return sh.Close()
}

// widths are those of the columns that several tables share.
func (x *xlsx) widths(ts []Table) []float64 {
	const least, most = 9, 64
	var out []float64
	for _, t := range ts {
		rows := t.Rows
		if t.Sums != nil {
			rows = append(rows[:len(rows):len(rows)], t.Sums)
		}
		for i, c := range t.Columns {
			if i == len(out) {
				out = append(out, least)
			}
			name := wide(x.say.Say(c.Name))
			if c.Kind != Words {
				name = min(name, 16) // its name is wrapped
			}
			w := name
			for _, r := range rows {
				w = max(w, x.width(r[i]))
			}
			out[i] = max(out[i], float64(min(most, w))+2)
		}
	}
	return out
}

// width is how wide a cell is.
func (x *xlsx) width(v any) int {
	switch v.(type) {
	case *message.Money:
		return 12
	case string, nil:
		return wide(x.said(v))
	}
	if n, as := (&sheet{book: x.book}).number(v); as == styleMoment {
		return 18
	} else if n != "" {
		return 8
	}
	return wide(x.said(v))
}

// table writes a table, under its title where it is not alone on its sheet.
func (s *sheet) table(t Table, titled bool) error {
	if titled {
		if s.n > 0 {
			s.err = s.Row(nil)
		}
		if err := s.Row([]any{styled{s.book.say.Say(t.Title), styleTitle}}); err != nil {
			return err
		}
	}
	head := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		head[i] = s.book.say.Say(c.Name)
	}
	if err := s.Header(head); err != nil {
		return err
	}
	first := s.n + 1
	for _, r := range t.Rows {
		cells := slices.Clone(r)
		for i, c := range cells {
			if t.Columns[i].Kind == Words && c != nil {
				cells[i] = styled{c, styleWrap}
			}
		}
		if err := s.Row(cells); err != nil {
			return err
		}
	}
	if t.Sums != nil {
		cells := make([]any, len(t.Sums))
		for i, v := range t.Sums {
			cells[i] = s.sum(v, i, first)
		}
		s.err = s.Row(cells)
	}
	if !t.Note.IsZero() {
		s.err = s.Row([]any{styled{t.Note, styleNote}})
	}
	return s.err
}

// sum is a cell of a row of sums: what the column adds up to, so that it holds when somebody changes a row.
func (s *sheet) sum(v any, i, first int) any {
	number, as := s.number(v)
	if m, is := v.(*message.Money); is && m == nil || number == "" {
		return styled{v, sums + styleText}
	}
	if last := s.n; last >= first {
		v = formula{"SUM(" + column(i) + strconv.Itoa(first) + ":" + column(i) + strconv.Itoa(last) + ")", v}
	}
	return styled{v, sums + as}
}
