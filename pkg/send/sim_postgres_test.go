//go:build unix

package send_test

import (
	"flag"
	"fmt"
	"io"
	"os"
	"testing"

	"notify/pkg/ledger/postgres/pgtest"
)

var simShared = flag.Int("seeds.postgres", 0, "how many worlds the simulation tries on a PostgreSQL; with -seed that one, if this is not 0")

// TestNobodyIsToldTwiceOnPostgreSQL lives through the same worlds on a server: time stands still there while it answers.
func TestNobodyIsToldTwiceOnPostgreSQL(t *testing.T) {
	if *simShared == 0 {
		return
	}
	s := pgtest.Start(t)
	world := func(seed uint64, story io.Writer) {
		tryWorld(t, seed, s.SocketURL(pgtest.Superuser, "postgres")+fmt.Sprintf("&schema=world_%d", seed), story)
	}
	if *simSeed != 0 {
		world(*simSeed, os.Stderr)
		return
	}
	for seed := range uint64(*simShared) {
		world(seed+1, io.Discard)
		if t.Failed() {
			t.Fatalf("seed %d failed; see its story with: go test ./pkg/send -run TestNobodyIsToldTwiceOnPostgreSQL -seed %d", seed+1, seed+1)
		}
	}
}
