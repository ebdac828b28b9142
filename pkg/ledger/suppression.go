package ledger

import (
	"context"
	"iter"
	"time"

	"notify/pkg/message"
	"notify/pkg/words"
)

// ErrNotSuppressed says that an address is not on the suppression list.
var ErrNotSuppressed = words.Err("ledger.error.not-suppressed", nil)

// SuppressionReader reads who must not be written to.
type SuppressionReader interface {
	// Suppressed reports which of the addresses are on the suppression list, in the order in which they were asked. They are
	// consumed as a stream, some thousands ahead of what is reported; where nobody is on the list, not at all.
	Suppressed(ctx context.Context, asked iter.Seq[Asked]) iter.Seq2[Found, error]
	// Suppressions reads the entries that are in force, the oldest first.
	Suppressions(ctx context.Context) iter.Seq2[Suppression, error]
	// SuppressionLog reads every line after the one with this ID, the oldest first, those that took an address off, too: who
	// has read it up to the newest line learns the changes since by asking again.
	SuppressionLog(ctx context.Context, after int64) iter.Seq2[Suppression, error]
	// Alias is what stands in these lines, and everywhere, for an address that was forgotten.
	Alias(ctx context.Context) (Alias, error)
}

// Suppressions keeps the addresses that are never to be sent to, whatever the campaign. It is a log: a line is never
// rewritten and never deleted, and the newest line of an address says how it stands.
type Suppressions interface {
	SuppressionReader
	// Suppress puts addresses on the list, with one audit entry by. An address that is on it already keeps its first entry.
	// The stream is committed in portions, so that a run is not held up by a million entries: what was committed before an
	// error, its own or the stream's, stays and is counted; giving the same entries again is safe.
	Suppress(ctx context.Context, entries iter.Seq2[Suppression, error], by Act) (Suppress, error)
	// Unsuppress takes addresses off the list, all of them or none, with one audit entry by, whose Reason each line keeps
	// and which must not be empty. ErrNotSuppressed where one is not on it.
	Unsuppress(ctx context.Context, addresses []message.Address, by Act) error
}

// Suppression is a line of the suppression list. Upper and lower case in an address make no difference.
type Suppression struct {
	ID      int64 // set by the ledger; a later line has a greater one
	Address message.Address
	Channel message.Channel
	Reason  string // opt-out, hard-bounce, complaint, other; empty where the address was taken off
	Note    string // what a person wrote; where the address was taken off, why
	Who     string // "wang@ops-1"
	At      time.Time
}

// Suppress says what became of entries. Added + Known are all that were read.
type Suppress struct {
	Added int
	Known int // on the list already: their first entry stands
	// Kept are the first MaxKept of those entries, as they stand.
	Kept []Suppression
}

// MaxKept is how many of the entries that stand already are told one by one.
const MaxKept = 20

// Asked is an address to look up.
type Asked struct {
	Address message.Address
	Row     int // handed back with what was found
}

// Found is an address that is on the suppression list.
type Found struct {
	Row int
	Suppression
}
