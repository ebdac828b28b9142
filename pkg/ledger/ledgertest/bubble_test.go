package ledgertest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/ledgertest"
)

// The simulation of the send loop holds a Memory over crashes, in virtual time.
func TestMemorySurvivesACrashInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := ledgertest.NewLeasedMemory()
		first := m.Open()
		_, err := first.Stage(t.Context(), ledger.Staging{Campaign: "award-2020", Digest: "d1", By: ledger.Act{At: time.Now()}, Recipients: nobody})
		if err != nil {
			t.Fatal(err)
		}
		ask := func() ledger.Acquire {
			return ledger.Acquire{Campaign: "award-2020", Host: "ops-1", Now: time.Now(), Extend: time.Minute}
		}
		if _, err := first.Acquire(t.Context(), ask()); err != nil {
			t.Fatal(err)
		}
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		second := m.Open()
		if _, err := second.Acquire(t.Context(), ask()); err == nil {
			t.Error("acquired while the lease lasts")
		}
		<-time.After(time.Minute)
		if _, err := second.Acquire(t.Context(), ask()); err != nil {
			t.Error(err)
		}
	})
}

func nobody(func(ledger.Recipient, error) bool) {}
