package ledger

import (
	"fmt"
	"time"

	"notify/pkg/words"
)

// The sentinels on which callers branch.
var (
	ErrNoCampaign = words.Err("ledger.error.no-campaign", nil)
	ErrNoCheck    = words.Err("ledger.error.no-check", nil)
	ErrAborted    = words.Err("ledger.error.aborted", nil)
	ErrLeased     = words.Err("ledger.error.leased", nil)
	// ErrReplaced: the database's files were deleted, or others put in their place, while a run was alive; what it writes goes nowhere.
	ErrReplaced  = words.Err("ledger.error.replaced", nil)
	ErrLeaseLost = words.Err("ledger.error.lease-lost", nil)
	// ErrRolledBack: others know of turns that this ledger, or this very run, has forgotten: it was put back as it was before.
	ErrRolledBack = words.Err("ledger.error.rolled-back", nil)
	ErrBehind     = words.Err("ledger.error.behind", nil)
	// ErrLinked: each name has companions and locks of its own, so that two processes would not see each other.
	ErrLinked      = words.Err("ledger.error.linked", nil)
	ErrBusy        = words.Err("ledger.error.busy", nil)
	ErrReadOnly    = words.Err("ledger.error.read-only", nil)
	ErrNoRight     = words.Err("ledger.error.no-right", nil)
	ErrFull        = words.Err("ledger.error.full", nil)
	ErrDamaged     = words.Err("ledger.error.damaged", nil)
	ErrNewerSchema = words.Err("ledger.error.newer-schema", nil)
	ErrNotLedger   = words.Err("ledger.error.not-ledger", nil)
	ErrUnsafeFS    = words.Err("ledger.error.unsafe-fs", nil)
	// ErrUnreachable: the server does not answer, or not in time. What was asked of it may have been done.
	ErrUnreachable = words.Err("ledger.error.unreachable", nil)
	ErrClock       = words.Err("ledger.error.clock", nil)
	// ErrUndurable: a commit was made, and not where it was to be: nothing of it may be relied on before it is asked for again.
	ErrUndurable = words.Err("ledger.error.undurable", nil)
)

// ServerError is what a server did not do: an error of a Kind, such as ErrUnreachable, why, and what to do; Why and Do are zero where that is not known.
type ServerError struct {
	Kind    error
	Why, Do words.Text
	Err     error
}

// Error is for logs.
func (e *ServerError) Error() string { return e.Kind.Error() + ": " + e.Err.Error() }

// Unwrap is the kind, and what the driver said.
func (e *ServerError) Unwrap() []error { return []error{e.Kind, e.Err} }

// Says is what was not done, and why.
func (e *ServerError) Says() words.Text {
	if e.Why.IsZero() {
		return words.Cause(e.Kind)
	}
	return words.T("ledger.error.server", words.A{"what": words.Cause(e.Kind), "why": e.Why})
}

// MaxSkew is how far the clocks of a process and of the ledger's server may differ: well below the time that a claim has to leave.
const MaxSkew = 2 * time.Second

// skewGrain is how finely a difference between clocks is told, and so how finely it is judged.
const skewGrain = 100 * time.Millisecond

// FitsClock is nil where the server's clock is so far ahead that leases and deadlines hold, and otherwise a *ClockError.
func FitsClock(ahead time.Duration) error {
	if ahead.Abs().Round(skewGrain) > MaxSkew {
		return &ClockError{Ahead: ahead}
	}
	return nil
}

// ClockError says how far the server's clock is ahead of the caller's. It is an ErrClock.
type ClockError struct{ Ahead time.Duration }

// Error is the sentence in English.
func (e *ClockError) Error() string { return ErrClock.Error() + ": " + e.Says().String() }

// Says is by how much.
func (e *ClockError) Says() words.Text {
	return words.T("ledger.error.clock-by", words.A{"ahead": e.Ahead.Abs().Round(skewGrain), "most": MaxSkew})
}

// Is makes errors.Is(err, ErrClock) true.
func (e *ClockError) Is(target error) bool { return target == ErrClock }

// DamagedError says what of a ledger is damaged. It is an ErrDamaged.
type DamagedError struct{ What words.Text }

// Damaged is an error about what is damaged.
func Damaged(id string, args words.A) error { return &DamagedError{What: words.T(id, args)} }

// Error is the sentence in English.
func (e *DamagedError) Error() string { return ErrDamaged.Error() + ": " + e.What.String() }

// Says is what is damaged.
func (e *DamagedError) Says() words.Text { return e.What }

// Is makes errors.Is(err, ErrDamaged) true.
func (e *DamagedError) Is(target error) bool { return target == ErrDamaged }

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

// OtherServerError says that the server, in the midst of a run, is another one than it was: a standby that was promoted, or a copy that was put
// back. It is an ErrBehind: nobody knows what it lacks before the machines were asked that sent.
type OtherServerError struct{ Was, Now string }

// Error is for logs.
func (e *OtherServerError) Error() string {
	return fmt.Sprintf("the ledger's server was %s and is %s", e.Was, e.Now)
}

// Is makes errors.Is(err, ErrBehind) true.
func (e *OtherServerError) Is(target error) bool { return target == ErrBehind }

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
