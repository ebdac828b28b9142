package view

import (
	"fmt"
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
		p.Line("%s", p.Paint(Strong, fmt.Sprintf("%s  ·  %s  ·  %s", Safe(v.Campaign), Safe(v.State.Name), Safe(v.State.Title.In(string(p.Lang))))))
		p.Wrapped("", fmt.Sprintf(txtSignedIs, Safe(v.List), p.Time(v.Checked), v.State.Digest[:min(12, len(v.State.Digest))], strings.ToUpper(string(v.Verdict))))
	}
	for _, phase := range checklist.Phases() {
		lines := v.State.Of(phase)
		if len(lines) == 0 {
			continue
		}
		if p.Terminal {
			p.Blank()
			p.Line("%s", p.Paint(Strong, string(phase)))
		}
		for i := range lines {
			p.item(&lines[i])
			if lines[i].Status.Open() && lines[i].Status != checklist.Failed {
				p.under("→", "do", lines[i].ID, howToSign(&v, &lines[i]))
			}
		}
	}
	p.Blank()
	p.open(&v)
	return p.Flush()
}

// open says last whether the campaign may go.
func (p *Printer) open(v *Checklist) {
	open := v.State.Open(checklist.Before)
	var ids []string
	for _, l := range open {
		ids = append(ids, l.ID)
	}
	word, tone, reason := "DONE", Good, fmt.Sprintf(txtAllDone, Safe(v.List))
	if len(open) > 0 {
		word, tone, reason = "OPEN", Unwell, fmt.Sprintf(txtOpen, len(open), len(v.State.Of(checklist.Before)), strings.Join(ids, ", "))
	}
	if !p.Terminal {
		p.Line("%s\t%s", word, reason)
		return
	}
	p.Wrapped(p.Paint(tone, word)+"  ", reason)
}

// item draws an item, who signed it, and what does not hold any more.
func (p *Printer) item(l *checklist.Line) {
	word, tone := itemWord(l.Status)
	title := Safe(l.Title.In(string(p.Lang)))
	if p.Terminal {
		if l.Status.Done() {
			title = p.Paint(Dim, title)
		}
		p.Wrapped("  "+p.Paint(tone, pad(word, itemWidth))+"  ", title+" "+p.Paint(Dim, "("+Safe(l.ID)+", "+Safe(l.Role)+")"))
	} else {
		p.Line("%s\t%s\t%s\t%s\t%s", word, l.Phase, l.ID, Safe(l.Role), title)
	}
	if len(l.Said) > 0 && l.Status != checklist.Proven {
		p.under("·", "said", l.ID, p.Words().Value(words.Texts(words.Sentences, l.Said...)))
	}
	for _, s := range l.Signatures {
		p.under("✓", "signed", l.ID, p.signature(s))
	}
	for _, s := range l.Lapses {
		p.under("✗", "lapsed", l.ID, p.signature(s.Signature)+"; "+p.Say(s.Why))
	}
	if l.Status.Open() {
		p.under("·", "why", l.ID, Safe(l.Why))
	}
}

// under draws words below an item.
func (p *Printer) under(sign, word, id, words string) {
	if p.Terminal {
		p.Wrapped(strings.Repeat(" ", 2+itemWidth+2)+sign+" ", words)
		return
	}
	p.Line("%s\t%s\t%s", word, id, words)
}

func (p *Printer) signature(s checklist.Signature) string {
	words := fmt.Sprintf(txtBy, Safe(s.Name), Safe(s.Who), p.Time(s.At))
	if s.Evidence != nil {
		words += ": " + p.Words().Value(s.Evidence.Says())
	}
	return words
}

// howToSign is the command for an item, and who may type it.
func howToSign(v *Checklist, l *checklist.Line) string {
	people := v.People[l.Role]
	if len(people) == 0 {
		return fmt.Sprintf(txtNobodyMay, Safe(l.Role), Safe(l.Role))
	}
	flags := l.Evidence.Flag()
	if v.Beside != "" {
		flags += " --checklist " + Safe(v.Beside)
	}
	words := fmt.Sprintf(txtSign, Safe(v.Campaign), l.ID, flags, Safe(strings.Join(people, ", ")))
	if l.People > 1 {
		words += fmt.Sprintf(txtMorePeople, l.Wanting(), l.People)
	}
	if l.Evidence != checklist.NoEvidence {
		words += fmt.Sprintf(txtWants, l.Evidence)
	}
	return words
}

const itemWidth = 10

