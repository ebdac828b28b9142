package config_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/config"
)

func TestWhatIsKnownAboutASender(t *testing.T) {
	dir := write(t, map[string]string{"notify.yaml": `
environment: test
dns: 127.0.0.1:5353
accounts:
  edm:
    vendor: smtp
    class: marketing
    dkim: {selector: S2026.Mail, domain: EDM.example.com.}
    sends_from: [203.0.113.7, "2001:db8::7"]
  plain: {vendor: smtp, class: notice, dkim: {selector: a}}
`})
	c, err := config.Load(config.LoadOptions{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("127.0.0.1:5353", c.DNS); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(config.DKIM{Selector: "s2026.mail", Domain: "edm.example.com"}, c.Accounts["edm"].DKIM); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(config.DKIM{Selector: "a"}, c.Accounts["plain"].DKIM); diff != "" {
		t.Error(diff)
	}
	var got []string
	for _, a := range c.Accounts["edm"].SendsFrom {
		got = append(got, a.String())
	}
	if diff := cmp.Diff([]string{"203.0.113.7", "2001:db8::7"}, got); diff != "" {
		t.Error(diff)
	}
	if c.Accounts["plain"].SendsFrom != nil {
		t.Error("addresses from nowhere")
	}
}

func TestTheDNSServer(t *testing.T) {
	for _, c := range []struct{ name, yaml, want string }{
		{"an address with its port", "dns: 192.0.2.53:5353", "192.0.2.53:5353"},
		{"an address", "dns: 192.0.2.53", "192.0.2.53:53"},
		{"an IPv6 address", `dns: "2001:db8::53"`, "[2001:db8::53]:53"},
		{"an IPv6 address with its port", `dns: "[2001:db8::53]:5353"`, "[2001:db8::53]:5353"},
		{"none", "country: CN", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := config.Load(config.LoadOptions{Dir: write(t, map[string]string{"notify.yaml": "environment: test\n" + c.yaml + "\n"})})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := netip.ParseAddrPort(got.DNS); err != nil && c.want != "" {
				t.Error(err)
			}
			if diff := cmp.Diff(c.want, got.DNS); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("by the environment", func(t *testing.T) {
		t.Setenv("NOTIFY_DNS", "192.0.2.54")
		got, err := config.Load(config.LoadOptions{Dir: write(t, map[string]string{"notify.yaml": "environment: test\ndns: 192.0.2.53\n"})})
		if err != nil || got.DNS != "192.0.2.54:53" {
			t.Errorf("%v, %v", got, err)
		}
	})
}

func TestBrokenWordsAboutASender(t *testing.T) {
	for _, c := range []struct{ name, text, place, says, hint string }{
		{"a DNS server by name", "environment: test\ndns: dns.example.com\n", "notify.yaml, line 2, dns", "not the address", "192.0.2.53"},
		{"a DNS server without a port behind the colon", "environment: test\ndns: \"192.0.2.53:\"\n", "notify.yaml, line 2, dns", "not the address", "192.0.2.53"},
		{"a DNS server on port 0", "environment: test\ndns: 192.0.2.53:0\n", "notify.yaml, line 2, dns", "not the address", "192.0.2.53"},
		{"an empty DNS server", "environment: test\ndns: \"\"\n", "notify.yaml, line 2, dns", "not the address", "leave the key out"},
		{"two DNS servers", "environment: test\ndns: [192.0.2.53]\n", "notify.yaml, line 2, dns", "a list stands", ""},
		{"a selector with its domain", account("dkim: {selector: s1@example.com}"), "notify.yaml, line 6, accounts.sms.dkim.selector", "cannot be a selector", "s2026"},
		{"a domain without a selector", account("dkim: {domain: example.com}"), "notify.yaml, line 6, accounts.sms.dkim.selector", "no selector", "selector:"},
		{"a domain that is none", account("dkim: {selector: a, domain: \"a b\"}"), "notify.yaml, line 6, accounts.sms.dkim.domain", "no domain", "edm.example.com"},
		{"an unknown key of DKIM", account("dkim: {selektor: a}"), "notify.yaml, line 6, accounts.sms.dkim.selektor", "not known", "selector"},
		{"a key that is none", account("dkim: {selector: a, key: \"S3CRET\"}"), "notify.yaml, line 6, accounts.sms.dkim.key", "no private key in PEM", "openssl genrsa"},
		{"a selector without its key", account("dkim: s1"), "notify.yaml, line 6, accounts.sms.dkim", "where keys are expected", ""},
		{"a range of addresses", account("sends_from: [203.0.113.0/24]"), "notify.yaml, line 6, accounts.sms.sends_from[1]", "not an address", "203.0.113.7"},
		{"a private address", account("sends_from: [10.0.0.7]"), "notify.yaml, line 6, accounts.sms.sends_from[1]", "receivers can see", "203.0.113.7"},
		{"an address twice", account(`sends_from: [203.0.113.7, "::ffff:203.0.113.7"]`), "notify.yaml, line 6, accounts.sms.sends_from[2]", "stands twice", "one of the two"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := load(t, c.text)
			got := problems(t, err)
			if len(got) != 1 {
				t.Fatalf("got %d problems, want one: %v", len(got), got)
			}
			p := got[0]
			if p.Place.String() != c.place || !strings.Contains(p.Summary.String(), c.says) || !strings.Contains(p.Hint.String(), c.hint) {
				t.Errorf("%s: %q, hint %q; want %s: %q and %q", p.Place, p.Summary.String(), p.Hint.String(), c.place, c.says, c.hint)
			}
		})
	}
}

func TestAKeyToSignWithIsReadFromItsFile(t *testing.T) {
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]crypto.Signer{"Ed25519": ed, "RSA": small} {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		t.Setenv("DKIM_KEY", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
		c, err := load(t, "environment: test\naccounts: {edm: {vendor: smtp, class: notice, dkim: {selector: s1, key: \"${DKIM_KEY}\"}}}\n")
		if err != nil {
			t.Fatal(err)
		}
		got := c.Accounts["edm"].DKIM.Key
		if got == nil || !got.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(key.Public()) {
			t.Errorf("%s: got %T", name, got)
		}
	}
}
