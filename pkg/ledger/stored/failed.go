package stored

import (
	"fmt"

	"notify/pkg/words"
)

// FailedError is an error of a database, with what was being done to which ledger.
type FailedError struct {
	Doing, Ledger string
	Err           error
}

// Error is for logs.
func (e *FailedError) Error() string {
	return fmt.Sprintf("%s: ledger %s: %s", e.Doing, e.Ledger, e.Err)
}

// Unwrap is what went wrong.
func (e *FailedError) Unwrap() error { return e.Err }

// Says is what is known to have gone wrong; what only the database has words for stands under the ledger's name.
func (e *FailedError) Says() words.Text {
	said := words.Cause(e.Err)
	if said.ID == "words.raw" {
		return words.T("ledger.error.failed", words.A{"ledger": e.Ledger, "said": said})
	}
	return said
}

// Place is the ledger that it is about.
func (e *FailedError) Place() string { return e.Ledger }
