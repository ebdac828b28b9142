package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
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
		if !errors.Is(translate(err), ledger.ErrUnreachable) {
			t.Errorf("%s: %v", name, translate(err))
		}
	}
	for name, err := range map[string]error{
		"the caller gave up": context.Canceled,
		"a constraint":       &pgconn.PgError{Code: "23505"},
		"another mistake":    errors.New("x"),
	} {
		if errors.Is(translate(err), ledger.ErrUnreachable) {
			t.Errorf("%s: %v", name, translate(err))
		}
	}
}
