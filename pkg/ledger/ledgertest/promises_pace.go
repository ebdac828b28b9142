package ledgertest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

func pacePromises() []promise {
	return []promise{
		{"a message whose domain is not free is passed over, undebited, and the others go", passesOver},
		{"who waited for a domain goes before who comes new", waitedFirst},
		{"no domain gets more than its rate, and nobody is left behind, whatever the runs do", keepsDomainRates},
		{"a clock that steps back neither hurries a domain nor stops it", paceWhenTheClockStepsBack},
		{"what waits for a domain is cancelled with the rest", cancelsWhoWaits},
		{"thousands of domains have a pace each", manyDomains},
		{"a domain that is to be left alone is, by every run, and the others go", domainLeftAlone},
		{"a domain that is to be slowed down is, for as long as that was said", domainSlowed},
		{"a domain has a quota of the day", domainQuota},
		{"a sender's quota grows with every day on which something was sent, for all runs", rampGrows},
		{"what was given back before anything was tried does not count as attempted", untriedDoesNotCount},
		{"another rate counts from the next run on, for those as well who wait under the old one", paceThatChanges},
	}
}

// mails makes people at domains, one after the other: d0.test, then d1.test, and so on.
func mails(n, domains int) []ledger.Recipient {
	out := people(award, n)
	for i := range out {
		mailed(award, &out[i], fmt.Sprintf("e%d@d%d.test", i, i%domains))
	}
	return out
}

func paced(rates map[string]float64) func(*ledger.ClaimRequest) {
	return func(c *ledger.ClaimRequest) { c.Limits.DomainRate = rates }
}

func passesOver(s *story) {
	s.stage("d1", append(mails(6, 1), person(award, 7, 1))...)
	run := s.acquire(award)
	ask := claims(10, paced(map[string]float64{"d0.test": 0.5}), func(c *ledger.ClaimRequest) { c.Limits.DailyQuota = 3 })
	g := s.claim(run, ask)
	s.same("claimed: the first at the domain, and who has no domain", rows(g.Claims), []int{1, 7})
	s.same("debited", s.day(smsAcc).Messages, int64(2))
	s.same("held", g.Held, ledger.HoldLater)
	if wait := g.Until.Sub(s.now); wait <= 0 || wait > 2*time.Second {
		s.Fatalf("asked to come again in %s", wait)
	}
	early := s.claim(run, ask)
	s.same("claimed before its time", rows(early.Claims), []int(nil))
	s.now = g.Until
	g = s.claim(run, ask)
	s.same("claimed at its time", rows(g.Claims), []int{2})
	if at := g.Claims[0].LeaveAt; at.Before(noon.Add(2 * time.Second)) {
		s.Errorf("it may leave at %s", at)
	}
	s.now = s.now.Add(time.Minute)
	s.same("and the quota still holds", s.claim(run, ask).Held, ledger.HoldQuota)
	for _, r := range s.records(award, message.Pending) {
		s.same("attempts of who was passed over", r.Attempts, 0)
	}
	s.sound(award)
}

func paceThatChanges(s *story) {
	s.stage("d1", mails(5, 1)...)
	run := s.acquire(award)
	slow, quick := paced(map[string]float64{"d0.test": 0.001}), paced(map[string]float64{"d0.test": 10})
	first := s.claim(run, claims(10, slow))
	s.same("claimed at the old rate", rows(first.Claims), []int{1})
	s.turn(run, s.settled(first.Claims, message.Outcome{Kind: message.OutcomeAccepted}))
	s.ok(s.Release(s.ctx(), run, s.now, words.Raw("paused")))
	s.now = s.now.Add(time.Minute)
	run = s.acquire(award)
	s.same("claimed by a run at the old rate", rows(s.claim(run, claims(10, slow)).Claims), []int(nil))
	s.ok(s.Release(s.ctx(), run, s.now, words.Raw("paused")))
	a := s.asks(award)
	a.Rates = "quick"
	got, err := s.Acquire(s.ctx(), a)
	s.ok(err)
	var cs []ledger.Claim
	for range 40 {
		cs = append(cs, s.claim(got.Run.ID, claims(10, quick)).Claims...)
		s.now = s.now.Add(10 * time.Millisecond)
	}
	s.same("claimed at the new rate", rows(cs), []int{2, 3, 4, 5})
	for i, c := range cs[1:] {
		if space := c.LeaveAt.Sub(cs[i].LeaveAt); space < 100*time.Millisecond {
			s.Errorf("%s between two", space)
		}
	}
	s.sound(award)
}

