package ledger

import (
	"context"

	"notify/pkg/message"
)

// Forgetter forgets people. In the place of an address stands a hash of it, made with a key that only the ledger has; in the place of a row's
// values one hash of all of them. States, attempts, receipts and costs stay as they are, and so does the message's key, which is how another
// run of the campaign finds that this message has left, or must not.
type Forgetter interface {
	// Forget forgets messages of a campaign, by their ids; all of them where ids is nil. What is pending or rejected is cancelled, and no list
	// brings it back; what is under way is left as it is, and counted. It is done in portions: after an error, and after a crash, it can be asked
	// for again. There is one audit entry, with the last portion.
	Forget(ctx context.Context, campaign string, ids []int64, by Act) (Forgotten, error)
	// ForgetAddress forgets an address outside of campaigns: the lines of the suppression list, which holds as before, and receipts that name it, as
	// far as they are settled. Its audit entry belongs to no campaign.
	ForgetAddress(ctx context.Context, a message.Address, by Act) (Forgotten, error)
}

// Forgotten says what was forgotten, and what not.
type Forgotten struct {
	Messages  int `json:"messages"`  // addresses of messages that stand as they stood
	Cancelled int `json:"cancelled"` // of Messages: they had not left
	Before    int `json:"before"`    // they had been forgotten before
	UnderWay  int `json:"under_way"` // left alone: a run holds them
	Rows      int `json:"rows"`      // rows of lists
	Facts     int `json:"facts"`     // what was told of messages: their details, which may be what a person wrote
	Lines     int `json:"lines"`     // of the suppression list
	Receipts  int `json:"receipts"`  // as they came
	Waiting   int `json:"waiting"`   // receipts left alone: they are not settled
}

// Add adds up.
func (f *Forgotten) Add(o Forgotten) {
	f.Messages += o.Messages
	f.Cancelled += o.Cancelled
	f.Before += o.Before
	f.UnderWay += o.UnderWay
	f.Rows += o.Rows
	f.Facts += o.Facts
	f.Lines += o.Lines
	f.Receipts += o.Receipts
	f.Waiting += o.Waiting
}

// Alias is what stands for an address that was forgotten. Nil: nobody was.
type Alias func(message.Address) message.Address

// Of is the alias of an address; empty where nobody was forgotten.
func (a Alias) Of(to message.Address) message.Address {
	if a == nil {
		return ""
	}
	return a(to)
}
