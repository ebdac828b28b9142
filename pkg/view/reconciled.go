package view

import "notify/pkg/words"

// Reconciled is what a ledger that was older than what was sent knows of a campaign again.
type Reconciled struct {
	Campaign string `json:"campaign"`
	// Unknown is how many messages may have left, and nobody can tell; Accepted how many a vendor has. Clear is how many no vendor has.
	Unknown  int  `json:"unknown"`
	Accepted int  `json:"accepted"`
	Clear    int  `json:"clear"`
	Asked    bool `json:"asked"` // the vendors were asked about every message that could be sent
	// CannotAsk are the accounts that cannot say.
	CannotAsk []string `json:"cannot_ask,omitempty"`
	// NotOnTheList is how many left that are on no list here; Forgot how many count for nothing, as a person decided.
	NotOnTheList int `json:"not_on_the_list"`
	Forgot       int `json:"forgot"`
}

// said is what became of the campaign, and what to do next.
func (r *Reconciled) said() words.Text {
	name := words.Typed(r.Campaign)
	a := words.A{
		"campaign": r.Campaign, "unknown": words.N(r.Unknown, "message"), "resolve": "notify resolve " + name, "resume": "notify resume " + name,
	}
	switch {
	case r.Forgot > 0:
		return words.T("cmd.did.forgot", words.A{"campaign": r.Campaign, "messages": words.N(r.Forgot, "message")})
	case r.Asked:
		a["accepted"], a["clear"] = words.N(r.Accepted, "message"), words.N(r.Clear, "message")
		return words.T("cmd.did.reconciled-asked", a)
	case r.NotOnTheList > 0:
		return words.T("cmd.did.reconciled-owed", words.A{
			"campaign": r.Campaign, "unknown": a["unknown"], "owed": words.N(r.NotOnTheList, "message"), "resume": a["resume"],
		})
	case r.Unknown == 0:
		return words.T("cmd.did.nothing-forgotten", words.A{"campaign": r.Campaign})
	}
	return words.T("cmd.did.reconciled", a)
}

func (r *Reconciled) draw(p *Printer) {
	p.Wrapped("", p.Say(r.said()))
	if len(r.CannotAsk) > 0 && r.Unknown > 0 {
		p.Wrapped("  ", p.Say(words.T("cmd.did.reconciled-mute", words.A{
			"accounts": words.Names(r.CannotAsk, 0), "campaign": words.Typed(r.Campaign),
		})))
	}
}

// ShowReconciled draws it.
func ShowReconciled(p *Printer, asJSON bool, r Reconciled) error {
	if asJSON {
		return JSON(p.Out, p.Words(), "notify.ledger-reconcile/1", r)
	}
	r.draw(p)
	return p.Flush()
}

// Restored is what notify ledger restore did.
type Restored struct {
	File   string `json:"file"`
	Ledger string `json:"ledger"`
	// Before is where the ledger is kept that lay there; empty where there was none.
	Before    string       `json:"before,omitempty"`
	Campaigns []Reconciled `json:"campaigns"`
}

// ShowRestored draws it.
func ShowRestored(p *Printer, asJSON bool, r Restored) error {
	if asJSON {
		return JSON(p.Out, p.Words(), "notify.ledger-restore/1", r)
	}
	p.Wrapped("", p.Say(words.T("cmd.did.restored", words.A{"file": r.File, "ledger": r.Ledger})))
	if r.Before != "" {
		p.Wrapped("  ", p.Say(words.T("cmd.did.restored-before", words.A{"before": r.Before})))
	}
	for i := range r.Campaigns {
		r.Campaigns[i].draw(p)
	}
	return p.Flush()
}
