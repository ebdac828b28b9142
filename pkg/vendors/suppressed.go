package vendors

import (
	"context"
	"iter"
	"time"

	"notify/pkg/message"
)

// SuppressionLister is a Vendor that keeps a list of its own of addresses that it does not deliver to: it takes messages to them, and counts
// them as bounced.
type SuppressionLister interface {
	// Suppressed reads the list in no order, what was put on it since, or all of it where that is zero; it ends with the first error. It sends no
	// message.
	Suppressed(ctx context.Context, since time.Time) iter.Seq2[Suppressed, error]
	// SuppressedAt asks about one address; nil where it is not on the list.
	SuppressedAt(ctx context.Context, to message.Address) (*Suppressed, error)
}

// Suppressed is an address that a vendor does not deliver to.
type Suppressed struct {
	Address message.Address
	Reason  SuppressedReason
	Said    string    // the reason in the vendor's own word
	Since   time.Time // zero where the vendor does not say
}

// SuppressedReason is why, in the words of the suppression list.
type SuppressedReason string

// The reasons; a word of the vendor's that the adapter's table does not have is SuppressedOther.
const (
	SuppressedBounce    SuppressedReason = "hard-bounce"
	SuppressedComplaint SuppressedReason = "complaint"
	SuppressedOptOut    SuppressedReason = "opt-out"
	SuppressedOther     SuppressedReason = "other"
)
