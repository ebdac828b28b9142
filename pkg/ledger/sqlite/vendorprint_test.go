package sqlite_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
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
	change := func(query string, args ...any) {
		t.Helper()
		if _, err := db.ExecContext(context.Background(), query, args...); err != nil {
			t.Fatal(err)
		}
	}
	finds := func(want map[int64]int) {
		t.Helper()
		for message, n := range want {
			if got := find(ids(message)); len(got) != n {
				t.Errorf("%s: %v, want %d", ids(message), got, n)
			}
		}
	}
	var first, campaign int64
	if err := db.QueryRowContext(t.Context(), "SELECT print, (SELECT id FROM campaign) FROM vendor_print").Scan(&first, &campaign); err != nil {
		t.Fatal(err)
	}
	change("UPDATE vendor_print SET print = $1", math.MaxUint32) // it is all there, where nobody looks
	finds(map[int64]int{1: 0, 2: 0, 3: 1, 4: 1})
	says(t, l, "2 attempts are not found by what their vendor calls them")
	change("UPDATE vendor_print SET print = $1", first)
	wantSound(t, l)
	other := binary.AppendUvarint(nil, uint64(stored.VendorPrint(ids(1))))
	other = binary.AppendVarint(binary.AppendVarint(other, 5), campaign)
	change("UPDATE vendor_print SET prints = $1", other) // another message, which nobody called so
	change("UPDATE vendor_print_new SET prints = substr(prints, 1, 8)")
	finds(map[int64]int{1: 0, 2: 0, 3: 1, 4: 0})
	says(t, l, "3 attempts are not found by what their vendor calls them")
}
