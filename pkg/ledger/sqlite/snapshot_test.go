package sqlite_test

import (
	"maps"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/sqlite"
	"notify/pkg/message"
)

// TestAScreenIsOneMoment: while runs are alive, accounts and channels say the same in every sample, whoever writes in between.
func TestAScreenIsOneMoment(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify.db")
	l := open(t, path, sqlite.Options{})
	stage(t, l, "award-2020", 20_000)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for i := range 2 {
		p := open(t, path, sqlite.Options{})
		got, err := p.Acquire(t.Context(), ledger.Acquire{Campaign: "award-2020", Host: "ops-1", Join: i > 0, Now: start, Extend: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			var settle []ledger.Settlement
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				ask := claimOf(32)
				ask[0].Limits.Account = []string{"sms-a", "sms-b"}[n%2]
				turned, err := p.Turn(t.Context(), ledger.Turn{Run: got.Run.ID, Now: start, Extend: time.Hour, Settle: settle, Claim: ask})
				if err != nil {
					t.Error(err)
					return
				}
				settle = accept(turned.Grants)
				if len(settle) > 2 {
					settle[0].Outcome.Kind, settle[1].Outcome.Kind = message.OutcomeRejected, message.OutcomeUnknown
				}
			}
		})
	}
	looker := open(t, path, sqlite.Options{ReadOnly: true})
	alive := 0
	for range 50 {
		s, err := looker.Snapshot(t.Context(), "award-2020", ledger.Day{Name: "2026-11-20"})
		if err != nil {
			t.Fatal(err)
		}
		if s.Counts.Of(message.Attempting) > 0 {
			alive++
		}
		by := make(map[message.State]int)
		var debit int64
		for _, a := range s.Accounts {
			for state, n := range a.ByState {
				by[state] += n
			}
			debit += a.Debit.Messages
			if a.Usage.Day != a.Debit {
				t.Errorf("%s: the day has %+v, the campaign %+v", a.State.Account, a.Usage.Day, a.Debit)
			}
		}
		for _, state := range []message.State{message.Attempting, message.Accepted, message.Rejected, message.Unknown} {
			if by[state] != s.Counts.Of(state) {
				t.Errorf("accounts have %d %s, channels %d", by[state], state, s.Counts.Of(state))
			}
		}
		if want := s.Counts.Of(message.Attempting, message.Accepted, message.Unknown); debit != int64(want) {
			t.Errorf("accounts are debited for %d, channels have %d", debit, want)
		}
		if total := s.Counts.Of(message.States()...); total != 20_000 || len(s.Campaign.Holders) != 2 {
			t.Errorf("%d messages, %d runs", total, len(s.Campaign.Holders))
		}
		if t.Failed() {
			break
		}
	}
	close(stop)
	wg.Wait()
	if alive == 0 {
		t.Error("nothing was under way in any sample")
	}
	wantSound(t, l)
}

// A screen shows each account that the campaign sends through as it stands.
func TestAScreenShowsItsAccountsAsTheyStand(t *testing.T) {
	l, _ := copyOf(t, inUse(t), sqlite.Options{})
	for account, off := range map[string]bool{"sms-marketing": false, "elsewhere": true} {
		if err := l.SetAccount(t.Context(), account, ledger.AccountSetting{Off: off, On: !off}, ledger.Act{Who: "wang", What: "accounts", At: start}); err != nil {
			t.Fatal(err)
		}
	}
	s, err := l.Snapshot(t.Context(), award, ledger.DayOf(start))
	if err != nil || len(s.Accounts) != 1 || s.Accounts[0].State.Account != "sms-marketing" || s.Accounts[0].State.Off != nil {
		t.Errorf("%+v, %v", s.Accounts, err)
	}
}

// A screen of a campaign has its own last run and how far its own channels have come, whatever is done of others, and its accounts as people set them.
func TestAScreenIsOfItsCampaignAlone(t *testing.T) {
	t.Parallel()
	l, _ := copyOf(t, inUse(t), sqlite.Options{})
	screen := func(campaign string) ledger.Snapshot {
		t.Helper()
		s, err := l.Snapshot(t.Context(), campaign, ledger.Day{Name: "2026-11-20"})
		if err != nil || s.Last == nil {
			t.Fatalf("%+v, %v", s, err)
		}
		return s
	}
	weight := 3
	if err := l.SetAccount(t.Context(), "sms-marketing", ledger.AccountSetting{Weight: &weight}, ledger.Act{Who: "wang", What: ledger.ActSet, At: start}); err != nil {
		t.Fatal(err)
	}
	before := screen(award)
	if len(before.Accounts) != 1 || before.Accounts[0].State.Weight == nil || *before.Accounts[0].State.Weight != weight {
		t.Errorf("the accounts of %s: %+v", award, before.Accounts)
	}
	run := acquire(t, l, other)
	got, err := l.Turn(t.Context(), ledger.Turn{Run: run, Now: start, Extend: time.Minute, Claim: claimOf(3)})
	if err != nil || len(got.Grants[0].Claims) != 3 {
		t.Fatalf("%+v, %v", got, err)
	}
	after, of := screen(award), screen(other)
	if after.Last.ID != before.Last.ID || !maps.Equal(after.Reach, before.Reach) || len(after.Reach) == 0 {
		t.Errorf("%s had run %d and came to %v; now it has run %d, and %v", award, before.Last.ID, before.Reach, after.Last.ID, after.Reach)
	}
	if of.Last.ID != run || of.Reach[message.SMS] <= after.Reach[message.SMS] {
		t.Errorf("%s has run %d and came to %v; want run %d, beyond %v", other, of.Last.ID, of.Reach, run, after.Reach)
	}
}
