package message

import (
	"cmp"
	"slices"
	"time"
)

// ReceiptState is what a vendor says later about a message that it took.
type ReceiptState string

// The states of a receipt. Those from Delivered to Dropped are how it ended, and the newest of them counts; the others are further facts, which stand
// beside it. A click says no more than that the vendor told one.
const (
	Waiting     ReceiptState = "waiting"     // the vendor has it, and knows no more yet
	Delivered   ReceiptState = "delivered"   // it arrived
	Undelivered ReceiptState = "undelivered" // it did not arrive, for good
	SoftBounce  ReceiptState = "soft-bounce" // the mailbox did not take it now
	HardBounce  ReceiptState = "hard-bounce" // there is no such mailbox
	Dropped     ReceiptState = "dropped"     // the vendor took it and did not hand it on
	Complained  ReceiptState = "complained"  // the recipient calls it spam
	OptedOut    ReceiptState = "opted-out"   // the recipient wants no more
	Replied     ReceiptState = "replied"     // the recipient answered something else
	Clicked     ReceiptState = "clicked"
)

// ReceiptStates are all of them, in the order in which they are shown.
func ReceiptStates() []ReceiptState {
	return []ReceiptState{Waiting, Delivered, Undelivered, SoftBounce, HardBounce, Dropped, Complained, OptedOut, Replied, Clicked}
}

// Final reports whether it says how the message ended.
func (s ReceiptState) Final() bool {
	switch s {
	case Delivered, Undelivered, SoftBounce, HardBounce, Dropped:
		return true
	case Waiting, Complained, OptedOut, Replied, Clicked:
		return false
	}
	return false
}

// Arrived reports whether it can only be said of a message that reached somebody.
func (s ReceiptState) Arrived() bool {
	switch s {
	case Delivered, Complained, OptedOut, Replied, Clicked:
		return true
	case Waiting, Undelivered, SoftBounce, HardBounce, Dropped:
		return false
	}
	return false
}

// Grade is how good the proof of something is.
type Grade string

// The grades, the weakest first. One that is only Unsigned settles nothing that is unknown.
const (
	GradeUnsigned  Grade = "unsigned"  // a receipt that nobody signed
	GradePerson    Grade = "person"    // a person says so, or a file that one brought
	GradeConfirmed Grade = "confirmed" // an unsigned receipt, and the vendor said the same when it was asked
	GradeSigned    Grade = "signed"    // a receipt with the vendor's signature
	GradeVendor    Grade = "vendor"    // the vendor's answer, to the message or to a question
)

// Grades are all of them, the weakest first.
func Grades() []Grade {
	return []Grade{GradeUnsigned, GradePerson, GradeConfirmed, GradeSigned, GradeVendor}
}

// Settles reports whether it is proof enough for a message that is unknown.
func (g Grade) Settles() bool { return slices.Index(Grades(), g) > 0 }

// Compare puts grades in order; none is weaker than all.
func (g Grade) Compare(o Grade) int {
	return cmp.Compare(slices.Index(Grades(), g), slices.Index(Grades(), o))
}

// Event is one thing that a vendor says about one message. It names the message by our key, by its own id, or by address and time.
type Event struct {
	Key      Key     `json:"key,omitempty"`
	VendorID string  `json:"vendor_id,omitempty"`
	To       Address `json:"to,omitempty"`
	// At is when it happened; zero where the vendor does not say.
	At    time.Time    `json:"at,omitzero"`
	State ReceiptState `json:"state"`
	// Code is the vendor's own; Detail what it says for people: at most 300 bytes.
	Code   string `json:"code,omitempty"`
	Detail string `json:"detail,omitempty"`
	// Segments is how many billing units the vendor counted; zero where it does not say.
	Segments int   `json:"segments,omitempty"`
	Grade    Grade `json:"grade,omitempty"`
}
