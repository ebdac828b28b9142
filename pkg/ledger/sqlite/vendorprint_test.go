package sqlite_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/sqlite"
	"notify/pkg/ledger/stored"
)

// What is lost of the index is named by the check, and what is wrong in it finds nobody.
func TestAVendorsIDIsFoundWhereItStandsAndNowhereElse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify.db")
	l := open(t, path, sqlite.Options{})
	stage(t, l, "award-2020", 5)
	run := acquire(t, l, "award-2020")
	turn := func(settle []ledger.Settlement) []ledger.Settlement {
		t.Helper()
		got, err := l.Turn(t.Context(), ledger.Turn{Run: run, Now: start, Extend: time.Minute, Settle: settle, Claim: claimOf(2)})
		if err != nil {
			t.Fatal(err)
		}
		return accept(got.Grants)
	}
	find := func(id string) (found []int64) {
		t.Helper()
		trails, err := l.Trails(t.Context(), ledger.Sought{VendorID: id})
		if err != nil {
			t.Fatal(err)
		}
		for _, of := range trails {
			found = append(found, of.ID)
		}
		return found
	}
	settled := turn(turn(nil))
	if err := l.Gather(t.Context()); err != nil {
		t.Fatal(err)
	}
	turn(settled)
	ids := func(settlement int64) string { return fmt.Sprintf("vendor-%020d", stored.AttemptID(settlement, 1)) }
	for message := int64(1); message <= 4; message++ { // two in order, and two that are new
		if got := find(ids(message)); len(got) != 1 || got[0] != message {
			t.Errorf("%s: %v, want message %d", ids(message), got, message)
		}
	}
	db := raw(t, path)
	for _, q := range []string{
		"UPDATE vendor_print SET message_id = 5 WHERE message_id = 1", // another message, which nobody called so
		"DELETE FROM vendor_print WHERE message_id = 2",
		"UPDATE vendor_print_new SET prints = substr(prints, 1, 12)",
	} {
		if _, err := db.ExecContext(context.Background(), q); err != nil {
			t.Fatal(err)
		}
	}
	for message, want := range map[int64]int{1: 0, 2: 0, 3: 1, 4: 0} {
		if got := find(ids(message)); len(got) != want {
			t.Errorf("%s: %v, want %d", ids(message), got, want)
		}
	}
	says(t, l, "3 attempts are not found by what their vendor calls them")
}
