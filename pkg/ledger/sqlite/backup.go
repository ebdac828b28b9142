package sqlite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"notify/pkg/ledger"
	"notify/pkg/outfile"
)

// Backup writes a consistent copy to dest without stopping the writer: see ledger.Backuper. It has the identity of the
// original. What was written of a copy that failed is removed.
func (l *Ledger) Backup(ctx context.Context, dest string, as ledger.Copy) (err error) {
	doing := fmt.Sprintf("back up ledger %s to %s", l.path, dest)
	// VACUUM INTO fills an empty file, whose mode is ours to choose, and refuses any other.
	f, err := outfile.CreateNew(ctx, dest)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, translate(dest, err))
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s: %w", doing, errors.Join(translate(dest, err), f.Discard()))
		}
	}()
	abs, err := filepath.Abs(f.Name())
	if err != nil {
		return err
	}
	// Not a reading connection: those are query_only.
	db := l.opts.database(l.dsn("ro", waits(busyTimeout)))
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", abs); err != nil {
		return err
	}
	if err := markFile(ctx, &Ledger{path: abs, opts: l.opts}, as); err != nil {
		return err
	}
	return f.Commit(ctx)
}

// markFile writes into a copy that it is one, and leaves no companion of it behind.
func markFile(ctx context.Context, l *Ledger, as ledger.Copy) (err error) {
	db := l.opts.database(l.dsn("rw", waits(busyTimeout), "journal_mode(DELETE)", "synchronous(FULL)"))
	defer func() { err = errors.Join(err, db.Close()) }()
	return mark(ctx, db, as)
}
