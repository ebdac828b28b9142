package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"slices"
	"testing"

	"notify/pkg/ledger"
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

// A pending message is read where each of its columns is of its kind, and not otherwise.
func TestAPendingMessageIsReadAsAWhole(t *testing.T) {
	t.Parallel()
	c := &claiming{x: &tx{w: &writer{}}}
	id, key, address, fields, number := int64(7), "k", "+12025550000", []byte("{}"), int64(1)
	row := []driver.Value{id, key, address, number, number, fields, "E7", number, number, number, number, number, number, number, nil, nil, nil, nil, nil, nil, nil, number}
	if r, err := c.pendingOf(shelfOf{}, row); err != nil || r.id != id || !r.recorded {
		t.Fatalf("%+v, %v", r, err)
	}
	for _, at := range []int{0, 1, 2, 3, 4, 5, 6, 10, 11, 12} {
		other := slices.Clone(row)
		other[at] = 1.5
		if r, err := c.pendingOf(shelfOf{}, other); !errors.Is(err, ledger.ErrDamaged) {
			t.Errorf("column %d is of another kind: %+v, %v", at, r, err)
		}
	}
}
