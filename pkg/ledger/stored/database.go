package stored

import (
	"context"
	"database/sql"
	"time"

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

// Queries are what databases do not read well in the same words.
type Queries struct {
	ByID string // stands behind a table that is read along its messages' ids
	// Within is true of the messages m of campaign $1 with ids from $2 to $3, so that they are read along them.
	Within string
	// Keyed joins the messages m whose keys lie between v.column3 and v.column4 in campaign v.column2, each v by a look at the index.
	Keyed string
	// ByKey reads campaign and id of the messages with the key $3, in the campaign $1 or, where $2 is true, in all. ByStem reads those whose
	// keys begin so: $1 is a JSON object of stems by campaign.
	ByKey, ByStem string
	// Proofs reads for the messages of campaign $1 that something is known of, in order: key, grade of the resolution, and of each fact state,
	// code, detail, grade, at, segments. ProofsByKey reads those of the key $2.
	Proofs, ProofsByKey string
	// Suppressed is true of the lines s of the suppression list about the address $1, and SameSuppressed of those n about the address of s: in
	// whatever case it is written.
	Suppressed, SameSuppressed string
	// SuppressedAmong joins the addresses of $1, a JSON array, as j with the place of each from 0 on, nth, and the newest line s about each.
	SuppressedAmong string
	// Of is true of what hangs on messages of campaign $1, in a table of that name: those with such ids, as "= $2".
	Of func(table, ids string) string
}

// Common is what of a ledger is written once: a driver's ledger embeds it.
type Common struct {
	DB      Database
	Queries Queries
}

// readOne reads the first row; sql.ErrNoRows where there is none.
func (l Common) readOne(ctx context.Context, dest []any, query string, args ...any) error {
	found := false
	err := l.DB.Read(ctx, func(row Row) error {
		found = true
		return row.Scan(dest...)
	}, query, args...)
	if err == nil && !found {
		err = sql.ErrNoRows
	}
	return err
}

// Audit writes an entry for something done elsewhere; the campaign may be one that the ledger does not know, or none.
func (l Common) Audit(ctx context.Context, campaign string, by ledger.Act) error {
	return l.DB.Write(ctx, "audit", func(x Tx) error { return x.Audit(campaign, by) })
}

// Tx is a transaction under way.
type Tx interface {
	// Lock lets one at a time change what has no row of its own for a lock, until the transaction ends.
	Lock(name string)
	Exec(query string, args ...any) error
	// Change says how many rows were changed.
	Change(query string, args ...any) (int, error)
	// One reads the first row; sql.ErrNoRows where there is none.
	One(dest []any, query string, args ...any) error
	// Each calls row for every row that the query reads.
	Each(row func(Row) error, query string, args ...any) error
	Audit(campaign string, by ledger.Act) error
	// BuryAll makes unknown what dead runs of a campaign left open.
	BuryAll(campaign int64, now time.Time) error
	// Resolve says what came of a message of a campaign that is unknown.
	Resolve(campaign int64, r ledger.Resolution, by ledger.Act, sum *ledger.Figures) error
	// Clean is text of a vendor as the database takes it.
	Clean(s string) string
	// Campaign finds a campaign whose messages are to be changed, and makes unknown what dead runs left of it.
	Campaign(name string, now time.Time) (Staged, error)
	// LeaveOut cancels a message that is pending or rejected, as one that is not on the list.
	LeaveOut(campaign, message int64) error
	// Unlist says that the newest list does not have a message of which it said something, or that it does not have it anyway.
	Unlist(campaign, message int64, anyway bool) error
	// Row adds a row of a list, to which messages can be pointed.
	Row(campaign int64, row int, key string, fields []byte) (int64, error)
	// DropRows deletes those of the rows that no message is about any more.
	DropRows(c Staged, rows map[int64]bool) error
}

// Staged is a campaign in a transaction. Its messages are within these ids.
type Staged struct{ ID, First, Last int64 }
