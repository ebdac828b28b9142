package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"notify/pkg/ledger"
	"notify/pkg/words"

	"github.com/jackc/pgx/v5"
)

var _ ledger.Mover = (*Ledger)(nil)

// column is one that is copied, and its type.
type column struct{ name, kind string }

// tableColumns are the tables of the schema, with the columns that are not reckoned from others.
const tableColumns = `SELECT table_name, column_name, data_type FROM information_schema.columns c
	WHERE table_schema = $1 AND is_generated = 'NEVER' AND table_name <> 'meta'
		AND EXISTS (SELECT 1 FROM information_schema.tables t WHERE t.table_schema = c.table_schema AND t.table_name = c.table_name AND t.table_type = 'BASE TABLE')
	ORDER BY table_name, ordinal_position`

// TakeIn copies another ledger into this one: see ledger.Mover. The triggers rest meanwhile, as what is copied has gone its way; the constraints do
// not. Seals are copied as they are: they are of the same columns.
func (l *Ledger) TakeIn(ctx context.Context, from ledger.Dumper, by ledger.Act) (map[string]int, error) {
	arrived := make(map[string]int)
	err := l.once(ctx, func(x *tx) error {
		tables, names, err := x.tables()
		if err != nil {
			return err
		}
		for _, name := range names {
			if err := x.takeTable(ctx, from, name, tables[name]); err != nil {
				return err
			}
			n := 0
			if err := x.one([]any{&n}, "SELECT count(*) FROM "+pgx.Identifier{name}.Sanitize()); err != nil {
				return err
			}
			arrived[name] = n
		}
		if err := x.takeMeta(ctx, from); err != nil {
			return err
		}
		if err := x.goOn(tables); err != nil {
			return err
		}
		return x.audit("", by)
	})
	if err != nil {
		return nil, l.failed("copy", err)
	}
	return arrived, l.identity(ctx)
}

// tables are those of the schema; those that others refer to come first.
func (x *tx) tables() (map[string][]column, []string, error) {
	tables := make(map[string][]column)
	names := []string{"campaign", "run", "reach"}
	err := x.each(func(rows pgx.Rows) error {
		var table string
		var c column
		if err := rows.Scan(&table, &c.name, &c.kind); err != nil {
			return err
		}
		tables[table] = append(tables[table], c)
		if !slices.Contains(names, table) {
			names = append(names, table)
		}
		return nil
	}, tableColumns, x.l.at.schema)
	return tables, names, err
}

func (x *tx) takeTable(ctx context.Context, from ledger.Dumper, table string, columns []column) (err error) {
	name := pgx.Identifier{table}.Sanitize()
	if err := x.exec("ALTER TABLE " + name + " DISABLE TRIGGER USER"); err != nil {
		return err
	}
	var there bool
	if err := x.one([]any{&there}, "SELECT EXISTS (SELECT 1 FROM "+name+")"); err != nil {
		return err
	}
	if there {
		return words.Err("ledger.error.not-empty", words.A{"schema": x.l.at.schema, "table": table})
	}
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.name
	}
	rows := make(chan []any, 256)
	done := make(chan error, 1)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		defer close(rows)
		done <- from.Dump(ctx, table, names, func(v []any) error {
			row := make([]any, len(v))
			for i := range v {
				row[i] = columns[i].take(v[i])
			}
			select {
			case rows <- row:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
	_, err = x.c.CopyFrom(ctx, pgx.Identifier{table}, names, pgx.CopyFromFunc(func() ([]any, error) { return <-rows, nil }))
	if err != nil {
		cancel()
		return fmt.Errorf("table %s: %w", table, errors.Join(err, <-done))
	}
	if err := <-done; err != nil {
		return err
	}
	return x.exec("ALTER TABLE " + name + " ENABLE TRIGGER USER")
}

// take is a value as this database has its kind.
func (c column) take(v any) any {
	switch v := v.(type) {
	case int64:
		switch c.kind {
		case "boolean":
			return v != 0
		case "double precision":
			return float64(v)
		}
	case []byte:
		if c.kind != "bytea" {
			return string(v)
		}
		return slices.Clone(v) // the row is read over
	case string:
		if c.kind == "bytea" {
			return []byte(v)
		}
	}
	return v
}

// takeMeta takes over who the ledger is, and its secret.
func (x *tx) takeMeta(ctx context.Context, from ledger.Dumper) error {
	return from.Dump(ctx, "meta", []string{"name", "value"}, func(v []any) error {
		switch name := fmt.Sprint(v[0]); name {
		case "id", "created", "secret":
			return x.exec("INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, fmt.Sprint(v[1]))
		}
		return nil
	})
}

// goOn lets numbers go on where those of the other ledger end.
func (x *tx) goOn(tables map[string][]column) error {
	for sequence, of := range map[string]string{"message_ids": "message", "recipient_ids": "recipient", "claim_ids": "claim"} {
		if err := x.exec("SELECT setval('" + sequence + "', greatest(1, (SELECT coalesce(max(id), 0) FROM " + of + ")))"); err != nil {
			return err
		}
	}
	for table, columns := range tables {
		if !slices.ContainsFunc(columns, func(c column) bool { return c.name == "id" && strings.HasPrefix(c.kind, "bigint") }) {
			continue
		}
		if err := x.exec("SELECT setval(s, greatest(1, (SELECT coalesce(max(id), 0) FROM "+pgx.Identifier{table}.Sanitize()+
			"))) FROM pg_get_serial_sequence($1, 'id') s WHERE s IS NOT NULL", pgx.Identifier{table}.Sanitize()); err != nil {
			return err
		}
	}
	return nil
}