func (s *story) domainChanged(run ledger.RunID, c ledger.DomainChange) {
	s.Helper()
	c.Account, c.Domain, c.At = smsAcc, "d0.test", s.now
	_, err := s.Turn(s.ctx(), ledger.Turn{Run: run, Now: s.now, Extend: lease, Domains: []ledger.DomainChange{c}})
	s.ok(err)
}

func domainHeld(c *ledger.ClaimRequest) { c.Limits.DomainHeld = true }

func domainLeftAlone(s *story) {
	s.stage("d1", mails(8, 2)...)
	run := s.acquire(award)
	s.domainChanged(run, ledger.DomainChange{Until: s.now.Add(time.Minute)})
	s.domainChanged(run, ledger.DomainChange{Until: s.now.Add(time.Second)}) // the later one counts
	g := s.another().claim(run, claims(8, domainHeld))
	s.same("claimed: the other domain", rows(g.Claims), []int{2, 4, 6, 8})
	s.same("asked to come again", []any{g.Held, g.Until}, []any{ledger.HoldLater, s.now.Add(time.Minute)})
	s.same("debited", s.day(smsAcc).Messages, int64(4))
	s.now = s.now.Add(time.Minute)
	s.same("claimed after it", rows(s.claim(run, claims(8, domainHeld)).Claims), []int{1, 3, 5, 7})
	s.sound(award)
}

func domainSlowed(s *story) {
	s.stage("d1", mails(12, 1)...)
	run := s.acquire(award)
	s.domainChanged(run, ledger.DomainChange{SlowTo: 0.5, SlowUntil: s.now.Add(9 * time.Second)})
	var left []time.Time
	for s.now.Sub(noon) < 9*time.Second {
		for _, c := range s.claim(run, claims(12, domainHeld)).Claims {
			left = append(left, c.LeaveAt)
		}
		s.now = s.now.Add(100 * time.Millisecond)
	}
	if len(left) < 4 || len(left) > 6 {
		s.Errorf("%d left within 9 s at one in 2 s", len(left))
	}
	s.withinRate("d0.test", 0.5, left)
	// Those who wait have their places; who comes after it goes at once.
	n := len(left)
	for range 20 {
		s.now = s.now.Add(time.Second)
		n += len(s.claim(run, claims(12, domainHeld)).Claims)
	}
	s.same("claimed in the end", n, 12)
	s.sound(award)
}

func domainQuota(s *story) {
	s.stage("d1", mails(10, 2)...)
	run := s.acquire(award)
	ask := func(day string) ledger.ClaimRequest {
		return claims(10, func(c *ledger.ClaimRequest) { c.Limits.DomainQuota, c.Day = map[string]int64{"d0.test": 2}, day })
	}
	g := s.claim(run, ask(today))
	s.same("claimed", rows(g.Claims), []int{1, 2, 3, 4, 6, 8, 10})
	s.same("held", g.Held, ledger.HoldLater)
	s.now = g.Until
	s.same("claimed on the same day", rows(s.claim(run, ask(today)).Claims), []int(nil))
	s.now = s.now.Add(13 * time.Hour)
	s.same("claimed on the next", rows(s.claim(run, ask("2026-11-21")).Claims), []int{5, 7})
	s.sound(award)
}

// untried are settlements of claims that were given back, under which they do not count as attempted.
func (s *story) untried(cs []ledger.Claim) []ledger.Settlement {
	out := s.settled(cs, message.GiveBack(message.BackLate))
	for i := range out {
		out[i].Uncount = cs[i].Counted
	}
	return out
}

