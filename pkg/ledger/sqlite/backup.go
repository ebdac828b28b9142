package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Backup writes a consistent copy to dest without stopping the writer: see ledger.Backuper. It has the identity of the
// original. What was written of a copy that failed is removed.
func (l *Ledger) Backup(ctx context.Context, dest string) (err error) {
	doing := fmt.Sprintf("back up ledger %s to %s", l.path, dest)
	// VACUUM INTO fills an empty file, whose mode is ours to choose, and refuses any other.
	f, err := os.OpenFile(dest, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, translate(dest, err))
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s: %w", doing, errors.Join(translate(dest, err), os.Remove(dest)))
		}
	}()
	abs, err := filepath.Abs(dest)
	if err != nil {
		return err
	}
	// Not a reading connection: those are query_only.
	db, err := sql.Open("sqlite", l.dsn("ro"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", abs); err != nil {
		return err
	}
	return syncFile(abs)
}

func syncFile(name string) error {
	f, err := os.OpenFile(name, os.O_RDWR, 0) //nolint:gosec // the file that was just written
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
