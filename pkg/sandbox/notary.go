package sandbox

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/http"
	"slices"
	"sync"
	"time"
)

// notary signs as vendors do that publish a certificate, and keeps whether somebody wants to be told. One is made where such a form is asked for: nil signs
// nothing.
type notary struct {
	own, forged *rsa.PrivateKey // forged is that of somebody who has a key, and not this one
	pem         []byte
	token       string
	base        string

	mu     sync.Mutex
	wanted bool // who subscribed has said so
}

const notaryBits = 2048

// newNotary makes one where a target's form needs it.
func newNotary(to []Target, now func() time.Time) (*notary, error) {
	if !slices.ContainsFunc(to, func(t Target) bool { return t.Form == FormSES || t.Form == FormDirectMail }) {
		return nil, nil
	}
	n := &notary{token: rand.Text()}
	var err error
	if n.own, err = rsa.GenerateKey(rand.Reader, notaryBits); err != nil {
		return nil, err
	}
	if n.forged, err = rsa.GenerateKey(rand.Reader, notaryBits); err != nil {
		return nil, err
	}
	sheet := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sandbox.test"}, NotBefore: now().Add(-time.Hour), NotAfter: now().AddDate(1, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, sheet, sheet, &n.own.PublicKey, n.own)
	n.pem = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return n, err
}

// serves says under which address the gateway answers.
func (n *notary) serves(base string) {
	if n != nil {
		n.base = base
	}
}

func (n *notary) at(path string) string { return n.base + path }

// key is the one that the certificate is of, but for who guesses.
func (n *notary) key(secret string) *rsa.PrivateKey {
	if secret == guessed {
		return n.forged
	}
	return n.own
}

func (n *notary) confirmed() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.wanted
}

// routes are where the certificate lies, and where a subscription is confirmed.
func (n *notary) routes(mux *http.ServeMux) {
	if n == nil {
		return
	}
	certificate := func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(n.pem) }
	mux.HandleFunc("GET /sns/SimpleNotificationService.pem", certificate)
	mux.HandleFunc("GET /eventbridge/public.pem", certificate)
	mux.HandleFunc("GET /sns/{$}", func(w http.ResponseWriter, r *http.Request) {
		if q := r.URL.Query(); q.Get("Action") != "ConfirmSubscription" || q.Get("TopicArn") != Topic || q.Get("Token") != n.token {
			http.Error(w, "AuthorizationError", http.StatusForbidden)
			return
		}
		n.mu.Lock()
		defer n.mu.Unlock()
		n.wanted = true
		_, _ = w.Write([]byte("<ConfirmSubscriptionResponse/>"))
	})
}
