package view

import (
	"strings"
	"time"

	"notify/pkg/checklist"
	"notify/pkg/preflight"
	"notify/pkg/words"
)

// Checklist is a campaign's checklist as it stands.
type Checklist struct {
	Campaign string              `json:"campaign"`
	List     string              `json:"list"`
	Checked  time.Time           `json:"checked"` // when the preflight was made that is signed
	Verdict  preflight.Status    `json:"verdict"`
	Fails    bool                `json:"-"` // a check stops it, and no signature helps
	State    *checklist.State    `json:"checklist"`
	People   map[string][]string `json:"people"` // who may sign, by role
	// Beside is the list that was asked for beside the campaign's own; empty for that.
	Beside string `json:"beside,omitempty"`
}

// ShowChecklist draws who signed what and what is missing.
func ShowChecklist(p *Printer, asJSON bool, v Checklist) error {
	if asJSON {
		return JSON(p.Out, p.Words(), "notify.checklist/1", v)
	}
	if p.Terminal {
		p.Wrapped("", p.Paint(Strong, p.Say(p.sheetTitle(&v))))
		verdict, _ := p.verdictWord(v.Verdict)
		p.sentence("", words.T("sheet.of", words.A{
			"list": v.List, "at": v.Checked, "plan": v.State.Digest[:min(12, len(v.State.Digest))], "verdict": verdict,
		}))
	}
	for _, phase := range checklist.Phases() {
		lines := v.State.Of(phase)
		if len(lines) == 0 {
			continue
		}
		p.phase(phase)
		for i := range lines {
			p.item(&lines[i])
			if lines[i].Status.Open() && lines[i].Status != checklist.Failed {
				p.under("→", "do", lines[i].ID, p.Say(howToSign(&v, &lines[i])))
			}
		}
	}
	p.Blank()
	p.open(&v)
	return p.Flush()
}

// sheetTitle names the campaign and its list; a list that is called as the campaign is named once.
func (p *Printer) sheetTitle(v *Checklist) words.Text {
	if v.State.Name == v.Campaign {
		return words.T("sheet.title-own", words.A{"campaign": v.Campaign, "title": p.title(v.State.Title)})
	}
	return words.T("sheet.title", words.A{"campaign": v.Campaign, "name": v.State.Name, "title": p.title(v.State.Title)})
}

// title is the words of a list or an item, its title or its reason, in the language of the screen.
func (p *Printer) title(t checklist.Text) string { return Safe(t.In(string(p.Lang))) }

// phase heads the items of a phase, on a terminal.
func (p *Printer) phase(phase checklist.Phase) {
	if p.Terminal {
		p.Blank()
		p.Line("%s", p.Paint(Strong, p.word("phase", string(phase))))
	}
}

// ids lists items by their ids.
func ids(lines []checklist.Line) words.List {
	names := make([]string, len(lines))
	for i := range lines {
		names[i] = lines[i].ID
	}
	return words.Names(names, 0)
}

// open says last whether the campaign may go.
func (p *Printer) open(v *Checklist) {
	open := v.State.Open(checklist.Before)
	word, tone, reason := "done-word", Good, words.T("sheet.done", words.A{"command": "notify send " + words.Typed(v.List)})
	if v.Fails {
		word, tone, reason = "open-word", Unwell, words.T("sheet.done-fails", words.A{"command": "notify preflight " + words.Typed(v.List)})
	}
	if len(open) > 0 {
		word, tone = "open-word", Unwell
		reason = words.T("sheet.open", words.A{"n": len(open), "of": len(v.State.Of(checklist.Before)), "items": ids(open)})
	}
	if !p.Terminal {
		p.Line("%s\t%s", p.mark("sheet", word), p.Say(reason))
		return
	}
	p.sentence(p.Paint(tone, p.mark("sheet", word))+"  ", reason)
}

