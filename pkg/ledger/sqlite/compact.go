package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"os"
)

// Compact writes the database anew, without what was deleted: see ledger.Compacter. What was forgotten stands in free pages until then.
func (l *Ledger) Compact(ctx context.Context) (freed int64, err error) {
	before, err := os.Stat(l.path)
	if err != nil {
		return 0, l.failed("compact", err)
	}
	db, err := sql.Open("sqlite", l.dsn("rw", waits(busyTimeout)))
	if err != nil {
		return 0, err
	}
	db.SetMaxOpenConns(1)
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, do := range []string{"VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"} {
		if _, err := db.ExecContext(ctx, do); err != nil {
			return 0, l.failed("compact", translate(l.path, err))
		}
	}
	after, err := os.Stat(l.path)
	if err != nil {
		return 0, l.failed("compact", err)
	}
	return before.Size() - after.Size(), nil
}
