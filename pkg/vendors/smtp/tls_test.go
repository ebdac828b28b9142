package smtp_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	gosmtp "github.com/emersion/go-smtp"

	"notify/pkg/message"
	"notify/pkg/vendors"
	"notify/pkg/vendors/smtp"
	"notify/pkg/words"
)

// authority is a CA of the test and a certificate that it signed.
type authority struct {
	file   string // its certificate
	server tls.Certificate
}

func newAuthority(t *testing.T, names ...string) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test CA"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		DNSNames: names,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return authority{file: file, server: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}}
}

// relayServer is a real server: emersion/go-smtp.
type relayServer struct {
	addr  string
	taken atomic.Int32
}

type relaySession struct {
	srv      *relayServer
	password string
	authed   bool
}

func (*relaySession) Reset()                                 {}
func (*relaySession) Logout() error                          { return nil }
func (*relaySession) Rcpt(string, *gosmtp.RcptOptions) error { return nil }

func (s *relaySession) Mail(string, *gosmtp.MailOptions) error {
	if s.password != "" && !s.authed {
		return gosmtp.ErrAuthRequired
	}
	return nil
}

func (s *relaySession) Data(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	if err == nil {
		s.srv.taken.Add(1)
	}
	return err
}

func (s *relaySession) AuthMechanisms() []string {
	if s.password == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *relaySession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		if username != testUser || password != s.password {
			return gosmtp.ErrAuthFailed
		}
		s.authed = true
		return nil
	}), nil
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

func startRelay(t *testing.T, mode string, cert *tls.Certificate, password string) *relayServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relayServer{addr: l.Addr().String()}
	srv := gosmtp.NewServer(gosmtp.BackendFunc(func(*gosmtp.Conn) (gosmtp.Session, error) {
		return &relaySession{srv: r, password: password}, nil
	}))
	srv.ErrorLog = quiet{}
	srv.Domain = "relay.test"
	if cert != nil {
		srv.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*cert}}
	}
	if mode == "implicit" {
		l = tls.NewListener(l, srv.TLSConfig)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(l)
	}()
	t.Cleanup(func() {
		_ = srv.Close()
		<-done
	})
	return r
}

func TestTLSIsVerifiedAndNeverLeftOut(t *testing.T) {
	good := newAuthority(t, "relay.test")
	other := newAuthority(t, "relay.test")
	for _, tt := range []struct {
		name    string
		server  string // its mode
		options map[string]any
		want    string
	}{
		{"STARTTLS with our CA", "starttls", map[string]any{"tls": "starttls", "ca_file": good.file, "server_name": "relay.test"}, "accepted"},
		{"implicit TLS with our CA", "implicit", map[string]any{"tls": "implicit", "ca_file": good.file, "server_name": "relay.test"}, "accepted"},
		{"STARTTLS with another CA", "starttls", map[string]any{"tls": "starttls", "ca_file": other.file, "server_name": "relay.test"}, "unsent notify:tls-unknown-ca"},
		{"implicit TLS with another CA", "implicit", map[string]any{"tls": "implicit", "ca_file": other.file, "server_name": "relay.test"}, "unsent notify:tls-unknown-ca"},
		{"STARTTLS with the system's CAs", "starttls", map[string]any{"tls": "starttls", "server_name": "relay.test"}, "unsent notify:tls-unknown-ca"},
		{"a certificate for another name", "starttls", map[string]any{"tls": "starttls", "ca_file": good.file, "server_name": "else.test"}, "unsent notify:tls"},
		{"the name is the address where none is given", "starttls", map[string]any{"tls": "starttls", "ca_file": good.file}, "unsent notify:tls"},
		{"STARTTLS that is not offered", "none", map[string]any{"tls": "starttls"}, "refused notify:starttls-not-offered"},
		{"implicit TLS at a plain port", "none", map[string]any{"tls": "implicit", "server_name": "relay.test"}, "unsent notify:tls"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cert := &good.server
			if tt.server == "none" {
				cert = nil
			}
			srv := startRelay(t, tt.server, cert, "")
			v := newVendor(t, srv.addr, tt.options)
			o := v.Send(context.Background(), plainMail(1))
			if !strings.HasPrefix(o.String(), tt.want) {
				t.Errorf("outcome %+v, want %s", o, tt.want)
			}
			probe := probe(t, v)
			if (probe == nil) != (o.Kind == message.OutcomeAccepted) {
				t.Errorf("outcome %+v, but probing says %v", o, probe)
			}
			if probe != nil && strings.Contains(probe.Error(), "notify:") {
				t.Errorf("a code of ours stands where words should: %v", probe)
			}
			if n := srv.taken.Load(); (n == 1) != (o.Kind == message.OutcomeAccepted) {
				t.Errorf("the server took %d messages", n)
			}
		})
	}
}

func TestPlainTextBehindTheReplyToSTARTTLSIsNotTakenForEncrypted(t *testing.T) {
	srv := serveScript(t, on("STARTTLS", "220 go on\r\n250 2.0.0 injected"))
	srv.ehlo = "250-scripted.test\r\n250 STARTTLS"
	v := newVendor(t, srv.Addr(), map[string]any{"tls": "starttls"})
	if o := v.Send(context.Background(), plainMail(1)); o.String() != "unsent notify:garbage" {
		t.Errorf("outcome %+v", o)
	}
}

func probe(t *testing.T, v vendors.Vendor) error {
	t.Helper()
	p, ok := vendors.As[vendors.Prober](v)
	if !ok {
		t.Fatal("not a Prober")
	}
	return p.Probe(t.Context())
}

