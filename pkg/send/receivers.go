package send

import (
	"context"
	"maps"
	"slices"

	"notify/pkg/flow"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/receivers"
	"notify/pkg/words"
)

// receivers prepares the lane to tell receivers apart, where its channel paces by domain.
func (ln *lane) receivers(ctx context.Context) {
	if ln.loop.Receivers == nil || ln.entry.PaceKey == nil {
		return
	}
	ln.domains = make(map[string]*flow.Domains)
	for _, a := range ln.route.Accounts() {
		a.Limits.DomainHeld = true
		ln.domains[a.Name()] = flow.NewDomains(a.Name())
	}
	own, limited := ln.loop.Config.PacedDomains(slices.Collect(maps.Keys(ln.domains)))
	lookup := ln.loop.Lookup
	if !limited {
		lookup = nil // nothing hangs on who is one receiver
	}
	ln.hosts = receivers.NewHosts(ctx, ln.loop.Receivers, lookup, own)
}

// paceKey is under which key an address is paced.
func (ln *lane) paceKey(to message.Address) string {
	key := ln.entry.PaceOf(to)
	if ln.hosts == nil || key == "" {
		return key
	}
	return ln.hosts.Of(key)
}

// receiverSaid takes in an answer that may be about the receiver of the recipient's domain: then it is about this recipient, and not
// about the account.
func (ln *lane) receiverSaid(r *result) {
	of := ln.domains[r.claim.Account]
	if of == nil || r.outcome.Kind != message.OutcomeThrottled && of.Calm() {
		return
	}
	var hold *ledger.DomainChange
	receiver := ln.paceKey(r.claim.Address)
	if r.outcome.Kind == message.OutcomeThrottled {
		if h, ok := ln.loop.Receivers.Hold(receiver, r.outcome.Code+" "+r.outcome.Detail); ok {
			hold = &ledger.DomainChange{SlowTo: h.SlowTo}
			if h.For > 0 {
				hold.SlowUntil = r.at.Add(h.For)
			}
			if h.Suspend > 0 {
				hold.Until = r.at.Add(h.Suspend)
			}
		}
	}
	change, its := of.Observe(receiver, r.outcome, hold, r.at)
	if !its {
		return
	}
	r.outcome.Recipient = true
	if change.SlowTo > 0 || !change.Until.IsZero() {
		ln.changes = append(ln.changes, change)
		ln.loop.Log.Info("a receiver is held back", "receiver", receiver, "account", change.Account, "until", change.Until, "slow_to", change.SlowTo, "said", r.outcome.Code)
	}
}

// receiverOf is one receiver as one account sends to it.
type receiverOf struct{ account, receiver string }

// domainRoom is how many more messages of this run may be under way to a receiver through an account, negative for any number: the slots of the
// receiver are shared out among the runs of the campaign. Nil where no receiver of the account is limited.
func (ln *lane) domainRoom(account string) func(string) int {
	slots := ln.loop.Config.Accounts[account].DomainSlots
	if len(slots) == 0 || ln.entry.PaceKey == nil {
		return nil
	}
	return func(receiver string) int {
		most, ok := slots[receiver]
		if !ok {
			if most, ok = slots[ledger.DefaultDomain]; !ok {
				return -1
			}
		}
		return max(0, flow.Part(most, ln.runs, ln.rank)-ln.open[receiverOf{account, receiver}])
	}
}

// full names a receiver that has no slot free; zero where there is none. Of several it is the first by name.
func (ln *lane) full(account string) words.Text {
	room := ln.domainRoom(account)
	if room == nil {
		return words.Text{}
	}
	first := ""
	for of := range ln.open {
		if of.account == account && room(of.receiver) == 0 && (first == "" || of.receiver < first) {
			first = of.receiver
		}
	}
	if first == "" {
		return words.Text{}
	}
	return words.T("send.wait.receiver", words.A{"account": account, "domain": first, "n": ln.open[receiverOf{account, first}]})
}

// opened counts a message that is under way to a receiver whose slots count, and says which it is; empty for none.
func (ln *lane) opened(c *ledger.Claim) string {
	if len(ln.loop.Config.Accounts[c.Account].DomainSlots) == 0 || ln.entry.PaceKey == nil {
		return ""
	}
	receiver := ln.paceKey(c.Address)
	ln.open[receiverOf{c.Account, receiver}]++
	return receiver
}

// closed counts one that is not any more.
func (ln *lane) closed(r *result) {
	of := receiverOf{r.claim.Account, r.receiver}
	if r.receiver == "" {
		return
	}
	if ln.open[of]--; ln.open[of] == 0 {
		delete(ln.open, of)
	}
}
