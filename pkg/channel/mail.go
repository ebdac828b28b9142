package channel

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"notify/pkg/diag"
	"notify/pkg/message"
	"notify/pkg/words"
)

// RFC 5321 section 4.5.3.1: a local part of 64 octets, a domain of 255, and a path of 256 with its two brackets.
const (
	maxLocal   = 64
	maxAddress = 254
	maxLabel   = 63
)

// Email reads one e-mail address as people type it (spaces around it, full-width @ and dots, mailto:, a display name,
// trailing punctuation) and returns it with its domain in lower-case ASCII. The error is an *AddressError.
//
// The local part becomes lower case as well, unless it is quoted. RFC 5321 lets a host tell upper from lower case, and
// none that matters does; but a message's identity is made from the address, so "Wang@" on the mended list has to be the
// "wang@" who has already been told.
func Email(raw string) (message.Address, error) {
	s, err := unwrapEmail(foldText(raw))
	if err != nil {
		return "", err
	}
	local, domain, err := splitEmail(s)
	if err != nil {
		return "", err
	}
	if domain, err = asciiDomain(domain); err != nil {
		return "", err
	}
	if local, err = localPart(local); err != nil {
		return "", err
	}
	if len(local) > maxLocal || len(local)+1+len(domain) > maxAddress {
		return "", emailError("email-long", words.T("address.too-long", nil), words.T("address.do.correct", nil))
	}
	return message.Address(local + "@" + domain), nil
}

func emailError(code string, summary, hint words.Text) error {
	return &AddressError{Code: code, Summary: summary, Hint: hint}
}

// foldText turns full-width characters into their ASCII twins and drops invisible ones.
func foldText(s string) string {
	if isPlain(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '！' && r <= '～': // the full-width block mirrors ASCII 0x21 to 0x7E
			return r - '！' + '!'
		case r == '。' || r == '｡':
			return '.'
		case unicode.IsSpace(r):
			return ' '
		case unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, s)
}

// isPlain reports printable ASCII.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// unwrapEmail takes away what stands around an address.
func unwrapEmail(s string) (string, error) {
	s = strings.TrimLeft(strings.Trim(s, " ;,、.:"), "'")
	if strings.HasSuffix(s, ">") {
		if strings.Count(s, "<") != 1 {
			return "", emailError("email-several", words.T("address.several-mails", nil), words.T("address.do.one-mail", nil))
		}
		s = s[strings.IndexByte(s, '<')+1 : len(s)-1]
	}
	if len(s) > 7 && strings.EqualFold(s[:7], "mailto:") {
		s, _, _ = strings.Cut(s[7:], "?")
	}
	return strings.Trim(s, " ;,、.:'"), nil
}

func splitEmail(s string) (local, domain string, err error) {
	at := strings.LastIndexByte(s, '@')
	switch {
	case at < 0:
		return "", "", emailError("email-invalid", words.T("address.no-at", nil), words.T("address.do.correct", nil))
	case strings.Count(s, "@") > 1 && strings.ContainsAny(s, " ;,、/|"):
		return "", "", emailError("email-several", words.T("address.several-mails", nil), words.T("address.do.one-mail", nil))
	case strings.Count(s, "@") > 1:
		return "", "", emailError("email-invalid", words.T("address.many-at", nil), words.T("address.do.correct", nil))
	}
	local = strings.TrimSpace(s[:at])
	domain = strings.ReplaceAll(strings.ReplaceAll(strings.TrimSpace(s[at+1:]), " .", "."), ". ", ".")
	if strings.Contains(domain, " ") || (strings.Contains(local, " ") && !strings.HasPrefix(local, `"`)) {
		return "", "", emailError("email-space", words.T("address.space", nil), words.T("address.do.no-space", nil))
	}
	return local, domain, nil
}