func TestACertificateThatNobodyKnowsNamesTheFileToWriteItTo(t *testing.T) {
	own := newAuthority(t, "relay.test")
	srv := startRelay(t, "starttls", &own.server, "")
	err := probe(t, newVendor(t, srv.addr, map[string]any{"tls": "starttls", "server_name": "relay.test"}))
	if hint := words.HintOf(err).String(); !strings.Contains(hint, "accounts.edm.options.ca_file") {
		t.Errorf("%v, hint %q", err, hint)
	}
}

func TestAuthentication(t *testing.T) {
	t.Run("over TLS, with the right password", func(t *testing.T) {
		ca := newAuthority(t, "relay.test")
		srv := startRelay(t, "starttls", &ca.server, testPassword)
		v := newVendor(t, srv.addr, map[string]any{
			"tls": "starttls", "ca_file": ca.file, "server_name": "relay.test", "username": testUser, "password": testPassword,
		})
		if o := v.Send(context.Background(), plainMail(1)); o.Kind != message.OutcomeAccepted {
			t.Errorf("outcome %+v", o)
		}
		if err := probe(t, v); err != nil {
			t.Errorf("probe: %v", err)
		}
	})
	t.Run("with a wrong password is refused, and the password is told to nobody", func(t *testing.T) {
		for _, mechanism := range []string{"plain", "login", "cram-md5"} {
			echo := "535 5.7.8 no: " + testUser + " " + testPassword + " " + base64Of(testPassword) + " " + base64Of("\x00"+testUser+"\x00"+testPassword)
			srv := serveScript(t, on("AUTH", echo))
			v := newVendor(t, srv.Addr(), map[string]any{"username": testUser, "password": testPassword, "auth": mechanism})
			o := v.Send(context.Background(), plainMail(1))
			if o.Kind != message.OutcomeRefused || o.Reason != message.ReasonAuth || o.Code != "535 5.7.8" {
				t.Errorf("%s: outcome %+v", mechanism, o)
			}
			err := probe(t, v)
			if err == nil {
				t.Fatalf("%s: probing succeeds", mechanism)
			}
			for _, text := range []string{fmt.Sprintf("%+v", o), err.Error()} {
				if strings.Contains(text, testPassword) || strings.Contains(text, base64Of(testPassword)) || strings.Contains(text, base64Of("\x00" + testUser)[:8]) {
					t.Errorf("%s: a secret in %s", mechanism, text)
				}
			}
		}
	})
	t.Run("the best mechanism that is offered is used", func(t *testing.T) {
		challenge := "<1896.697170952@postoffice.test>"
		h := hmac.New(md5.New, []byte(testPassword))
		h.Write([]byte(challenge))
		digest := base64Of(testUser + " " + hex.EncodeToString(h.Sum(nil)))
		for offered, want := range map[string][]string{
			"PLAIN LOGIN CRAM-MD5": {"AUTH PLAIN " + base64Of("\x00"+testUser+"\x00"+testPassword)},
			"CRAM-MD5 LOGIN":       {"AUTH LOGIN", base64Of(testUser), base64Of(testPassword)},
			"CRAM-MD5":             {"AUTH CRAM-MD5", digest},
		} {
			srv := serveScript(t, func(verb string, _ int) string {
				switch {
				case verb == "AUTH" && strings.HasPrefix(offered, "CRAM-MD5 LOGIN"):
					return "334 " + base64Of("Username:")
				case verb == "AUTH" && offered == "CRAM-MD5":
					return "334 " + base64Of(challenge)
				case verb == strings.ToUpper(base64Of(testUser)):
					return "334 " + base64Of("Password:")
				case verb == strings.ToUpper(base64Of(testPassword)), verb == strings.ToUpper(digest):
					return "235 2.7.0 welcome"
				}
				return ""
			})
			srv.ehlo = "250-scripted.test\r\n250 AUTH " + offered
			v := newVendor(t, srv.Addr(), map[string]any{"username": testUser, "password": testPassword})
			if o := v.Send(context.Background(), plainMail(1)); o.Kind != message.OutcomeAccepted {
				t.Errorf("%s: outcome %+v", offered, o)
			}
			if got := srv.got()[1 : 1+len(want)]; fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s: commands %q, want %q", offered, got, want)
			}
		}
	})
	t.Run("that the server does not offer is refused", func(t *testing.T) {
		srv := serveScript(t, nil)
		srv.ehlo = "250 scripted.test"
		v := newVendor(t, srv.Addr(), map[string]any{"username": testUser, "password": testPassword})
		if o := v.Send(context.Background(), plainMail(1)); o.Reason != message.ReasonAuth || o.Code != "notify:auth-not-offered" {
			t.Errorf("outcome %+v", o)
		}
	})
}

// distant is a connection that says that it leads beyond this machine.
type distant struct{ net.Conn }

func (distant) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 25} }

func TestAPasswordIsNotSentInTheClearToAnotherMachine(t *testing.T) {
	for offered, want := range map[string]string{
		"PLAIN LOGIN":          "refused notify:auth-unencrypted",
		"PLAIN LOGIN CRAM-MD5": "AUTH CRAM-MD5",
	} {
		srv := serveScript(t, nil)
		srv.ehlo = "250-scripted.test\r\n250 AUTH " + offered
		v := newVendor(t, srv.Addr(), map[string]any{"username": testUser, "password": testPassword})
		smtp.WrapConn(v, func(c net.Conn) net.Conn { return distant{c} })
		o := v.Send(context.Background(), plainMail(1))
		got := srv.got()
		if len(got) > 1 && got[1] != want || len(got) == 1 && o.String() != want {
			t.Errorf("%s: outcome %+v, commands %q, want %s", offered, o, got, want)
		}
	}
}
