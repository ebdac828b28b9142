package report

import (
	"testing"

	"notify/pkg/ledger"
	"notify/pkg/message"
)

func TestTheCodeOfMostOfAChannelIsNamed(t *testing.T) {
	of := func(sms, smsRejected, mails, mailsRejected int) ledger.Tally {
		return ledger.Tally{
			message.SMS:   {message.Accepted: sms - smsRejected, message.Rejected: smsRejected},
			message.Email: {message.Accepted: mails - mailsRejected, message.Rejected: mailsRejected, message.Pending: 1000},
		}
	}
	rejected := func(code string, n int) ledger.Reason {
		return ledger.Reason{State: message.Rejected, Code: code, Messages: n}
	}
	for name, c := range map[string]struct {
		tally   ledger.Tally
		reasons []ledger.Reason
		want    string
	}{
		"all of it":                              {of(0, 0, 40, 40), []ledger.Reason{rejected("550", 40)}, "550"},
		"all of one channel":                     {of(40, 40, 40, 0), []ledger.Reason{rejected("NUMBER", 40)}, "NUMBER"},
		"most of one channel, some of the other": {of(40, 38, 40, 5), []ledger.Reason{rejected("NUMBER", 38), rejected("550", 5)}, "NUMBER"},
		"half of one channel":                    {of(40, 20, 40, 0), []ledger.Reason{rejected("NUMBER", 20)}, ""},
		"each of its own":                        {of(40, 40, 400, 40), []ledger.Reason{rejected("A", 15), rejected("B", 25), rejected("C", 40)}, ""},
		"too few":                                {of(4, 4, 40, 0), []ledger.Reason{rejected("NUMBER", 4)}, ""},
		"turned away here":                       {of(40, 40, 40, 0), []ledger.Reason{rejected("notify:suppressed", 40)}, ""},
		"unknown":                                {of(40, 0, 40, 0), []ledger.Reason{{State: message.Unknown, Code: "X", Messages: 40}}, ""},
	} {
		if got := alike(c.reasons, c.tally); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
