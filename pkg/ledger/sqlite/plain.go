package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
)

// Plain is a file of tables for those who analyse. It is no ledger, and is not opened as one.
type Plain struct {
	db *sql.DB
	tx *sql.Tx
	by map[string]*sql.Stmt
}

// CreatePlain fills an empty file, whose place and mode are the caller's, with tables. Until Close nothing of it counts: it is not protected
// against the loss of power.
func CreatePlain(ctx context.Context, path string, tables ...string) (*Plain, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	db := Options{}.database(fileURL(abs, url.Values{"_pragma": {"journal_mode(OFF)", "synchronous(OFF)"}}))
	p := &Plain{db: db, by: make(map[string]*sql.Stmt)}
	for _, table := range tables {
		if _, err := db.ExecContext(ctx, table); err != nil {
			return nil, errors.Join(fmt.Errorf("fill %s: %w", path, err), db.Close())
		}
	}
	if p.tx, err = db.BeginTx(ctx, nil); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return p, nil
}

// Insert runs a statement with values, again and again.
func (p *Plain) Insert(ctx context.Context, statement string, values ...any) error {
	st := p.by[statement]
	if st == nil {
		var err error
		if st, err = p.tx.PrepareContext(ctx, statement); err != nil {
			return err
		}
		p.by[statement] = st
	}
	_, err := st.ExecContext(ctx, values...)
	return err
}

// Close completes the file, where keep says so.
func (p *Plain) Close(keep bool) error {
	end := p.tx.Rollback
	if keep {
		end = p.tx.Commit
	}
	return errors.Join(end(), p.db.Close())
}
