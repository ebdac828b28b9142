package ledger

import (
	"cmp"
	"time"

	"notify/pkg/message"
)

// Review is what a report tells of a campaign, as it is at one moment: everything in it was read together.
type Review struct {
	Campaign  Campaign
	Counts    Counts
	Attention Attention
	Runs      []Run        // the newest first
	Audit     []AuditEntry // the oldest first
}

// Attention is what of a campaign somebody should look at, and when it was sent.
type Attention struct {
	// Unknown, Rejected and Waiting are the first of them in the order of the list; Waiting are pending and were tried before.
	Unknown, Rejected, Waiting []Record
	WaitingTotal               int
	// Reasons are why messages were rejected or are unknown, with all messages that each concerns, the most first.
	Reasons []Reason
	// First and Last are when something was first attempted, and when something was last attempted or settled.
	First, Last time.Time
}

// Reason is why messages were rejected or are unknown.
type Reason struct {
	State    message.State
	Code     string
	Detail   string // of one of the messages
	Messages int
}

// Compare puts reasons in order: those of the most messages first.
func (r Reason) Compare(o Reason) int {
	return cmp.Or(cmp.Compare(o.Messages, r.Messages), cmp.Compare(r.Code, o.Code), cmp.Compare(r.State, o.State))
}
