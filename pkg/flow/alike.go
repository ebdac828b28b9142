package flow

import (
	"strings"
	"time"

	"notify/pkg/message"
)

// How many recipients in a row may be turned away alike, as long as nobody was accepted, before it counts as a refusal of us.
// A list of which a fifth is dead begins with five dead addresses once in three thousand times; twenty that a vendor says in
// clear words do not exist are a wrong column, or the wrong account.
const (
	alikeUnclear = 5
	alikeClear   = 20
)

// An answer that does not say whom it is about is not believed before somebody was accepted: the message waits, and is tried
// again, at most so often.
const (
	unclearTries = 3
	unclearWait  = time.Minute
)

// alike looks at how an account's first recipients are answered: what refuses us is often said of the recipient.
type alike struct {
	vouched bool   // somebody was accepted: the vendor takes us
	code    string // of the last rejection
	n       int    // how many in a row had it
}

// Weigh says what an outcome is to be taken for, of a message's so many-th attempt: a rejection of one of the first
// recipients may be a refusal of the account.
func (a *Account) Weigh(o message.Outcome, attempt int) message.Outcome {
	l := &a.alike
	switch {
	case o.Kind == message.OutcomeAccepted:
		l.vouched = true
	case l.vouched || o.Kind != message.OutcomeRejected || strings.HasPrefix(o.Code, "notify:"):
	default:
		if o.Code != l.code {
			l.code, l.n = o.Code, 0
		}
		l.n++
		switch {
		case l.n >= alikeClear || o.Unclear && l.n >= alikeUnclear:
			o.Kind, o.Reason = message.OutcomeRefused, message.ReasonAlike
		case o.Unclear && attempt < unclearTries:
			o.Kind, o.Recipient, o.RetryAfter = message.OutcomeThrottled, true, unclearWait
		}
	}
	return o
}
