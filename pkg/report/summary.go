package report

import (
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"notify/pkg/message"
	"notify/pkg/words"
)

// Heading is what a campaign was, as names and values.
func (r *Report) Heading() [][2]any {
	rows := [][2]any{
		{words.T("report.owner", nil), r.Owner},
		{words.T("report.team", nil), r.Team},
		{words.T("column.class", nil), words.Of("class", r.Class)},
		{words.T("report.list", nil), r.List},
		{words.T("report.digest", nil), r.Digest},
		{words.T("report.staged", nil), r.Staged},
		{words.T("column.from", nil), r.First},
		{words.T("column.to", nil), r.Last},
	}
	if r.Environment != "" {
		rows = append(rows, [2]any{words.T("column.environment", nil), words.Of("environment", r.Environment)})
	}
	return append(rows, [2]any{words.T("report.recipients", nil), r.Recipients}, [2]any{words.T("report.never-staged", nil), r.NeverStaged},
		[2]any{words.T("report.folded-rows", nil), r.Folded})
}

// summary is what everybody reads first: the figures, each of which adds up, and how they look.
func (x *xlsx) summary() error {
	ts := []Table{x.r.PeopleTable(), x.r.MessagesTable(), x.r.WrittenTable(), x.r.AccountsTable()}
	widths := x.widths(ts)
	widths[0], widths[1] = max(widths[0], 36), max(widths[1], 20) // names and dates above the tables
	sh, err := x.sheet(tabSummary, layout{widths: widths, chart: true})
	if err != nil {
		return err
	}
	title := words.T("report.title", words.A{"campaign": x.r.Campaign})
	if err := sh.Row([]any{styled{title, styleTitle}}); err != nil {
		return err
	}
	for _, row := range x.r.Heading() {
		if err := sh.Row([]any{styled{row[0], styleNote}, styled{row[1], styleLeft}}); err != nil {
			return err
		}
	}
	people := 0
	for i, t := range ts {
		if i == 0 {
			people = sh.n + 4 // behind a row without anything, the title and the names
		}
		if err := sh.table(t, true); err != nil {
			return err
		}
	}
	if err := x.checkSum(sh); err != nil {
		return err
	}
	after := sh.n + 2
	if err := x.charts(people, after); err != nil {
		return err
	}
	const high = 17 // rows that a chart covers
	sh.n = after + high
	return sh.Close()
}

// checkSum is what the sheet of the recipients costs, added up by the program that shows it.
func (x *xlsx) checkSum(sh *sheet) error {
	if len(x.o.States) > 0 || !x.priced || len(x.r.Costs) != 1 || x.rows == 0 {
		return nil
	}
	of := column(len(x.r.Columns) + columnCost)
	ref := quoted(x.sheets[tabRecipients]) + "!" + of + "2:" + of + strconv.Itoa(x.rows+1)
	said := words.T("report.check-sum", words.A{"sheet": x.sheets[tabRecipients]})
	return sh.Row([]any{styled{said, styleNote}, nil, nil, formula{"SUM(" + ref + ")", x.cost}, x.r.Costs[0].Currency})
}

// columnCost is the place of the cost among the columns behind those of the list.
const columnCost = 13

// charts are how the people stand, and how it went.
func (x *xlsx) charts(people, row int) error {
	name := quoted(x.sheets[tabSummary])
	last := strconv.Itoa(people + len(message.States()) - 1)
	first := strconv.Itoa(people)
	says := func(t words.Text) excelize.ChartTitle {
		return excelize.ChartTitle{Paragraph: []excelize.RichTextRun{{Text: x.say.Say(t), Font: &excelize.Font{Size: 11, Bold: true}}}}
	}
	at := func(col int) string { return column(col) + strconv.Itoa(row) }
	const width, height = 420, 300
	if err := x.f.AddChart(x.sheets[tabSummary], at(0), &excelize.Chart{
		Type: excelize.Bar, Title: says(words.T("report.table.people", nil)), Legend: excelize.ChartLegend{Position: "none"},
		Dimension: excelize.ChartDimension{Width: width, Height: height}, PlotArea: excelize.ChartPlotArea{ShowVal: true},
		Series: []excelize.ChartSeries{{Categories: name + "!$A$" + first + ":$A$" + last, Values: name + "!$B$" + first + ":$B$" + last}},
		YAxis:  excelize.ChartAxis{}, XAxis: excelize.ChartAxis{ReverseOrder: true},
	}); err != nil {
		return err
	}
	return x.rateChart(x.sheets[tabSummary], at(4), says(words.T("report.table.timeline", words.A{"step": x.r.Timeline.Step})))
}

// rateChart is what was accepted, step by step.
func (x *xlsx) rateChart(sheet, at string, title excelize.ChartTitle) error {
	if len(x.r.Timeline.Steps) == 0 || len(x.r.Rates) == 0 {
		return nil
	}
	name, last := quoted(x.sheets[tabTimeline]), strconv.Itoa(len(x.r.Timeline.Steps)+1)
	chart := &excelize.Chart{
		Type: excelize.Scatter, Title: title, Legend: excelize.ChartLegend{Position: "bottom"}, Dimension: excelize.ChartDimension{Width: 420, Height: 300},
		XAxis: excelize.ChartAxis{NumFmt: excelize.ChartNumFmt{CustomNumFmt: "hh:mm:ss"}},
		YAxis: excelize.ChartAxis{MajorGridLines: true, NumFmt: excelize.ChartNumFmt{CustomNumFmt: "#,##0"}},
	}
	colors := []string{"1F5FA8", "2A7D3C", "8A5A0B", "6B3FA0", "B3261E"}
	for i := range x.r.Rates {
		of := "$" + column(i+1) + "$"
		chart.Series = append(chart.Series, excelize.ChartSeries{
			Name: name + "!" + of + "1", Categories: name + "!$A$2:$A$" + last, Values: name + "!" + of + "2:" + strings.TrimSuffix(of, "$") + "$" + last,
			Marker: excelize.ChartMarker{Symbol: "none"},
			Line: excelize.LineOptions{
				Type: excelize.LineSolid, Width: 1.5, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: colors[i%len(colors) : i%len(colors)+1]},
			},
		})
	}
	return x.f.AddChart(sheet, at, chart)
}
