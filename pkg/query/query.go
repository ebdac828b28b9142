// Package query owns lists that come from a database: a query is asked once, and what it answers becomes a file that stays. It stands beside
// package list, which reads that file like any other; the passwords and certificates of the database are read as those of a ledger on a server.
package query

import (
	"context"
	"encoding/csv"
	"os"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"notify/pkg/ledger/postgres"
	"notify/pkg/outfile"
	"notify/pkg/words"
)

// Query is one, and the database that answers it.
type Query struct {
	File     string // that has the statement
	Database string // URL
}

// most is how long a query may be.
const most = 1 << 20

// Freeze asks the query within one snapshot, in a transaction that can only read, and writes what it answers as a CSV. The file is there whole
// or not at all, and one that is there already is left alone: what was signed is what is sent. It returns how many rows there are.
func (q Query) Freeze(ctx context.Context, path string) (rows int, err error) {
	if _, err := os.Lstat(path); err == nil {
		return 0, words.Err("query.there", words.A{"file": path})
	}
	text, err := q.text()
	if err != nil {
		return 0, err
	}
	c, place, err := postgres.Dial(ctx, q.Database)
	if err != nil {
		return 0, words.Wrap(err, "query.database", words.A{"database": place, "cause": words.Cause(err)})
	}
	defer func() { _ = c.Close(context.WithoutCancel(ctx)) }()
	err = pgx.BeginTxFunc(ctx, c, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		return outfile.Write(ctx, path, func(f *os.File) (err error) {
			rows, err = q.write(ctx, tx, text, csv.NewWriter(f))
			return err
		})
	})
	return rows, err
}

func (q Query) text() (string, error) {
	info, err := os.Stat(q.File)
	if err == nil && info.Size() > most {
		return "", words.Err("query.too-long", words.A{"file": q.File})
	}
	b, err := os.ReadFile(q.File)
	if err != nil {
		return "", words.Wrap(err, "query.file", words.A{"file": q.File, "cause": words.Cause(err)})
	}
	text := strings.TrimSpace(strings.TrimPrefix(string(b), "\uFEFF"))
	if text == "" {
		return "", words.Err("query.empty", words.A{"file": q.File})
	}
	return text, nil
}

// write asks and writes row after row: nothing is kept.
func (q Query) write(ctx context.Context, tx pgx.Tx, text string, w *csv.Writer) (n int, err error) {
	// As text: what a number or a date looks like is the database's word. Without arguments it is one statement, or refused.
	rows, err := tx.Query(ctx, text, pgx.QueryExecModeDescribeExec, pgx.QueryResultFormats{pgx.TextFormatCode})
	if err != nil {
		return 0, q.failed(err, 0)
	}
	defer rows.Close()
	columns, err := q.columns(rows)
	if err != nil {
		return 0, err
	}
	if err := w.Write(columns); err != nil {
		return 0, err
	}
	cells := make([]string, len(columns))
	for rows.Next() {
		n++
		for i, v := range rows.RawValues() {
			if cells[i] = string(v); strings.ContainsRune(cells[i], '\uFFFD') {
				return n, words.Err("query.value", words.A{"file": q.File, "column": columns[i], "row": n})
			}
		}
		if err := w.Write(cells); err != nil {
			return n, err
		}
	}
	if err := rows.Err(); err != nil {
		if n > 0 {
			n++ // that row is the one
		}
		return n, q.failed(err, n)
	}
	if n == 0 {
		return 0, words.Err("query.no-rows", words.A{"file": q.File})
	}
	w.Flush()
	return n, w.Error()
}

// columns are the headers of the list. What is no text, number, date or truth has no place in a message.
func (q Query) columns(rows pgx.Rows) ([]string, error) {
	fields := rows.FieldDescriptions()
	names := make([]string, len(fields))
	seen := make(map[string]bool)
	for i, f := range fields {
		name := strings.TrimSpace(f.Name)
		switch {
		case name == "" || name == "?column?":
			return nil, words.Err("query.column-unnamed", words.A{"file": q.File, "column": i + 1})
		case seen[name]:
			return nil, words.Err("query.column-twice", words.A{"file": q.File, "column": name})
		case !readable(f.DataTypeOID):
			return nil, words.Err("query.column-type", words.A{"file": q.File, "column": name})
		}
		seen[name], names[i] = true, name
	}
	if len(names) == 0 {
		rows.Close()
		if err := rows.Err(); err != nil {
			return nil, q.failed(err, 0)
		}
		return nil, words.Err("query.no-rows", words.A{"file": q.File})
	}
	return names, nil
}

// readable reports whether people read values of the type: all but bytes, lists and documents.
func readable(oid uint32) bool {
	switch oid {
	case pgtype.ByteaOID, pgtype.JSONOID, pgtype.JSONBOID, pgtype.RecordOID, pgtype.XMLOID, pgtype.RecordArrayOID,
		pgtype.TextArrayOID, pgtype.VarcharArrayOID, pgtype.Int2ArrayOID, pgtype.Int4ArrayOID, pgtype.Int8ArrayOID, pgtype.NumericArrayOID:
		return false
	}
	return true
}

// failed says what the database had against it, and at which row; 0 where it gave none.
func (q Query) failed(err error, row int) error {
	if row == 0 {
		return words.Wrap(err, "query.refused", words.A{"file": q.File, "cause": words.Cause(err)})
	}
	return words.Wrap(err, "query.failed", words.A{"file": q.File, "row": row, "cause": words.Cause(err)})
}
