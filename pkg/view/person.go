package view

import (
	"time"

	"notify/pkg/ledger"
	"notify/pkg/trace"
	"notify/pkg/words"
)

// PersonSchema names the form of what is kept on somebody.
const PersonSchema = "notify.person/1"

// Person is all that is kept on somebody.
type Person struct {
	trace.Result
	Suppressions []PersonLine `json:"suppressions"`
	// Others are further addresses of the same rows.
	Others []string `json:"other_addresses"`
}

// PersonLine is an entry of the suppression list.
type PersonLine struct {
	Reason string    `json:"reason"`
	Note   string    `json:"note,omitempty"`
	Who    string    `json:"who"`
	At     time.Time `json:"at"`
}

// ShowPerson draws it.
func ShowPerson(p *Printer, asJSON bool, v *Person) error {
	if asJSON {
		return JSON(p.Out, p.Words(), PersonSchema, v)
	}
	p.sentence("", words.T("person.sum", words.A{"messages": words.N(v.Messages, "message"), "campaigns": words.N(len(v.Campaigns), "campaign")}))
	p.traced(&v.Result)
	for _, s := range v.Suppressions {
		p.sentence("", words.T("person.suppressed", words.A{"reason": words.Of("suppressed", s.Reason), "at": s.At, "who": s.Who}))
	}
	for _, o := range v.Others {
		p.sentence("", words.T("person.other", words.A{"address": o}))
	}
	return p.Flush()
}

// Forgotten is the receipt of what was wiped.
type Forgotten struct {
	Address   string    `json:"address"` // masked
	Campaigns int       `json:"campaigns"`
	Others    []string  `json:"other_addresses"` // masked; they were wiped in these rows
	By        string    `json:"by"`
	At        time.Time `json:"at"`
	ledger.Forgotten
}

// ShowForgotten draws it.
func ShowForgotten(p *Printer, asJSON bool, v Forgotten) error {
	if asJSON {
		return JSON(p.Out, p.Words(), "notify.person-forget/1", v)
	}
	p.sentence("", words.T("person.forgotten", words.A{"address": v.Address, "by": v.By, "at": v.At}))
	for _, f := range []struct {
		said words.Text
		n    int
	}{
		{words.T("person.wiped-messages", nil), v.Messages},
		{words.T("person.wiped-cancelled", nil), v.Cancelled},
		{words.T("person.wiped-before", nil), v.Before},
		{words.T("person.wiped-rows", nil), v.Rows},
		{words.T("person.wiped-facts", nil), v.Facts},
		{words.T("person.wiped-lines", nil), v.Lines},
		{words.T("person.wiped-receipts", nil), v.Receipts},
	} {
		p.Line("%s\t%s", words.Num(f.n), p.Say(f.said))
	}
	if v.UnderWay > 0 {
		p.sentence("", words.T("person.under-way", words.A{"messages": words.N(v.UnderWay, "message")}))
	}
	if v.Waiting > 0 {
		p.sentence("", words.T("person.waiting", words.A{"n": v.Waiting}))
	}
	for _, o := range v.Others {
		p.sentence("", words.T("person.other", words.A{"address": o}))
	}
	p.sentence("", words.T("person.stays", nil))
	return p.Flush()
}
