package sqlite_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/sqlite"
)

// Whoever does not want to wait any longer for a ledger that another process holds is let go at once, and nothing of what was asked for is done later.
func TestWhoWaitsForAHeldLedgerMayLeave(t *testing.T) {
	f := newFaults()
	l, path := faulty(t, inUse(t), sqlite.Options{}, f)
	run := acquire(t, l, other)
	letGo := takenBy(t, path)
	for name, ask := range map[string]func(context.Context) error{
		"a turn": func(ctx context.Context) error {
			_, err := l.Turn(ctx, ledger.Turn{Run: run, Now: start, Extend: time.Minute, Claim: claimOf(2)})
			return err
		},
		"a pause": func(ctx context.Context) error { return l.Pause(ctx, other, ledger.Act{At: start}) },
	} {
		ctx, leave := context.WithCancel(t.Context())
		tries := 0
		f.told = func(what string) {
			if what != "exec BEGIN IMMEDIATE" {
				return
			}
			if tries++; tries > 2 { // it is asked for again and again
				leave()
			}
		}
		var err error
		f.watch(func() { err = ask(ctx) })
		leave()
		if !errors.Is(err, context.Canceled) || !errors.Is(err, ledger.ErrBusy) {
			t.Errorf("%s: %v", name, err) // who stays is told ErrBusy alone
		}
	}
	letGo()
	got, err := l.Turn(t.Context(), ledger.Turn{Run: run, Now: start, Extend: time.Minute, Claim: claimOf(2)})
	if err != nil || len(got.Grants[0].Claims) != 2 || got.Grants[0].Claims[0].Row != 2 || got.Paused != nil {
		t.Errorf("%+v, %v", got, err)
	}
	wantSound(t, l)
	// Who waits for this very process is not told that another one has it.
	if _, err := l.Stage(t.Context(), ledger.Staging{Campaign: "new-2020", Digest: "d1", Recipients: func(func(ledger.Recipient, error) bool) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		if err := l.Pause(ctx, award, ledger.Act{At: start}); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ledger.ErrBusy) {
			t.Errorf("while it is staged: %v", err)
		}
	}}); err != nil {
		t.Fatal(err)
	}
}

// Where another process has the ledger, and it cannot be asked for again, nothing is done as if it had been got.
func TestALedgerThatIsWaitedForInVainIsNotChanged(t *testing.T) {
	f := newFaults()
	l, path := faulty(t, inUse(t), sqlite.Options{}, f)
	letGo := takenBy(t, path)
	f.had["prepare BEGIN IMMEDIATE, time 1"], f.had["exec BEGIN IMMEDIATE, time 1"] = true, true
	pause := func() error {
		return l.Pause(t.Context(), award, ledger.Act{Who: "wang", What: "pause", At: start})
	}
	var err error
	if failed := f.try(func() { err = pause() }); failed != "exec BEGIN IMMEDIATE, time 2" || !errors.Is(err, errFault) {
		t.Errorf("after %s it says %v", failed, err)
	}
	letGo()
	if c, err := l.Campaign(t.Context(), award); err != nil || c.Paused != nil {
		t.Errorf("it is paused by %+v, %v", c.Paused, err)
	}
	if err := pause(); err != nil {
		t.Error(err)
	}
}
