package ledgertest

import (
	"context"
	"errors"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

func runPromises() []promise {
	return []promise{
		{"one run owns a campaign, and the next is told who it is", func(s *story) {
			s.stage("d1", people(award, 1)...)
			s.acquire(award)
			_, err := s.another().Acquire(s.ctx(), s.asks(award))
			var held *ledger.LeasedError
			if !errors.As(err, &held) {
				s.Fatalf("got %v, want a *LeasedError", err)
			}
			s.same("holder", []any{held.Holder.Host, held.Holder.PID, held.Holder.User}, []any{"ops-1", 41, "wang"})
			if got := held.Until.IsZero(); got != s.target.KnowsDead {
				s.Fatalf("until %s", held.Until)
			}
		}},
		{"a campaign that is not there cannot be acquired, nor one that was aborted", func(s *story) {
			_, err := s.Acquire(s.ctx(), s.asks(award))
			s.fails(err, ledger.ErrNoCampaign)
			s.stage("d1", people(award, 1)...)
			_, err = s.Abort(s.ctx(), award, s.by("abort"))
			s.ok(err)
			_, err = s.Acquire(s.ctx(), s.asks(award))
			s.fails(err, ledger.ErrAborted)
		}},
		{"what a run waits for is known to others, until it sends again or ends", func(s *story) {
			s.stage("d1", people(award, 2)...)
			run := s.acquire(award)
			waits := func() words.Text {
				runs, err := s.another().Runs(s.ctx(), award)
				s.ok(err)
				return runs[0].Waiting
			}
			for _, w := range []words.Text{words.Raw("slots"), {}, words.T("send.wait.runs", nil)} {
				_, err := s.Turn(s.ctx(), ledger.Turn{Run: run, Now: s.now, Extend: lease, Waiting: w})
				s.ok(err)
				s.same("waiting", waits().Stored(), w.Stored())
			}
			s.ok(s.Release(s.ctx(), run, s.now, words.Raw("done")))
			s.same("once it ended", waits(), words.Text{})
		}},
		{"a released campaign is free, and what was open is unknown", func(s *story) {
			s.stage("d1", people(award, 2)...)
			run := s.acquire(award)
			s.claim(run, claims(1))
			s.ok(s.Release(s.ctx(), run, s.now, words.Raw("paused")))
			s.fails(s.Release(s.ctx(), run, s.now, words.Raw("again")), ledger.ErrLeaseLost)
			s.same("states", s.states(award), []message.State{message.Unknown, message.Pending})
			s.same("code", s.records(award)[0].Code, ledger.CodeUnsettled)
			s.another().acquire(award)
			runs, err := s.Runs(s.ctx(), award)
			s.ok(err)
			s.same("runs", []any{len(runs), runs[1].Why.String(), runs[1].Ended.Equal(s.now), runs[0].Ended.IsZero()}, []any{2, "paused", true, true})
			s.sound(award)
		}},
		{"what a crash left open is unknown once the dead run can no longer write, and is not credited", crash},
		{"a run that was taken over writes nothing more", takenOver},
		{"nobody takes over before the last message of a rated claim cannot begin to leave any more", takenOverInTime},
		{"a context that ended before leaves everything as it was", func(s *story) {
			s.stage("d1", people(award, 1)...)
			run := s.acquire(award)
			ctx, cancel := context.WithCancel(s.ctx())
			cancel()
			_, err := s.Turn(ctx, ledger.Turn{Run: run, Now: s.now, Extend: lease, Claim: []ledger.ClaimRequest{claims(1)}})
			s.fails(err, context.Canceled)
			s.fails(s.Pause(ctx, award, s.by("pause")), context.Canceled)
			s.same("states", s.states(award), repeat(message.Pending, 1))
		}},
		{"a closed ledger says so", func(s *story) {
			s.stage("d1", people(award, 1)...)
			run := s.acquire(award)
			s.ok(s.Close())
			_, err := s.Turn(s.ctx(), ledger.Turn{Run: run, Now: s.now})
			s.fails(err, ledger.ErrClosed)
			_, err = s.Counts(s.ctx(), award)
			s.fails(err, ledger.ErrClosed)
		}},
		{"turns at the same time are each answered with their own", turnsTogether},
	}
}

func crash(s *story) {
	s.stage("d1", people(award, 3)...)
	dead := s.another()
	run := dead.acquire(award)
	dead.turn(run, dead.settled(dead.claim(run, claims(1)).Claims, message.Outcome{Kind: message.OutcomeAccepted}))
	dead.claim(run, claims(1))
	s.ok(dead.Close())
	s.same("states", s.states(award), []message.State{message.Accepted, message.Attempting, message.Pending})
	if !s.target.KnowsDead {
		_, err := s.Acquire(s.ctx(), s.asks(award))
		s.fails(err, ledger.ErrLeased)
		s.now = s.now.Add(lease)
	}
	got, err := s.Acquire(s.ctx(), s.asks(award))
	s.ok(err)
	s.same("orphans", got.Orphans, 1)
	s.same("states", s.states(award), []message.State{message.Accepted, message.Unknown, message.Pending})
	s.same("code", s.records(award)[1].Code, ledger.CodeCrash)
	s.same("debit", s.day(smsAcc).Messages, int64(2))
	s.sound(award)
}

func takenOver(s *story) {
	s.stage("d1", people(award, 2)...)
	sleeper := s.another()
	run := sleeper.acquire(award)
	late := claims(1, func(c *ledger.ClaimRequest) { c.Grace = 3 * lease })
	got := sleeper.claim(run, late)
	if s.target.KnowsDead {
		// It can wake only where nothing proves it dead: there its own end is what is seen.
		s.ok(sleeper.Close())
		s.acquire(award)
		_, err := s.Turn(s.ctx(), ledger.Turn{Run: run, Now: s.now, Settle: s.settled(got.Claims, message.Outcome{Kind: message.OutcomeAccepted})})
		s.fails(err, ledger.ErrLeaseLost)
		s.same("states", s.states(award), []message.State{message.Unknown, message.Pending})
		return
	}
	s.now = s.now.Add(2 * lease)
	_, err := s.Acquire(s.ctx(), s.asks(award))
	var held *ledger.LeasedError
	if !errors.As(err, &held) || !held.Until.Equal(got.Claims[0].Deadline) {
		s.Fatalf("got %v, want to wait for the deadline of the last claim", err)
	}
	s.now = got.Claims[0].Deadline
	s.acquire(award)
	_, err = sleeper.Turn(s.ctx(), ledger.Turn{
		Run: run, Now: s.now, Extend: lease, Claim: []ledger.ClaimRequest{claims(1)},
		Settle: s.settled(got.Claims, message.Outcome{Kind: message.OutcomeAccepted}),
	})
	s.fails(err, ledger.ErrLeaseLost)
	s.fails(sleeper.Release(s.ctx(), run, s.now, words.Raw("woke")), ledger.ErrLeaseLost)
	s.same("states", s.states(award), []message.State{message.Unknown, message.Pending})
	s.sound(award)
}

func turnsTogether(s *story) {
	const senders, each = 16, 5
	s.stage("d1", people(award, senders*each)...)
	run := s.acquire(award)
	type answer struct {
		keys map[message.Key]bool
		err  error
	}
	answers := make(chan answer)
	for range senders {
		go func() {
			a := answer{keys: make(map[message.Key]bool)}
			var settle []ledger.Settlement
			for range each + 1 {
				got, err := s.Turn(s.ctx(), ledger.Turn{Run: run, Now: s.now, Extend: lease, Settle: settle, Claim: []ledger.ClaimRequest{claims(1)}})
				if err != nil {
					a.err = err
					break
				}
				settle = s.settled(got.Grants[0].Claims, message.Outcome{Kind: message.OutcomeAccepted})
				for _, c := range got.Grants[0].Claims {
					a.keys[c.Key] = true
				}
			}
			if a.err == nil && len(settle) > 0 {
				_, a.err = s.Turn(s.ctx(), ledger.Turn{Run: run, Now: s.now, Extend: lease, Settle: settle})
			}
			answers <- a
		}()
	}
	all := make(map[message.Key]bool)
	for range senders {
		a := <-answers
		s.ok(a.err)
		for k := range a.keys {
			if all[k] {
				s.Errorf("message %s was claimed twice", k)
			}
			all[k] = true
		}
	}
	s.same("messages claimed", len(all), senders*each)
	s.same("states", s.states(award), repeat(message.Accepted, senders*each))
	s.sound(award)
}

func claimPromises() []promise {
	return []promise{
		{"a claim has all that is needed to send, and leaves in the order of the list", func(s *story) {
			s.stage("d1", people(award, 3)...)
			run := s.acquire(award)
			g := s.claim(run, claims(2))
			r := person(award, 1, 1)
			s.same("claim", g.Claims[0], ledger.Claim{
				Attempt: g.Claims[0].Attempt, Grant: g.Claims[0].Grant, Number: 1, Account: smsAcc, Key: key(1), Channel: message.SMS, Address: r.Messages[0].Address,
				Segments: 2, Row: 1, Fields: r.Fields, Deadline: noon.Add(hold),
			})
			s.same("rows", rows(g.Claims), []int{1, 2})
			s.same("held", g.Held, ledger.HoldNone)
			s.same("debit", s.day(smsAcc), ledger.Debit{Messages: 2, Segments: 3, Cost: 135000})
			s.sound(award)
		}},
		{"messages with several prices are claimed price by price", pricesApart},
		{"an empty channel says so", func(s *story) {
			s.stage("d1", people(award, 1)...)
			run := s.acquire(award)
			g := s.claim(run, claims(5))
			s.same("held", []any{len(g.Claims), g.Held}, []any{1, ledger.HoldEmpty})
			mail := claims(5, func(c *ledger.ClaimRequest) { c.Channel = message.Email })
			s.same("held", s.claim(run, mail).Held, ledger.HoldEmpty)
		}},
		{"the quota of the day counts messages, and yesterday's is another", func(s *story) {
			s.stage("d1", people(award, 9)...)
			run := s.acquire(award)
			quota := func(c *ledger.ClaimRequest) { c.Limits.DailyQuota = 3 }
			g := s.claim(run, claims(5, quota))
			s.same("held", []any{len(g.Claims), g.Held}, []any{3, ledger.HoldQuota})
			g = s.claim(run, claims(5, quota, func(c *ledger.ClaimRequest) { c.Day = "2026-11-21" }))
			s.same("next day", []any{len(g.Claims), g.Held}, []any{3, ledger.HoldQuota})
			u, err := s.Usage(s.ctx(), smsAcc, ledger.Day{Name: "2026-11-21"})
			s.ok(err)
			s.same("usage", []int64{u.Day.Messages, u.Month.Messages}, []int64{3, 6})
		}},
		{"the budgets of day, month and campaign each stop it, and say which", budgets},
		{"the rate gives each message its place, and says when to ask again", func(s *story) {
			s.stage("d1", people(award, 9)...)
			run := s.acquire(award)
			s.claim(run, claims(1, func(c *ledger.ClaimRequest) { c.Limits.Rate, c.Ahead = 2, 0 }))
			g := s.claim(run, claims(9, func(c *ledger.ClaimRequest) { c.Limits.Rate = 2 }))
			s.same("held", []any{len(g.Claims), g.Held, g.Until.Equal(noon.Add(500 * time.Millisecond))}, []any{2, ledger.HoldRate, true})
			s.same("places", []time.Time{g.Claims[0].LeaveAt, g.Claims[1].LeaveAt},
				[]time.Time{noon.Add(500 * time.Millisecond), noon.Add(time.Second)})
			s.same("deadline", g.Claims[1].Deadline, noon.Add(time.Second+hold))
		}},
		{"an account's limits are shared by campaigns and processes", func(s *story) {
			s.stage("d1", people(award, 5)...)
			s.stageAs("other", "d1", people("other", 5)...)
			quota := claims(5, func(c *ledger.ClaimRequest) { c.Limits.DailyQuota = 6 })
			a := s.claim(s.acquire(award), quota)
			other := s.another()
			b := other.claim(other.acquire("other"), quota)
			s.same("claims", []any{len(a.Claims), len(b.Claims), b.Held}, []any{5, 1, ledger.HoldQuota})
			s.sound(award, "other")
		}},
		{"an open breaker stops claims until it is tested", func(s *story) {
			s.stage("d1", people(award, 5)...)
			run := s.acquire(award)
			open, why, said := s.now.Add(time.Minute), words.Raw("balance"), words.T("flow.said", words.A{"what": words.Of("breaker.reason", message.ReasonBalance), "said": "no money"})
			got, err := s.Turn(s.ctx(), ledger.Turn{
				Run: run, Now: s.now, Extend: lease, Claim: []ledger.ClaimRequest{claims(1)},
				Accounts: []ledger.AccountChange{{Account: smsAcc, OpenUntil: open, Reason: why, Error: said, At: s.now}},
			})
			s.ok(err)
			s.same("held", got.Grants[0], ledger.Grant{Held: ledger.HoldBreaker, Until: open})
			s.now = open
			s.same("held", s.claim(run, claims(1)).Held, ledger.HoldBreaker)
			s.same("probe", len(s.claim(run, claims(1, func(c *ledger.ClaimRequest) { c.Probe = true })).Claims), 1)
			as, err := s.Accounts(s.ctx())
			s.ok(err)
			s.same("accounts", as, []ledger.AccountState{{Account: smsAcc, Scale: 1, OpenUntil: open, Since: noon, Reason: why, Error: said, At: noon}})
		}},
	}
}

func budgets(s *story) {
	s.stage("d1", people(award, 8)...)
	run := s.acquire(award)
	g := s.claim(run, claims(8, func(c *ledger.ClaimRequest) { c.Limits.DayBudget = 135000 }))
	s.same("day", []any{len(g.Claims), g.Held, g.Which}, []any{2, ledger.HoldBudget, "day"})
	g = s.claim(run, claims(8, func(c *ledger.ClaimRequest) { c.Day, c.Limits.MonthBudget = "2026-11-21", 225000 }))
	s.same("month", []any{len(g.Claims), g.Held, g.Which}, []any{1, ledger.HoldBudget, "month"})
	g = s.claim(run, claims(8, func(c *ledger.ClaimRequest) { c.Limits.Account, c.Limits.CampaignBudget = "sms-backup", 270000 }))
	s.same("campaign", []any{len(g.Claims), g.Held, g.Which}, []any{1, ledger.HoldBudget, "campaign"})
	g = s.claim(run, claims(1, func(c *ledger.ClaimRequest) { c.Limits.CampaignBudget, c.Limits.Currency = 270000, "EUR" }))
	s.same("another currency", len(g.Claims), 1)
	s.sound(award)
}

// takenOverInTime takes over a rated claim.
func takenOverInTime(s *story) {
	if s.target.KnowsDead {
		return // there it is its end that is seen
	}
	s.stage("d1", people(award, 6)...)
	sleeper := s.another()
	run := sleeper.acquire(award)
	long := claims(5, func(c *ledger.ClaimRequest) { c.Limits.Rate, c.Ahead, c.Grace = 0.1, time.Minute, lease })
	got := sleeper.claim(run, long).Claims
	sleeper.turn(run, sleeper.settled(got[:1], message.Outcome{Kind: message.OutcomeAccepted}))
	last := got[len(got)-1].Deadline
	if len(got) < 3 || !last.After(noon.Add(lease+30*time.Second)) {
		s.Fatalf("%d claims, the last until %s", len(got), last)
	}
	s.now = last.Add(-time.Nanosecond)
	_, err := s.Acquire(s.ctx(), s.asks(award))
	var held *ledger.LeasedError
	if !errors.As(err, &held) || !held.Until.Equal(last) {
		s.Fatalf("got %v, want to wait until %s", err, last)
	}
	s.now = last
	s.acquire(award)
	s.same("states", s.states(award), append(repeat(message.Accepted, 1), append(repeat(message.Unknown, len(got)-1), repeat(message.Pending, 6-len(got))...)...))
	s.sound(award)
}

// pricesApart: row 3 costs another price than its neighbours.
func pricesApart(s *story) {
	s.stage("d1", people(award, 5)...)
	run := s.acquire(award)
	dear := person(award, 3, 1).Messages[0].Address
	ask := claims(5, func(c *ledger.ClaimRequest) {
		c.Limits.PriceOf = func(to message.Address) message.Money {
			if to == dear {
				return 300000
			}
			return 45000
		}
	})
	want := []struct {
		rows  []int
		price message.Money
		held  ledger.HoldReason
		cost  message.Money
	}{
		{[]int{1, 2}, 45000, ledger.HoldRate, 3 * 45000},
		{[]int{3}, 300000, ledger.HoldRate, 3*45000 + 2*300000},
	}
	ask.Limits.DayBudget = 3*45000 + 2*300000 + 45000
	var all []ledger.Claim
	for _, w := range want {
		g := s.claim(run, ask)
		s.same("claimed", rows(g.Claims), w.rows)
		s.same("price, and held, and until", []any{g.Price, g.Held, g.Until}, []any{w.price, w.held, s.now})
		s.same("debited", s.day(smsAcc).Cost, w.cost)
		all = append(all, g.Claims...)
	}
	g := s.claim(run, ask)
	s.same("the rest of the budget pays for one", []any{rows(g.Claims), g.Held}, []any{[]int{4}, ledger.HoldBudget})
	s.turn(run, s.settled(append(all, g.Claims...), message.Outcome{Kind: message.OutcomeUnsent}))
	s.same("all is credited back", s.day(smsAcc), ledger.Debit{})
	s.sound(award)
}
