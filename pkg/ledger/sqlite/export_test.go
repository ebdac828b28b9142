package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
)

const (
	StandingOf   = standingOf
	OpenRecorded = openRecordedQuery
	UnrecordedOf = unrecordedOf
	UntriedQuery = untriedQuery
	AgainQuery   = againQuery
	PacedQuery   = pacedQuery
	FirstPaced   = firstAndLastPaced
	MissedQuery  = missedQuery
)

// OpenNewer opens the ledger as a later program would, that knows more steps.
func OpenNewer(ctx context.Context, path string, o Options, more ...string) (*Ledger, error) {
	steps, err := migrationSteps()
	if err != nil {
		return nil, err
	}
	return openWith(ctx, path, o, append(steps, more...))
}

// RecordsOf are the queries for all records, and for those of the states that only a standing has.
func RecordsOf() (all, standing string) {
	return recordsOf(standings, ofCampaign, "m.id"), recordsOf(recorded, recordedOf, "s.message_id")
}

// LimitPages makes the disk full for the writer: as many pages as the file has, and so many more. 0 lifts it.
func (l *Ledger) LimitPages(ctx context.Context, more int) error {
	return l.do(ctx, "limit", func(x *tx) error {
		var pages int
		if err := x.one([]any{&pages}, "PRAGMA page_count"); err != nil {
			return err
		}
		limit := pages + more
		if more == 0 {
			limit = 1<<31 - 2
		}
		return x.one([]any{&pages}, fmt.Sprintf("PRAGMA max_page_count = %d", limit))
	})
}

// LocalDrive and Synced are pure: they are asked for every system's paths.
var (
	LocalDrive = localDrive
	Synced     = synced
)

// Through opens the database anew, through connections that are made of its own; nobody may be at it.
func (l *Ledger) Through(ctx context.Context, of func(driver.Conn) (driver.Conn, error)) error {
	through := func(dsn string) *sql.DB { return sql.OpenDB(connector{l.read.Driver(), dsn, of}) }
	w := l.writer
	var errs []error
	for _, s := range w.stmts {
		errs = append(errs, s.Close())
	}
	errs = append(errs, w.conn.Raw(func(any) error { return w.closeRaw() }), w.conn.Close(), w.db.Close(), l.read.Close())
	clear(w.stmts)
	clear(w.raws)
	l.read, w.db = through(l.dsn("rw", waits(busyTimeout), "query_only(1)", readCache)), through(l.dsn("rw", waits(tryTimeout)))
	l.read.SetMaxOpenConns(maxReaders)
	w.db.SetMaxOpenConns(1)
	conn, err := w.db.Conn(ctx)
	if err != nil {
		return err
	}
	w.conn = conn
	return errors.Join(append(errs, setPragmas(ctx, conn))...)
}

type connector struct {
	driver driver.Driver
	dsn    string
	of     func(driver.Conn) (driver.Conn, error)
}

func (c connector) Connect(context.Context) (driver.Conn, error) {
	conn, err := c.driver.Open(c.dsn)
	if err != nil {
		return nil, err
	}
	return c.of(conn)
}

func (c connector) Driver() driver.Driver { return c.driver }
