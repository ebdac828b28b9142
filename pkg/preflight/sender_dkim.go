package preflight

import (
	"context"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"notify/pkg/dns"
)

// The sizes of RSA keys (RFC 8301, 3.2): receivers must not take a signature with less than dkimLeast bits.
const (
	dkimLeast = 1024
	dkimGood  = 2048
)

// dkimCheck asks whether the key is published with which the account's server signs. notify signs nothing itself, so that it
// has to be told the selector.
func dkimCheck() Check {
	return Check{ID: "dkim", Group: GroupSender, Online: true, Run: func(ctx context.Context, s *Subject) Finding {
		return s.ofSender(func(from mailSender, a *senderAnswers) {
			for _, m := range from.Mailers {
				a.judged(m, "dkim", s.judgeDKIM(ctx, from, m))
			}
		})
	}}
}

// dkimDomain is d= of the signature.
func dkimDomain(from mailSender, m mailer) string {
	if d, err := asciiDomain(m.Account.DKIM.Domain); err == nil && d != "" {
		return d
	}
	return from.From
}

// judgeDKIM looks for the key and at what it is.
func (s *Subject) judgeDKIM(ctx context.Context, from mailSender, m mailer) judgement {
	domain := dkimDomain(from, m)
	if isReserved(domain) {
		return judgement{Status: Skip, Part: fmt.Sprintf(textReserved, domain), Value: "reserved"}
	}
	if m.Account.DKIM.Selector == "" {
		return judgement{Status: Skip, Part: textNoSelector, Remedy: fmt.Sprintf(textSaySelector, m.Name), Value: "unknown"}
	}
	name := m.Account.DKIM.Selector + "._domainkey." + domain
	texts, err := s.resolver().LookupTXT(ctx, name)
	bad := judgement{Status: Fail, Proof: disproven, Remedy: fmt.Sprintf(textPublishKey, name, m.Name), Value: "none"}
	switch {
	case dns.IsNotFound(err):
		bad.Part = fmt.Sprintf(textNoKey, name)
		return bad
	case err != nil:
		return judgement{Status: Error, Proof: unasked, Part: fmt.Sprintf(textKeyAt, name), Err: err, Value: "unknown"}
	case len(texts) > 1:
		bad.Part = fmt.Sprintf(textManyKeys, name, len(texts))
		return bad
	}
	k, err := parseDKIMKey(texts[0])
	if err != nil {
		bad.Part = fmt.Sprintf(textBadKey, name, err)
		return bad
	}
	return k.judge(name, m.Name)
}

// dkimKey is a published key.
type dkimKey struct {
	kind    string // "rsa", "ed25519"
	bits    int
	testing bool // receivers are asked to treat signed mail as unsigned
}

func (k dkimKey) judge(name, account string) judgement {
	what := fmt.Sprintf(textKeyIs, name, k.kind, k.bits)
	j := judgement{Status: Pass, Proof: proven, Part: what, Value: k.kind}
	switch {
	case k.kind == "rsa" && k.bits < dkimLeast:
		j.Status, j.Proof, j.Part = Fail, disproven, what+textKeyTooShort
		j.Remedy = fmt.Sprintf(textLongerKey, account)
	case k.testing:
		j.Status, j.Proof, j.Part, j.Remedy = Warn, disproven, what+textKeyTesting, fmt.Sprintf(textEndTesting, name)
	case k.kind == "rsa" && k.bits < dkimGood:
		j.Status, j.Part, j.Remedy = Warn, what+textKeyShort, fmt.Sprintf(textLongerKey, account)
	case k.kind == "ed25519":
		j.Status, j.Part, j.Remedy = Warn, what+textKeyNew, fmt.Sprintf(textAlsoRSA, account)
	}
	return j
}

// What can be wrong with a key record.
var (
	errKeyRevoked = errors.New("it is revoked: its p= is empty")
	errNoKey      = errors.New("it holds no key: there is no p=")
	errKeyVersion = errors.New("it is not for DKIM: v= is not DKIM1")
	errKeyHash    = errors.New("its h= does not allow sha256")
	errKeyService = errors.New("its s= does not allow mail")
	errKeyText    = errors.New("its p= is no key")
)

