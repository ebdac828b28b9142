package stored_test

import (
	"testing"

	"notify/pkg/ledger/stored"
)

// onServer is nil: no server is started here.
func onServer(testing.TB) func(testing.TB) []stored.Common { return nil }
