package smtp

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"notify/pkg/message"
	"notify/pkg/vendors/blame"
)

// rule says what a reply means. The first rule that fits decides.
type rule struct {
	at       []step         // empty: at every step
	codes    []int          // empty: every code of the class
	class    int            // 2, 4 or 5 where codes is empty
	enhanced string         // prefixes of the RFC 3463 status, separated by spaces; empty: any or none
	says     *regexp.Regexp // what the text has to say; nil: anything
	kind     message.OutcomeKind
	reason   message.Reason
	wait     time.Duration // RetryAfter: SMTP has no way to say it
	alone    bool          // it is about this recipient: the account is well
	unclear  bool          // nothing says whom it is about
}

// How long to wait before the next attempt. Greylisting (RFC 6647) asks for a new attempt after a minute or more; a server
// that closes or is short of resources is asked again sooner.
const (
	waitGrey  = 60 * time.Second
	waitBusy  = 10 * time.Second
	waitClose = 10 * time.Second
	waitRate  = 5 * time.Second
)

var (
	// quotaText is a limit of our account at the relay. "Daily message quota exceeded" is Amazon SES, "Daily/Monthly sending
	// quota exceeded" and "Not enough sending quota" are Aliyun DirectMail, "Daily user sending limit exceeded" is Google.
	// A mailbox over its quota says x.2.y, or none of these words.
	quotaText = regexp.MustCompile(`(?i)(daily|hourly|monthly|per day|sending)[ a-z]*(quota|limit)|message quota exceeded|not enough (sending )?quota`)
	authText  = regexp.MustCompile(`(?i)authenticat|auth(orization)? required`)
	rateText  = regexp.MustCompile(`(?i)throttl|sending rate|too (many|fast|quick)|rate limit`)
)

// replies is the table of codes. Sources: RFC 5321 4.2.3 and 4.3.2 (codes by command), RFC 3463 (x.y.z), RFC 4954 6 (AUTH),
// RFC 6647 (greylisting), Amazon SES "SMTP response codes" (454), Aliyun DirectMail "SMTP error codes" (551, 552, 554, 559),
// docs of Google and NetEase for 550 5.4.5 and 553. RFC 5321 4.2.1 makes every 4yz and 5yz a refusal of the command, so that
// what is not named here is definite as well. These are what code and command say by themselves; then come the words and the
// statuses of wordings.go, and then byDefault.
var replies = []rule{ //nolint:gochecknoglobals // a table
	// After the dot, and only there, 2yz is acceptance.
	{at: []step{stepDot}, class: 2, kind: message.OutcomeAccepted},

	// A limit of the account, whatever code the relay chose for it.
	{class: 4, enhanced: "!4.2", says: quotaText, kind: message.OutcomeRefused, reason: message.ReasonQuota},
	{class: 5, enhanced: "!5.2", says: quotaText, kind: message.OutcomeRefused, reason: message.ReasonQuota},

	// The service closes, now or for a while.
	{codes: []int{421}, kind: message.OutcomeThrottled, wait: waitClose},

	// TLS that the server announced and cannot do.
	{at: []step{stepStartTLS}, kind: message.OutcomeUnsent},

	// Credentials. 454 is a failure of the server's own (RFC 4954 6), other 4yz too.
	{at: []step{stepAuth}, codes: []int{432}, kind: message.OutcomeRefused, reason: message.ReasonAuth},
	{at: []step{stepAuth}, class: 4, kind: message.OutcomeThrottled, wait: waitBusy},
	{at: []step{stepAuth}, class: 5, kind: message.OutcomeRefused, reason: message.ReasonAuth},
	{codes: []int{530, 534, 535, 538}, kind: message.OutcomeRefused, reason: message.ReasonAuth},
	{codes: []int{503}, says: authText, kind: message.OutcomeRefused, reason: message.ReasonAuth},

	// Before a recipient was named, a permanent refusal is about us.
	{at: []step{stepGreeting, stepHello}, class: 4, kind: message.OutcomeThrottled, wait: waitBusy},
	{at: []step{stepGreeting, stepHello}, class: 5, kind: message.OutcomeRefused, reason: message.ReasonBlocked},
}

// byDefault is what a reply means whose words are nobody's.
var byDefault = []rule{ //nolint:gochecknoglobals // a table
	{at: []step{stepMail}, codes: []int{552}, kind: message.OutcomeRejected}, // SIZE, RFC 1870 6.1
	{at: []step{stepMail}, codes: []int{551, 553}, kind: message.OutcomeRefused, reason: message.ReasonAuth},
	{at: []step{stepMail}, codes: []int{550, 554}, kind: message.OutcomeRefused, reason: message.ReasonBlocked},
	{at: []step{stepMail}, class: 5, kind: message.OutcomeRefused, reason: message.ReasonOther},
	{codes: []int{502, 503}, kind: message.OutcomeRefused, reason: message.ReasonOther}, // out of step with this server

	// Too fast, or not now.
	{class: 4, says: rateText, kind: message.OutcomeThrottled, wait: waitRate},
	{at: []step{stepRcpt, stepData, stepBody, stepDot}, codes: []int{450, 451}, enhanced: "!4.3 4.4", kind: message.OutcomeThrottled, wait: waitGrey, alone: true},
	{at: []step{stepRcpt, stepData, stepBody, stepDot}, codes: []int{450, 451}, kind: message.OutcomeThrottled, wait: waitGrey},
	{at: []step{stepRcpt}, class: 4, enhanced: "4.1 4.2", kind: message.OutcomeThrottled, wait: waitGrey, alone: true},
	{class: 4, kind: message.OutcomeThrottled, wait: waitBusy},

	// After the body a refusal by policy (x.7.y, and 554 without a status) is about the text or the sender, which all messages
	// share.
	{at: []step{stepData, stepBody, stepDot}, enhanced: "5.7", kind: message.OutcomeRefused, reason: message.ReasonBlocked},
	{at: []step{stepData, stepBody, stepDot}, codes: []int{554}, enhanced: "!5.1 5.2 5.3 5.6", kind: message.OutcomeRefused, reason: message.ReasonBlocked},

	// The recipient or this mail, as it seems.
	{at: []step{stepRcpt, stepData, stepBody, stepDot}, class: 5, kind: message.OutcomeRejected, unclear: true},
}

