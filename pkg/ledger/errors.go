package ledger

import (
	"errors"
	"fmt"
	"time"
)

// The sentinels on which callers branch.
var (
	ErrNoCampaign  = errors.New("no such campaign")
	ErrNoCheck     = errors.New("no preflight result")
	ErrAborted     = errors.New("campaign was aborted")
	ErrLeased      = errors.New("another run of this campaign is alive")
	ErrLeaseLost   = errors.New("the lease was lost: another run has taken over")
	ErrBusy        = errors.New("ledger is locked by another process")
	ErrReadOnly    = errors.New("ledger is read-only")
	ErrFull        = errors.New("disk is full")
	ErrDamaged     = errors.New("ledger is damaged")
	ErrNewerSchema = errors.New("ledger was written by a newer notify")
	ErrNotLedger   = errors.New("file is not a notify ledger")
	ErrUnsafeFS    = errors.New("ledger is on a network file system")
)

// LeasedError says who is at work on the campaign. It is an ErrLeased.
type LeasedError struct {
	Holder Run
	// Until is when the lease and the last deadline of the holder have passed; zero where only the holder can end it.
	Until time.Time
}

// Error names the process, the host, and since when it has run.
func (e *LeasedError) Error() string {
	return fmt.Sprintf("%s: process %d on %s since %s", ErrLeased, e.Holder.PID, e.Holder.Host, e.Holder.Started.Format(time.RFC3339))
}

// Is makes errors.Is(err, ErrLeased) true.
func (e *LeasedError) Is(target error) bool { return target == ErrLeased }
