// Package flow owns the question when the next message may leave: the pace of an account inside this process, its
// reaction to what vendors answer (slower, back-off, breaker), and the choice of an account on a route.
// What several processes share (rate, quota, budget, breaker) is debited in the ledger; flow decides what to ask it for, and its Teller is the
// arithmetic by which every driver answers.
package flow

import (
	"cmp"
	"math"
	"strings"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

// Policy is how an account reacts. The zero value means DefaultPolicy.
type Policy struct {
	// Failures in a row that open the breaker.
	Failures int
	// OpenMin is how long the breaker stays open the first time; it doubles up to OpenMax.
	OpenMin, OpenMax time.Duration
	// Refused is how long it stays open after the vendor refused the account.
	Refused time.Duration
}

// DefaultPolicy opens after five failures in a row, for a second, and at most for a minute.
func DefaultPolicy() Policy {
	return Policy{Failures: 5, OpenMin: time.Second, OpenMax: time.Minute, Refused: 5 * time.Minute}
}

// Account is one account as this process sees it. It is not safe for concurrent use: the lane that claims owns it.
type Account struct {
	Limits ledger.Limits
	// Concurrency is how many messages of this run may be at the vendor at a time, Ahead how many more may be claimed meanwhile.
	Concurrency, Ahead int
	// Slack is how late after its place under the rate a message may still leave.
	Slack time.Duration

	policy   Policy
	slots    int // what the configuration says of Concurrency, for all runs
	aheads   int // and of Ahead
	inFlight int
	taken    int // all that was ever claimed

	scale     float64
	failures  int
	opens     int // how often in a row the breaker was opened
	openUntil time.Time
	refused   message.Outcome // why, where the vendor refused the account
	downSince time.Time       // first failure of the ones in a row
	slowed    time.Time       // when it was last slowed down, or sped up
	notBefore time.Time
	spent     spent
	alike     alike
	off       *ledger.Act // who switched it off
	narrow    int         // for how many messages at a time the vendor has room; 0: for all

	change ledger.AccountChange
	dirty  bool
}

// spent says that a limit is used up, and until when.
type spent struct {
	why   ledger.HoldReason
	which string
	until time.Time
}

// NewAccount takes over what the ledger knows of the account. An open breaker is to be tested at once: a person has
// just said that it shall go on.
func NewAccount(l ledger.Limits, concurrency, ahead int, slack time.Duration, p Policy, known ledger.AccountState, now time.Time) *Account {
	if p == (Policy{}) {
		p = DefaultPolicy()
	}
	a := &Account{Limits: l, Concurrency: max(1, concurrency), slots: max(1, concurrency), Ahead: ahead, aheads: ahead, Slack: slack, policy: p, scale: 1}
	a.change.Account = l.Account
	if known.Scale > 0 && known.Scale < 1 {
		a.scale = known.Scale
	}
	a.failures, a.off = known.Failures, known.Off
	if !known.OpenUntil.IsZero() {
		a.anew(now)
	}
	return a
}

// minSlack is what a timer needs to let a message out at its place.
const minSlack = 20 * time.Millisecond

// usualSlack is how late a message may be under its place where no burst is configured: what a busy machine takes. It adds nothing to
// what this process lets out in a second, which its valve bounds.
const usualSlack = 50 * time.Millisecond

// SplitBurst splits the burst that an account may have beyond its rate in any second: half of it may leave at once after a
// pause, half of it is how late a message may be under its place (slack). Without a burst, which is 0, that second may have one in a
// hundred too many: half of them at once, and half are left for ways to the vendor that are not of one length.
// Without a rate there may be places all the same, under the rate of a domain.
func SplitBurst(rate float64, burst int) (atOnce int, slack time.Duration) {
	if rate <= 0 {
		return 0, usualSlack
	}
	if burst <= 0 {
		return max(1, int(rate/200)), usualSlack
	}
	slack = time.Duration(float64(burst) / 2 / rate * float64(time.Second))
	return max(1, burst/2), min(max(slack, minSlack), time.Second)
}

// Name is the account's name.
func (a *Account) Name() string { return a.Limits.Account }

// Free is how many more messages may be claimed.
func (a *Account) Free() int { return max(0, a.Concurrency+a.Ahead-a.inFlight) }

// Ready says how many messages the account could take now, and whether asking for one is a test of its breaker. With none,
// until is when to look again; zero means when something in flight is answered, or never.
func (a *Account) Ready(now time.Time) (n int, probe bool, until time.Time) {
	switch {
	case a.off != nil:
		return 0, false, time.Time{}
	case a.openUntil.After(now):
		return 0, false, a.openUntil
	case a.notBefore.After(now):
		return 0, false, a.notBefore
	case a.spent.why != "" && (a.spent.until.IsZero() || a.spent.until.After(now)):
		return 0, false, a.spent.until
	case !a.openUntil.IsZero() && a.inFlight > 0:
		return 0, true, time.Time{} // the test is under way
	case !a.openUntil.IsZero():
		return 1, true, time.Time{}
	}
	a.spent = spent{}
	return a.Free(), false, time.Time{}
}

// Claimed counts messages that went into flight.
func (a *Account) Claimed(n int) {
	a.inFlight += n
	a.taken += n
}

// Held takes in why the ledger granted less than was asked for.
func (a *Account) Held(g ledger.Grant, now time.Time) {
	switch g.Held {
	case ledger.HoldBreaker:
		if a.openUntil.IsZero() || a.openUntil.Before(g.Until) {
			a.openUntil = g.Until
		}
		if a.downSince.IsZero() {
			a.downSince = now
		}
	case ledger.HoldQuota, ledger.HoldBudget:
		a.spent = spent{why: g.Held, which: g.Which, until: g.Until}
	case ledger.HoldRate, ledger.HoldSlots:
		a.notBefore = g.Until
	case ledger.HoldNone, ledger.HoldEmpty, ledger.HoldLater, ledger.HoldPaused, ledger.HoldAborted, ledger.HoldOff, ledger.HoldWave: // Shared tells who, and when it is over
	}
}

// Observe takes in what came of an attempt. A message that was given back before anything was tried says nothing about the
// vendor, nor does an answer about one recipient alone say anything about the account. What was definitely not accepted is credited: a limit that was
// used up may let another go.
func (a *Account) Observe(o message.Outcome, now time.Time) {
	a.inFlight--
	if o.Kind.Definite() {
		a.spent = spent{}
	}
	if o.GivenBack() || o.Recipient && o.Kind == message.OutcomeThrottled || o.Kind == message.OutcomeRejected && strings.HasPrefix(o.Code, "notify:") {
		return
	}
	switch o.Kind {
	case message.OutcomeAccepted, message.OutcomeRejected:
		a.healthy(now)
	case message.OutcomeThrottled:
		a.throttled(o, now)
	case message.OutcomeRefused:
		a.refused = o
		a.fail(o, now)
		a.openFor(a.policy.Refused, now, refusal(o))
	case message.OutcomeUnsent, message.OutcomeUnknown:
		a.fail(o, now)
		probing := !a.openUntil.IsZero()
		if a.failures >= a.policy.Failures || probing {
			a.openFor(a.backOff(), now, words.T("flow.in-a-row", words.A{"n": a.failures, "said": said(o)}))
		}
	}
}

// refusal says that the vendor refuses the account, and why.
func refusal(o message.Outcome) words.Text {
	return quoted(words.Of("breaker.reason", cmp.Or(o.Reason, message.ReasonOther)), o)
}

// said is an outcome in words, with what the vendor said.
func said(o message.Outcome) words.Text {
	return quoted(words.Of("outcome", cmp.Or(o.Kind, message.OutcomeUnknown)), o)
}

func quoted(what words.Text, o message.Outcome) words.Text {
	if o.Code == "" && o.Detail == "" {
		return what
	}
	return words.T("flow.said", words.A{"what": what, "said": words.Said(o.Code, o.Detail)})
}

// healthy closes the breaker and speeds up again: from half the rate to all of it in about seven seconds.
func (a *Account) healthy(now time.Time) {
	if a.failures != 0 || !a.openUntil.IsZero() {
		a.failures, a.opens, a.openUntil, a.downSince, a.refused = 0, 0, time.Time{}, time.Time{}, message.Outcome{}
		a.change.Well, a.change.Failed, a.change.OpenUntil, a.change.Reason, a.dirty = true, 0, time.Time{}, words.Text{}, true
	}
	if a.scale < 1 && now.Sub(a.slowed) >= time.Second {
		a.setScale(math.Min(1, a.scale*1.1+0.01), now)
	}
}

// slowest is the least part of the configured rate that throttling leaves.
const slowest = 1.0 / 16

// throttled halves the rate, once for all the answers of one second, and waits as long as the vendor asks.
func (a *Account) throttled(o message.Outcome, now time.Time) {
	if a.slowed.IsZero() || now.Sub(a.slowed) >= time.Second || a.scale >= 1 {
		a.setScale(math.Max(a.scale/2, slowest), now)
	}
	wait := max(o.RetryAfter, 100*time.Millisecond)
	if until := now.Add(wait); until.After(a.notBefore) {
		a.notBefore = until
		a.change.NotBefore, a.dirty = until, true
	}
	a.note(o, now)
}

func (a *Account) setScale(s float64, now time.Time) {
	from := a.scale
	if a.change.Scale != nil {
		from = a.change.Scale.From
	}
	a.scale, a.slowed = s, now
	a.change.Scale, a.dirty = &ledger.Rescale{From: from, To: s}, true
}

// Part is what falls of so many to one of several runs, the rank-th from 0.
func Part(of, runs, rank int) int {
	n := of / runs
	if rank < of%runs {
		n++
	}
	return n
}

// Share sets Concurrency and Ahead to what falls to one of several runs, the rank-th from 0. Together they have all slots, and no more; where
// there are more runs than slots, some have none.
func (a *Account) Share(runs, rank int) {
	if runs < 1 {
		return
	}
	if a.Concurrency, a.Ahead = Part(a.slots, runs, rank), Part(a.aheads, runs, rank); a.Concurrency == 0 {
		a.Ahead = 0
	}
}

// Narrow takes in that the vendor has room for n messages at a time only, and what it said to one more. It holds until the
// next Share.
func (a *Account) Narrow(n int, said words.Text, now time.Time) {
	if n < a.Concurrency {
		a.Concurrency, a.Ahead = max(1, n), 0
	}
	if n != a.narrow {
		a.narrow = n
		a.change.Error, a.change.At, a.dirty = said, now, true
	}
}

// Shared takes in what the ledger has of the account: another run may have changed its rate, stopped it or found it well, and a person
// may have switched it off, or closed its breaker. What this run has learned and not told yet is newer.
func (a *Account) Shared(s ledger.AccountState, now time.Time) {
	a.off = s.Off
	told := a.change.OpenUntil.IsZero() && a.change.Failed == 0 && !a.change.Well && !a.change.Anew
	switch {
	case !told:
	case s.OpenUntil.IsZero():
		a.failures = s.Failures
		if a.Open() {
			a.opens, a.openUntil, a.downSince, a.refused = 0, time.Time{}, time.Time{}, message.Outcome{}
		}
	case a.openUntil.Before(s.OpenUntil):
		a.openUntil = s.OpenUntil
		if a.downSince.IsZero() {
			a.downSince = now
		}
	}
	if a.change.Scale == nil && s.Scale > 0 && s.Scale != a.scale {
		a.scale, a.slowed = s.Scale, now
	}
}

func (a *Account) fail(o message.Outcome, now time.Time) {
	a.failures++
	if a.downSince.IsZero() {
		a.downSince = now
	}
	a.change.Failed, a.dirty = a.change.Failed+1, true
	a.note(o, now)
}

func (a *Account) note(o message.Outcome, now time.Time) {
	a.change.Error, a.change.At, a.dirty = said(o), now, true
}

func (a *Account) backOff() time.Duration {
	d := a.policy.OpenMin << min(a.opens, 20)
	return min(max(d, a.policy.OpenMin), a.policy.OpenMax)
}

func (a *Account) openFor(d time.Duration, now time.Time, reason words.Text) {
	if a.openUntil.After(now) {
		return // answers to what was in flight when it opened
	}
	a.opens++
	a.openUntil = now.Add(d)
	a.change.OpenUntil, a.change.Reason, a.dirty = a.openUntil, reason, true
}

// anew has an open breaker tested now.
func (a *Account) anew(now time.Time) {
	a.openUntil = now
	a.change.Anew, a.change.At, a.dirty = true, now, true
	a.change.NotBefore, a.change.OpenUntil, a.change.Reason = time.Time{}, time.Time{}, words.Text{}
}

// Change is what must be written to the ledger, and true where there is something.
func (a *Account) Change(now time.Time) (ledger.AccountChange, bool) {
	if !a.dirty {
		return ledger.AccountChange{}, false
	}
	c := a.change
	if c.At.IsZero() {
		c.At = now
	}
	a.change, a.dirty = ledger.AccountChange{Account: a.Limits.Account}, false
	return c, true
}

// SteppedBack forgets times that were to be waited for, because the clock was put back and they may never come. An open
// breaker is to be tested.
func (a *Account) SteppedBack(now time.Time) {
	open := !a.openUntil.IsZero()
	a.anew(now)
	if !open {
		a.openUntil = time.Time{}
	}
	a.notBefore, a.slowed, a.spent = time.Time{}, time.Time{}, spent{}
	if !a.downSince.IsZero() {
		a.downSince = now
	}
}

// BackOff is how long a message that was not taken is left alone: as long as the vendor asks, or a second, doubled with every
// attempt that says something of it, this one being the so many-th, up to five minutes. What was given back before anything was tried, or met an
// account that is refused, may go at once: it is the account that waits.
func BackOff(o message.Outcome, attempts int) time.Duration {
	if o.GivenBack() || o.Kind == message.OutcomeRefused {
		return 0
	}
	d := min(time.Second<<min(max(attempts-1, 0), 10), 5*time.Minute)
	return max(d, o.RetryAfter)
}

// Scale is the part of the configured rate in force.
func (a *Account) Scale() float64 { return a.scale }

// Refusal is the answer with which the vendor refused the account; its Kind is empty where it did not.
func (a *Account) Refusal() message.Outcome { return a.refused }

// Spent says which limit of ours is used up, and until when (zero: time does not help).
func (a *Account) Spent(now time.Time) (why ledger.HoldReason, which string, until time.Time) {
	if a.spent.why != "" && (a.spent.until.IsZero() || a.spent.until.After(now)) {
		return a.spent.why, a.spent.which, a.spent.until
	}
	return "", "", time.Time{}
}

// DownSince is when attempts began to fail without an answer in between; zero where the account is well.
func (a *Account) DownSince() time.Time { return a.downSince }

// OpenUntil is when the breaker may be tested; zero while it is closed.
func (a *Account) OpenUntil() time.Time { return a.openUntil }

// Off is who switched the account off, and why; nil while it is on.
func (a *Account) Off() *ledger.Act { return a.off }

// Open reports whether the breaker is open, or being tested.
func (a *Account) Open() bool { return !a.openUntil.IsZero() }
