package view

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/rehearse"
	"notify/pkg/sandbox"
	"notify/pkg/send"
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
		if n := r.Counts.Of(s); n > 0 {
			v.ByState[s] = n
		}
	}
	return v
}

// ShowRehearsal draws it.
func ShowRehearsal(p *Printer, asJSON bool, v Rehearsal) error {
	if asJSON {
		return JSON(p.Out, p.Words(), "notify.rehearse/1", v)
	}
	word, said := p.Paint(Good, "PROVEN"), fmt.Sprintf("%s recipients of %s: every message reached the sandbox, each of them once", Num(v.Recipients), Safe(v.Campaign))
	if !v.Complete {
		word, said = p.Paint(Bad, "NOT PROVEN"), fmt.Sprintf("%s: %s of %s messages reached the sandbox", Safe(v.Campaign), Num(v.Reached), Num(v.Messages))
	}
	if v.Pause != nil {
		said += "; " + Safe(v.Pause.Detail)
	}
	p.Wrapped(word+"  ", said)
	p.sum("messages", v.Messages, v.ByState)
	p.field("reached", fmt.Sprintf("%s SMS, %s mails; %s of them twice", Num(v.Sandbox.SMS.Reached), Num(v.Sandbox.Mail.Reached),
		Num(v.Sandbox.SMS.Repeats+v.Sandbox.Mail.Repeats)))
	p.field("rate", fmt.Sprintf("%s%s", Rate(v.Rate), speedWords(v.Speed)))
	p.field("duration", Duration(v.Took))
	if v.Memory > 0 {
		p.field("memory", Bytes(v.Memory)+" at most, with the sandbox in it")
	}
	p.field("faults", faultWords(v.Faults))
	p.field("accounts", Safe(strings.Join(v.Accounts, ", "))+": all at the sandbox, nobody was reached")
	if len(v.Lifted) > 0 {
		p.field("lifted", strings.Join(v.Lifted, ", ")+": the preflight weighs them")
	}
	p.field("recorded", p.Time(v.At))
	if v.Complete && v.Recipients > v.Capacity {
		p.Line("  next: set capacity: {recipients: %d} in notify.yaml", v.Recipients)
	}
	return p.Flush()
}

func speedWords(speed float64) string {
	if speed == 1 {
		return ", at the configured rates"
	}
	return fmt.Sprintf(", at %g times the configured rates", speed)
}

func faultWords(faults map[string]int) string {
	if len(faults) == 0 {
		return "none"
	}
	var words []string
	for _, k := range slices.Sorted(maps.Keys(faults)) {
		words = append(words, Num(faults[k])+" "+k)
	}
	return strings.Join(words, ", ")
}
