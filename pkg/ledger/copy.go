package ledger

import (
	"context"
	"time"
)

// Copy says when and where a ledger was copied. What left from the original afterwards, a copy does not know.
type Copy struct {
	Made   time.Time `json:"made"`
	Host   string    `json:"host"`
	Memory string    `json:"memory,omitempty"` // which machine's witness was there, and so knows what left since; empty: none
	// Used is when the copy was put to use; zero: it was not yet.
	Used time.Time `json:"used,omitzero"`
}

// Lapse is for how long after a copy was put to use a campaign that it does not know may be one that left from the original.
const Lapse = 7 * 24 * time.Hour

// The acts around copies.
const (
	ActBackup   = "backup" // its reason is the file
	ActRestored = "restore"
)

// Backuper is a ledger that can be copied while it is in use, and that knows of a copy that it is one.
type Backuper interface {
	// Backup writes a consistent copy to dest, readable by its owner only, which knows itself as one. It does not overwrite.
	Backup(ctx context.Context, dest string, as Copy) error
	// Copies are the copies that this ledger comes from and that the campaign was not settled after; of a campaign that
	// is not known, or none (""): all of them.
	Copies(ctx context.Context, campaign string) ([]Copy, error)
	// MarkCopy makes the ledger one that was copied; from a file that was copied by other means.
	MarkCopy(ctx context.Context, c Copy) error
	// SettleCopies says that all that left of the campaign after the copies is known now, or is vouched for by a person; of no campaign
	// (""): of all, also those to come.
	SettleCopies(ctx context.Context, campaign string, now time.Time) error
}

// Ahead is a ledger that can tell quickly what it would hand out next.
type Ahead interface {
	// Next are of each channel the first n messages that were never touched, in the order in which they are handed out.
	Next(ctx context.Context, campaign string, n int) ([]Record, error)
}
