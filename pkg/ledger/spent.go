package ledger

import (
	"time"

	"notify/pkg/message"
)

// Spent is how many messages of a campaign that were tried stand in one state, and what they are debited with, as it is kept. All claims of the
// channel and account were made from First to Last, at prices for a segment from Least to Most.
type Spent struct {
	Campaign          string
	Channel           message.Channel
	Account, Currency string
	State             message.State // attempting, accepted, unknown or rejected
	Debit
	First, Last time.Time
	Least, Most message.Money
}
