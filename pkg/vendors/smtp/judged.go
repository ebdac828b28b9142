package smtp

import (
	"regexp"
	"time"

	"notify/pkg/message"
	"notify/pkg/vendors/blame"
)

// passing is what servers say where the same mail may be taken a little later: a name that was not resolved in time, and
// greylisting (RFC 6647), which some servers tell in the words of a refusal of the client.
var passing = regexp.MustCompile(`(?i)gr[ae]y ?-?list|try (again|later)|temporar|time(d)? ?-?out|lookup (error|fail)|look up|server failure|defer|\blater\b`)

// judged finds whom a reply is about, and what follows. False where nothing says that.
func judged(at step, r reply, status string, text []byte) (rule, bool) {
	if !r.negative() || at < stepMail {
		return rule{}, false
	}
	whom, reason := blame.Of(status, text, at >= stepRcpt)
	if whom == 0 {
		return rule{}, false
	}
	return about(whom, r, reason, text), true
}

// about is what follows from whom an answer is about.
func about(w blame.Whom, r reply, reason message.Reason, text []byte) rule {
	soft := r.code/100 == 4
	throttled := func(wait time.Duration, alone bool) rule {
		return rule{kind: message.OutcomeThrottled, wait: wait, alone: alone}
	}
	switch {
	case w == blame.Pace:
		return throttled(waitGrey, false)
	case w == blame.Recipient && soft:
		return throttled(waitGrey, true)
	case w == blame.Recipient:
		return rule{kind: message.OutcomeRejected}
	case soft && passing.Match(text):
		return throttled(waitGrey, greyText.Match(text))
	}
	return rule{kind: message.OutcomeRefused, reason: reason}
}

var greyText = regexp.MustCompile(`(?i)gr[ae]y`)