// item draws an item, who signed it, and what does not hold any more.
func (p *Printer) item(l *checklist.Line) {
	word, tone := p.mark("item", string(l.Status)), itemTone(l.Status)
	title := p.title(l.Title)
	if p.Terminal {
		if l.Status.Done() {
			title = p.Paint(Dim, title)
		}
		behind := p.Say(words.T("sheet.item", words.A{"item": l.ID, "role": checklist.RoleWord(l.Role)}))
		p.Wrapped("  "+p.Paint(tone, pad(word, itemWidth))+"  ", title+p.Paint(Dim, behind))
	} else {
		p.Line("%s\t%s\t%s\t%s\t%s", word, l.Phase, l.ID, Safe(l.Role), title)
	}
	if len(l.Said) > 0 && l.Status != checklist.Proven {
		p.under("·", "said", l.ID, p.Words().Value(words.Texts(words.Sentences, l.Said...)))
	}
	for _, s := range l.Signatures {
		p.under("✓", "signed", l.ID, p.Say(signature(s)))
	}
	for _, s := range l.Lapses {
		p.under("✗", "lapsed", l.ID, p.Say(words.T("sheet.lapse", words.A{"signature": signature(s.Signature), "why": s.Why})))
	}
	if why := p.title(l.Why); l.Status.Open() && why != "" {
		p.under("·", "why", l.ID, why)
	}
}

// under draws words below an item.
func (p *Printer) under(sign, word, id, said string) {
	if p.Terminal {
		p.Wrapped(strings.Repeat(" ", 2+itemWidth+2)+sign+" ", said)
		return
	}
	p.Line("%s\t%s\t%s", word, id, said)
}

func signature(s checklist.Signature) words.Text {
	if s.Evidence == nil {
		return words.T("sheet.by", words.A{"name": s.Name, "who": s.Who, "at": s.At})
	}
	return words.T("sheet.by-proof", words.A{"name": s.Name, "who": s.Who, "at": s.At, "proof": s.Evidence.Says()})
}

// howToSign is the command for an item, and who may type it.
func howToSign(v *Checklist, l *checklist.Line) words.Text {
	people := v.People[l.Role]
	if len(people) == 0 {
		return words.T("sheet.nobody", words.A{"item": l.ID, "role": checklist.RoleWord(l.Role), "setting": "roles: {" + l.Role + ": [NAME]}"})
	}
	command := "notify checklist sign " + words.Typed(v.Campaign) + " " + l.ID + " --as NAME" + l.Evidence.Flag()
	if v.Beside != "" {
		command += " --checklist " + words.Typed(v.Beside)
	}
	all := []words.Text{words.T("sheet.sign", words.A{"command": command, "people": words.Names(people, 0)})}
	if l.People > 1 {
		all = append(all, words.T("sheet.more", words.A{"missing": l.Wanting(), "of": l.People}))
	}
	if l.Evidence != checklist.NoEvidence {
		all = append(all, words.T("sheet.wants", words.A{"evidence": words.Of("cmd.evidence", l.Evidence)}))
	}
	return words.Joined(words.Sentences, all...)
}

const itemWidth = 10

func itemTone(s checklist.Status) Tone {
	switch s {
	case checklist.Proven, checklist.Signed, checklist.TakenOn:
		return Good
	case checklist.Warned, checklist.Missing, checklist.Overridden:
		return Unwell
	case checklist.NotApplicable:
		return Dim
	case checklist.Lapsed, checklist.Failed, checklist.NotLookedAt:
	}
	return Bad
}

// ShowChecklists lists the lists that there are.
func ShowChecklists(p *Printer, asJSON bool, all []*checklist.Checklist) error {
	if asJSON {
		return JSON(p.Out, p.Words(), "notify.checklists/1", struct {
			Checklists []*checklist.Checklist `json:"checklists"`
		}{all})
	}
	t := NewTable("checklist", ">items", ">signed", "for")
	for _, c := range all {
		signed := 0
		for i := range c.Items {
			if c.Items[i].Signed() {
				signed++
			}
		}
		t.Row(c.Name, words.Num(len(c.Items)), words.Num(signed), p.title(c.Title))
	}
	p.Table(t, 0)
	return p.Flush()
}

