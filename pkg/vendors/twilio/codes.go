package twilio

import (
	"notify/pkg/message"
	"notify/pkg/vendors/sdk"
)

// errorPage is where a code is documented, followed by the code.
const errorPage = "twilio.com/docs/api/errors/"

// codes are those that the vendor gives instead of taking a message. Of 20429 it says that the request "is never processed and is always safe
// to retry". Codes that come later, in a callback (30003 to 30008), are none of these; a failure of the vendor's own (20500, 5xx) is in no row.
func codes() sdk.Codes {
	row := func(outcome message.OutcomeKind, reason message.Reason, codes ...string) []sdk.Row {
		rows := make([]sdk.Row, 0, len(codes))
		for _, c := range codes {
			rows = append(rows, sdk.Row{Codes: []string{c}, Outcome: outcome, Reason: reason, Source: errorPage + c})
		}
		return rows
	}
	var rows []sdk.Row
	for _, some := range [][]sdk.Row{
		// Too many requests at once; the sender's queue is full.
		row(message.OutcomeThrottled, "", "20429", "21611"),
		// Credentials, account not active, no access, suspended, trial account.
		row(message.OutcomeRefused, message.ReasonAuth, "20003", "20005", "20006", "30002", "21608"),
		row(message.OutcomeRefused, message.ReasonQuota, "63038"),
		// The sender: none, not able to send SMS, not ours, no number behind the service, no such service.
		row(message.OutcomeRefused, message.ReasonBlocked, "21212", "21603", "21606", "21659", "21660", "21703", "21705"),
		// The content template: no such one, variables that are not its own.
		row(message.OutcomeRefused, message.ReasonTemplate, "21655", "21656"),
		// The recipient: no number, not mobile, unsubscribed, no route, a region that the account does not send to.
		row(message.OutcomeRejected, "", "21211", "21614", "21610", "21612", "21408"),
		// The text, or a variable of it: too long, empty.
		row(message.OutcomeRejected, "", "21617", "21658", "21602"),
	} {
		rows = append(rows, some...)
	}
	return sdk.Table(rows...)
}
