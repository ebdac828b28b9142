package postgres

import (
	"context"
	"sync"

	"notify/pkg/ledger"

	"github.com/jackc/pgx/v5"
)

// server is which server the connections that write had: one that was promoted, or put back from a copy, is on another line of history.
// What it lacks its runs cannot know: each sees its own turns only.
type server struct {
	mu          sync.Mutex
	is          string
	synchronous bool // a standby had all that it answered
}

// The log's own name has the line; what the control file says of it is late. A standby has none, and takes no turns.
const serverQuery = `SELECT CASE WHEN pg_is_in_recovery() THEN '' ELSE (SELECT system_identifier::text FROM pg_control_system())
		|| '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8) END, current_setting('synchronous_standby_names') <> ''`

// meet looks at the server of a new connection.
func (s *server) meet(ctx context.Context, c *pgx.Conn) error {
	var is string
	var synchronous bool
	if err := c.QueryRow(ctx, serverQuery).Scan(&is, &synchronous); err != nil || is == "" {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.is != "" && s.is != is && !s.synchronous {
		return &ledger.OtherServerError{Was: s.is, Now: is}
	}
	s.is, s.synchronous = is, synchronous
	return nil
}

// waits takes in whether the server waits for a standby as it is set now.
func (s *server) waits(synchronous bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.synchronous = synchronous
}

func (s *server) look() (is string, synchronous bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.is, s.synchronous
}
