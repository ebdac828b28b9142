package message

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// OutcomeKind says what is known to be true after an attempt.
type OutcomeKind string

// The kinds of outcome. The zero value counts as OutcomeUnknown: what nobody classified may have been sent.
const (
	OutcomeAccepted  OutcomeKind = "accepted"  // the vendor took it
	OutcomeRejected  OutcomeKind = "rejected"  // the vendor refused this recipient or text, for good
	OutcomeThrottled OutcomeKind = "throttled" // too fast; not taken
	OutcomeRefused   OutcomeKind = "refused"   // the vendor refuses the account; not taken
	OutcomeUnsent    OutcomeKind = "unsent"    // it never reached the vendor
	OutcomeUnknown   OutcomeKind = "unknown"   // anything else
)

// OutcomeKinds are all kinds.
func OutcomeKinds() []OutcomeKind {
	return []OutcomeKind{OutcomeAccepted, OutcomeRejected, OutcomeThrottled, OutcomeRefused, OutcomeUnsent, OutcomeUnknown}
}

// Definite reports whether the message was certainly not accepted, so that its debit is credited back.
func (k OutcomeKind) Definite() bool {
	switch k {
	case OutcomeRejected, OutcomeThrottled, OutcomeRefused, OutcomeUnsent:
		return true
	case OutcomeAccepted, OutcomeUnknown:
		return false
	}
	return false
}

// State is what the message becomes.
func (k OutcomeKind) State() State {
	switch k {
	case OutcomeAccepted:
		return Accepted
	case OutcomeRejected:
		return Rejected
	case OutcomeThrottled, OutcomeRefused, OutcomeUnsent:
		return Pending
	case OutcomeUnknown:
		return Unknown
	}
	return Unknown
}

// Reason says why a vendor refuses an account.
type Reason string

// The reasons for a refusal of the account.
const (
	ReasonBalance  Reason = "balance"       // no money left at the vendor
	ReasonQuota    Reason = "quota"         // the vendor's limit by day or month is used up
	ReasonAuth     Reason = "authorisation" // credentials, IP list, account disabled
	ReasonTemplate Reason = "template"      // template or signature not approved
	ReasonBlocked  Reason = "blocked"       // content or sender blocked, reputation
	ReasonAlike    Reason = "alike"         // the first recipients were all rejected alike: them, or us?
	ReasonOther    Reason = "other"
)

// Reasons are all of them.
func Reasons() []Reason {
	return []Reason{ReasonBalance, ReasonQuota, ReasonAuth, ReasonTemplate, ReasonBlocked, ReasonAlike, ReasonOther}
}

// Outcome is a vendor's answer as a value: it is never an error.
type Outcome struct {
	Kind OutcomeKind
	// Reason is set where Kind is OutcomeRefused.
	Reason Reason
	// Recipient says that a throttled answer is about this recipient alone (a greylisted mailbox): the account is well.
	Recipient bool
	// Unclear says that nothing in a rejected answer tells the recipient from us: whoever is next may be answered alike.
	Unclear bool
	// Code is the vendor's own code ("isv.AMOUNT_NOT_ENOUGH", "550 5.1.1"), or ours in the form "notify:…".
	Code string
	// Detail is for people: at most 300 bytes, no secret, no unmasked address.
	Detail string
	// VendorID is the vendor's id of the message; empty where it gave none.
	VendorID string
	// RetryAfter is how long the vendor asks us to wait; zero where it said nothing.
	RetryAfter time.Duration
	// Segments is how many billing units the vendor counted; zero where it did not say.
	Segments int
}

// The codes of messages that were given back before anything was tried: they say nothing about the vendor.
const (
	heldPrefix = "notify:held-"
	// BackDeadline is a message that has Expired: another run may own it by now.
	BackDeadline = heldPrefix + "deadline"
	// BackLate is a message past its place under the rate.
	BackLate = heldPrefix + "late"
	// BackLost is a message whose run ended before it began to leave.
	BackLost = heldPrefix + "lost"
)

// GivenBack reports whether the message was given back before anything was tried.
func (o Outcome) GivenBack() bool {
	return o.Kind == OutcomeUnsent && strings.HasPrefix(o.Code, heldPrefix)
}

// The codes of messages that this program itself turns away.
const (
	AwayText       = "notify:render"     // the frozen text cannot be made of the frozen row
	AwayAllowList  = "notify:allow-list" // outside production, and not on the allow list
	AwayFrequency  = "notify:frequency"  // its recipient was told often enough
	AwaySuppressed = "notify:suppressed" // its recipient must not be written to
)

// TurnedAway reports whether this program itself turned the message away before anything was tried.
func (o Outcome) TurnedAway() bool {
	return o.Kind == OutcomeRejected && slices.Contains([]string{AwayText, AwayAllowList, AwayFrequency, AwaySuppressed}, o.Code)
}

// Tried reports whether anything was tried: the vendor may have heard of the message.
func (o Outcome) Tried() bool { return !o.GivenBack() && !o.TurnedAway() }

// OfMessage reports whether it says something of the message: that nothing was tried does not, nor that the account was refused.
func (o Outcome) OfMessage() bool { return o.Tried() && o.Kind != OutcomeRefused }

// GiveBack is the outcome of a message that is given back before anything was tried, with one of the Back codes, which says why.
func GiveBack(code string) Outcome {
	return Outcome{Kind: OutcomeUnsent, Code: code}
}

// String is the outcome on one line.
func (o Outcome) String() string {
	if o.Code == "" {
		return string(o.Kind)
	}
	return fmt.Sprintf("%s %s", o.Kind, o.Code)
}
