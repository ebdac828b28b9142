package smtp_test

import (
	"testing"

	"notify/pkg/vendors/smtp"
)

// said is what servers say, as their documentation, their source code and their users' reports have it, and whom it is about.
// It is said in answer to RCPT where nothing else stands there.
var said = []struct {
	server string
	at     string
	code   int
	text   string
	want   string
}{
	{"Postfix", "", 504, "5.5.2 <laptop>: Helo command rejected: need fully-qualified hostname", "refused blocked"},
	{"Postfix", "", 501, "5.5.2 <lap_top>: Helo command rejected: Invalid name", "refused blocked"},
	{"Postfix", "", 450, "4.7.1 <mail.edm.test>: Helo command rejected: Host not found", "refused blocked"},
	{"Postfix", "", 553, "5.7.1 <award@edm.test>: Sender address rejected: not owned by user edm", "refused blocked"},
	{"Postfix", "", 553, "5.7.1 <award@edm.test>: Sender address rejected: not logged in", "refused blocked"},
	{"Postfix", "", 550, "5.1.8 <award@edm.test>: Sender address rejected: Domain not found", "refused blocked"},
	{"Postfix", "", 450, "4.1.8 <award@edm.test>: Sender address rejected: Domain not found", "refused blocked"},
	{"Postfix", "", 450, "4.1.7 <award@edm.test>: Sender address rejected: unverified address: Address verification in progress", "refused blocked"},
	{"Postfix", "", 550, "5.1.0 <award@edm.test>: Sender address rejected: User unknown in virtual mailbox table", "refused blocked"},
	{"Postfix", "", 550, "5.7.27 <award@edm.test>: Sender address rejected: Domain edm.test does not accept mail (nullMX)", "refused blocked"},
	{"Postfix", "", 554, "5.7.1 <unknown[192.0.2.1]>: Client host rejected: Access denied", "refused blocked"},
	{"Postfix", "", 450, "4.7.25 Client host rejected: cannot find your hostname, [192.0.2.1]", "refused blocked"},
	{"Postfix", "", 450, "4.7.1 <unknown[192.0.2.1]>: Client host rejected: Greylisted, see postgrey", "throttled 1m0s this recipient"},
	{"Postfix", "", 554, "5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", "refused blocked"},
	{"Postfix", "", 554, "5.7.1 <w@customer.test>: Relay access denied", "refused authorisation"},
	{"Postfix", "", 454, "4.7.1 <w@customer.test>: Relay access denied", "refused authorisation"},
	{"Postfix", "", 550, "5.1.1 <w@customer.test>: Recipient address rejected: User unknown in local recipient table", "rejected"},
	{"Postfix", "", 554, "5.7.1 <w@customer.test>: Recipient address rejected: Access denied", "rejected"},
	{"Postfix", "", 550, "5.1.2 <w@gone.test>: Recipient address rejected: Domain not found", "rejected"},
	{"Postfix", "", 450, "4.1.1 <w@customer.test>: Recipient address rejected: unverified address", "throttled 1m0s this recipient"},
	{"Postfix", "", 550, "5.1.1 <w@customer.test>: Recipient address rejected: undeliverable address: host said: 550 no", "rejected"},
	{"policyd-spf", "", 550, "5.7.23 <w@customer.test>: Recipient address rejected: Message rejected due to: SPF fail - not authorized", "refused blocked"},
	{"policyd-weight", "", 550, "5.7.1 <w@customer.test>: Recipient address rejected: Mail appeared to be SPAM or forged", "refused blocked"},

	{"Exim", "", 550, "Sender verify failed", "refused blocked"},
	{"Exim", "", 550, "Verification failed for <award@edm.test>\nUnrouteable address\nSender verify failed", "refused blocked"},
	{"Exim", "", 451, "Could not complete sender verify", "refused blocked"},
	{"Exim", "", 550, "relay not permitted", "refused authorisation"},
	{"Exim", "", 550, "rejected because 192.0.2.1 is in a black list at zen.spamhaus.org", "refused blocked"},
	{"Exim", "", 550, "HELO mismatch, forged greeting", "refused blocked"},
	{"Exim", "", 550, "Unrouteable address", "rejected"},
	{"Exim", "", 550, "Unknown user", "rejected"},
	{"Exim", "", 451, "Temporary local problem - please try later", "throttled 1m0s this recipient"},
	{"Exim", "", 550, "Administrative prohibition", "rejected, perhaps"},

	{"Microsoft 365", "", 550, "5.7.60 SMTP; Client does not have permissions to send as this sender", "refused blocked"},
	{"Microsoft 365", "", 550, "5.1.8 Access denied, bad outbound sender", "refused blocked"},
	{"Microsoft 365", "", 550, "5.7.606 Access denied, banned sending IP [192.0.2.1]", "refused blocked"},
	{"Microsoft 365", "", 550, "5.7.501 Access denied, spam abuse detected", "refused blocked"},
	{"Microsoft 365", "", 550, "5.7.708 Access denied, traffic not accepted from this IP", "refused blocked"},
	{"Microsoft 365", "", 550, "5.4.1 Recipient address rejected: Access denied. AS(201806281)", "rejected"},
	{"Microsoft 365", "", 550, "5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required; Delivery restriction check failed because the sender was not authenticated when sending to this group", "rejected"},
	{"Microsoft 365", "", 550, "5.7.124 Sender not in allowed-senders list for this group", "rejected"},
	{"Exchange", "", 530, "5.7.57 Client not authenticated to send mail", "refused authorisation"},
	{"Exchange", "", 550, "5.7.54 SMTP; Unable to relay recipient in non-accepted domain", "refused authorisation"},
	{"Exchange", "", 550, "5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", "rejected"},

	{"Gmail", "", 550, "5.1.1 The email account that you tried to reach does not exist. Please try double-checking the recipient's email address", "rejected"},
	{"Gmail", "", 550, "5.2.1 The email account that you tried to reach is inactive.", "rejected"},
	{"Gmail", "", 452, "4.2.2 The recipient's inbox is out of storage space", "throttled 1m0s this recipient"},
	{"Gmail", "", 553, "5.1.2 We weren't able to find the recipient domain.", "rejected"},
	{"Gmail", "final dot", 550, "5.7.26 Your email has been blocked because the sender is unauthenticated", "refused blocked"},
	{"Gmail", "final dot", 550, "5.7.25 The IP address sending this message does not have a PTR record", "refused blocked"},
	{"Gmail", "final dot", 550, "5.7.1 Our system has detected that this message is likely unsolicited mail", "refused blocked"},
	{"Gmail", "", 550, "5.7.0 Mail relay denied [192.0.2.1]. Invalid credentials for relay", "refused authorisation"},

	{"QQ", "", 550, "Ip frequency limited. http://service.mail.qq.com/cgi-bin/help?subtype=1&id=20022&no=1000725", "throttled 1m0s"},
	{"QQ", "", 550, "Domain frequency limited", "throttled 1m0s"},
	{"QQ", "", 550, "Mailbox not found. http://service.exmail.qq.com/cgi-bin/help?no=1000728", "rejected"},
	{"QQ", "", 550, "Mailbox unavailable or access denied", "rejected"},
	{"QQ", "", 550, "Mail is rejected by recipients", "rejected"},
	{"QQ", "final dot", 550, "Mail content denied. http://service.exmail.qq.com/cgi-bin/help?no=1000726", "refused blocked"},
	{"QQ", "final dot", 550, "Suspected spam sender.", "refused blocked"},
	{"QQ", "final dot", 550, "DMARC check failed", "refused blocked"},
	{"QQ", "MAIL", 501, "mail from address must be same as authorization user.", "refused authorisation"},
	{"QQ", "final dot", 550, "The \"From\" header is missing or invalid.", "rejected, perhaps"},

	{"NetEase", "", 553, "Mail from must equal authorized user", "refused authorisation"},
	{"NetEase", "final dot", 554, "DT:SPM 163 smtp1,abc 1400000000", "refused blocked"},
	{"NetEase", "final dot", 451, "DT:SPM ,please try again", "throttled 1m0s"},
	{"NetEase", "", 451, "MI:SFQ 163 smtp1", "throttled 1m0s"},
	{"NetEase", "", 554, "HL:IHU 163 smtp1", "refused blocked"},
	{"NetEase", "", 550, "RP:TRC 163 smtp1", "refused blocked"},
	{"Coremail", "", 554, "IP is rejected, smtp auth error limit exceed", "refused blocked"},
	{"Coremail", "", 550, "Requested mail action not taken: Fake sender", "refused blocked"},
	{"Coremail", "", 550, "User not found: wang@customer.test", "rejected"},
	{"Coremail", "", 555, "helohost error.", "refused blocked"},

	{"Haraka", "", 550, "No MX for your FROM address", "refused blocked"},
	{"Haraka", "", 550, "HELO host does not match rDNS", "refused blocked"},
	{"Haraka", "", 550, "host [192.0.2.1] is listed on zen.spamhaus.org", "refused blocked"},
	{"Haraka", "", 550, "I cannot deliver mail for <w@customer.test>", "rejected, perhaps"},

	{"OpenSMTPD", "", 550, "Invalid recipient: <w@customer.test>", "rejected"},
	{"OpenSMTPD", "", 550, "5.1.8 Sender rejected", "refused blocked"},
	{"OpenSMTPD", "", 530, "5.5.1 Invalid command: Must issue an AUTH command first", "refused authorisation"},

	{"sendmail", "", 553, "5.1.8 <award@edm.test>... Domain of sender address award@edm.test does not exist", "refused blocked"},
	{"sendmail", "", 550, "5.7.1 <w@customer.test>... Relaying denied", "refused authorisation"},
	{"sendmail", "", 550, "5.7.1 Fix reverse DNS for 192.0.2.1", "refused blocked"},
	{"sendmail", "", 550, "5.1.1 <w@customer.test>... User unknown", "rejected"},
	{"Aliyun DirectMail", "", 559, "Invalid rcptto [@sm070103]", "rejected"},
	{"a status alone", "", 550, "5.1.7 no", "refused blocked"},
	{"a status alone", "", 550, "5.1.6 no", "rejected"},
	{"a status alone", "", 550, "5.2.1 no", "rejected"},
	{"a status alone", "", 550, "5.7.1 no", "rejected, perhaps"},
	{"a status alone", "", 550, "5.7.8 no", "refused authorisation"},
	{"a status alone", "", 550, "5.7.24 no", "refused blocked"},
	{"a status alone", "", 550, "5.1.10 no", "rejected"},
	{"a status alone", "", 550, "5.7.27 no", "refused blocked"},
	{"no words at all", "", 550, "", "rejected, perhaps"},
}

func TestWhomAServersWordsAreAbout(t *testing.T) {
	for _, s := range said {
		at := s.at
		if at == "" {
			at = "RCPT"
		}
		if got := meaning(smtp.Classify(at, s.code, s.text)); got != s.want {
			t.Errorf("%s, at %s: %d %s: %s, want %s", s.server, at, s.code, s.text, got, s.want)
		}
	}
}
