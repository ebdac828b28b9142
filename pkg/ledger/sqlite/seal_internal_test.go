package sqlite

import (
	"context"
	"errors"
	"testing"
)

// Whoever left is not told that everything fits its seal.
func TestTheCheckOfSealsMayBeLeft(t *testing.T) {
	t.Parallel()
	l, _ := gatedLedger(t)
	left, leave := context.WithCancel(t.Context())
	leave()
	if problems, err := l.broken(left, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, %v", problems, err)
	}
}
