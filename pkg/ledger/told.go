package ledger

import (
	"time"

	"notify/pkg/message"
)

// Telling says which messages count that went to somebody.
type Telling struct {
	Except string    // a campaign that does not; empty: all do
	Class  string    // of the campaigns that do; empty: any
	Since  time.Time // when they were claimed, at the earliest
}

// Told is an address, and what went to it.
type Told struct {
	Channel message.Channel
	Address message.Address
	Row     int // handed back
	// Campaign and At are set in answers.
	Campaign string
	At       time.Time
}

// Counting counts messages of the campaigns of one class. Who asks again and again keeps it: what was learned of campaigns is in it.
type Counting struct {
	Class string
	Since time.Time // when they were claimed, at the earliest; it may go on
	// Campaigns are the names of those that count, by their id, empty for one that does not; Newest is the newest run that was looked at. Nil
	// before the first question.
	Campaigns map[int64]string
	Newest    RunID
}