func untriedDoesNotCount(s *story) {
	s.stage("d1", mails(10, 2)...)
	run := s.acquire(award)
	ask := claims(10, func(c *ledger.ClaimRequest) {
		c.Limits.DomainQuota, c.Day = map[string]int64{"d0.test": 2}, today
		c.Limits.Ramp = &ledger.Ramp{Sender: "edm.test", Start: 6, Factor: 2}
	})
	sent := func() int64 {
		senders, err := s.Senders(s.ctx(), smsAcc)
		s.ok(err)
		return senders["edm.test"].Sent
	}
	first := s.claim(run, ask).Claims
	s.same("claimed", rows(first), []int{1, 2, 3, 4, 6, 8})
	s.same("counted under", [][]string{first[0].Counted, first[1].Counted}, [][]string{{"d0.test", ledger.RampOf("edm.test")}, {ledger.RampOf("edm.test")}})
	back := append(s.untried(first[:2]), s.settled(first[2:3], message.Outcome{Kind: message.OutcomeThrottled})...)
	s.turn(run, back)
	s.same("attempted", sent(), int64(4)) // the one that was throttled as well
	tried := func(c ledger.Claim) int {
		n, err := s.Tried(s.ctx(), award, c.Key)
		s.ok(err)
		return n
	}
	s.same("tried", []int{tried(first[0]), tried(first[2]), tried(first[3])}, []int{0, 1, 0})
	s.same("settled once more", len(s.turn(run, back).Stale), 3)
	s.same("attempted", sent(), int64(4))
	s.now = s.now.Add(time.Second)
	again := s.claim(run, ask).Claims
	s.same("claimed again", rows(again), []int{9, 10}) // of those to d0.test two may be: row 3 was, and so row 9 may be
	s.same("attempted", sent(), int64(6))
	s.turn(run, s.untried(again))
	s.now = s.now.Add(24 * time.Hour)
	next := s.claim(run, claims(2, func(c *ledger.ClaimRequest) { c.Limits.Ramp, c.Day = ask.Limits.Ramp, "2026-11-21" })).Claims
	s.turn(run, s.untried(first[3:])) // of a day that is over
	s.same("attempted on the next day", sent(), int64(len(next)))
	s.sound(award)
}

func rampGrows(s *story) {
	s.stage("d1", people(award, 20)...)
	run := s.acquire(award)
	claim := func(day string) ledger.Grant {
		s.Helper()
		return s.another().claim(run, claims(9, func(c *ledger.ClaimRequest) {
			c.Limits.Ramp, c.Day = &ledger.Ramp{Sender: "edm.test", Start: 2, Factor: 1.5}, day
		}))
	}
	g := claim(today)
	s.same("claimed on the first day", len(g.Claims), 2)
	s.same("why no more", []any{g.Held, g.Which}, []any{ledger.HoldQuota, ledger.WhichRamp})
	s.same("on the same day", len(claim(today).Claims), 0)
	s.same("when the clock was put back", len(claim("2026-11-19").Claims), 0)
	s.now = s.now.Add(10 * time.Second)
	s.same("on the third day, of which the second had no message", len(claim("2026-11-22").Claims), 3)
	s.same("on the next", len(claim("2026-11-23").Claims), 4)
	got, err := s.Senders(s.ctx(), smsAcc)
	s.ok(err)
	s.same("how it stands", got, map[string]ledger.DomainHeld{"edm.test": {Day: "2026-11-23", Sent: 4, Days: 2}})
	s.sound(award)
}

func waitedFirst(s *story) {
	s.stage("d1", append(mails(2, 1), people(award, 9)[2:]...)...)
	run := s.acquire(award)
	rates := paced(map[string]float64{ledger.DefaultDomain: 0.5})
	s.same("at first", rows(s.claim(run, claims(2, rates)).Claims), []int{1, 3})
	s.same("meanwhile", rows(s.claim(run, claims(1, rates)).Claims), []int{4})
	s.now = s.now.Add(3 * time.Second)
	s.same("when its place is due", rows(s.claim(run, claims(2, rates)).Claims), []int{2, 5})
}

