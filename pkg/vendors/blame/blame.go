// Package blame tells whom an answer of a mail server is about: the recipient, us, or how fast we are. The same is said in an answer to a
// command, in a report that comes back as a mail, and in what a vendor repeats of either.
package blame

import (
	"regexp"
	"strings"
	"sync"

	"notify/pkg/message"
)

// wording is what servers say in the same words whatever code they choose, and whom it is about. Postfix gives every refusal
// of the client, of its greeting and of the sender only in answer to RCPT (smtpd_delay_reject), and others follow it: the
// command alone does not tell whom an answer is about.
type wording struct {
	server string // whose words they are
	source string // where they stand
	says   *regexp.Regexp
	about  Whom
	reason message.Reason // where it is about us
}

// Whom an answer is about; the zero value is nobody: it does not say.
type Whom int

// Those whom an answer can be about.
const (
	Recipient Whom = iota + 1 // this mailbox, which does not take this mail
	Us                        // our address, name, sender, login or text: the next recipient would be answered alike
	Pace                      // how much of ours comes in a while, also where it is said with a 5yz
)

// wordings are looked through from the top: the first that fits decides. What names a mailbox's own rules comes before what
// they are about, and the general words come last. An address in an answer is an @ here. They are made for the first refusal: most programs
// meet none.
var wordings = sync.OnceValue(func() []wording { //nolint:gochecknoglobals // a table
	return []wording{
		{
			"Exchange, Microsoft 365", "Microsoft Learn, \"NDRs in Exchange Online\", 5.7.124, 5.7.133 to 5.7.136",
			regexp.MustCompile(`(?i)RESOLVER\.RST|not authenticated (when sending to|for) |not in (the )?(group|allowed)|allowed[- ]senders|members only`), Recipient, "",
		}, {
			"QQ, Gmail, Exim", "smtp.codes/qq \"Mail is rejected by recipients\"; exim_filter(5) \"fail\"",
			regexp.MustCompile(`(?i)(black ?listed|blocked|rejected|refused|denied) by (the |this |its )?(recipient|user|mailbox|addressee)`), Recipient, "",
		}, {
			"QQ", "service.mail.qq.com help 20022: 1000722 to 1000725",
			regexp.MustCompile(`(?i)(ip|connection|domain|sender) frequency limited`), Pace, "",
		}, {
			"NetEase (163), Coremail", "mail.163.com help \"退信代码\": HL:ICC, HL:IFC, HL:IFQ, MI:DMC, MI:SFQ, RP:QRC, RP:DRC, RP:CEL",
			regexp.MustCompile(`\b(HL:(ICC|IFC|IFQ)|MI:(DMC|SFQ|CEL|CCL)|RP:(DRC|QRC|CEL|CCL))\b`), Pace, "",
		}, {
			"NetEase (163), Coremail", "mail.163.com help \"退信代码\": HL, DT, MI, RP, WM with the other endings",
			regexp.MustCompile(`\b(HL|DT|MI|RP|WM):[A-Z]{3}\b`), Us, message.ReasonBlocked,
		}, {
			"NetEase (163), QQ", "\"553 Mail from must equal authorized user\", \"501 mail from address must be same as authorization user\"",
			regexp.MustCompile(`(?i)mail ?from[a-z ]* must (equal|be (the )?same as) auth`), Us, message.ReasonAuth,
		}, {
			"policyd-spf, Gmail, QQ, Exim", "RFC 7372 3; support.google.com/a/answer/3726730, 5.7.26; smtp.codes/qq \"DMARC check failed\"",
			regexp.MustCompile(`(?i)\bspf\b|openspf|\bdmarc\b|\bdkim\b|unauthenticated (e-?mail|mail|message)`), Us, message.ReasonBlocked,
		}, {
			"Postfix, Exim, Haraka", "postconf(5) default_rbl_reply; Exim spec 43.5 \"dnslists\"; haraka-plugin-dns-list",
			regexp.MustCompile(`(?i)blocked using|black ?list|block ?list|\blisted (at|by|in|on)\b|spamhaus|barracuda|spamcop|dnsbl|\brbl\b`), Us, message.ReasonBlocked,
		}, {
			"Postfix", "smtpd_check.c: SMTPD_NAME_SENDER, \"Sender address rejected\"",
			regexp.MustCompile(`(?i)sender (address )?(is )?(rejected|refused|denied|blocked|invalid|unvalidated|hangup|in blacklist)`), Us, message.ReasonBlocked,
		}, {
			"Exim", "Exim spec 44.46 \"Sender address verification\"; verify.c",
			regexp.MustCompile(`(?i)sender (address )?verif(y|ication) fail|verification failed for @|(could not|unable to|cannot) verify (the )?sender|(could not|cannot) complete sender verify`), Us, message.ReasonBlocked,
		}, {
			"sendmail, OpenSMTPD, Coremail, Haraka", "sendmail cf/m4/proto.m4 \"Domain of sender address\"; haraka-plugin-mail_from.is_resolvable",
			regexp.MustCompile(`(?i)(domain of )?sender address @? ?(does|must|is) |(invalid|fake|black|bad|forged|unknown|suspected spam|null) sender|denies the sender|mail from (invalid|rejected|denied)|your (from|sender|envelope) (address|domain)`), Us, message.ReasonBlocked,
		}, {
			"Exchange, Microsoft 365", "Microsoft Learn, \"NDRs in Exchange Online\", 5.7.60, 5.1.8, 5.7.501 to 5.7.750",
			regexp.MustCompile(`(?i)send (as|on behalf of) this sender|SendAsDenied|bad outbound sender|banned send|spam abuse|traffic not accepted|unregistered domain`), Us, message.ReasonBlocked,
		}, {
			"Postfix", "smtpd_check.c: SMTPD_NAME_HELO, \"Helo command rejected\"",
			regexp.MustCompile(`(?i)\b(helo|ehlo)\b.{0,80}(reject|refus|invalid|denied|not permitted|mismatch|must|match|resolve|qualified)|(invalid|bad|bogus|forged) (helo|ehlo|greeting)|helohost`), Us, message.ReasonBlocked,
		}, {
			"Postfix", "smtpd_check.c: SMTPD_NAME_CLIENT, \"Client host rejected\", \"Unverified Client host rejected\"",
			regexp.MustCompile(`(?i)client host|client (was )?(not|un)[ -]?auth|cannot find your (reverse )?hostname|fix reverse dns`), Us, message.ReasonBlocked,
		}, {
			"Gmail, Exim, Haraka", "support.google.com/a/answer/3726730, 5.7.25; Exim spec 44.45 \"verify = reverse_host_lookup\"; RFC 7372 3.3",
			regexp.MustCompile(`(?i)reverse (dns|host|look)|\bPTR\b|\brdns\b`), Us, message.ReasonBlocked,
		}, {
			"Coremail, Gmail, Exchange", "icoremail.vip \"退信\": \"IP is rejected\", \"Invalid IP\"; Gmail \"your IP address\"",
			regexp.MustCompile(`(?i)\byour (ip|host|server|mail server|network|domain|message|e-?mail)\b.{0,60}(reject|refus|block|denied|ban|spam|list|not allowed|not permitted)|\b(black|invalid|banned) ip\b|\bip (is|was|has been) [a-z]+|remote ip (check|is)|not (a )?valid smtp server`), Us, message.ReasonBlocked,
		}, {
			"Postfix, Exim, Exchange, sendmail", "smtpd_check.c \"Relay access denied\"; Exim \"relay not permitted\"; Exchange 5.7.54; sendmail \"Relaying denied\"",
			regexp.MustCompile(`(?i)relay(ing)? (access )?(is )?(denied|not permitted|not allowed|prohibited)|(unable|not permitted|not allowed) to relay|does not relay|no relay|denies relay|openrelay|authenticat|auth(orization)? required|must issue an auth|does not have permission|has no permission`), Us, message.ReasonAuth,
		}, {
			"Gmail, QQ, Haraka, rspamd", "support.google.com/a/answer/3726730, 5.7.1; smtp.codes/qq \"Mail content denied\", \"Suspected spam sender\"",
			regexp.MustCompile(`(?i)\bspam|unsolicited|reputation|banned|(mail )?content (is )?(denied|rejected)|anti-spam|\bblocked\b`), Us, message.ReasonBlocked,
		}, {
			"Postfix", "smtpd_check.c: SMTPD_NAME_RECIPIENT, \"Recipient address rejected\"; also Microsoft 365 5.4.1",
			regexp.MustCompile(`(?i)recipient (address )?(is )?(rejected|refused|denied|invalid)|user unknown|undeliverable (address|recipient)`), Recipient, "",
		}, {
			"Exim, Gmail, QQ, OpenSMTPD, Haraka, Aliyun", "Exim \"Unrouteable address\"; Gmail 5.1.1, 5.2.1; QQ \"Mailbox not found\"; Aliyun DirectMail \"Invalid rcptto\"",
			regexp.MustCompile(`(?i)(unknown|no such|invalid|bad|un-?route?able|nonexistent|inactive|disabled) (local )?(user|recipient|mailbox|address|account|person|rcptto|destination)|` +
				`(user|recipient|mailbox|account|address|inbox)\b.{0,60}(not (be )?(found|known|exist|valid|available)|n't (exist|have)|no longer|unavailable|disabled|inactive|locked|deactivated|over ?quota|exceeded|full\b)|does not have an account|mailbox (is )?full`), Recipient, "",
		},
	}
})

