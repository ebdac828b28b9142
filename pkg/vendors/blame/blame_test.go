package blame

import "testing"

// Each row of words is shown by one answer at least; what adapters make of many more is in their tests.
func TestWhomAnAnswerIsAbout(t *testing.T) {
	shown := make(map[int]bool)
	for _, c := range []struct {
		status, text string
		want         Whom
	}{
		{"5.7.124", "Sender not in allowed-senders list for this group", Recipient},
		{"", "rejected by the recipient", Recipient},
		{"", "IP frequency limited", Pace},
		{"", "MI:SFQ w@163.test 10.0.0.1", Pace},
		{"", "DT:SPM 163 smtp11 spam found in the text", Us},
		{"", "Mail from must equal authorized user", Us},
		{"5.7.26", "This mail has been blocked because the sender is unauthenticated: SPF did not pass", Us},
		{"", "Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", Us},
		{"5.1.0", "<award@edm.test>: Sender address rejected: User unknown in virtual mailbox table", Us},
		{"", "Could not complete sender verify", Us},
		{"", "Domain of sender address award@edm.test does not resolve", Us},
		{"5.1.8", "Access denied, bad outbound sender", Us},
		{"5.5.2", "<laptop>: Helo command rejected: need fully-qualified hostname", Us},
		{"", "Client host rejected: Access denied", Us},
		{"5.7.25", "The IP address sending this message does not have a PTR record", Us},
		{"", "Your mail server is not allowed here", Us},
		{"", "relay not permitted", Us},
		{"5.7.1", "Our system has detected that this message is likely unsolicited mail", Us},
		{"5.1.1", "<w@customer.test>: Recipient address rejected: User unknown in local recipient table", Recipient},
		{"5.1.1", "The email account that you tried to reach does not exist", Recipient},
		{"5.1.7", "no", Us}, // by its status alone
		{"5.1.10", "no", Recipient},
		{"5.7.1", "no", 0},
		{"", "spam@blocked.test", 0}, // an address says nothing
		{"", "", 0},
	} {
		if got, _ := Of(c.status, []byte(c.text), true); got != c.want {
			t.Errorf("%s %q is about %d, want %d", c.status, c.text, got, c.want)
		}
		want := c.want
		if want == Recipient {
			want = 0
		}
		if got, _ := Of(c.status, []byte(c.text), false); got != want {
			t.Errorf("%s %q before a recipient was named is about %d, want %d", c.status, c.text, got, want)
		}
		for i, w := range wordings() {
			if w.says.Match(Addresses.ReplaceAll([]byte(c.text), []byte("@"))) {
				shown[i] = true
				break
			}
		}
	}
	for i, w := range wordings() {
		if !shown[i] {
			t.Errorf("no answer shows the words of %s (%s)", w.server, w.source)
		}
	}
}
