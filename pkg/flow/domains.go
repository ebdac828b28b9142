package flow

import (
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
)

// Domains looks at how an account's messages are answered by the domain of their recipients: one that throttles while others take mail is
// left alone for a while, and the account goes on with the others. It remembers only domains that are in trouble. It is not safe for
// concurrent use.
type Domains struct {
	account string
	trouble map[string]*trouble
	seen    [2]string // the last domains to which messages were claimed: two that differ
}

type trouble struct {
	times int // how often it was left alone without a message that was accepted in between
	until time.Time
	since time.Time // when it throttled last
}

// NewDomains begins with none in trouble.
func NewDomains(account string) *Domains {
	return &Domains{account: account, trouble: make(map[string]*trouble)}
}

// A domain is left alone for this long at first, twice as long each time, and no longer than that.
const (
	troubledFirst = 5 * time.Second
	troubledMost  = 15 * time.Minute
)

// So many domains that throttle within so long are not the cause: it is the account that is too fast.
const (
	troubledAtOnce = 3
	troubledWithin = 10 * time.Second
)

// Observe takes in an outcome of a message to a domain. hold says what is known to follow from what was said, as a change without names; nil where
// nothing is known. It returns what is to be told, and true, where the answer is about the domain: then it says nothing about the account.
func (d *Domains) Observe(domain string, o message.Outcome, hold *ledger.DomainChange, now time.Time) (ledger.DomainChange, bool) {
	if domain == "" || o.GivenBack() {
		return ledger.DomainChange{}, false
	}
	switch {
	case o.Kind == message.OutcomeAccepted:
		delete(d.trouble, domain)
		return ledger.DomainChange{}, false
	case o.Kind != message.OutcomeThrottled || o.Recipient && hold == nil:
		return ledger.DomainChange{}, false
	}
	t := d.trouble[domain]
	if t == nil {
		t = &trouble{}
		d.trouble[domain] = t
	}
	t.since = now
	change := ledger.DomainChange{Account: d.account, Domain: domain, At: now}
	switch {
	case t.until.After(now): // answers to what was in flight
		return change, true
	case hold != nil:
		change.SlowTo, change.SlowUntil, change.Until = hold.SlowTo, hold.SlowUntil, hold.Until
	case d.others(domain) && d.throttling(now) < troubledAtOnce:
		change.Until = now.Add(min(troubledFirst<<min(t.times, 10), troubledMost))
	default:
		return ledger.DomainChange{}, false
	}
	t.times++
	t.until = ledger.Latest(change.Until, now.Add(time.Second))
	return change, true
}

// Calm reports that none is in trouble: then only an answer that throttles says anything.
func (d *Domains) Calm() bool { return len(d.trouble) == 0 }

// Claimed takes in that a message to a domain is on its way.
func (d *Domains) Claimed(domain string) {
	if d.seen[0] != domain {
		d.seen[0], d.seen[1] = domain, d.seen[0]
	}
}

// others reports whether there is anything for other domains: if all is for one, its pace is the account's.
func (d *Domains) others(domain string) bool {
	return d.seen[0] != "" && d.seen[0] != domain || d.seen[1] != "" && d.seen[1] != domain
}

// throttling is how many domains throttled of late.
func (d *Domains) throttling(now time.Time) int {
	n := 0
	for _, t := range d.trouble {
		if now.Sub(t.since) < troubledWithin {
			n++
		}
	}
	return n
}
