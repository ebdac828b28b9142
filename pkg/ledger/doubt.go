package ledger

import (
	"notify/pkg/message"
)

// CodeForgotten is the code of a message that is unknown because the ledger had forgotten that it was claimed: a witness
// outside it remembers (Operators.Doubt).
const CodeForgotten = "notify:forgotten"

// ActForgotten is what the audit entry says where a ledger was brought to know what it had forgotten.
const ActForgotten = "reconcile"

// Lost is what a ledger has forgotten of one grant: messages of a channel that were claimed for an account and may have left. They are named
// by their keys, which are the same in every ledger and under every list.
type Lost struct {
	Channel                message.Channel
	Account, Currency, Day string
	Price                  message.Money // for one segment
	Keys                   []message.Key
}
