package postgres

import (
	"context"
	"crypto/rand"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strconv"

	"notify/pkg/ledger"
	"notify/pkg/ledger/stored"
	"notify/pkg/words"

	"github.com/jackc/pgx/v5"
)

//go:embed migrations/*.sql
var migrations embed.FS

// The lock under which migrations are taken: a number of our own, and the schema's name.
const (
	lockKind    = 0x6e746679 // "ntfy"
	migrateLock = "SELECT pg_advisory_xact_lock($1, hashtext($2))"
)

// migrate brings the schema up, each process that comes at the same time waiting for the first: everything in one transaction. Where there is
// nothing to be done the role needs no right to do it.
func (l *Ledger) migrate(ctx context.Context) error {
	steps, err := migrationSteps()
	if err != nil {
		return err
	}
	version, err := l.version(ctx, l.write, len(steps))
	if err != nil || version == len(steps) {
		l.schema = version
		return err
	}
	l.schema = len(steps)
	return pgx.BeginFunc(ctx, l.write, func(t pgx.Tx) error {
		if _, err := t.Exec(ctx, migrateLock, lockKind, l.at.schema); err != nil {
			return err
		}
		version, err := l.version(ctx, t, len(steps))
		if err != nil {
			return err
		}
		if version == 0 {
			if err := l.makeSchema(ctx, t); err != nil {
				return err
			}
		}
		for i := version; i < len(steps); i++ {
			if _, err := t.Exec(ctx, steps[i], pgx.QueryExecModeSimpleProtocol); err != nil {
				return fmt.Errorf("migrate to schema %d: %w", i+1, err)
			}
		}
		if version == 0 {
			if _, err := t.Exec(ctx, "INSERT INTO meta (name, value) VALUES ('id', $1), ('created', $2)",
				rand.Text(), strconv.FormatInt(stored.Nanos(l.opts.Now()), 10)); err != nil {
				return err
			}
		}
		shape, err := shapeOf(ctx, t, l.at.schema)
		if err != nil {
			return err
		}
		looks, err := json.Marshal(shape)
		if err != nil {
			return err
		}
		_, err = t.Exec(ctx, "INSERT INTO meta (name, value) VALUES ('schema', $1), ('shape', $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
			strconv.Itoa(len(steps)), string(looks))
		return err
	})
}

// makeSchema makes the schema, unless somebody made it for this role and left it empty.
func (l *Ledger) makeSchema(ctx context.Context, t pgx.Tx) error {
	var there bool
	var tables int
	if err := t.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1), (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1)",
		l.at.schema).Scan(&there, &tables); err != nil {
		return err
	}
	if tables > 0 {
		return &words.Error{Text: words.T("ledger.error.foreign-schema", words.A{"schema": l.at.schema}), Err: ledger.ErrNotLedger}
	}
	if there {
		return nil
	}
	_, err := t.Exec(ctx, "CREATE SCHEMA "+l.at.schema)
	return err
}

type rower interface {
	QueryRow(ctx context.Context, query string, args ...any) pgx.Row
}

// version is that of the schema, 0 where there is none.
func (l *Ledger) version(ctx context.Context, db rower, known int) (int, error) {
	var there bool
	if err := db.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", l.at.schema+".meta").Scan(&there); err != nil || !there {
		return 0, err
	}
	var text string
	err := db.QueryRow(ctx, "SELECT value FROM meta WHERE name = 'schema'").Scan(&text)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, &words.Error{Text: words.T("ledger.error.foreign-schema", words.A{"schema": l.at.schema}), Err: ledger.ErrNotLedger}
	}
	if err != nil {
		return 0, err
	}
	version, err := strconv.Atoi(text)
	switch {
	case err != nil || version < 1:
		return 0, ledger.Damaged("ledger.damaged.version", words.A{"version": version})
	case version > known:
		return 0, fmt.Errorf("%w: its schema is %d, this program knows %d", ledger.ErrNewerSchema, version, known)
	}
	return version, nil
}

// migrationSteps are the embedded files in the order of their numbers: the n-th leads to schema n.
func migrationSteps() ([]string, error) {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	steps := make([]string, 0, len(names))
	for _, name := range names {
		b, err := migrations.ReadFile(name)
		if err != nil {
			return nil, err
		}
		steps = append(steps, string(b))
	}
	return steps, nil
}

func (l *Ledger) identity(ctx context.Context) error {
	var created string
	err := l.read.QueryRow(ctx, "SELECT (SELECT value FROM meta WHERE name = 'id'), (SELECT value FROM meta WHERE name = 'created')").Scan(&l.id, &created)
	if err != nil {
		return fmt.Errorf("%w: %w", ledger.Damaged("ledger.damaged.identity", nil), err)
	}
	n, err := strconv.ParseInt(created, 10, 64)
	l.made = stored.Moment(n)
	return err
}