// ShowItems draws a list without a campaign: what is on it, and why.
func ShowItems(p *Printer, asJSON bool, c *checklist.Checklist) error {
	if asJSON {
		return JSON(p.Out, p.Words(), "notify.checklist-items/1", c)
	}
	if p.Terminal {
		p.Wrapped("", p.Paint(Strong, Safe(c.Name)+"  ·  "+p.title(c.Title)))
	}
	phase := checklist.Phase("")
	for i := range c.Items {
		it := &c.Items[i]
		if !p.Terminal {
			proof := "check " + it.Check
			if it.Signed() {
				proof = Safe(it.Role)
			}
			if it.People > 1 {
				proof += " ×" + plainInt(it.People)
			}
			p.Line("%s\t%s\t%s\t%s\t%s", it.Phase, it.ID, proof, p.title(it.Title), p.title(it.Why))
			continue
		}
		if it.Phase != phase {
			phase = it.Phase
			p.phase(phase)
		}
		p.Wrapped("  ", p.title(it.Title)+p.Paint(Dim, p.Say(proofOf(it))))
		if why := p.title(it.Why); why != "" {
			p.Wrapped("    ", p.Paint(Dim, why))
		}
	}
	return p.Flush()
}

// proofOf is what proves an item: a check, or people.
func proofOf(it *checklist.Item) words.Text {
	switch {
	case !it.Signed():
		return words.T("sheet.check", words.A{"item": it.ID, "check": it.Check})
	case it.People > 1:
		return words.T("sheet.people", words.A{"item": it.ID, "role": checklist.RoleWord(it.Role), "people": it.People})
	}
	return words.T("sheet.item", words.A{"item": it.ID, "role": checklist.RoleWord(it.Role)})
}

// SignQuestion is what a person is shown before he signs.
func SignQuestion(p *Printer, v Checklist, it *checklist.Item, name string) string {
	why := words.Text{}
	if reason := p.title(it.Why); reason != "" {
		why = words.T("sheet.question-why", words.A{"why": reason})
	}
	asked := words.A{
		"why": why, "title": p.title(it.Title), "who": name, "role": checklist.RoleWord(it.Role), "campaign": v.Campaign, "list": v.List, "at": v.Checked, "item": it.ID,
	}
	if v.Fails {
		return p.Say(words.T("sheet.question-fails", asked))
	}
	return p.Say(words.T("sheet.question", asked))
}

// Signed says what a signature has done.
func Signed(v Checklist, id, name string) words.Text {
	open := v.State.Open(checklist.Before)
	if len(open) == 0 && v.Fails {
		return words.T("sheet.signed-fails", words.A{"name": name, "item": id, "campaign": v.Campaign, "command": "notify preflight " + words.Typed(v.List)})
	}
	if len(open) == 0 {
		return words.T("sheet.signed", words.A{"name": name, "item": id, "campaign": v.Campaign, "command": "notify send " + words.Typed(v.List)})
	}
	return words.T("sheet.signed-open", words.A{"name": name, "item": id, "campaign": v.Campaign, "items": ids(open)})
}

// OverrideQuestion is asked before a check is overruled.
func OverrideQuestion(say words.Printer, f preflight.Finding) string {
	return say.Say(words.T("sheet.override", words.A{
		"check": f.ID, "status": words.Of("status", f.Status), "said": f.Says(), "why": f.Override.Reason,
	}))
}

// later draws what is due while a campaign runs and after.
func (p *Printer) later(s *checklist.State) {
	if s == nil {
		return
	}
	lines := s.Of(checklist.During, checklist.After)
	for i := range lines {
		l := &lines[i]
		word := p.mark("item", string(l.Status))
		if !p.Terminal {
			p.Line("%s\t%s\t%s\t%s\t%s", word, l.Phase, l.ID, Safe(l.Role), p.title(l.Title))
			continue
		}
		said := words.A{"phase": words.Of("phase", l.Phase), "title": p.title(l.Title), "item": l.ID, "role": checklist.RoleWord(l.Role)}
		due := words.T("sheet.later", said)
		if len(l.Signatures) > 0 {
			var by []words.Text
			for _, sig := range l.Signatures {
				by = append(by, words.T("sheet.signed-at", words.A{"name": sig.Name, "at": sig.At}))
			}
			said["signed"] = words.Texts(words.Commas, by...)
			due = words.T("sheet.later-signed", said)
		}
		p.sentence("  "+p.Paint(itemTone(l.Status), pad(word, itemWidth))+"  ", due)
	}
}