// localPart is a dot-atom in lower case, or a quoted string in its shortest form.
func localPart(s string) (string, error) {
	if isDotAtom(s) {
		return strings.ToLower(s), nil
	}
	if !isPlain(s) {
		return "", emailError("email-local", words.T("address.local-characters", nil), words.T("address.do.plain-letters", nil))
	}
	if strings.HasPrefix(s, `"`) {
		// The placeholder domain keeps net/mail from looking at the real one.
		if a, err := mail.ParseAddress(s + "@x.test"); err == nil {
			quoted := strings.TrimSuffix(strings.TrimPrefix((&mail.Address{Address: a.Address}).String(), "<"), "@x.test>")
			if isDotAtom(quoted) {
				return strings.ToLower(quoted), nil
			}
			return quoted, nil
		}
	}
	return "", emailError("email-invalid", words.T("address.local-malformed", nil), words.T("address.do.correct", nil))
}

func isDotAtom(s string) bool {
	if s == "" || s[0] == '.' || s[len(s)-1] == '.' || strings.Contains(s, "..") {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !isLetterOrDigit(c) && strings.IndexByte(".!#$%&'*+-/=?^_`{|}~", c) < 0 {
			return false
		}
	}
	return true
}

func isLetterOrDigit(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// asciiDomain is a host name in lower-case ASCII with at least two labels.
func asciiDomain(domain string) (string, error) {
	domain = strings.TrimSuffix(domain, ".")
	if strings.HasPrefix(domain, "[") {
		return "", emailError("email-domain", words.T("address.at-number", nil), words.T("address.do.domain", nil))
	}
	lower := strings.ToLower(domain)
	if !isPlain(lower) || strings.Contains(lower, "xn--") {
		ascii, err := idna.Lookup.ToASCII(domain)
		if err != nil || !utf8.ValidString(domain) {
			return "", emailError("email-domain", words.T("address.no-domain", nil), words.T("address.do.correct", nil))
		}
		lower = strings.TrimSuffix(ascii, ".")
	}
	if !isHostName(lower) {
		return "", emailError("email-domain", words.T("address.no-domain", nil), words.T("address.do.correct", nil))
	}
	return lower, nil
}

func isHostName(s string) bool {
	labels := strings.Split(s, ".")
	if len(labels) < 2 || AllDigits(labels[len(labels)-1]) {
		return false
	}
	for _, label := range labels {
		if label == "" || len(label) > maxLabel || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if !isLetterOrDigit(label[i]) && label[i] != '-' {
				return false
			}
		}
	}
	return true
}

// mailHosts are large mail hosts, the mistyped names of which are worth a warning, and the names that look like a slip
// of one of them and are not.
//
//nolint:gochecknoglobals // a table
var (
	mailHosts = []string{
		"gmail.com", "qq.com", "163.com", "126.com", "outlook.com", "hotmail.com", "foxmail.com", "yahoo.com",
		"icloud.com", "aliyun.com", "sina.com", "sina.cn", "sohu.com", "yeah.net", "139.com", "189.cn", "live.com", "msn.com",
	}
	lookalikes = map[string]bool{
		"mail.com": true, "email.com": true, "ymail.com": true, "hotmail.co.uk": true, "yahoo.cn": true, "188.com": true,
		"outlook.cn": true, "vip.qq.com": true, "263.com": true, "263.net": true, "163.net": true, "qq.cn": true,
		"sina.com.cn": true, "yahoo.co.jp": true, "yahoo.com.cn": true, "aliyun.cn": true, "live.cn": true, "sohu.net": true,
	}
	slips = map[string]bool{"con": true, "cmo": true, "ocm": true, "comm": true, "coom": true, "cm": true, "co": true, "om": true, "vom": true, "xom": true, "cpm": true, "cim": true, "c0m": true, "comn": true, "ccom": true, "cn": false}
)

// likelyDomain is the large mail host that was probably meant, or empty.
func likelyDomain(domain string) string {
	if lookalikes[domain] {
		return ""
	}
	name, tld, _ := strings.Cut(domain, ".")
	best := ""
	for _, host := range mailHosts {
		if host == domain {
			return ""
		}
		hostName, _, _ := strings.Cut(host, ".")
		// One slip in a short name such as 126 makes another real name; in a long one it hardly does.
		if (name == hostName && slips[tld]) || (len(hostName) >= 5 && best == "" && diag.Distance(domain, host) == 1) {
			best = host
		}
	}
	return best
}
