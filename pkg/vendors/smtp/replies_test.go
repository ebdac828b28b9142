package smtp_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"notify/pkg/message"
	"notify/pkg/vendors/smtp"
)

func TestReplies(t *testing.T) {
	for _, tt := range []struct {
		at   string
		code int
		text string
		want string // kind, and reason or wait
	}{
		{"greeting", 421, "4.3.2 too many connections", "throttled 10s"},
		{"greeting", 554, "5.7.1 your IP is listed", "refused blocked"},
		{"EHLO", 450, "busy", "throttled 10s"},
		{"STARTTLS", 454, "4.7.0 TLS not available", "unsent"},
		{"AUTH", 535, "5.7.8 bad credentials", "refused authorisation"},
		{"AUTH", 534, "5.7.9 mechanism too weak", "refused authorisation"},
		{"AUTH", 454, "4.7.0 temporary failure", "throttled 10s"},
		{"AUTH", 432, "4.7.12 a password transition is needed", "refused authorisation"},
		{"MAIL", 530, "5.7.0 Must issue a STARTTLS command first", "refused authorisation"},
		{"MAIL", 538, "5.7.11 encryption required", "refused authorisation"},
		{"MAIL", 553, "Mail from must equal authorized user", "refused authorisation"},
		{"MAIL", 550, "5.7.1 sender is not welcome", "refused blocked"},
		{"MAIL", 552, "5.3.4 message size exceeds fixed limit", "rejected"},
		{"MAIL", 552, "Daily sending quota exceeded", "refused quota"},
		{"MAIL", 551, "Main account unavailable", "refused authorisation"},
		{"MAIL", 452, "4.3.1 insufficient system storage", "throttled 10s"},
		{"MAIL", 454, "Throttling failure: Maximum sending rate exceeded", "throttled 5s"},
		{"MAIL", 454, "Throttling failure: Daily message quota exceeded", "refused quota"},
		{"final dot", 454, "Throttling failure: Maximum sending rate exceeded.", "throttled 5s"},
		{"final dot", 454, "Throttling failure: Daily message quota exceeded.", "refused quota"},
		{"final dot", 550, "5.4.5 Daily user sending limit exceeded", "refused quota"},
		{"RCPT", 450, "4.2.0 <w@customer.test>: Recipient address rejected: Greylisted", "throttled 1m0s this recipient"},
		{"RCPT", 451, "4.7.1 please try again later", "throttled 1m0s this recipient"},
		{"RCPT", 452, "4.2.2 The mailbox is over its quota", "throttled 1m0s this recipient"},
		{"RCPT", 421, "4.7.0 try later", "throttled 10s"},
		{"RCPT", 550, "5.1.1 <spam@blocked.test>: User unknown", "rejected"},
		{"RCPT", 550, "<spam@blocked.test> no such user", "rejected"},
		{"RCPT", 551, "5.1.6 has moved", "rejected"},
		{"RCPT", 552, "5.2.2 The mailbox is over its sending quota", "rejected"},
		{"RCPT", 553, "5.1.3 not a valid mailbox", "rejected"},
		{"RCPT", 556, "5.1.10 null MX", "rejected"},
		{"RCPT", 559, "Invalid rcptto", "rejected"},
		{"RCPT", 550, "5.7.1 this group takes mail from members only", "rejected"},
		{"RCPT", 554, "5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", "refused blocked"},
		{"RCPT", 550, "5.7.1 Unable to relay", "refused authorisation"},
		{"RCPT", 554, "5.7.1 <w@customer.test>: Relay access denied", "refused authorisation"},
		{"RCPT", 503, "5.5.1 bad sequence of commands", "refused other"},
		{"RCPT", 499, "what", "throttled 10s"},
		{"RCPT", 599, "what", "rejected, perhaps"},
		{"RCPT", 299, "what", "unsent"},
		{"final dot", 250, "2.0.0 Ok: queued as 4XyZ", "accepted"},
		{"final dot", 251, "will forward", "accepted"},
		{"final dot", 354, "what", "unknown"},
		{"final dot", 421, "4.3.0 shutting down", "throttled 10s"},
		{"final dot", 450, "4.2.0 later", "throttled 1m0s this recipient"},
		{"final dot", 451, "4.3.0 queue file write error", "throttled 1m0s"},
		{"final dot", 552, "5.3.4 too big", "rejected, perhaps"},
		{"final dot", 552, "Not enough sending quota", "refused quota"},
		{"final dot", 554, "content spam", "refused blocked"},
		{"final dot", 554, "5.7.1 message looks like spam", "refused blocked"},
		{"final dot", 554, "5.6.0 malformed MIME", "rejected, perhaps"},
		{"final dot", 550, "5.7.26 unauthenticated mail", "refused blocked"},
		{"final dot", 550, "5.1.1 no such user", "rejected"},
		{"final dot", 499, "what", "throttled 10s"},
		{"final dot", 599, "what", "rejected, perhaps"},
		{"body", 550, "5.6.0 stop", "rejected, perhaps"},
	} {
		t.Run(tt.at+" "+tt.text, func(t *testing.T) {
			o := smtp.Classify(tt.at, tt.code, tt.text)
			if got := meaning(o); got != tt.want {
				t.Errorf("%d %s at %s: %s, want %s", tt.code, tt.text, tt.at, got, tt.want)
			}
			if strings.Contains(o.Detail, "spam@blocked.test") || strings.Contains(o.Detail, "w@customer.test") {
				t.Errorf("an address in %q", o.Detail)
			}
		})
	}
}

