package ledger

import "context"

// ActMoved is what the audit entries of a ledger that was moved say, there and in the new one.
const ActMoved = "copy"

// MovedTo is the bookmark of a ledger that was moved: to where. Nothing is sent from it any more.
const MovedTo = "moved to"

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
