package ledger

import (
	"time"

	"notify/pkg/message"
	"notify/pkg/words"
)

// Record is a message as the ledger knows it.
type Record struct {
	Row       int
	Recipient string // the recipient's key
	Fields    []byte
	Key       message.Key
	Channel   message.Channel
	Address   message.Address
	Segments  int
	State     message.State
	Attempts  int
	NotBefore time.Time
	// The newest attempt; zero where there was none.
	Attempt  int64
	Account  string
	Claimed  time.Time
	Settled  time.Time
	Code     string
	Detail   string
	VendorID string
	Price    message.Money // for one segment
	// Rows are further rows of the list that are told through this message.
	Rows []int
}

// Sent is a text to an address.
type Sent struct {
	Address     message.Address
	Fingerprint int64
	// Campaign and At are set in answers.
	Campaign string
	At       time.Time
}

// Act is something that a person, or the program on its own, did.
type Act struct {
	Who    string     `json:"who"`          // "wang@ops-1", or Itself for the program
	As     string     `json:"as,omitempty"` // the name that the person gave, in the audit only
	What   string     `json:"what"`
	Reason string     `json:"reason,omitempty"` // as a person typed it
	Said   words.Text `json:"said,omitzero"`    // in place of Reason, where the sentence is the program's
	At     time.Time  `json:"at"`
	// Figures are how much it was, in the audit only; nil where there is nothing to count.
	Figures *Figures `json:"figures,omitempty"`
}

// Itself is who did what the program did on its own.
const Itself = "notify"

// Doer is the system's user, behind the name that the person gave.
func (a Act) Doer() string {
	if a.As == "" {
		return a.Who
	}
	return a.As + " (" + a.Who + ")"
}

// ActPause is what it is called that a person stops a campaign.
const ActPause = "pause"

// Why is the reason as a sentence. That none was given is said of a pause, which wants one; of all else it is zero then.
func (a Act) Why() words.Text {
	switch {
	case !a.Said.IsZero():
		return a.Said
	case a.Reason != "":
		return words.Raw(a.Reason)
	case a.What == ActPause:
		return words.T("act.why-none", nil)
	}
	return words.Text{}
}

// Outweighs reports that a pause takes the place of the one that stands: a person's that of the program, and one with a reason that of a person who
// gave none. The first word on it stays otherwise.
func (a Act) Outweighs(stands *Act) bool {
	switch {
	case stands == nil:
		return true
	case a.Who == Itself:
		return false
	}
	return stands.Who == Itself || stands.Reason == "" && a.Reason != ""
}

// Resolution settles one unknown message.
type Resolution struct {
	Key message.Key
	// As is accepted, unsent or rejected.
	As       message.OutcomeKind
	VendorID string
	Code     string
	Detail   string
	// Grade is how good the proof is; empty counts as a person's word.
	Grade message.Grade
}

// Proven is how good the proof is.
func (r *Resolution) Proven() message.Grade {
	if r.Grade == "" {
		return message.GradePerson
	}
	return r.Grade
}

// Resolved counts what Resolve did.
type Resolved struct {
	Accepted int `json:"accepted"`
	NotSent  int `json:"not_sent"`
	Rejected int `json:"rejected"`
	Skipped  int `json:"skipped"`
}

// Check is a preflight result as it is kept.
type Check struct {
	Campaign string
	Digest   string
	Verdict  string // "pass", "warn", "fail"
	Result   []byte // JSON
	At       time.Time
	Who      string
}
