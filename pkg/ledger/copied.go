package ledger

import (
	"context"

	"notify/pkg/words"
)

// ActMoved is what the audit entries of a ledger that was moved say, there and in the new one.
const ActMoved = "copy"

// MovedTo is the bookmark of a ledger that was moved: to where. Nothing is written to it any more.
const MovedTo = "moved to"

// MovedError refuses to change a ledger that was moved: whoever paused a campaign there, or took somebody off it, would do so for nobody.
type MovedError struct{ To string }

// Error is the sentence in English.
func (e *MovedError) Error() string { return e.Says().String() }

// Says is where it went.
func (e *MovedError) Says() words.Text { return words.T("ledger.error.moved", words.A{"to": e.To}) }

// Leaver is a ledger that can be moved elsewhere.
type Leaver interface {
	// Leave marks the ledger as moved to a place, with the audit entry; "" takes that back. From then on whatever would change it is refused with a
	// *MovedError: only runs that are alive finish.
	Leave(ctx context.Context, to string, by Act) error
}

// Dumper gives all that a ledger has, table by table.
type Dumper interface {
	// Dump calls row with each row of a table, in the columns that are asked for.
	Dump(ctx context.Context, table string, columns []string, row func([]any) error) error
}

// Mover takes in all that another ledger has.
type Mover interface {
	// TakeIn copies everything in one transaction, with the other's identity, and writes the audit entry. It returns how many rows of each
	// table arrived, as counted afterwards. It fails where something is there already.
	TakeIn(ctx context.Context, from Dumper, by Act) (map[string]int, error)
}
