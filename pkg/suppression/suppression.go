// Package suppression owns who must not be written to, and why: opt-outs, hard bounces, complaints. It reads what an operator
// types or has in a file into entries, with addresses in the form that lists have, and it is the set that a sender looks into
// right before a message leaves. The ledger keeps the entries.
package suppression

import (
	"slices"
	"strings"
	"time"

	"notify/pkg/diag"
	"notify/pkg/message"
	"notify/pkg/words"
)

// Reason is why an address is on the list.
type Reason string

// The reasons. The zero value is none.
const (
	OptOut     Reason = "opt-out"     // the person said no
	HardBounce Reason = "hard-bounce" // the mailbox or number does not exist
	Complaint  Reason = "complaint"   // the person called it spam, to us, to his provider or to a regulator
	Other      Reason = "other"       // the note says what
)

// Reasons are all reasons, in the order in which they are shown.
func Reasons() []Reason { return []Reason{OptOut, HardBounce, Complaint, Other} }

// ParseReason reads a reason as people type it: "Opt-out", "hard bounce".
func ParseReason(s string) (Reason, error) {
	r := Reason(strings.Join(strings.FieldsFunc(strings.ToLower(s), func(c rune) bool { return c == ' ' || c == '-' || c == '_' }), "-"))
	if slices.Contains(Reasons(), r) {
		return r, nil
	}
	var known []string
	for _, r := range Reasons() {
		known = append(known, string(r))
	}
	return "", words.Err("suppress.reason-unknown", words.A{"value": s, "known": diag.Known(string(r), known)})
}

// Entry is an address that is never to be sent to.
type Entry struct {
	Address message.Address
	Channel message.Channel
	Reason  Reason
	Note    string
	Who     string // who put it on the list: "wang@ops-1"
	At      time.Time
}
