package sqlite

import (
	"context"
	"errors"
)

// Compact writes the database anew, without what was deleted: see ledger.Compacter. What was forgotten stands in free pages until then.
func (l *Ledger) Compact(ctx context.Context) (freed int64, err error) {
	db := l.opts.database(l.dsn("rw", waits(busyTimeout)))
	defer func() { err = errors.Join(err, db.Close()) }()
	var before, after int64
	size := func(n *int64) error {
		return db.QueryRowContext(ctx, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size").Scan(n)
	}
	if err := size(&before); err != nil {
		return 0, l.failed("compact", err)
	}
	for _, do := range []string{"VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"} {
		if _, err := db.ExecContext(ctx, do); err != nil {
			return 0, l.failed("compact", err)
		}
	}
	if err := size(&after); err != nil {
		return 0, l.failed("compact", err)
	}
	return before - after, nil
}
