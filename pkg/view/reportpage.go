package view

import (
	_ "embed" // for the page
	"fmt"
	"html/template"
	"io"
	"math"
	"strings"
	"time"

	"notify/pkg/report"
	"notify/pkg/words"
)

//go:embed report.html.tmpl
var reportPage string

// reportDocument is a report as its page has it: everything is said already.
type reportDocument struct {
	Lang, Title string
	Heading     [][2]string
	Sections    []pageSection
	Left, Right int
}

type pageSection struct {
	Title   string
	Chart   *chart
	Columns []pageColumn
	Rows    []pageRow
	Note    string
}

type pageColumn struct {
	Name  string
	Right bool
}

type pageRow struct {
	Cells []string
	Sum   bool
}

// chart is what was accepted over time, in messages a second.
type chart struct {
	Width, Height, Left, Bottom int
	Top, From, To               string
	Lines                       []chartLine
	Limits                      []chartLimit
}

type chartLine struct {
	Name, Points, Color string
	X                   int
}

type chartLimit struct {
	Name     string
	Y, Above float64
	X        int // of the name
}

// ReportPage writes a report as one page that can be sent and printed: no scripts, nothing fetched from elsewhere.
func ReportPage(w io.Writer, r *report.Report, say words.Printer) error {
	p := &Printer{Zone: say.Zone, Lang: say.Lang, Terminal: true} // for people
	d := reportDocument{Lang: htmlLanguage(p.Lang), Title: p.Say(words.T("report.title", words.A{"campaign": r.Campaign})), Left: chartLeft, Right: chartWidth}
	for _, row := range r.Heading() {
		d.Heading = append(d.Heading, [2]string{p.cell(row[0], 0), p.cell(row[1], 0)})
	}
	tables := []report.Table{
		r.PeopleTable(), r.MessagesTable(), r.WrittenTable(), r.AccountsTable(), r.RatesTable(), r.DelaysTable(), r.PausesTable(), r.CodesTable(),
		r.DomainsTable(), r.ChecklistTable(), r.OverridesTable(), r.RunsTable(), r.AuditTable(),
	}
	if r.Against != nil {
		tables = append(tables, report.Against(r, r.Against))
	}
	for i, t := range tables {
		if len(t.Rows) == 0 {
			continue
		}
		s := p.pageSection(t)
		const rates = 4
		if i == rates {
			s.Chart = p.rateChart(r)
		}
		d.Sections = append(d.Sections, s)
	}
	t, err := template.New("report").Parse(reportPage)
	if err != nil {
		return words.Wrap(err, "file.page", nil)
	}
	if err := t.Execute(w, d); err != nil {
		return words.Wrap(err, "file.page", nil)
	}
	return nil
}

func (p *Printer) pageSection(t report.Table) pageSection {
	s := pageSection{Title: p.Say(t.Title), Note: p.Say(t.Note)}
	decimals := decimalsOf(t)
	for _, c := range t.Columns {
		s.Columns = append(s.Columns, pageColumn{Name: p.Say(c.Name), Right: c.Kind != report.Words})
	}
	row := func(cells []any) []string {
		said := make([]string, len(cells))
		for i, c := range cells {
			said[i] = Safe(p.cell(c, decimals))
		}
		return said
	}
	for _, r := range t.Rows {
		s.Rows = append(s.Rows, pageRow{Cells: row(r)})
	}
	if t.Sums != nil {
		s.Rows = append(s.Rows, pageRow{Cells: row(t.Sums), Sum: true})
	}
	return s
}

const (
	chartWidth  = 800
	chartHeight = 220
	chartLeft   = 60
	chartTop    = 30
	chartBottom = 200
)

// rateChart is what was accepted over time by each account, against its limit where that was near; nil where there is nothing to draw.
func (p *Printer) rateChart(r *report.Report) *chart {
	steps, seconds := r.Timeline.Steps, r.Timeline.Step.Seconds()
	if len(steps) < 2 {
		return nil
	}
	highest := 0.0
	for _, a := range r.Rates {
		highest = max(highest, a.Highest)
	}
	top := highest
	for _, a := range r.Rates {
		if a.Limit > 0 && a.Limit < 3*highest { // one that is far above would press everything else to the ground
			top = max(top, a.Limit)
		}
	}
	if top == 0 {
		return nil
	}
	y := func(rate float64) float64 { return chartBottom - rate/top*(chartBottom-chartTop) }
	c := &chart{
		Width: chartWidth, Height: chartHeight, Left: chartLeft, Bottom: chartBottom, Top: p.Words().Rate(words.Rate(top)),
		From: p.moment(steps[0].At), To: p.moment(steps[len(steps)-1].At.Add(r.Timeline.Step)),
	}
	colors := []string{"#1f5fa8", "#2a7d3c", "#8a5a0b", "#6b3fa0", "#b3261e"}
	for i, a := range r.Rates {
		var points strings.Builder
		for j := range steps {
			x := chartLeft + float64(j)/float64(len(steps)-1)*(chartWidth-chartLeft)
			fmt.Fprintf(&points, "%.1f,%.1f ", x, y(float64(steps[j].Accepted[a.Account])/seconds))
		}
		const apart = 150
		c.Lines = append(c.Lines, chartLine{Name: Safe(a.Account), Points: points.String(), Color: colors[i%len(colors)], X: chartLeft + i*apart})
		if a.Limit > 0 && a.Limit <= top {
			limit := chartLimit{
				Name: Safe(a.Account) + " " + p.Say(words.T("report.limit", nil)) + " " + p.Words().Rate(words.Rate(a.Limit)), Y: y(a.Limit), Above: y(a.Limit) - 3, X: chartLeft,
			}
			const letters, beside = 14, 220
			for _, other := range c.Limits {
				if math.Abs(other.Y-limit.Y) < letters { // its name would lie over this one
					limit.X += beside
				}
			}
			c.Limits = append(c.Limits, limit)
		}
	}
	return c
}

func (p *Printer) moment(t time.Time) string { return p.Words().Second(t) }