// meaning finds the rule for a reply. False where there is none.
func meaning(at step, r reply, status string, text []byte) (rule, bool) {
	fits := func(table []rule) (rule, bool) {
		for i := range table {
			if table[i].fits(at, r, status, text) {
				return table[i], true
			}
		}
		return rule{}, false
	}
	if found, ok := fits(replies); ok {
		return found, true
	}
	if found, ok := judged(at, r, status, text); ok {
		return found, true
	}
	return fits(byDefault)
}

// classify says what a reply means at a step. What no rule fits is unknown after the dot, and unsent before it.
func (o *options) classify(at step, r reply, kept bool) message.Outcome {
	out := message.Outcome{Code: strconv.Itoa(r.code)}
	status := r.enhanced()
	if status != "" {
		out.Code += " " + status
	}
	if kept && r.code == 421 && (at == stepMail || at == stepReset) {
		// A relay that has enough of a connection says so before it looks at the next message: no reason to slow down.
		return unsent(codeClosed, o.detail(at, r))
	}
	out.Kind = message.OutcomeUnknown
	if at != stepDot {
		out.Kind = message.OutcomeUnsent
	}
	text := r.text
	if !r.positive() { // a word within an address says nothing
		text = blame.Addresses.ReplaceAll(text, []byte("@"))
	}
	if found, ok := meaning(at, r, status, text); ok {
		out.Kind, out.Reason, out.RetryAfter = found.kind, found.reason, found.wait
		out.Recipient, out.Unclear = found.alone, found.unclear
	}
	switch out.Kind {
	case message.OutcomeAccepted:
		out.VendorID = queueID(string(r.text))
		return out
	case message.OutcomeUnsent:
		out.Code = codeGarbage
		if at == stepStartTLS {
			out.Code = codeTLS
		}
	case message.OutcomeRejected, message.OutcomeThrottled, message.OutcomeRefused, message.OutcomeUnknown:
	}
	out.Detail = clip(o.detail(at, r))
	return out
}

func (r *rule) fits(at step, got reply, status string, text []byte) bool {
	if len(r.at) > 0 && !contains(r.at, at) {
		return false
	}
	switch {
	case len(r.codes) > 0:
		if !contains(r.codes, got.code) {
			return false
		}
	case r.class != 0:
		if got.code/100 != r.class {
			return false
		}
	default:
		if !got.negative() {
			return false
		}
	}
	return r.fitsStatus(status) && (r.says == nil || r.says.Match(text))
}

// fitsStatus holds the enhanced status to the rule's prefixes; "!" before them means none of them.
func (r *rule) fitsStatus(status string) bool {
	if r.enhanced == "" {
		return true
	}
	list, not := strings.CutPrefix(r.enhanced, "!")
	for _, prefix := range strings.Fields(list) {
		if strings.HasPrefix(status, prefix+".") {
			return !not
		}
	}
	return not
}

func contains[T comparable](list []T, v T) bool {
	for _, x := range list {
		if x == v {
			return true
		}
	}
	return false
}

// queueID finds the server's id in the reply to the dot: "2.0.0 Ok: queued as 4XyZ" (Postfix), "OK id=1tAbc" (Exim), "Ok
// 0102018f…-000000" (Amazon SES), "2.0.0 x4Ab Message accepted for delivery" (sendmail). Empty where none is told.
func queueID(text string) string {
	text, _, _ = strings.Cut(text, "\n")
	words := strings.Fields(text)
	if len(words) > 0 && strings.Count(words[0], ".") == 2 && strings.Trim(words[0], "0123456789.") == "" {
		words = words[1:]
	}
	for i, w := range words {
		if strings.EqualFold(w, "as") && i > 0 && strings.EqualFold(words[i-1], "queued") && i+1 < len(words) {
			return idOf(words[i+1])
		}
		if id, ok := strings.CutPrefix(w, "id="); ok {
			return idOf(id)
		}
	}
	if len(words) == 2 && strings.EqualFold(strings.Trim(words[0], ":,"), "ok") && strings.ContainsAny(words[1], "0123456789") {
		return idOf(words[1])
	}
	if len(words) > 1 && strings.EqualFold(strings.Join(words[1:], " "), "message accepted for delivery") {
		return idOf(words[0])
	}
	return ""
}

// idOf is the word without the punctuation around it, at most 200 bytes; an address is not an id.
func idOf(word string) string {
	word = strings.Trim(word, "<>()[];,.\"'")
	if len(word) > 200 || strings.ContainsFunc(word, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return ""
	}
	return mask(word)
}
