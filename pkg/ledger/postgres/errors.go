package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"notify/pkg/ledger"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"
)

// translate puts the sentinel of package ledger on an error of the server or the way to it.
func translate(err error) error {
	if err == nil {
		return nil
	}
	if sentinel := sentinelOf(err); sentinel != nil && !errors.Is(err, sentinel) {
		return fmt.Errorf("%w: %w", sentinel, err)
	}
	return err
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
	case "25006", "42501": // read_only_sql_transaction, insufficient_privilege
		return ledger.ErrReadOnly
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
