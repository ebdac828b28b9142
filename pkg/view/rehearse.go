package view

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/rehearse"
	"notify/pkg/sandbox"
	"notify/pkg/send"
	"notify/pkg/words"
)

// Rehearsal is what a rehearsal came to.
type Rehearsal struct {
	ledger.Rehearsal
	ByState  map[message.State]int `json:"by_state"`
	Pause    *send.Pause           `json:"pause,omitempty"`
	Sandbox  sandbox.Tally         `json:"sandbox"`
	Accounts []string              `json:"accounts"`
	Lifted   []string              `json:"lifted,omitempty"`
	// Capacity is the design capacity as configured; 0: none.
	Capacity int `json:"capacity"`
}

// NewRehearsal puts it together.
func NewRehearsal(r rehearse.Result, capacity int) Rehearsal {
	v := Rehearsal{
		Rehearsal: r.Rehearsal, ByState: make(map[message.State]int), Pause: r.Run.Pause, Sandbox: r.Tally, Accounts: r.Accounts,
		Lifted: r.Lifted, Capacity: capacity,
	}
	for _, s := range message.States() {
		v.ByState[s] = r.Counts.Of(s)
	}
	return v
}

// ShowRehearsal draws it.
func ShowRehearsal(p *Printer, asJSON bool, v Rehearsal) error {
	if asJSON {
		return JSON(p.Out, p.Words(), "notify.rehearse/1", v)
	}
	p.proven(v)
	p.sum("messages", v.Messages, v.ByState)
	p.labelled("reached", p.Say(words.T("rehearse.reached", words.A{
		"sms": v.Sandbox.SMS.Reached, "mails": v.Sandbox.Mail.Reached, "twice": v.Sandbox.SMS.Repeats + v.Sandbox.Mail.Repeats,
	})))
	rate := words.T("rehearse.rate", words.A{"rate": words.Rate(v.Rate)})
	if v.Speed != 1 {
		rate = words.T("rehearse.rate-times", words.A{"rate": words.Rate(v.Rate), "times": strconv.FormatFloat(v.Speed, 'g', -1, 64)})
	}
	p.labelled("rate", p.Say(rate))
	p.labelled("duration", p.Words().Duration(v.Took))
	if v.Memory > 0 {
		p.labelled("memory", p.Say(words.T("rehearse.memory", words.A{"size": words.Size(v.Memory)})))
	}
	p.labelled("faults", p.faults(v.Faults))
	p.labelled("accounts", p.Say(words.T("rehearse.accounts", words.A{"accounts": words.Names(v.Accounts, 0)})))
	if len(v.Lifted) > 0 {
		p.labelled("lifted", p.lifted(v.Lifted))
	}
	p.labelled("recorded", p.Time(v.At))
	if v.Complete && v.Recipients > v.Capacity {
		p.sentence("  ", words.T("rehearse.next", words.A{"recipients": plainInt(v.Recipients)}))
	}
	return p.Flush()
}

// proven is the verdict: every message once, or how many and why not.
func (p *Printer) proven(v Rehearsal) {
	word := p.Paint(Good, p.Say(words.T("rehearse.proven-word", nil)))
	said := words.T("rehearse.proven", words.A{"recipients": words.N(v.Recipients, "recipient"), "campaign": v.Campaign})
	if !v.Complete {
		word = p.Paint(Bad, p.Say(words.T("rehearse.not-proven-word", nil)))
		said = words.T("rehearse.short", words.A{"campaign": v.Campaign, "reached": v.Reached, "messages": words.N(v.Messages, "message")})
		if v.Pause != nil {
			said = words.T("rehearse.short-why", words.A{
				"campaign": v.Campaign, "reached": v.Reached, "messages": words.N(v.Messages, "message"), "why": v.Pause.Detail,
			})
		}
	}
	p.sentence(word+"  ", said)
}

func (p *Printer) lifted(limits []string) string {
	all := words.List{}
	for _, l := range limits {
		all.Items = append(all.Items, words.Of("lifted", l))
	}
	return p.Say(words.T("rehearse.lifted-why", words.A{"limits": all}))
}

// faults are those that messages met: "sms throttled" is kept by its channel and what befell it.
func (p *Printer) faults(faults map[string]int) string {
	if len(faults) == 0 {
		return p.Say(words.T("rehearse.no-faults", nil))
	}
	all := words.List{}
	for _, k := range slices.Sorted(maps.Keys(faults)) {
		channel, fault, _ := strings.Cut(k, " ")
		all.Items = append(all.Items, words.T("rehearse.fault", words.A{
			"channel": words.Of("channel", channel), "fault": words.Of("fault", fault), "count": faults[k],
		}))
	}
	return p.Words().Value(all)
}
