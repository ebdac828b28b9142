package ledger

import (
	"time"

	"notify/pkg/message"
	"notify/pkg/words"
)

// AccountState is what all processes on a ledger share about an account.
type AccountState struct {
	Account string `json:"account"`
	// EmptyAt is when the rate's bucket is, or was, empty.
	EmptyAt time.Time `json:"-"`
	// Since is when somebody last said for how long the account is to be left alone.
	Since time.Time `json:"-"`
	// Scale is the part of the configured rate in force: 1 unless throttled.
	Scale float64 `json:"scale"`
	// NotBefore is when the account may be used again after a throttling answer; zero for now.
	NotBefore time.Time `json:"not_before,omitzero"`
	// Failures is how many attempts in a row spoke against the account.
	Failures int `json:"failures"`
	// OpenUntil is when the breaker may be tested; zero while it is closed.
	OpenUntil time.Time `json:"open_until,omitzero"`
	// Reason is why the breaker is open.
	Reason words.Text `json:"reason,omitzero"`
	Error  words.Text `json:"last_error,omitzero"`
	At     time.Time  `json:"last_error_at,omitzero"`
	// Weight is the share that a person gave the account in place of the configured one; nil: the configured one counts.
	Weight *int `json:"weight,omitempty"`
	// Off is who switched the account off, and why: nothing is claimed through it. Nil while it is on.
	Off *Act `json:"off,omitempty"`
}

// AccountSetting is what a person changes of an account, for all campaigns and all processes on the ledger. What is left zero stays
// as it is.
type AccountSetting struct {
	// Weight takes the place of the configured one; a negative one gives that back.
	Weight *int
	// Off and On switch the account.
	Off, On bool
	// CloseBreaker lets the account be used at once, and forgets its failures in a row.
	CloseBreaker bool
}

// Apply makes the change.
func (s AccountSetting) Apply(a *AccountState, by Act) {
	if s.Weight != nil {
		w := *s.Weight
		if a.Weight = &w; w < 0 {
			a.Weight = nil
		}
	}
	if s.On {
		a.Off = nil
	}
	if s.Off && a.Off == nil { // the first word on it stays
		by.Said, by.Figures = words.Text{}, nil // the audit has them
		a.Off = &by
	}
	if s.CloseBreaker {
		a.Failures, a.OpenUntil, a.NotBefore, a.Reason, a.Since = 0, time.Time{}, time.Time{}, words.Text{}, time.Time{}
	}
}

// ActSet is what the audit entry of an AccountSetting says first.
const ActSet = "accounts set"

// ScenarioOf is the name under which an account's scenario has a rate and a usage of its own, beside the account's. It is no name of an
// account.
func ScenarioOf(account, scenario string) string { return account + "/" + scenario }

// AccountChange is what a run learned of an account. It is said as what happened, and not as what follows, because other runs learn
// things at the same time: none may write over what another has found out.
type AccountChange struct {
	Account string
	At      time.Time
	// Anew says that what the account waits for counts for nothing: the clock was put back, or a person says that it shall go on. An
	// open breaker is to be tested now.
	Anew bool
	// Well says that the account gave an answer: failures in a row begin anew, and the breaker closes.
	Well bool
	// Failed is how many failures came, after Well where both are set.
	Failed int
	// Scale is set where the part of the rate is to be changed that the caller knows to be in force. If it is another one by now,
	// somebody else has changed it: it stays.
	Scale *Rescale
	// NotBefore and OpenUntil count where they are later than what is known; zero for none. Reason goes with OpenUntil.
	NotBefore, OpenUntil time.Time
	Reason               words.Text
	Error                words.Text // what the vendor said; zero for nothing new
}

// Rescale changes the part of an account's rate from one value to another.
type Rescale struct{ From, To float64 }

// Usage is what was debited and not credited back.
type Usage struct {
	Day   Debit `json:"day"`
	Month Debit `json:"month"`
}

// Debit is messages, segments and money.
type Debit struct {
	Messages int64         `json:"messages"`
	Segments int64         `json:"segments"`
	Cost     message.Money `json:"cost"`
}

// Plus is the sum of both.
func (d Debit) Plus(e Debit) Debit {
	return Debit{Messages: d.Messages + e.Messages, Segments: d.Segments + e.Segments, Cost: d.Cost + e.Cost}
}

