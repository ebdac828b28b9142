package report

import (
	"notify/pkg/ledger"
	"notify/pkg/plan"
)

// NeverStaged is how many recipients of the list were never staged, where only parts of it were: nobody but the list knows of them.
func NeverStaged(spec *plan.Spec, c ledger.Counts) int {
	if spec.Part.All() {
		return 0
	}
	return max(0, spec.Listed-c.People)
}