// parseDKIMKey reads a key record (RFC 6376 3.6.1, RFC 8463).
func parseDKIMKey(text string) (dkimKey, error) {
	tags, err := parseTags(text)
	if err != nil {
		return dkimKey{}, err
	}
	k := dkimKey{kind: "rsa"}
	if kind, has := tags["k"]; has {
		k.kind = strings.ToLower(kind)
	}
	p, has := tags["p"]
	if v, said := tags["v"]; said && v != "DKIM1" {
		return k, errKeyVersion
	}
	switch {
	case !has:
		return k, errNoKey
	case p == "":
		return k, errKeyRevoked
	case !allows(tags, "h", "sha256"):
		return k, errKeyHash
	case !allows(tags, "s", "*", "email"):
		return k, errKeyService
	}
	k.testing = slices.Contains(parts(tags["t"]), "y")
	k.bits, err = keyBits(k.kind, p)
	return k, err
}

// parseTags reads "a=1; b=2" (RFC 6376 3.2); white space inside a value is for folding only.
func parseTags(text string) (map[string]string, error) {
	tags := make(map[string]string)
	for part := range strings.SplitSeq(text, ";") {
		if strings.TrimSpace(part) == "" {
			continue
		}
		name, value, ok := strings.Cut(part, "=")
		name = strings.TrimSpace(name)
		if _, twice := tags[name]; !ok || name == "" || twice {
			return nil, fmt.Errorf("it is not of the form k=rsa; p=…: %q", clip(strings.TrimSpace(part)))
		}
		tags[name] = strings.Join(strings.Fields(value), "")
	}
	return tags, nil
}

// clip shortens what somebody else wrote for a line of ours.
func clip(s string) string {
	const most = 80
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// parts are the parts of a value that colons separate.
func parts(value string) []string { return strings.Split(strings.ToLower(value), ":") }

// allows reports a tag that is not there, or names one of these.
func allows(tags map[string]string, tag string, one ...string) bool {
	value, has := tags[tag]
	return !has || slices.ContainsFunc(parts(value), func(w string) bool { return slices.Contains(one, w) })
}

// keyBits is the size of a key. RSA keys are found in both forms that RFC 6376 can be read to ask for (erratum 3017).
func keyBits(kind, p string) (int, error) {
	der, err := base64.StdEncoding.DecodeString(p)
	if err != nil {
		return 0, errKeyText
	}
	switch kind {
	case "rsa":
		if pub, err := x509.ParsePKIXPublicKey(der); err == nil {
			if key, is := pub.(*rsa.PublicKey); is {
				return key.N.BitLen(), nil
			}
			return 0, errKeyText
		}
		key, err := x509.ParsePKCS1PublicKey(der)
		if err != nil {
			return 0, errKeyText
		}
		return key.N.BitLen(), nil
	case "ed25519":
		if len(der) != ed25519.PublicKeySize {
			return 0, errKeyText
		}
		return 8 * len(der), nil
	}
	return 0, fmt.Errorf("its k=%s is not known", clip(kind))
}

const (
	textNoSelector  = "the selector of the DKIM key is not configured"
	textSaySelector = "find s= and d= in the DKIM-Signature of a mail that came this way, and write them into notify.yaml: accounts.%s.dkim: {selector: s1}; without a signature, switch DKIM on at the vendor"
	textKeyAt       = "the DKIM key %s"
	textNoKey       = "there is no DKIM key at %s"
	textManyKeys    = "there are %[2]d records at %[1]s, and only one may be: receivers take none"
	textBadKey      = "the DKIM key at %s cannot be used: %v"
	textKeyIs       = "%s: %s key of %d bits"
	textKeyTooShort = ", which receivers do not take"
	textKeyShort    = ", which is short"
	textKeyTesting  = ", in test mode (t=y): receivers treat the mails as unsigned"
	textKeyNew      = ", which many receivers do not know yet"
	textPublishKey  = "publish the TXT record that the vendor shows for %s, or correct accounts.%s.dkim in notify.yaml"
	textLongerKey   = "have account %s sign with an RSA key of 2048 bits under a new selector"
	textEndTesting  = "take t=y out of the record %s"
	textAlsoRSA     = "have account %s sign with an RSA key of 2048 bits too"
)
