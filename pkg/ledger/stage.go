package ledger

import (
	"iter"
	"time"

	"notify/pkg/message"
)

// Staging is a plan on its way into the ledger.
type Staging struct {
	Campaign string // name: the identity
	Digest   string
	// Spec is the frozen campaign as JSON, opaque to the ledger: texts, columns, rules. It replaces the one before it.
	Spec []byte
	By   Act
	// Part is a part of the list: who is not in it is not taken off the list. What is pending is cancelled all the same, as it is
	// not to be sent now; what was rejected stays so.
	Part bool
	// Recipients are consumed once, in the order in which their messages are to leave. The driver may keep what it was given while it asks for the
	// next. An error in the stream rolls everything back.
	Recipients iter.Seq2[Recipient, error]
}

// Recipient is a row of the list with the messages made of it.
type Recipient struct {
	Row    int    // 1-based row in the list
	Key    string // the recipient's key, as the list has it
	Fields []byte // JSON array of the row's values, in the order of the spec's columns
	// Messages are the row's own messages.
	Messages []NewMessage
	// Folds are messages of other rows through which this row is told.
	Folds []Fold
}

// NewMessage is a message before it was ever attempted.
type NewMessage struct {
	Key      message.Key
	Channel  message.Channel
	Address  message.Address
	Segments int
	// Fingerprint tells equal texts to equal addresses across campaigns.
	Fingerprint int64
}

// Fold says that a row shares a message.
type Fold struct {
	Channel message.Channel
	Into    message.Key
}

// Staged says what Stage did to the messages. Added+Updated+Same+Restored+Left = messages of the plan.
type Staged struct {
	Same     int `json:"same"`     // pending, and as the ledger had them
	Added    int `json:"added"`    // new under this name
	Updated  int `json:"updated"`  // pending, brought up to the new list
	Restored int `json:"restored"` // cancelled because a list left them out, and back to pending
	Left     int `json:"left"`     // attempted or settled before: not touched
	Differs  int `json:"differs"`  // of Left: the list now says something else than what left
	Gone     int `json:"gone"`     // pending, or rejected, and no longer on the list: cancelled by this Stage
}

// Campaign is a staged campaign.
type Campaign struct {
	Name    string
	Digest  string
	Spec    []byte
	Staged  time.Time // when the digest was staged
	Created time.Time // when the name was staged first
	Paused  *Act      // who stopped it, nil where nobody did
	Aborted *Act
	// Holders are the runs that have not ended, in the order in which they began.
	Holders []Run
}
