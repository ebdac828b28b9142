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
	// Owner and Team answer for the campaign; Texts are what some of its rows will read.
	Owner, Team string
	Texts       []Preview
}

// PreflightPage writes a result as one page that can be sent and printed: no scripts, nothing fetched from elsewhere. What
// stops the campaign comes first.
func PreflightPage(w io.Writer, r preflight.Result, o Page) error {
	p := &Printer{Zone: o.Zone, Lang: words.Language(o.Language), Terminal: true} // for people
	t, err := template.New("preflight").Funcs(template.FuncMap{
		"safe": Safe, "time": p.Time, "num": words.Num[int], "rate": func(r float64) string { return p.Words().Rate(words.Rate(r)) },
		"orDash": orDash, "byDay": p.byDay, "price": p.price,
		"say": p.Say, "value": p.Words().Value, "label": p.label, "title": p.title, "planned": planned, "cost": costs, "done": duration,
		"set":   func(set string, value any) string { return p.word(set, fmt.Sprint(value)) },
		"word":  func(s preflight.Status) string { w, _ := p.verdictWord(s); return w },
		"state": func(s checklist.Status) string { return p.mark("item", string(s)) },
		"class": func(s any) string { return strings.ReplaceAll(fmt.Sprint(s), " ", "-") },
		"other": func(t checklist.Text) string { return otherLanguage(t, o.Language) },
		"role":  func(name string) string { return p.Words().Value(checklist.RoleWord(name)) },
		"lang":  func() string { return htmlLanguage(p.Lang) },
		"verdict": func(r preflight.Result) string {
			reason, _ := verdict(r)
			return p.Say(reason)
		},
		"sign": func(l checklist.Line) string {
			return p.Say(howToSign(&Checklist{Campaign: r.Campaign, List: r.Plan.List, People: o.People}, &l))
		},
		// What is wanting of the checklist stands line by line where the page has it.
		"stands": func(f preflight.Finding) bool { return f.ID == "checklist" && r.Checklist != nil },
		"row":    func(n int) string { return p.Say(words.T("page.row", words.A{"row": plainInt(n)})) },
		"text":   func(id string) string { return p.Say(words.Text{ID: id}) },
		"texts":  func(t []Preview) string { return p.Say(words.T("page.texts", words.A{"rows": words.N(len(t), "row")})) },
		"titled": func() string { return p.Say(words.T("page.title", words.A{"campaign": r.Campaign})) },
		"meta":   func() string { return p.Say(words.T("page.meta", words.A{"list": r.Plan.List, "at": r.At})) },
		"over":   func(f preflight.Finding) string { return p.Say(overriddenBy(f)) },
		"since":  func(at time.Time) string { return p.Say(words.T("page.since-at", words.A{"at": at})) },
		"signed": func(s checklist.Signature) string { return p.Say(signedBy(s)) },
	}).Parse(preflightPage)
	if err != nil {
		return words.Wrap(err, "file.page", nil)
	}
	if err := t.Execute(w, newPageData(r, o)); err != nil {
		return words.Wrap(err, "file.page", nil)
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
	Skips  []preflight.Finding // what does not apply
	Groups []pageGroup
	Phases []pagePhase
	Plan   *preflight.Summary
	Owner  string
	Team   string
	Texts  []Preview
}

type pageGroup struct {
	Name     preflight.Group
	Findings []preflight.Finding
}

type pagePhase struct {
	Name  checklist.Phase
	Lines []checklist.Line
}

func newPageData(r preflight.Result, o Page) pageData {
	d := pageData{Result: r, Plan: &r.Plan, Owner: o.Owner, Team: o.Team, Texts: o.Texts}
	for _, f := range r.Findings {
		switch {
		case f.Status.Stops():
			d.Stops = append(d.Stops, f)
		case f.Status == preflight.Warn:
			d.Warns = append(d.Warns, f)
		case f.Status == preflight.Skip:
			d.Skips = append(d.Skips, f)
		}
		if f.Status.Stops() || f.Status == preflight.Warn || f.Status == preflight.Skip {
			continue // it stands elsewhere: what is not a pass before what is
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

func (p *Printer) byDay(days []preflight.Day) []string {
	var lines []string
	for i, d := range days {
		if i == daysShown {
			return append(lines, p.Say(words.T("pre.more-days", words.A{"n": len(days) - i})))
		}
		lines = append(lines, p.Say(words.T("pre.day", words.A{"date": d.Date, "count": d.Messages})))
	}
	return lines
}

// signedBy is a signature as it stands on the page.
func signedBy(s checklist.Signature) words.Text {
	if s.Evidence == nil {
		return words.T("page.signed", words.A{"name": s.Name, "who": s.Who, "at": s.At})
	}
	return words.T("page.signed-proof", words.A{"name": s.Name, "who": s.Who, "at": s.At, "proof": s.Evidence.Says()})
}

// htmlLanguage is the language of a page, as HTML names it.
func htmlLanguage(l words.Language) string {
	if l == words.Chinese {
		return "zh-Hans"
	}
	return "en"
}
