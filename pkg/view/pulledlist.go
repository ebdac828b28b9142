package view

import (
	"time"

	"notify/pkg/words"
)

// AskedList is what a vendor that keeps a list of its own says about an address.
type AskedList struct {
	Account string     `json:"account"`
	Address string     `json:"address"`
	Reason  string     `json:"reason,omitempty"` // empty where it is not on the list
	Since   time.Time  `json:"since,omitzero"`
	Error   words.Text `json:"error,omitzero"` // why the vendor could not say
}

func (p *Printer) askedLists(all []AskedList) {
	for _, a := range all {
		args := words.A{"account": a.Account, "address": a.Address}
		switch {
		case !a.Error.IsZero():
			args["cause"] = a.Error
			p.sentence("", words.T("suppress.asked-failed", args))
		case a.Reason == "":
			p.sentence("", words.T("suppress.asked-free", args))
		default:
			args["reason"], args["at"] = words.Of("suppressed", a.Reason), a.Since
			p.sentence("", words.T("suppress.asked", args))
		}
	}
}

// PulledList is what became of a vendor's own suppression list.
type PulledList struct {
	Account string `json:"account"`
	Listed  int    `json:"listed"` // addresses on the vendor's list
	Added   int    `json:"added"`
	Known   int    `json:"known"` // on ours already
	// TakenOff were taken off ours by a person since the vendor wrote them down, and stay off.
	TakenOff int `json:"taken_off"`
	Unread   int `json:"unread"` // no address that can be written to
}

// ShowPulledLists draws them.
func ShowPulledLists(p *Printer, asJSON bool, all []PulledList) error {
	if asJSON {
		if all == nil {
			all = []PulledList{}
		}
		return JSON(p.Out, p.Words(), "notify.suppress-pull/1", struct {
			Accounts []PulledList `json:"accounts"`
		}{all})
	}
	if len(all) == 0 {
		p.sentence("", words.T("suppress.pulled-none", nil))
	}
	for _, a := range all {
		p.sentence("", words.T("suppress.pulled", words.A{"account": a.Account, "listed": words.N(a.Listed, "address"), "added": a.Added, "known": a.Known}))
		if a.TakenOff > 0 {
			p.sentence("  ", words.T("suppress.pulled-off", words.A{"n": a.TakenOff}))
		}
		if a.Unread > 0 {
			p.sentence("  ", words.T("suppress.pulled-unread", words.A{"n": a.Unread}))
		}
	}
	return p.Flush()
}
