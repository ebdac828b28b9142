package ledgertest

import (
	"errors"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

// Promises about several runs on one campaign, and about turns whose answers are lost.
func severalPromises() []promise {
	return []promise{
		{"a run that is alive is joined by who asks for it, and by nobody else", func(s *story) {
			s.stage("d1", people(award, 3)...)
			first := s.acquire(award)
			_, err := s.another().Acquire(s.ctx(), s.asks(award))
			s.fails(err, ledger.ErrLeased)
			_, second := s.joins()
			c, err := s.Campaign(s.ctx(), award)
			s.ok(err)
			s.same("holders", []ledger.RunID{c.Holders[0].ID, c.Holders[1].ID}, []ledger.RunID{first, second})
			_, err = s.Stage(s.ctx(), ledger.Staging{Campaign: award, Digest: "d2", By: s.by("stage"), Recipients: list(people(award, 4)...)})
			s.fails(err, ledger.ErrLeased)
			s.ok(s.Release(s.ctx(), first, s.now, words.Raw("paused")))
			s.same("left", s.turn(second, nil).Runs, 1)
		}},
		{"three runs send each message once, and keep quota and budget to the last message", threeRuns},
		{"one of three dies, and only its part is unknown", oneDies},
		{"a pause stops all runs, whoever pauses", pauseStopsAll},
		{"who settles last sees that nothing is left, and nobody before", lastSees},
		{"what one run claimed is not another's to settle", func(s *story) {
			s.stage("d1", people(award, 4)...)
			first := s.acquire(award)
			other, second := s.joins()
			got := s.claim(first, claims(2)).Claims
			again := s.settled(got[:1], message.Outcome{Kind: message.OutcomeThrottled})
			s.turn(first, again)
			got = append(got[1:], s.claim(first, claims(9)).Claims...) // one of them for the second time
			t := other.turn(second, append(other.settled(got, message.Outcome{Kind: message.OutcomeAccepted}), again...))
			s.same("stale", len(t.Stale), len(got)+1)
			s.same("states", s.states(award), repeat(message.Attempting, 4))
			s.sound(award)
		}},
		{"all runs together have no more messages open at an account than it has slots", func(s *story) {
			s.stage("d1", people(award, 9)...)
			first := s.acquire(award)
			other, second := s.joins()
			slots := claims(4, func(c *ledger.ClaimRequest) { c.Limits.Concurrency = 5 })
			got := s.claim(first, slots).Claims
			g := other.claim(second, slots)
			s.same("the second", []any{len(got), len(g.Claims), g.Held, g.Until.After(s.now)}, []any{4, 1, ledger.HoldSlots, true})
			s.turn(first, s.settled(got[:2], message.Outcome{Kind: message.OutcomeAccepted}))
			s.same("when two are free", len(other.claim(second, slots).Claims), 2)
		}},
		{"what two runs find out about an account adds up, and neither writes over the other", accountsTogether},
		{"a turn whose answer was lost is made once, and answered as often as it is asked for", lostAnswer},
		{"a run that is out of turn is told so, and that the ledger has forgotten", func(s *story) {
			s.stage("d1", people(award, 2)...)
			run := s.acquire(award)
			for number, behind := range map[int64]bool{2: true, 7: true, -1: false} {
				_, err := s.Turn(s.ctx(), ledger.Turn{Run: run, Number: number, Now: s.now, Extend: lease, Claim: []ledger.ClaimRequest{claims(1)}})
				var out *ledger.OutOfTurnError
				if !errors.As(err, &out) || errors.Is(err, ledger.ErrBehind) != behind {
					s.Errorf("turn %d: %v", number, err)
				}
			}
			s.same("states", s.states(award), repeat(message.Pending, 2))
		}},
		{"the reach says how far a channel was handed out, and only goes up", func(s *story) {
			s.stage("d1", people(award, 3)...)
			run := s.acquire(award)
			a := s.turn(run, nil, claims(2))
			b := s.turn(run, s.settled(a.Grants[0].Claims, message.Outcome{Kind: message.OutcomeThrottled}))
			c := s.turn(run, nil, claims(3)) // one that is new, and two again
			if a.Reach[message.SMS] <= 0 || b.Reach[message.SMS] != a.Reach[message.SMS] || c.Reach[message.SMS] <= b.Reach[message.SMS] {
				s.Errorf("%v, %v, %v", a.Reach, b.Reach, c.Reach)
			}
			at, err := s.Snapshot(s.ctx(), award, ledger.Day{Name: today})
			s.ok(err)
			s.same("read", at.Reach, c.Reach)
		}},
	}
}

// joins is another process that takes part.
func (s *story) joins() (*story, ledger.RunID) {
	s.Helper()
	other := s.another()
	a := s.asks(award)
	a.Join = true
	got, err := other.Acquire(s.ctx(), a)
	s.ok(err)
	return other, got.Run.ID
}

func threeRuns(s *story) {
	const n, quota = 40, 17
	s.stage("d1", people(award, n)...)
	procs := []*story{s}
	runs := []ledger.RunID{s.acquire(award)}
	for range 2 {
		p, run := s.joins()
		procs, runs = append(procs, p), append(runs, run)
	}
	told := make(map[message.Key]int)
	budget := message.Money(45000 * 15)
	kinds := []message.OutcomeKind{message.OutcomeAccepted, message.OutcomeThrottled, message.OutcomeAccepted, message.OutcomeUnknown, message.OutcomeRejected}
	open := make([][]ledger.Settlement, 3)
	held := make(map[ledger.HoldReason]bool)
	for round := range 60 {
		i := (round + round/7) % 3
		limits := func(c *ledger.ClaimRequest) { c.Limits.DailyQuota = quota }
		if round%2 == 1 {
			limits = func(c *ledger.ClaimRequest) { c.Limits.DailyQuota, c.Limits.CampaignBudget = quota, budget }
		}
		t := procs[i].turn(runs[i], open[i], claims(1+round%5, limits))
		open[i] = nil
		for _, c := range t.Grants[0].Claims {
			kind := kinds[(round+c.Row)%len(kinds)]
			if !kind.Definite() {
				told[c.Key]++
			}
			open[i] = append(open[i], ledger.Settlement{Attempt: c.Attempt, At: s.now, Outcome: message.Outcome{Kind: kind}})
		}
		held[t.Grants[0].Held] = true
		if used := s.day(smsAcc); used.Messages > quota {
			s.Fatalf("%d of %d", used.Messages, quota)
		}
	}
	for i := range procs {
		procs[i].turn(runs[i], open[i])
	}
	for k, times := range told {
		if times > 1 {
			s.Errorf("message %s left %d times", k, times)
		}
	}
	s.same("quota", []any{int(s.day(smsAcc).Messages), len(told), held[ledger.HoldQuota] || held[ledger.HoldBudget]}, []any{len(told), len(told), true})
	c, err := s.Counts(s.ctx(), award)
	s.ok(err)
	s.same("cost", c.Cost[smsAcc], s.day(smsAcc))
	s.sound(award)
}

func oneDies(s *story) {
	s.stage("d1", people(award, 9)...)
	first := s.acquire(award)
	dead, second := s.joins()
	third, last := s.joins()
	mine, theirs, others := s.claim(first, claims(2)).Claims, dead.claim(second, claims(2)).Claims, third.claim(last, claims(2)).Claims
	s.ok(dead.Close())
	if !s.target.KnowsDead {
		t := s.turn(first, nil)
		s.same("alive, as far as is known", []any{t.Runs, t.Tally[message.SMS][message.Attempting]}, []any{3, 6})
		s.now = s.now.Add(lease - time.Second)
		s.turn(first, nil)
		third.now = s.now
		third.turn(last, nil)
		s.now = s.now.Add(time.Second)
	}
	t := s.turn(first, nil, claims(9))
	s.same("buried", []any{t.Runs, t.Tally[message.SMS]}, []any{2, map[message.State]int{message.Attempting: 7, message.Unknown: 2}})
	for _, r := range s.records(award, message.Unknown) {
		if r.Code != ledger.CodeCrash || r.Key != theirs[0].Key && r.Key != theirs[1].Key {
			s.Errorf("row %d is unknown: %s", r.Row, r.Code)
		}
	}
	accepted := message.Outcome{Kind: message.OutcomeAccepted}
	third.now = s.now
	third.turn(last, third.settled(others, accepted))
	s.turn(first, s.settled(append(mine, t.Grants[0].Claims...), accepted))
	s.ok(s.Release(s.ctx(), first, s.now, words.Raw("done")))
	s.ok(third.Release(s.ctx(), last, s.now, words.Raw("done")))
	s.same("states", s.states(award)[:6], []message.State{"accepted", "accepted", "unknown", "unknown", "accepted", "accepted"})
	_, err := s.Turn(s.ctx(), ledger.Turn{Run: second, Now: s.now, Extend: lease, Settle: s.settled(theirs, accepted)})
	s.fails(err, ledger.ErrLeaseLost)
	s.same("debit", s.day(smsAcc).Messages, int64(9))
	s.sound(award)
}

func accountsTogether(s *story) {
	s.stage("d1", people(award, 2)...)
	first := s.acquire(award)
	other, second := s.joins()
	change := func(p *story, run ledger.RunID, c ledger.AccountChange) ledger.AccountState {
		s.Helper()
		c.Account, c.At = smsAcc, s.now
		t, err := p.Turn(s.ctx(), ledger.Turn{Run: run, Now: s.now, Extend: lease, Accounts: []ledger.AccountChange{c}})
		s.ok(err)
		return t.Accounts[0]
	}
	long, short := s.now.Add(5*time.Minute), s.now.Add(time.Second)
	change(s, first, ledger.AccountChange{Failed: 3, Scale: &ledger.Rescale{From: 1, To: 0.5}, OpenUntil: long, Reason: words.Raw("balance"), NotBefore: long})
	got := change(other, second, ledger.AccountChange{Failed: 2, Scale: &ledger.Rescale{From: 1, To: 0.5}, OpenUntil: short, Reason: words.Raw("slow"), NotBefore: short})
	s.same("both", got, ledger.AccountState{Account: smsAcc, Scale: 0.5, Failures: 5, Since: s.now, OpenUntil: long, Reason: words.Raw("balance"), NotBefore: long})
	got = change(other, second, ledger.AccountChange{Anew: true})
	s.same("tested anew", []any{got.OpenUntil.Equal(s.now), got.NotBefore.IsZero(), got.Reason.String(), got.Failures}, []any{true, true, "balance", 5})
	got = change(s, first, ledger.AccountChange{Well: true, Failed: 1, Scale: &ledger.Rescale{From: 0.5, To: 0.75}})
	s.same("well", got, ledger.AccountState{Account: smsAcc, Scale: 0.75, Failures: 1})
}

func lostAnswer(s *story) {
	s.stage("d1", people(award, 6)...)
	run := s.acquire(award)
	ask := func(number int64, settle []ledger.Settlement, cs ...ledger.ClaimRequest) ledger.Turned {
		s.Helper()
		t, err := s.Turn(s.ctx(), ledger.Turn{Run: run, Number: number, Now: s.now, Extend: lease, Settle: settle, Claim: cs})
		s.ok(err)
		return t
	}
	rated := func(c *ledger.ClaimRequest) { c.Limits.Rate, c.Limits.AtOnce = 100, 5 }
	one := ask(1, nil, claims(3, rated)).Grants[0].Claims
	settle := s.settled(one[:2], message.Outcome{Kind: message.OutcomeAccepted})
	settle[1].Outcome.Kind = message.OutcomeThrottled
	two := ask(2, settle, claims(4, rated)).Grants[0].Claims // one of them for the second time
	again := ask(2, settle, claims(4, rated))
	s.same("again", []any{again.Before, len(again.Grants), len(again.Stale)}, []any{true, 0, 0})
	var got, want []int64
	for _, c := range again.Recovered {
		got = append(got, c.Attempt)
	}
	for _, c := range two {
		want = append(want, c.Attempt)
	}
	s.same("what it had claimed, and nothing of the turn before", set(got), set(want))
	s.same("debit", s.day(smsAcc).Messages, int64(6))
	ask(3, s.settled(again.Recovered, message.Outcome{Kind: message.OutcomeUnsent}))
	s.same("what is settled is not claimed any more", len(ask(3, nil).Recovered), 0)
	s.same("states", s.states(award), []message.State{"accepted", "pending", "attempting", "pending", "pending", "pending"})
	s.sound(award)
}

func set(ids []int64) map[int64]bool {
	out := make(map[int64]bool)
	for _, id := range ids {
		out[id] = true
	}
	return out
}

// pauseStopsAll pauses by hand and by a run.
func pauseStopsAll(s *story) {
	s.stage("d1", people(award, 9)...)
	first := s.acquire(award)
	other, second := s.joins()
	open := other.claim(second, claims(2)).Claims
	by := ledger.Act{Who: "notify", What: "stop-when", Reason: "too many failed", At: s.now}
	t, err := s.Turn(s.ctx(), ledger.Turn{Run: first, Now: s.now, Extend: lease, Pause: &by, Claim: []ledger.ClaimRequest{claims(2)}})
	s.ok(err)
	s.same("its own", []any{t.Grants[0].Held, t.Paused}, []any{ledger.HoldPaused, &by})
	u := other.turn(second, other.settled(open, message.Outcome{Kind: message.OutcomeAccepted}), claims(2))
	s.same("the other's", []any{u.Grants[0].Held, u.Paused, u.Tally[message.SMS]}, []any{
		ledger.HoldPaused, &by,
		map[message.State]int{message.Accepted: 2, message.Pending: 7},
	})
	s.sound(award)
}

// lastSees settles in turn.
func lastSees(s *story) {
	s.stage("d1", people(award, 2)...)
	first := s.acquire(award)
	other, second := s.joins()
	a, b := s.claim(first, claims(1)).Claims, other.claim(second, claims(1)).Claims
	accepted := message.Outcome{Kind: message.OutcomeAccepted}
	t := s.turn(first, s.settled(a, accepted), claims(1))
	s.same("the first", []any{t.Grants[0].Held, t.Alone(message.SMS, 0), t.Tally[message.SMS][message.Attempting]}, []any{ledger.HoldEmpty, false, 1})
	t = other.turn(second, other.settled(b, accepted))
	s.same("the last", t.Alone(message.SMS, 0), true)
	t = s.turn(first, nil)
	s.same("and then the first", t.Alone(message.SMS, 0), true)
}