func itemWord(s checklist.Status) (string, Tone) {
	switch s {
	case checklist.Proven:
		return "PROVEN", Good
	case checklist.Signed:
		return "SIGNED", Good
	case checklist.TakenOn:
		return "TAKEN ON", Good
	case checklist.Warned:
		return "WARNED", Unwell
	case checklist.NotApplicable:
		return "NO MATTER", Dim
	case checklist.Missing:
		return "MISSING", Unwell
	case checklist.Lapsed:
		return "LAPSED", Bad
	case checklist.Failed:
		return "FAILED", Bad
	case checklist.Overridden:
		return "OVERRIDDEN", Unwell
	case checklist.NotLookedAt:
		return "NOT SEEN", Bad
	}
	return strings.ToUpper(string(s)), Bad
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
		t.Row(c.Name, Num(len(c.Items)), Num(signed), c.Title.In(string(p.Lang)))
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
		p.Line("%s", p.Paint(Strong, Safe(c.Name)+"  ·  "+Safe(c.Title.In(string(p.Lang)))))
	}
	phase := checklist.Phase("")
	for i := range c.Items {
		it := &c.Items[i]
		proof := "check " + it.Check
		if it.Signed() {
			proof = Safe(it.Role)
			if it.People > 1 {
				proof += fmt.Sprintf(" ×%d", it.People)
			}
		}
		if !p.Terminal {
			p.Line("%s\t%s\t%s\t%s\t%s", it.Phase, it.ID, proof, Safe(it.Title.In(string(p.Lang))), Safe(it.Why))
			continue
		}
		if it.Phase != phase {
			phase = it.Phase
			p.Blank()
			p.Line("%s", p.Paint(Strong, string(phase)))
		}
		p.Wrapped("  ", Safe(it.Title.In(string(p.Lang)))+" "+p.Paint(Dim, "("+Safe(it.ID)+", "+proof+")"))
		p.Wrapped("    ", p.Paint(Dim, Safe(it.Why)))
	}
	return p.Flush()
}

// SignQuestion is what a person is shown before he signs.
func SignQuestion(p *Printer, v Checklist, it *checklist.Item, name string) string {
	verdict := ""
	if v.Verdict == preflight.Fail {
		verdict = txtStillFails
	}
	return fmt.Sprintf(txtSignQuestion, Safe(it.Title.In(string(p.Lang))), Safe(it.Why), Safe(name), Safe(it.Role), Safe(v.Campaign), Safe(v.List),
		p.Time(v.Checked), verdict, it.ID)
}

// Signed says what a signature has done.
func Signed(v Checklist, id, name string) string {
	words := fmt.Sprintf("%s has signed %s of %s", name, id, v.Campaign)
	open := v.State.Open(checklist.Before)
	if len(open) == 0 {
		return words + "; nothing is missing before the campaign: notify send " + v.List
	}
	var ids []string
	for _, l := range open {
		ids = append(ids, l.ID)
	}
	return words + fmt.Sprintf("; still open before the campaign: %s", strings.Join(ids, ", "))
}

// OverrideQuestion is asked before a check is overruled.
func OverrideQuestion(f preflight.Finding) string {
	return fmt.Sprintf("%s is a %s: %s\nYou go on in spite of it, because: %s\nType %s to take it upon yourself: ", f.ID,
		strings.ToUpper(string(f.Status)), words.Printer{}.Value(f.Says()), Safe(f.Override.Reason), f.ID)
}

// later draws what is due while a campaign runs and after.
func (p *Printer) later(s *checklist.State) {
	if s == nil {
		return
	}
	lines := s.Of(checklist.During, checklist.After)
	for i := range lines {
		l := &lines[i]
		word, tone := itemWord(l.Status)
		who := ""
		for _, sig := range l.Signatures {
			who += ", " + Safe(sig.Name) + " " + p.Time(sig.At)
		}
		if p.Terminal {
			p.Wrapped("  "+p.Paint(tone, pad(word, itemWidth))+"  ", fmt.Sprintf("%s: %s (%s, %s%s)", l.Phase, Safe(l.Title.In(string(p.Lang))), Safe(l.ID), Safe(l.Role), who))
			continue
		}
		p.Line("%s\t%s\t%s\t%s\t%s", word, l.Phase, l.ID, Safe(l.Role), Safe(l.Title.In(string(p.Lang))))
	}
}

const (
	txtSignedIs     = "what is signed: the preflight of %s from %s (plan %s, %s)"
	txtAllDone      = "nothing is missing before the campaign: notify send %s"
	txtOpen         = "%d of %d items are open before the campaign: %s"
	txtBy           = "%s (%s) %s"
	txtSign         = "notify checklist sign %s %s --as NAME%s  (%s)"
	txtMorePeople   = "; %d more of %d people"
	txtWants        = "; wants evidence: %s"
	txtNobodyMay    = "nobody may sign for %s: write roles: {%s: [NAME]} into notify.yaml"
	txtStillFails   = "\nThe preflight still has a FAIL: it is not sent before that is mended, and your signature stays."
	txtSignQuestion = "%s\n(%s)\n%s signs this for %s: campaign %s, list %s, as the preflight of %s saw it.%s\nType %s to sign: "
)
