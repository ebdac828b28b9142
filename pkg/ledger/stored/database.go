package stored

import (
	"context"

	"notify/pkg/ledger"
)

// What no other part of a ledger is quick at is written once for all drivers, in the SQL that their databases share: $1 for a parameter,
// coalesce, ON CONFLICT with its columns.

// Row is a row that a query reads.
type Row interface{ Scan(dest ...any) error }

// Database is what a driver does for what is written once.
type Database interface {
	// Write runs a job in a transaction of its own, perhaps more than once, and says in the error what was being done.
	Write(ctx context.Context, doing string, job func(Tx) error) error
	// Read calls row for every row that the query reads.
	Read(ctx context.Context, row func(Row) error, query string, args ...any) error
	// Asking wraps the error of a reading call; nil stays nil.
	Asking(err error, format string, args ...any) error
}

// Tx is a transaction under way.
type Tx interface {
	// Lock lets one at a time change what has no row of its own for a lock, until the transaction ends.
	Lock(name string)
	Exec(query string, args ...any) error
	// One reads the first row.
	One(dest []any, query string, args ...any) error
	// Each calls row for every row that the query reads.
	Each(row func(Row) error, query string, args ...any) error
	Audit(campaign string, by ledger.Act) error
}
