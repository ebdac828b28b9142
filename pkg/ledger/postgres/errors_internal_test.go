package postgres

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"notify/pkg/ledger"

	"github.com/jackc/pgx/v5/pgconn"
)

// A server that is killed ends its connections in more than one way. Each is one that is waited for.
func TestAConnectionThatEndsIsAServerThatIsAway(t *testing.T) {
	for name, err := range map[string]error{
		"in the midst of an answer": fmt.Errorf("turn: %w", io.ErrUnexpectedEOF),
		"before an answer":          io.EOF,
		"closed on this side":       fmt.Errorf("write: %w", net.ErrClosed),
		"reset":                     &net.OpError{Op: "read", Err: errors.New("connection reset by peer")},
		"the server stops":          &pgconn.PgError{Code: "57P01"},
	} {
		if !errors.Is(translate(err, false), ledger.ErrUnreachable) {
			t.Errorf("%s: %v", name, translate(err, false))
		}
	}
	for name, err := range map[string]error{
		"the caller gave up": context.Canceled,
		"a constraint":       &pgconn.PgError{Code: "23505"},
		"another mistake":    errors.New("x"),
	} {
		if errors.Is(translate(err, false), ledger.ErrUnreachable) {
			t.Errorf("%s: %v", name, translate(err, false))
		}
	}
}

// Whoever reads it has to know where to look: at the server, at the way to it, at its certificate, or at his own rights.
func TestAServerThatDoesNotServeSaysWhy(t *testing.T) {
	untrusted := func(err error) error { return &tls.CertificateVerificationError{Err: err} }
	for says, err := range map[string]error{
		"nothing answers there":             &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)},
		"db.example.test is not found":      &net.OpError{Op: "dial", Err: &net.DNSError{Name: "db.example.test", IsNotFound: true}},
		"not for the name db.example.test":  &net.OpError{Op: "tls", Err: untrusted(x509.HostnameError{Certificate: &x509.Certificate{}, Host: "db.example.test"})},
		"from no authority that is trusted": &net.OpError{Op: "tls", Err: untrusted(x509.UnknownAuthorityError{})},
		"has expired":                       &net.OpError{Op: "tls", Err: untrusted(x509.CertificateInvalidError{Reason: x509.Expired})},
		"no connection left (too many)":     &pgconn.PgError{Code: "53300", Message: "too many"},
		"starting, or being stopped":        &pgconn.PgError{Code: "57P03"},
		"default_transaction_read_only":     &pgconn.PgError{Code: "25006"},
		"permission denied for table claim": &pgconn.PgError{Code: "42501", Message: "permission denied for table claim"},
	} {
		var said *ledger.ServerError
		if got := translate(err, false); !errors.As(got, &said) || !strings.Contains(said.Says().String(), says) {
			t.Errorf("got %v, want %q", got, says)
		}
	}
}

// A server on another machine shows its certificate, however it is named.
func TestAServerNamedByTheEnvironmentMustShowItsCertificateToo(t *testing.T) {
	for _, c := range []struct {
		host, mode, url string
		verifies        bool
	}{
		{"", "", "postgres://u@db.example.test/n", true},
		{"db.example.test", "", "postgres://u@:5432/n", true},
		{"db.example.test", "", "postgres://u@127.0.0.1/n", false},
		{"localhost", "", "postgres://u@:5432/n", false},
		{"", "", "postgres://u@[::1]:5432/n", false},
		{"", "", "postgres://u@/n?host=/run/postgresql", false},
		{"", "", "postgres://u@/n?host=db.example.test", true},
		{"", "", "postgres://u@127.0.0.1:5432,127.0.0.1:5433/n", false},
		{"db.example.test", "disable", "postgres://u@:5432/n", false},
		{"db.example.test", "", "postgres://u@:5432/n?sslmode=disable", false},
		{"", "", "postgres://u@localhost,db.example.test/n", true},
	} {
		t.Setenv("PGHOST", c.host)
		t.Setenv("PGSSLMODE", c.mode)
		at, err := parse(c.url)
		if err != nil {
			t.Errorf("%s with PGHOST=%s: %v", c.url, c.host, err)
			continue
		}
		config := at.config.ConnConfig
		verifies := config.TLSConfig != nil && !config.TLSConfig.InsecureSkipVerify && config.TLSConfig.ServerName != ""
		for _, f := range config.Fallbacks {
			verifies = verifies && f.TLSConfig != nil && !f.TLSConfig.InsecureSkipVerify
		}
		if verifies != c.verifies {
			t.Errorf("%s with PGHOST=%s PGSSLMODE=%s: verified is %v", c.url, c.host, c.mode, verifies)
		}
	}
}

// A server of before 12 lacks what is asked of it, and would say so in its own words.
func TestAServerThatIsTooOldIsRefused(t *testing.T) {
	for version, refused := range map[string]bool{
		"9.6.24": true, "11.22": true, "12.22": false, "15.18 (Debian 15.18-0+deb12u1)": false, "18beta1": false, "": false,
	} {
		if err := modern(version); (err != nil) != refused || refused && !strings.Contains(err.Error(), "PostgreSQL "+version) {
			t.Errorf("%q: %v", version, err)
		}
	}
}
