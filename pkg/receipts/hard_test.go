package receipts_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/receipts"
)

// An address is given up for good where its mailbox is not there, never because its receiver refused us: that would give up everybody there.
func TestAnAddressIsGivenUpForItsMailboxAlone(t *testing.T) {
	dsn := func(status, said string) (string, string) {
		return "dsn", "From: mailer-daemon@mx.example.test\r\nDate: Fri, 20 Nov 2026 09:00:20 +0000\r\n" +
			"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n" +
			"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.test\r\n\r\n" +
			"Final-Recipient: rfc822; wang@example.test\r\nAction: failed\r\nStatus: " + status + "\r\nDiagnostic-Code: smtp; " + said + "\r\n\r\n--b\r\n" +
			"Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: <KEY@edm.example.test>\r\nTo: wang@example.test\r\n\r\n--b--\r\n"
	}
	ses := func(status, said string) (string, string) {
		event := fmt.Sprintf(`{"eventType":"Bounce","mail":{"messageId":"m1","tags":{"notify_key":["KEY"]},"destination":["wang@example.test"]},
			"bounce":{"bounceType":"Permanent","bounceSubType":"General","timestamp":"2026-11-20T09:00:20Z","bouncedRecipients":[{"status":%q,"diagnosticCode":%q}]}}`, status, said)
		return "ses", fmt.Sprintf(`{"Type":"Notification","Message":%q}`, event)
	}
	mailgun := func(status, said string) (string, string) {
		return "mailgun", fmt.Sprintf(`{"event-data":{"event":"failed","severity":"permanent","reason":"bounce","timestamp":1795165220,"recipient":"wang@example.test",
			"delivery-status":{"code":550,"message":%q},"user-variables":{"notify_key":"KEY"}}}`, status+" "+said)
	}
	for _, c := range []struct {
		name, status, said string
		gone               bool
	}{
		{"no such mailbox", "5.1.1", "550 5.1.1 <wang@example.test>: Recipient address rejected: User unknown", true},
		{"a domain that takes no mail", "5.1.10", "556 5.1.10 Domain example.test does not accept mail", true},
		{"our sender's address", "5.1.8", "550 5.1.8 <award@edm.test>: Sender address rejected: Domain not found", false},
		{"our sender's address, by its status alone", "5.1.7", "no", false},
		{"our SPF", "5.1.0", "550 5.1.0 SPF check failed for edm.example.test", false},
		{"our reputation", "5.1.1", "554 5.1.1 DT:SPM 163 mx12, please see http://mail.163.com/help", false},
		{"how fast we were", "5.1.1", "550 5.1.1 MI:SFQ 163 mx12", false},
	} {
		for _, of := range []func(status, said string) (string, string){dsn, ses, mailgun} {
			format, raw := of(c.status, c.said)
			t.Run(c.name+", "+format, func(t *testing.T) {
				l, k := told(t)
				accepted(t, l)
				if _, err := l.Keep(t.Context(), []ledger.Receipt{{
					Hash: "h", Account: "edm", Format: format, Raw: []byte(strings.ReplaceAll(raw, "KEY", string(k))), Grade: message.GradeSigned, At: at(30),
				}}); err != nil {
					t.Fatal(err)
				}
				settler := receipts.Settler{
					Ledger: l, Formats: receipts.Formats(), Accounts: map[string]*receipts.Account{}, Now: func() time.Time { return at(30) }, Log: slog.New(slog.DiscardHandler),
				}
				if sum, err := settler.All(t.Context()); err != nil || sum.Ours != 1 {
					t.Fatalf("settled %+v, %v", sum, err)
				}
				given := 0
				for _, err := range l.Suppressions(t.Context()) {
					if given++; err != nil {
						t.Fatal(err)
					}
				}
				if (given == 1) != c.gone {
					t.Errorf("%d addresses are given up", given)
				}
				all, err := l.Deliveries(t.Context(), "award-2020")
				if err != nil || len(all) != 1 || all[0].ByState[message.HardBounce]+all[0].ByState[message.SoftBounce] != 1 {
					t.Errorf("of the campaign was told %+v, %v", all, err)
				}
			})
		}
	}
}
