package preflight

import (
	"context"

	"notify/pkg/plan"
)

// ParseDKIMKey and ParseUnsubscribe are for fuzzing: through DNS and a plan they would run a hundred times slower.
func ParseDKIMKey(text string) (kind string, bits int, err error) {
	k, err := parseDKIMKey(text)
	return k.kind, k.bits, err
}

var ParseUnsubscribe = parseUnsubscribe

// EachRow is for checks that tests make.
func (s *Subject) EachRow(ctx context.Context, f func(*plan.Recipient) bool) error {
	return s.eachRow(ctx, f)
}
