package ledger

import (
	"errors"
	"fmt"
	"time"
)

// The sentinels on which callers branch.
var (
	ErrNoCampaign = errors.New("no such campaign")
	ErrNoCheck    = errors.New("no preflight result")
	ErrAborted    = errors.New("campaign was aborted")
	ErrLeased     = errors.New("another run of this campaign is alive")
	// ErrReplaced: the database's files were deleted, or others put in their place, while a run was alive; what it writes goes nowhere.
	ErrReplaced  = errors.New("the ledger's file was deleted or replaced while a run was alive")
	ErrLeaseLost = errors.New("the lease was lost: this run was declared dead")
	ErrBehind    = errors.New("the ledger has forgotten what it acknowledged")
	// ErrLinked: each name has companions and locks of its own, so that two processes would not see each other.
	ErrLinked      = errors.New("the ledger's file has another name (a hard link)")
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

// OutOfTurnError says that a run asked for a turn that does not follow the last one. It is an ErrBehind where turns are missing that the
// caller was told of: a ledger that was restored from a copy, or a server that was promoted without them.
type OutOfTurnError struct {
	Run         RunID
	Asked, Last int64
}

// Error names the run and both turns.
func (e *OutOfTurnError) Error() string {
	return fmt.Sprintf("run %d asks for turn %d, and its last one was %d", e.Run, e.Asked, e.Last)
}

// Is makes errors.Is(err, ErrBehind) true where turns are missing.
func (e *OutOfTurnError) Is(target error) bool { return target == ErrBehind && e.Asked > e.Last+1 }
