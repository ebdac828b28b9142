package sqlite_test

import (
	"context"
	"database/sql/driver"
	"strings"
	"testing"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/sqlite"
)

// lesserConn is a connection that makes statements of another kind.
type lesserConn struct {
	driver.Conn
	driver.ConnPrepareContext

	of func(driver.Stmt) driver.Stmt
}

func (c lesserConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	s, err := c.ConnPrepareContext.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return c.of(s), nil
}

// A driver that has less than the ledger needs of it is told so, where that is found.
func TestADriverThatCannotIsTold(t *testing.T) {
	t.Parallel()
	file := inUse(t)
	turn := func(l *sqlite.Ledger) error {
		_, err := l.Turn(t.Context(), ledger.Turn{Run: 1, Now: start, Extend: time.Minute, Claim: claimOf(1)})
		return err
	}
	verify := func(l *sqlite.Ledger) error {
		_, err := l.Verify(t.Context())
		return err
	}
	bare := func(c driver.Conn) driver.Conn { return struct{ driver.Conn }{c} }
	making := func(of func(driver.Stmt) driver.Stmt) func(driver.Conn) driver.Conn {
		return func(c driver.Conn) driver.Conn {
			whole, can := c.(driver.ConnPrepareContext)
			if !can {
				t.Errorf("%T makes no statements", c)
			}
			return lesserConn{c, whole, of}
		}
	}
	for _, tc := range []struct {
		conn func(driver.Conn) driver.Conn
		ask  func(*sqlite.Ledger) error
		want string
	}{
		{bare, verify, "reads nothing"},
		{bare, turn, "prepares nothing"},
		{making(func(s driver.Stmt) driver.Stmt { return struct{ driver.Stmt }{s} }), turn, "changes nothing"},
		{making(func(s driver.Stmt) driver.Stmt {
			x, can := s.(driver.StmtExecContext)
			if !can {
				t.Errorf("%T changes nothing", s)
			}
			return struct {
				driver.Stmt
				driver.StmtExecContext
			}{s, x}
		}), turn, "reads nothing"},
	} {
		l, _ := copyOf(t, file, sqlite.Options{}.Through(func(c driver.Conn) (driver.Conn, error) { return tc.conn(c), nil }))
		if err := tc.ask(l); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("it says %v, want that it %s", err, tc.want)
		}
	}
}