// meaning is what an outcome says, in words.
func meaning(o message.Outcome) string {
	got := string(o.Kind)
	if o.Reason != "" {
		got += " " + string(o.Reason)
	}
	if o.RetryAfter != 0 {
		got += " " + o.RetryAfter.String()
	}
	if o.Recipient {
		got += " this recipient"
	}
	if o.Unclear {
		got += ", perhaps"
	}
	return got
}

func TestTheQueueIDIsFoundInTheWordsOfEachServer(t *testing.T) {
	for text, want := range map[string]string{
		"2.0.0 Ok: queued as 4XyZ1234":                       "4XyZ1234",
		"OK id=1tAbCd-0001Ab-2C":                             "1tAbCd-0001Ab-2C",
		"Ok 0102018f3a4b5c6d-1a2b3c4d-000000":                "0102018f3a4b5c6d-1a2b3c4d-000000",
		"2.0.0 4A1B2C3D012345 Message accepted for delivery": "4A1B2C3D012345",
		"2.6.0 <key@x.test> Queued mail for delivery":        "",
		"2.0.0 OK: queued":                                   "",
		"2.0.0 Ok: queued as wang@customer.test":             "w***g@customer.test",
		"":                                                   "",
	} {
		if got := smtp.Classify("final dot", 250, text).VendorID; got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// FuzzReplies holds what any server may say to the rules of an outcome.
func FuzzReplies(f *testing.F) {
	f.Add(uint16(550), "5.1.1 <wang@customer.test>: no such user")
	f.Add(uint16(421), "4.7.0 \xff\x00\r\n")
	f.Add(uint16(250), "2.0.0 Ok: queued as 4XyZ")
	f.Fuzz(func(t *testing.T, code uint16, text string) {
		for _, at := range []string{"greeting", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "body", "final dot"} {
			o := smtp.Classify(at, 200+int(code)%400, text)
			switch {
			case at != "final dot" && (o.Kind == message.OutcomeAccepted || o.Kind == message.OutcomeUnknown):
				t.Errorf("%s before the dot: %+v", at, o)
			case at == "final dot" && o.Kind == message.OutcomeUnsent:
				t.Errorf("unsent after the dot: %+v", o)
			case (o.Kind == message.OutcomeRefused) != (o.Reason != ""):
				t.Errorf("a reason belongs to a refusal: %+v", o)
			case len(o.Detail) > 300 || !utf8.ValidString(o.Detail) || strings.ContainsAny(o.Detail, "\r\n"):
				t.Errorf("detail %q", o.Detail)
			case o.RetryAfter > time.Hour || o.Code == "":
				t.Errorf("%+v", o)
			}
		}
	})
}
