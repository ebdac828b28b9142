package ledger

import (
	"strings"
	"time"

	"notify/pkg/message"
	"notify/pkg/words"
)

// CodeForgotten is the code of a message that is unknown because the ledger had forgotten that it was claimed: a witness
// outside it remembers (Operators.Doubt).
const CodeForgotten = "notify:forgotten"

// ActForgotten is what the audit entry says where a ledger was brought to know what it had forgotten.
const ActForgotten = "reconcile"

// ActStop is what a pause is called that the program made by itself.
const ActStop = "stop-when"

// Unwaited pauses a campaign whose server waited for a standby and does not any more: what is sent from then on the standby may lack, and the
// ledger says that it knows everything. Who resumes says so anew.
func Unwaited(now time.Time) *Act {
	return &Act{Who: Itself, What: ActStop, Said: words.T("ledger.unwaited", nil), At: now}
}

// trusted marks a server whose commits a standby had, too: who was promoted in its place knows them.
const trusted = " synchronous"

// ServerMark is the bookmark under which a ledger keeps the server that a campaign is sent from.
func ServerMark(campaign string) string { return "server/" + campaign }

// ServerStands is what is kept there.
func ServerStands(server string, synchronous bool) string {
	if synchronous {
		return server + trusted
	}
	return server
}

// ServerKept is which server was kept, and whether a standby had all that it answered.
func ServerKept(mark string) (server string, synchronous bool) {
	return strings.CutSuffix(mark, trusted)
}

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
