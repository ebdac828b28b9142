package ledger

import (
	"context"
	"iter"
	"time"

	"notify/pkg/message"
)

// Tracer finds messages whatever their campaign. The key of a message is made of its campaign, channel and address, and is looked up in every
// campaign; what a vendor calls it in an index that is put in order after the messages have left.
type Tracer interface {
	// Frozen reads all campaigns as they are frozen, the newest first.
	Frozen(ctx context.Context) ([]Frozen, error)
	// Trails reads all that is known of the messages that are sought, those of the newest campaign first; of a text that many got, the first
	// Most. An address, a key and a vendor's id are found at once.
	Trails(ctx context.Context, s Sought) ([]Trail, error)
	// Past reads the attempts of a campaign's messages that are over, or that were unknown and were settled, in the order of the list.
	Past(ctx context.Context, campaign string) iter.Seq2[Past, error]
}

// Past is an attempt that is over, or how one was settled that was unknown; where that is the newest, and is not over, there is nothing else.
type Past struct {
	Key message.Key
	Try
}

// Frozen is a campaign as it was staged.
type Frozen struct {
	Name    string
	Digest  string
	Created time.Time
	Spec    []byte
}

// Sought says which messages: by one of the first four.
type Sought struct {
	Address  message.Address
	Key      message.Key
	VendorID string
	// Fingerprint is that of the text; it needs a campaign.
	Fingerprint *int64
	// Campaign limits to one; empty for all.
	Campaign string
	Most     int // 0: all
	// Rows takes in the messages that the same rows of a list have on other channels.
	Rows bool
}

// Trail is all that is known of a message.
type Trail struct {
	ID       int64 // of the message
	Campaign string
	Record
	Currency string
	Tries    []Try // the oldest first
	Proof    Proof
}

// Try is one attempt.
type Try struct {
	Number   int
	Account  string
	Host     string // of the run
	Claimed  time.Time
	Settled  time.Time
	Outcome  string // attempting, accepted, unknown, or why it is over
	Reason   string
	Code     string
	Detail   string
	VendorID string
	Segments int // as the vendor counts, where it says so
	Price    message.Money
	Currency string
	// Resolved is how an unknown one was settled; nil where it was not.
	Resolved *Settled
}

// Settled is what evidence or a person made of an attempt that was unknown.
type Settled struct {
	Outcome string        `json:"outcome"`
	Unknown time.Time     `json:"unknown_since"`
	At      time.Time     `json:"at"`
	Who     string        `json:"who"`
	Why     string        `json:"why"`
	Grade   message.Grade `json:"grade"`
}
