package preflight

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"slices"
	"strings"

	"notify/pkg/dns"
	"notify/pkg/words"
)

// The sizes of RSA keys (RFC 8301, 3.2): receivers must not take a signature with less than dkimLeast bits.
const (
	dkimLeast = 1024
	dkimGood  = 2048
)

// dkimCheck asks whether the key is published with which mails are signed: by notify, where it has the key, or by the account's server, whose
// selector it has to be told.
//
// *Is the key published with which mails are signed?* FAIL for none, another one than `dkim.key`, a revoked one and RSA below 1024 bits; WARN below 2048. SKIP where the
// account has no `dkim.selector`.
func dkimCheck() Check {
	return Check{ID: "dkim", Group: GroupSender, Online: true, Overrule: "what receivers refuse bounces, and nothing is sent twice", Run: func(ctx context.Context, s *Subject) Finding {
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
		return judgement{Status: Skip, Evidence: reserved(domain), Value: "reserved"}
	}
	if m.Account.DKIM.Selector == "" {
		return judgement{
			Status: NotLooked, Value: "unknown", Evidence: words.T("dkim.no-selector", nil),
			Remedy: words.T("dkim.say-selector", words.A{"setting": "accounts." + m.Name + ".dkim: {selector: s1}"}),
		}
	}
	name := m.Account.DKIM.Selector + "._domainkey." + domain
	texts, err := s.resolver().LookupTXT(ctx, name)
	bad := judgement{Status: Fail, Proof: disproven, Remedy: words.T("dkim.publish", words.A{"name": name, "account": m.Name}), Value: "none"}
	switch {
	case dns.IsNotFound(err):
		bad.Evidence = words.T("dkim.no-key", words.A{"name": name})
		return bad
	case err != nil:
		return judgement{Status: Error, Proof: unasked, Evidence: words.T("dkim.key-at", words.A{"name": name}), Err: err, Value: "unknown"}
	case len(texts) > 1:
		bad.Evidence = words.T("dkim.many", words.A{"name": name, "records": len(texts)})
		return bad
	}
	k, err := parseDKIMKey(texts[0])
	if err != nil {
		bad.Evidence = words.T("dkim.bad", words.A{"name": name, "fault": words.Cause(err)})
		return bad
	}
	if m.Account.DKIM.Key != nil && !k.is(m.Account.DKIM.Key.Public()) {
		bad.Evidence, bad.Remedy = words.T("dkim.other", words.A{"name": name, "account": m.Name}), words.T("dkim.publish-ours", words.A{
			"name": name, "record": keyRecord(m.Account.DKIM.Key.Public()),
		})
		return bad
	}
	return k.judge(name, m.Name)
}

// is reports whether this is the public key.
func (k dkimKey) is(key crypto.PublicKey) bool {
	ours, ok := key.(interface{ Equal(x crypto.PublicKey) bool })
	return ok && k.key != nil && ours.Equal(k.key)
}

// keyRecord is a public key as it is published (RFC 6376 3.6.1, RFC 8463 4.2).
func keyRecord(key crypto.PublicKey) string {
	switch key := key.(type) {
	case ed25519.PublicKey:
		return "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(key)
	default:
		der, err := x509.MarshalPKIXPublicKey(key)
		if err != nil {
			return ""
		}
		return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der)
	}
}

// dkimKey is a published key.
type dkimKey struct {
	kind    string // "rsa", "ed25519"
	bits    int
	key     crypto.PublicKey
	testing bool // receivers are asked to treat signed mail as unsigned
}

func (k dkimKey) judge(name, account string) judgement {
	j := judgement{
		Status: Pass, Proof: proven, Evidence: words.T("dkim.key", words.A{"name": name, "kind": k.kind, "bits": row(k.bits)}), Value: k.kind,
	}
	longer := words.T("dkim.longer", words.A{"account": account})
	switch {
	case k.kind == "rsa" && k.bits < dkimLeast:
		j.Status, j.Proof, j.Evidence.ID, j.Remedy = Fail, disproven, "dkim.too-short", longer
	case k.testing:
		j.Status, j.Proof, j.Evidence.ID, j.Remedy = Warn, disproven, "dkim.testing", words.T("dkim.end-testing", words.A{"name": name})
	case k.kind == "rsa" && k.bits < dkimGood:
		j.Status, j.Evidence.ID, j.Remedy = Warn, "dkim.short", longer
	case k.kind == "ed25519":
		j.Status, j.Evidence.ID, j.Remedy = Warn, "dkim.new", words.T("dkim.also-rsa", words.A{"account": account})
	}
	return j
}

// What can be wrong with a key record.
var (
	errKeyRevoked = words.Err("dkim.fault-revoked", nil)
	errNoKey      = words.Err("dkim.fault-no-key", nil)
	errKeyVersion = words.Err("dkim.fault-version", nil)
	errKeyHash    = words.Err("dkim.fault-hash", nil)
	errKeyService = words.Err("dkim.fault-service", nil)
	errKeyText    = words.Err("dkim.fault-text", nil)
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
	k.key, k.bits, err = publicKey(k.kind, p)
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
			return nil, words.Err("dkim.fault-form", words.A{"part": clip(strings.TrimSpace(part))})
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

// publicKey is a key with its size. RSA keys are found in both forms that RFC 6376 can be read to ask for (erratum 3017).
func publicKey(kind, p string) (key crypto.PublicKey, bits int, err error) {
	der, err := base64.StdEncoding.DecodeString(p)
	if err != nil {
		return nil, 0, errKeyText
	}
	switch kind {
	case "rsa":
		pub, err := x509.ParsePKIXPublicKey(der)
		if err != nil {
			pub, err = x509.ParsePKCS1PublicKey(der)
		}
		if key, is := pub.(*rsa.PublicKey); is && err == nil {
			return key, key.N.BitLen(), nil
		}
		return nil, 0, errKeyText
	case "ed25519":
		if len(der) != ed25519.PublicKeySize {
			return nil, 0, errKeyText
		}
		return ed25519.PublicKey(der), 8 * len(der), nil
	}
	return nil, 0, words.Err("dkim.fault-kind", words.A{"kind": clip(kind)})
}
