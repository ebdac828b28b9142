package sqlite_test

import (
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/sqlite"
)

// The send loop is tested in virtual time on the real database as well.
func TestALedgerWorksInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "notify.db"), sqlite.Options{Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		stage(t, l, "award-2020", 3)
		run := acquire(t, l, "award-2020")
		<-time.After(time.Hour)
		got, err := l.Turn(t.Context(), ledger.Turn{Run: run, Now: time.Now(), Extend: time.Minute, Claim: claimOf(2)})
		if err != nil || len(got.Grants[0].Claims) != 2 {
			t.Errorf("%+v, %v", got, err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
}
