package ledger

import (
	"context"
	"time"
)

// ActExported is what the audit says of an export.
const ActExported = "export"

// ActPurged is what the audit says of a campaign whose people were forgotten because it is old.
const ActPurged = "purge"

// Purger is a ledger that can lose what it does not need any more.
type Purger interface {
	// DropReceipts wipes what receipts say that arrived before and are settled or refused; that they came, and what was told of messages, stays.
	DropReceipts(ctx context.Context, before time.Time) (int, error)
}

// Compacter is a ledger that can give back the space of what was deleted, and with it what is left of it on the disk.
type Compacter interface {
	// Compact returns how many bytes smaller the database is.
	Compact(ctx context.Context) (int64, error)
}
