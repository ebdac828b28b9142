package smtp_test

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"

	"notify/pkg/message"
	"notify/pkg/vendors"
	"notify/pkg/vendors/smtp"
)

// TestASignedMailIsVerifiedByItsReceiver: with dots at the heads of lines, with HTML and in Chinese; and it is no longer once anything
// that people see was changed.
func TestASignedMailIsVerifiedByItsReceiver(t *testing.T) {
	t.Parallel()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	edPublic, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(rsaKey.Public())
	if err != nil {
		t.Fatal(err)
	}
	dotted, marked := plainMail(1), plainMail(2)
	dotted.Text = ".a line\n..\nand 王芳\n."
	marked.HTML = "<p>王芳，您好</p>\n"
	for name, c := range map[string]struct {
		key    crypto.Signer
		record string
		domain string
	}{
		"RSA, the sender's domain":  {rsaKey, "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der), ""},
		"Ed25519, the organisation": {edKey, "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(edPublic), "example.test"},
	} {
		v, err := smtp.Kind().New(vendors.Settings{
			Account: "edm", Options: map[string]any{"address": "127.0.0.1:25", "tls": "none"}, Now: time.Now,
			DKIM: &vendors.DKIM{Selector: "s1", Domain: c.domain, Key: c.key},
		})
		if err != nil {
			t.Fatal(err)
		}
		want := c.domain
		if want == "" {
			want = "edm.example.test"
		}
		verify := func(mail []byte) error {
			found, err := dkim.VerifyWithOptions(bytes.NewReader(mail), &dkim.VerifyOptions{LookupTXT: func(name string) ([]string, error) {
				if name != "s1._domainkey."+want {
					t.Errorf("%s: the key is looked for at %s", name, name)
				}
				return []string{c.record}, nil
			}})
			switch {
			case err != nil:
				return err
			case len(found) != 1 || found[0].Domain != want:
				t.Fatalf("%s: signatures %+v", name, found)
			}
			return found[0].Err
		}
		for _, m := range []message.Message{dotted, marked} {
			data, _, _, err := smtp.Compose(v, m)
			if err != nil {
				t.Fatal(err)
			}
			mail := bytes.ReplaceAll(bytes.TrimSuffix(data, []byte(".\r\n")), []byte("\r\n.."), []byte("\r\n."))
			if err := verify(mail); err != nil {
				t.Errorf("%s: %v\n%s", name, err, mail)
			}
			for _, change := range [][2]string{
				{"\r\nFrom: ", "\r\nFrom: Not the "},
				{"\r\nList-Unsubscribe: <https://edm", "\r\nList-Unsubscribe: <https://evil"},
				{"\r\nMIME-Version: ", "\r\nFrom: a@b.test\r\nMIME-Version: "},
			} {
				if changed := strings.Replace(string(mail), change[0], change[1], 1); verify([]byte(changed)) == nil {
					t.Errorf("%s: with %s for %s it verifies all the same", name, change[1], change[0])
				}
			}
		}
	}
}

func TestAKeyIsRefusedWhereTheVendorSigns(t *testing.T) {
	t.Parallel()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	kind := vendors.Kind{Name: "other", New: func(vendors.Settings) (vendors.Vendor, error) { return nil, nil }}
	_, err = vendors.Registry{"other": kind}.New("other", vendors.Settings{Account: "a", DKIM: &vendors.DKIM{Selector: "s", Key: key}})
	if err == nil || !strings.Contains(err.Error(), "account a has a DKIM key, and mails of the kind other are signed by the vendor") {
		t.Errorf("got %v", err)
	}
}
