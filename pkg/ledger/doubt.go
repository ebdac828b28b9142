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

// Ceased pauses a campaign whose server does not keep any more what it promised when the run began, as is said: it does not wait for a standby, and
// that one, promoted, would not know of what is sent from then on; or it loses commits by itself. Who resumes answers for it, or sets it right.
func Ceased(now time.Time, said words.Text) *Act {
	return &Act{Who: Itself, What: ActStop, Said: said, At: now}
}

// trusted marks a server whose commits a standby had, too: who was promoted in its place knows them.
const trusted = " synchronous"

// SameTables says whether a server may have been promoted in the place of another, by their names, whose last part is the number of the tables:
// those that were put back from a dump have another one.
func SameTables(was, now string) bool {
	return was[strings.LastIndexByte(was, '/')+1:] == now[strings.LastIndexByte(now, '/')+1:]
}

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