// keepsDomainRates lets two runs of two campaigns claim at random times from one account, and settle at random.
func keepsDomainRates(s *story) {
	rnd := rand.New(rand.NewPCG(rand.Uint64(), 7))
	rates := map[string]float64{"d0.test": 3, "d1.test": 0.5, "d2.test": 40, ledger.DefaultDomain: 1}
	const n = 60
	s.stage("d1", mails(n, 4)...)
	others := mails(n, 4)
	for i := range others {
		others[i].Messages[0].Key = message.MakeKey("other", message.SMS, others[i].Messages[0].Address, "")
	}
	s.stageAs("other", "d1", others...)
	runs := []ledger.RunID{s.acquire(award), s.acquire("other")}
	left := make(map[string][]time.Time)
	accepted := 0
	for turns := 0; accepted < 2*n; turns++ {
		if turns > 5000 {
			s.Fatalf("%d of %d are still waiting after %s", 2*n-accepted, 2*n, s.now.Sub(noon))
		}
		run := runs[rnd.IntN(2)]
		g := s.claim(run, claims(1+rnd.IntN(8), paced(rates), func(c *ledger.ClaimRequest) {
			c.Limits.Rate, c.Limits.AtOnce, c.Ahead, c.Lead = 50, 5, time.Second/4, 5*time.Millisecond
		}))
		var settle []ledger.Settlement
		for _, c := range g.Claims {
			left[c.Address.Domain()] = append(left[c.Address.Domain()], c.LeaveAt)
			o := message.Outcome{Kind: message.OutcomeAccepted}
			if rnd.IntN(4) == 0 {
				o.Kind = message.OutcomeThrottled
			} else {
				accepted++
			}
			settle = append(settle, ledger.Settlement{Attempt: c.Attempt, Outcome: o, At: s.now})
		}
		s.turn(run, settle)
		s.now = s.now.Add(time.Duration(rnd.IntN(400)) * time.Millisecond)
		if rnd.IntN(100) == 0 {
			s.now = s.now.Add(20 * time.Second)
		}
	}
	for domain, times := range left {
		rate, ok := rates[domain]
		if !ok {
			rate = rates[ledger.DefaultDomain]
		}
		s.withinRate(domain, rate, times)
	}
	s.same("debited", s.day(smsAcc).Messages, int64(2*n))
	s.sound(award, "other")
}

// withinRate checks every second that begins with a message.
func (s *story) withinRate(domain string, rate float64, left []time.Time) {
	s.Helper()
	slices.SortFunc(left, time.Time.Compare)
	for i, first := range left {
		n := 0
		for _, at := range left[i:] {
			if at.Sub(first) < time.Second {
				n++
			}
		}
		if float64(n) > rate+1 {
			s.Fatalf("%d messages left for %s within a second of %s, its rate is %v", n, domain, first, rate)
		}
	}
}

func paceWhenTheClockStepsBack(s *story) {
	for _, back := range []time.Duration{5 * time.Second, 5 * time.Minute, 3 * time.Hour, 40 * time.Hour} {
		name := "back " + back.String()
		rs := mails(40, 1)
		for i := range rs {
			rs[i].Messages[0].Key = message.MakeKey(name, message.SMS, rs[i].Messages[0].Address, "")
		}
		s.stageAs(name, "d1", rs...)
		run := s.acquire(name)
		ask := claims(40, paced(map[string]float64{ledger.DefaultDomain: 2}), func(c *ledger.ClaimRequest) { c.Limits.Account = name })
		var left []time.Time // in true time
		behind := time.Duration(0)
		for truly := time.Duration(0); len(left) < 40; truly += 100 * time.Millisecond {
			if truly == 5*time.Second {
				behind = back
			}
			if truly > 20*time.Minute {
				s.Fatalf("%d of 40 left within %s after the clock was put back by %s", len(left), truly, back)
			}
			s.now = noon.Add(truly - behind)
			for _, c := range s.claim(run, ask).Claims {
				left = append(left, c.LeaveAt.Add(behind))
			}
		}
		s.withinRate(name, 2, left)
	}
}

func cancelsWhoWaits(s *story) {
	s.stage("d1", mails(5, 1)...)
	run := s.acquire(award)
	s.claim(run, claims(5, paced(map[string]float64{ledger.DefaultDomain: 1})))
	n, err := s.Abort(s.ctx(), award, s.by("abort"))
	s.ok(err)
	s.same("cancelled", n+len(s.records(award, message.Attempting)), 5)
	s.sound(award)
}

func manyDomains(s *story) {
	const domains = 3000
	s.stage("d1", mails(2*domains, domains)...)
	run := s.acquire(award)
	ask := claims(2*domains, paced(map[string]float64{ledger.DefaultDomain: 0.5}))
	g := s.claim(run, ask)
	for range 5 {
		if len(g.Claims) >= domains {
			break
		}
		s.now = s.now.Add(10 * time.Millisecond)
		g.Claims = append(g.Claims, s.claim(run, ask).Claims...)
	}
	s.same("one for each", len(g.Claims), domains)
	s.now = s.now.Add(2 * time.Second)
	s.same("and the second, later", len(s.claim(run, ask).Claims), domains)
}
