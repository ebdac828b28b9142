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
	standby     bool // the one that was met last takes no turns
	synchronous bool // a standby had all that it answered
	moved       bool // it was another one
	unwaited    bool // it had, and the server does not wait for it any more
	kept        bool // it was set to keep what it commits
}

// The log's own name has the line; what the control file says of it is late. A standby has none, and takes no turns. What is put back from a dump
// has another number of the table. Before the tables are made it is nothing.
const serverQuery = `SELECT CASE WHEN pg_is_in_recovery() THEN '' ELSE coalesce((SELECT system_identifier::text FROM pg_control_system())
		|| '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8) || '/' || to_regclass('meta')::oid, '') END,
		pg_is_in_recovery(), current_setting('synchronous_standby_names') <> ''`

// meet looks at the server of a new connection.
func (s *server) meet(ctx context.Context, c *pgx.Conn) error {
	var is string
	var standby, synchronous bool
	if err := c.QueryRow(ctx, serverQuery).Scan(&is, &standby, &synchronous); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.standby = standby; is == "" {
		return nil
	}
	if s.is != "" && s.is != is && (!s.synchronous || !ledger.SameTables(s.is, is)) {
		return &ledger.OtherServerError{Was: s.is, Now: is}
	}
	if s.is != is { // it was promoted with all that was answered: the runs go on there
		s.moved = s.moved || s.is != ""
		s.is, s.synchronous = is, synchronous
	}
	s.setWaits(synchronous)
	return nil
}

// waits takes in whether the server waits for a standby as it is set now. It reports false from when on it does not any more, and did: the
// ledger says of the campaign that whoever is promoted knows everything, and that would not be so.
func (s *server) waits(synchronous bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.setWaits(synchronous)
	return !s.unwaited
}

// keeps takes in whether the server is set to keep what it commits. It reports false where it was, and is not any more.
func (s *server) keeps(safe bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = s.kept || safe
	return safe || !s.kept
}

func (s *server) setWaits(synchronous bool) {
	s.unwaited = !synchronous && (s.unwaited || s.synchronous)
	s.synchronous = synchronous
}

// mark queues which server the campaign is sent from now, where that is another than the one that was kept when the run began.
func (s *server) mark(x *tx, campaign string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.moved {
		x.queue(`INSERT INTO bookmark (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value
			WHERE bookmark.value <> excluded.value`, ledger.ServerMark(campaign), ledger.ServerStands(s.is, s.synchronous))
	}
}

func (s *server) isStandby() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.standby
}

func (s *server) look() (is string, synchronous bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.is, s.synchronous
}
