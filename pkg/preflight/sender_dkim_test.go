package preflight_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"

	"notify/pkg/config"
	"notify/pkg/dns/dnstest"
	"notify/pkg/preflight"
)

func TestDKIM(t *testing.T) {
	key := func(record string) func(*mailWorld) {
		return set("dkim", dnstest.Text("s1._domainkey.edm.example.com", record))
	}
	ed := base64.StdEncoding.EncodeToString(make([]byte, 32))
	pkcs1 := base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PublicKey(&rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 2047), E: 65537}))
	own := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	ours := base64.StdEncoding.EncodeToString(own.Public().(ed25519.PublicKey))
	ownRSA, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	rsaOwn, err := x509.MarshalPKIXPublicKey(ownRSA.Public())
	if err != nil {
		t.Fatal(err)
	}
	signing := func(record string) func(*mailWorld) {
		return func(w *mailWorld) {
			w.account("edm", func(a *config.Account) { a.DKIM.Key = own })
			key(record)(w)
		}
	}
	askMail(t, "dkim", []mailQuestion{
		{name: "our own key is published", want: preflight.Warn, change: signing("k=ed25519; p=" + ours), summary: []string{"ed25519 key of 256 bits"}},
		{
			name: "another key than our own is published", want: preflight.Fail, change: signing("p=" + rsaKey(2048)),
			summary: []string{"publishes another key than that of account edm"}, remedies: []string{"v=DKIM1; k=ed25519; p=" + ours},
		},
		{
			name: "another key than our own RSA key is published", want: preflight.Fail, remedies: []string{"v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(rsaOwn)},
			change: func(w *mailWorld) {
				w.account("edm", func(a *config.Account) { a.DKIM.Key = ownRSA })
				key("k=ed25519; p=" + ours)(w)
			},
		},
		{name: "a key in the older form", want: preflight.Pass, change: key("p=" + pkcs1), summary: []string{"2048 bits"}},
		{name: "a key with spaces for folding", want: preflight.Pass, change: key("v=DKIM1 ; k=rsa ; s=email:x; h=sha1:sha256 ; t=s; p= " + rsaKey(4096)[:99] + " " + rsaKey(4096)[99:] + ";")},
		{name: "a short key", want: preflight.Warn, change: key("p=" + rsaKey(1024)), summary: []string{"1024 bits, which is short"}, remedies: []string{"2048 bits"}},
		{name: "a weak key", want: preflight.Fail, change: key("p=" + rsaKey(768)), summary: []string{"768 bits, which receivers do not take"}, remedies: []string{"2048 bits"}},
		{name: "a key of another kind", want: preflight.Warn, change: key("k=ed25519; p=" + ed), summary: []string{"ed25519 key of 256 bits"}, remedies: []string{"RSA"}},
		{name: "test mode", want: preflight.Warn, change: key("t=y:s; p=" + rsaKey(2048)), summary: []string{"t=y"}, remedies: []string{"take t=y out"}},
		{name: "a revoked key", want: preflight.Fail, change: key("v=DKIM1; p="), summary: []string{"revoked"}},
		{name: "two keys", want: preflight.Fail, change: func(w *mailWorld) { w.zone["dkim"] += dnstest.Text("s1._domainkey.edm.example.com", "p=") }, summary: []string{"there are 2 records"}},
		{name: "a record without a key", want: preflight.Fail, change: key("v=DKIM1; k=rsa"), summary: []string{"there is no p="}},
		{name: "another version", want: preflight.Fail, change: key("v=DKIM2; p=" + rsaKey(2048)), summary: []string{"v= is not DKIM1"}},
		{name: "another hash", want: preflight.Fail, change: key("h=sha1; p=" + rsaKey(2048)), summary: []string{"sha256"}},
		{name: "another service", want: preflight.Fail, change: key("s=tlsrpt; p=" + rsaKey(2048)), summary: []string{"does not allow mail"}},
		{name: "a key with something behind it", want: preflight.Fail, change: key("p=" + rsaKey(2048) + "!"), summary: []string{"p= is no key"}},
		{name: "nothing between two tags", want: preflight.Pass, change: key("v=DKIM1;; p=" + rsaKey(2048)), summary: []string{"2048 bits"}},
		{name: "not base64", want: preflight.Fail, change: key("p=-----BEGIN"), summary: []string{"p= is no key"}},
		{name: "not a key", want: preflight.Fail, change: key("p=aGVsbG8="), summary: []string{"p= is no key"}},
		{name: "an Ed25519 key of a wrong length", want: preflight.Fail, change: key("k=ed25519; p=aGVsbG8="), summary: []string{"p= is no key"}},
		{name: "a kind that nobody knows", want: preflight.Fail, change: key("k=dsa; p=aGVsbG8="), summary: []string{"k=dsa is not known"}},
		{name: "no record at all", want: preflight.Fail, change: key("hello"), summary: []string{"not of the form"}},
		{name: "80 letters that are no record", want: preflight.Fail, change: key(strings.Repeat("x", 80)), summary: []string{strings.Repeat("x", 80) + `"`}},
		{name: "more letters that are no record", want: preflight.Fail, change: key(strings.Repeat("x", 81)), summary: []string{" \"" + strings.Repeat("x", 80) + `…"`}},
		{name: "a tag twice", want: preflight.Fail, change: key("p=a; p=b"), summary: []string{"not of the form"}},
		{
			name: "the vendor signs with its own domain", want: preflight.Pass,
			change: func(w *mailWorld) {
				w.account("edm", func(a *config.Account) { a.DKIM = config.DKIM{Selector: "v1", Domain: "vendor.example.net"} })
				w.zone["dkim"] = dnstest.Text("v1._domainkey.vendor.example.net", "p="+rsaKey(2048))
			}, summary: []string{"v1._domainkey.vendor.example.net"},
		},
		{
			name: "no selector", want: preflight.NotLooked, change: func(w *mailWorld) { w.account("edm", func(a *config.Account) { a.DKIM = config.DKIM{} }) },
			summary: []string{"the selector of the DKIM key is not configured"}, remedies: []string{"accounts.edm.dkim: {selector: s1}"},
		},
		{name: "an invented sender", want: preflight.Skip, change: invented, summary: []string{"reserved for tests"}},
		{name: "a key that cannot be had", want: preflight.Error, change: fails("s1._domainkey.edm.example.com"), summary: []string{"could not be checked"}},
	})
}
