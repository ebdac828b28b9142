package view

import (
	_ "embed" // for the page
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"

	"notify/pkg/checklist"
	"notify/pkg/message"
	"notify/pkg/preflight"
	"notify/pkg/words"
)

//go:embed preflight.html.tmpl
var preflightPage string

// Page is how a page for people without a terminal is drawn.
type Page struct {
	Zone     *time.Location // of every time shown; nil leaves times in their own
	Language string         // of the checklist's titles, "en" or "zh"; the other one stands beside it
	People   map[string][]string
}

// PreflightPage writes a result as one page that can be sent and printed: no scripts, nothing fetched from elsewhere. What
// stops the campaign comes first.
func PreflightPage(w io.Writer, r preflight.Result, o Page) error {
	p := &Printer{Zone: o.Zone, Lang: words.Language(o.Language)}
	t, err := template.New("preflight").Funcs(template.FuncMap{
		"safe": Safe, "time": p.Time, "num": Num[int], "duration": Duration, "rate": Rate, "orDash": orDash, "byDay": byDay,
		"money": Money, "price": func(m *message.Money, currency string) string { return Price(m, currency) },
		"say": p.Say, "value": p.Words().Value,
		"word":   func(s preflight.Status) string { w, _ := statusWord(s); return w },
		"state":  func(s checklist.Status) string { w, _ := itemWord(s); return w },
		"class":  func(s any) string { return strings.ReplaceAll(fmt.Sprint(s), " ", "-") },
		"title":  func(t checklist.Text) string { return t.In(o.Language) },
		"other":  func(t checklist.Text) string { return otherLanguage(t, o.Language) },
		"people": func(role string) string { return strings.Join(o.People[role], ", ") },
		"done":   func(s *preflight.Summary) string { return (preflightHuman{p}).duration(*s) },
		"cost":   func(s *preflight.Summary) string { return (preflightHuman{p}).cost(*s) },
	}).Parse(preflightPage)
	if err != nil {
		return fmt.Errorf("read the page's template: %w", err)
	}
	if err := t.Execute(w, newPageData(r)); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	return nil
}

func otherLanguage(t checklist.Text, lang string) string {
	if t.EN == "" || t.ZH == "" {
		return ""
	}
	if lang == "zh" {
		return t.EN
	}
	return t.ZH
}

// pageData is a result in the order of the page.
type pageData struct {
	preflight.Result
	Stops  []preflight.Finding // what stops it, overridden ones too
	Warns  []preflight.Finding
	Groups []pageGroup
	Phases []pagePhase
	Plan   *preflight.Summary
}

type pageGroup struct {
	Name     preflight.Group
	Findings []preflight.Finding
}

type pagePhase struct {
	Name  checklist.Phase
	Lines []checklist.Line
}

func newPageData(r preflight.Result) pageData {
	d := pageData{Result: r, Plan: &r.Plan}
	for _, f := range r.Findings {
		switch f.Status {
		case preflight.Fail, preflight.Error, preflight.NotRun:
			d.Stops = append(d.Stops, f)
		case preflight.Warn:
			d.Warns = append(d.Warns, f)
		case preflight.Pass, preflight.Skip, preflight.NotLooked:
		}
		at := slices.IndexFunc(d.Groups, func(g pageGroup) bool { return g.Name == f.Group })
		if at < 0 {
			d.Groups = append(d.Groups, pageGroup{Name: f.Group})
			at = len(d.Groups) - 1
		}
		d.Groups[at].Findings = append(d.Groups[at].Findings, f)
	}
	if r.Checklist != nil {
		for _, phase := range checklist.Phases() {
			if lines := r.Checklist.Of(phase); len(lines) > 0 {
				d.Phases = append(d.Phases, pagePhase{Name: phase, Lines: lines})
			}
		}
	}
	return d
}

func byDay(days []preflight.Day) []string {
	var lines []string
	for i, d := range days {
		if i == daysShown {
			return append(lines, fmt.Sprintf(txtMoreDays, Num(len(days)-i)))
		}
		lines = append(lines, d.Date+": "+Num(d.Messages))
	}
	return lines
}