// Addresses are what looks like one in a text; no word in it says anything.
var Addresses = regexp.MustCompile(`[^\s<>"'(),;:\[\]]+@[^\s<>"'(),;:\[\]]+`)

// Of is whom an answer that refuses is about, and the reason where it is us: by its words, and then by its status (RFC 3463: "5.1.1"; empty
// for none). Where no recipient was named before it, it is about none.
func Of(status string, text []byte, named bool) (Whom, message.Reason) {
	text = Addresses.ReplaceAll(text, []byte("@"))
	known := wordings()
	for i := range known {
		if w := &known[i]; (named || w.about != Recipient) && w.says.Match(text) {
			return w.about, w.reason
		}
	}
	for i := range statuses {
		if s := &statuses[i]; (named || s.about != Recipient) && within(status, s.enhanced) {
			return s.about, s.reason
		}
	}
	return 0, ""
}

// within finds a status, whatever its class, among subjects ("2") and details ("1.7").
func within(status, list string) bool {
	_, status, _ = strings.Cut(status, ".")
	subject, _, _ := strings.Cut(status, ".")
	for _, s := range strings.Fields(list) {
		if s == status || s == subject {
			return true
		}
	}
	return false
}

// statuses are the enhanced statuses that say whom an answer is about. Where words and status differ, the words are what a
// person would believe: 5.1.0 and 5.7.1 are given for everything.
var statuses = []struct { //nolint:gochecknoglobals // a table
	enhanced string // without the class
	source   string
	about    Whom
	reason   message.Reason
}{
	{"1.1 1.2 1.3 1.4 1.5 1.6", "RFC 3463 3.2: destination", Recipient, ""},
	{"1.10", "RFC 7505 4.2: the recipient's domain takes no mail", Recipient, ""},
	{"1.7 1.8", "RFC 3463 3.2: sender's address, sender's system", Us, message.ReasonBlocked},
	{"2", "RFC 3463 3.3: mailbox", Recipient, ""},
	{"7.8 7.9 7.11 7.14", "RFC 4954 6, RFC 3463 3.8: credentials, encryption", Us, message.ReasonAuth},
	{"7.20 7.21 7.22 7.23 7.24 7.25 7.26", "RFC 7372 3: DKIM, SPF, reverse DNS", Us, message.ReasonBlocked},
	{"7.27", "RFC 7505 4.2: the sender's domain takes no mail", Us, message.ReasonBlocked},
}
