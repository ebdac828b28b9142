package ledger

import (
	"notify/pkg/message"
	"notify/pkg/words"
)

// CodeForgotten is the code of a message that is unknown because the ledger had forgotten that it was claimed: a witness
// outside it remembers (Operators.Doubt).
const CodeForgotten = "notify:forgotten"

// ActForgotten is what the audit entry says where a ledger was brought to know what it had forgotten.
const ActForgotten = "reconcile"

// WhyForgotten is why a run ended that holds what the ledger had forgotten.
func WhyForgotten() words.Text { return words.T("run.why.forgotten", nil) }

// Lost is what a ledger has forgotten of one grant: messages of a channel that were claimed for an account and may have left. They are named
// by their keys, which are the same in every ledger and under every list.
type Lost struct {
	Channel                message.Channel
	Account, Currency, Day string
	Price                  message.Money // for one segment
	Keys                   []message.Key
}