// Apply makes the change.
func (c AccountChange) Apply(a *AccountState) {
	open := !a.OpenUntil.IsZero()
	if c.Anew || a.SteppedBack(c.At) {
		a.NotBefore = time.Time{}
		if open {
			a.OpenUntil = c.At
		}
	}
	if c.Well {
		a.Failures, a.OpenUntil, a.Reason = 0, time.Time{}, words.Text{}
	}
	a.Failures += c.Failed
	if c.Scale != nil && c.Scale.From == a.Scale {
		a.Scale = c.Scale.To
	}
	if given(c.NotBefore) && c.NotBefore.After(a.NotBefore) {
		a.NotBefore, a.Since = c.NotBefore, c.At
	}
	if given(c.OpenUntil) && c.OpenUntil.After(a.OpenUntil) {
		a.OpenUntil, a.Reason, a.Since = c.OpenUntil, c.Reason, c.At
	}
	if a.NotBefore.IsZero() && a.OpenUntil.IsZero() {
		a.Since = time.Time{}
	}
	if !c.Error.IsZero() {
		a.Error, a.At = c.Error, c.At
	}
}

// SteppedBack reports that the clock was put back since somebody said how long the account is to be left alone: those times may be as far
// ahead as the clock was put back, and count for nothing.
func (a *AccountState) SteppedBack(now time.Time) bool { return a.Since.After(now.Add(PutBack)) }

// PutBack is how far ahead of a claim EmptyAt is only where the clock was put back. Below it, another process whose now is
// newer, or who takes places from further ahead, has been here: to bring EmptyAt back then would give its places away again.
const PutBack = 10 * time.Second

// DomainState is what all processes on a ledger share about one domain as an account sends to it.
type DomainState struct {
	// EmptyAt is when the newest message leaves: the next may one space after it.
	EmptyAt time.Time
	// Tail is the last place that was given to a message that waits.
	Tail time.Time
	DomainHeld
}

// DomainHeld is how a domain is held back beyond its configured rate.
type DomainHeld struct {
	// SlowTo is messages per second until SlowUntil, where that is slower than what is configured.
	SlowTo    float64   `json:"slow_to,omitempty"`
	SlowUntil time.Time `json:"slow_until,omitzero"`
	// Until is when something may leave for it again.
	Until time.Time `json:"until,omitzero"`
	// Since is when somebody last said so: a clock that was put back behind it makes that count for nothing.
	Since time.Time `json:"since,omitzero"`
	// Day is the account's day, and Sent how many messages were attempted on it, whatever came of them.
	Day  string `json:"day,omitempty"`
	Sent int64  `json:"sent,omitempty"`
	// Days is, for a sender (RampOf), on how many days before that something was attempted.
	Days int `json:"days,omitempty"`
}

// DomainChange is what a run learned of a domain as an account sends to it: it is to be slowed down, or left alone.
type DomainChange struct {
	Account, Domain string
	At              time.Time
	SlowTo          float64   // messages per second; 0: not to be slowed
	SlowUntil       time.Time // zero: not to be slowed
	Until           time.Time // zero: not to be left alone
}

// Apply makes the change. The slower rate and the later time count.
func (c DomainChange) Apply(d *DomainState) {
	d.settleClock(c.At)
	if c.SlowTo > 0 && c.SlowUntil.After(c.At) {
		if !d.SlowUntil.After(c.At) || c.SlowTo < d.SlowTo {
			d.SlowTo = c.SlowTo
		}
		d.SlowUntil, d.Since = Latest(d.SlowUntil, c.SlowUntil), c.At
	}
	if c.Until.After(d.Until) && c.Until.After(c.At) {
		d.Until, d.Since = c.Until, c.At
	}
}

// settleClock forgets what was said before the clock was put back.
func (d *DomainHeld) settleClock(now time.Time) {
	if d.Since.After(now.Add(PutBack)) {
		d.SlowTo, d.SlowUntil, d.Until, d.Since = 0, time.Time{}, time.Time{}, time.Time{}
	}
}

// Slowed is the rate to which the domain is slowed down now, 0 for none, and until when nothing leaves, zero where something may.
func (d *DomainHeld) Slowed(now time.Time) (rate float64, until time.Time) {
	d.settleClock(now)
	if d.SlowUntil.After(now) {
		rate = d.SlowTo
	}
	if d.Until.After(now) {
		until = d.Until
	}
	return rate, until
}
