package view

import (
	"maps"
	"slices"
	"time"

	"notify/pkg/message"
	"notify/pkg/template"
	"notify/pkg/words"
)

// ShowTemplates draws all templates with who answers for them, and their state at the vendors.
func ShowTemplates(p *Printer, asJSON bool, all []*template.Template) error {
	if asJSON {
		return JSON(p.Out, p.Words(), "notify.templates/1", struct {
			Templates []*template.Template `json:"templates"`
		}{all})
	}
	t := NewTable("template", "title", "owner", "team", "class", "account", "code", "state")
	for _, one := range all {
		row := []string{one.ID, orDash(one.Title), one.Owner, orDash(one.Team), p.word("class", one.Class)}
		for _, account := range slices.Sorted(maps.Keys(one.Codes)) {
			c := one.Codes[account]
			t.Row(append(slices.Clone(row), account, c.Code, orDash(c.State))...)
		}
		if len(one.Codes) == 0 {
			t.Row(append(row, "-", "-", "-")...)
		}
	}
	p.Table(t, 0)
	return p.Flush()
}

// ShowTemplate draws one template whole.
func ShowTemplate(p *Printer, asJSON bool, one *template.Template) error {
	if asJSON {
		return JSON(p.Out, p.Words(), "notify.template/1", one)
	}
	p.Line("%s  %s", p.Paint(Strong, one.ID), one.Title)
	p.Line("%s", one.Text)
	p.Blank()
	t := NewTable("variable", "kind", ">most", "example")
	for _, name := range one.Names() {
		v := one.Variable(name)
		t.Row(v.Name, p.word("template.kind", string(v.Kind)), words.Num(v.Max), orDash(v.Example))
	}
	p.Table(t, 2)
	p.Blank()
	return ShowTemplates(p, false, []*template.Template{one})
}

// LintedTemplate is what vendors will hold against a template.
type LintedTemplate struct {
	Template string           `json:"template"`
	Vendors  []string         `json:"vendors"`
	Faults   []template.Fault `json:"faults"`
}

// ShowLint draws what vendors will hold against templates.
func ShowLint(p *Printer, asJSON bool, all []LintedTemplate) error {
	if asJSON {
		return JSON(p.Out, p.Words(), "notify.template-lint/1", struct {
			Templates []LintedTemplate `json:"templates"`
		}{all})
	}
	for _, one := range all {
		if len(one.Faults) == 0 {
			p.sentence("", words.T("template.lint.good", words.A{"template": one.Template, "vendors": words.Names(one.Vendors, 0)}))
		}
		for _, f := range one.Faults {
			p.sentence("", words.T("template.lint.says", words.A{"template": one.Template, "vendor": f.Vendor, "found": f.Found}))
			p.sentence("→ ", f.Do)
		}
	}
	return p.Flush()
}

// WhoTemplate is the template that a text was made of, and who sends it.
type WhoTemplate struct {
	Template  *template.Template `json:"template"`
	Variables map[string]string  `json:"variables"`
	Campaigns []TemplateUse      `json:"campaigns"`
}

// TemplateUse is a campaign that was staged with a template.
type TemplateUse struct {
	Campaign string          `json:"campaign"`
	Channel  message.Channel `json:"channel"`
	Owner    string          `json:"owner"`
	Team     string          `json:"team,omitempty"`
	Staged   time.Time       `json:"staged"`
	// Other says that the template's text was another one then.
	Other bool `json:"other_text,omitempty"`
}

// ShowWho draws the template that a text was made of, and the campaigns that use it.
func ShowWho(p *Printer, asJSON bool, w WhoTemplate) error {
	if asJSON {
		return JSON(p.Out, p.Words(), "notify.template-who/1", w)
	}
	one := w.Template
	p.sentence("", words.T("template.who", words.A{"template": one.ID, "owner": one.Owner, "team": one.Team, "class": words.Of("class", one.Class)}))
	t := NewTable("variable", "value")
	for _, name := range one.Names() {
		t.Row(name, w.Variables[name])
	}
	p.Table(t, 2)
	for _, u := range w.Campaigns {
		about := words.A{"campaign": u.Campaign, "channel": words.Of("channel", u.Channel), "owner": u.Owner, "at": u.Staged}
		if u.Other {
			p.sentence("", words.T("template.used-other", about))
			continue
		}
		p.sentence("", words.T("template.used", about))
	}
	return p.Flush()
}

// ShowLearned draws proposals of templates.
func ShowLearned(p *Printer, asJSON bool, all []template.Proposal) error {
	if asJSON {
		return JSON(p.Out, p.Words(), "notify.template-learn/1", struct {
			Proposals []template.Proposal `json:"proposals"`
		}{all})
	}
	for _, one := range all {
		p.sentence("", words.T("template.learned", words.A{"texts": words.N(one.Texts, "text"), "text": one.Text}))
		for _, v := range one.Variables {
			p.Line("  %s  %s  ≤ %d  %s", v.Name, p.word("template.kind", string(v.Kind)), v.Max, v.Example)
		}
	}
	return p.Flush()
}
