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

	"notify/pkg/ledger"
	"notify/pkg/words"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"
)

// translate puts the sentinel of package ledger on an error of the server or the way to it, and says why and what to do, as far as that is known.
func translate(err error, standby bool) error {
	var already *ledger.ServerError
	if err == nil || errors.As(err, &already) {
		return err
	}
	if said := turnedAway(err); said != nil {
		return said
	}
	if sentinel := sentinelOf(err); sentinel != nil && !errors.Is(err, sentinel) {
		why := whyOf(err, standby)
		return &ledger.ServerError{Kind: sentinel, Why: why, Do: remedyOf(why), Err: err}
	}
	return err
}

// turnedAway is a server that is there, and does not let us in; nil for all other errors.
func turnedAway(err error) error {
	var e *pgconn.PgError
	var c *pgconn.ConnectError
	if !errors.As(err, &e) || !errors.As(err, &c) {
		return nil
	}
	said := words.A{"user": c.Config.User, "database": c.Config.Database, "said": e.Message}
	wrapped := func(id, do string) error {
		return &words.Error{Text: words.T(id, said), Hint: words.T(do, said), Err: err}
	}
	switch e.Code {
	case "28P01":
		return wrapped("ledger.error.password", "ledger.do.password")
	case "28000", "42501", "55000": // the role, its right to the database, a database that takes nobody
		return wrapped("ledger.error.not-let-in", "ledger.do.not-let-in")
	case "3D000":
		return wrapped("ledger.error.no-database", "ledger.do.no-database")
	case "42704":
		return wrapped("ledger.error.option", "ledger.do.option")
	}
	return nil
}

// whyOf is why a server did not do what was asked of it; zero where that is not known.
func whyOf(err error, standby bool) words.Text {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return whyOfCode(e, standby)
	}
	if why := whyNoTLS(err); !why.IsZero() {
		return why
	}
	if why := words.Cause(err); why.ID != "words.raw" {
		return why
	}
	return words.Text{}
}

func whyOfCode(e *pgconn.PgError, standby bool) words.Text {
	switch e.Code {
	case "53300":
		return words.T("ledger.server.full", words.A{"said": e.Message})
	case "57P01", "57P02", "57P03":
		return words.T("ledger.server.stops", nil)
	case "25006":
		if standby {
			return words.T("ledger.server.standby", nil)
		}
		return words.T("ledger.server.read-only", nil)
	case "42501":
		return words.Raw(e.Message)
	}
	return words.Text{}
}

// remedyOf is what to do about it; zero where that hangs on what was wanted.
func remedyOf(why words.Text) words.Text {
	switch why.ID {
	case "ledger.server.full":
		return words.T("ledger.do.full", nil)
	case "ledger.server.standby":
		return words.T("ledger.do.standby", nil)
	case "ledger.server.read-only":
		return words.T("ledger.do.read-only", nil)
	}
	return words.Text{}
}

// leastMajor is the oldest major version of PostgreSQL that has all that is asked of it (plan_cache_mode, generated columns).
const leastMajor = 12

// modern refuses a server that is too old, by the version that it names itself.
func modern(version string) error {
	var major int
	if n, _ := fmt.Sscanf(version, "%d", &major); n == 0 || major >= leastMajor {
		return nil
	}
	return words.Err("ledger.error.old-server", words.A{"version": version, "least": leastMajor}).Do("ledger.do.old-server", nil)
}

// whyNoTLS is why a server was not believed to be the one it is called; zero where it was.
func whyNoTLS(err error) words.Text {
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.As(err, &name):
		return words.T("ledger.server.certificate-name", words.A{"host": name.Host})
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return words.T("ledger.server.certificate-expired", nil)
	case errors.As(err, &untrusted):
		return words.T("ledger.server.certificate", nil)
	case err != nil && strings.Contains(err.Error(), "server refused TLS connection"): // it has no type
		return words.T("ledger.server.no-tls", nil)
	}
	return words.Text{}
}

func sentinelOf(err error) error {
	var e *pgconn.PgError
	switch {
	case errors.Is(err, puddle.ErrClosedPool):
		return ledger.ErrClosed
	case errors.As(err, &e):
		return sentinelOfCode(e.Code)
	case errors.Is(err, context.Canceled):
		return nil
	}
	var connecting *pgconn.ConnectError
	var network net.Error
	if errors.As(err, &connecting) || errors.As(err, &network) || pgconn.Timeout(err) || errors.Is(err, os.ErrDeadlineExceeded) || gone(err) {
		return ledger.ErrUnreachable
	}
	return nil
}

// gone reports that the connection ended under a statement, without a word of the server, or before one.
func gone(err error) bool {
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || pgconn.SafeToRetry(err)
}

func sentinelOfCode(code string) error {
	switch code {
	case "25006": // read_only_sql_transaction
		return ledger.ErrReadOnly
	case "42501": // insufficient_privilege
		return ledger.ErrNoRight
	case "53100": // disk_full
		return ledger.ErrFull
	case "55P03", "40P01": // lock_not_available, deadlock_detected
		return ledger.ErrBusy
	case "57P01", "57P02", "57P03", "53300": // the server stops, crashed, starts, or has no connection left
		return ledger.ErrUnreachable
	}
	switch {
	case strings.HasPrefix(code, "08"): // connection_exception
		return ledger.ErrUnreachable
	case strings.HasPrefix(code, "XX00"): // data or an index is corrupted
		return ledger.ErrDamaged
	}
	return nil
}

// constraint reports whether the schema refused a statement.
func constraint(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && strings.HasPrefix(e.Code, "23")
}
