package ledgertest

import (
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

func accountPromises() []promise {
	return []promise{
		{"nothing is claimed through an account that a person switched off, by any run, until it is on again", switchedOff},
		{"the weight that a person gave is told to every run, until it is given back", weighed},
		{"a breaker that a person closes is closed for all", closedByHand},
		{"what a person changes of an account is in the audit", accountAudited},
		{"a scenario has a rate of its own within the account's, for all campaigns", scenarioRate},
		{"a scenario has a quota of its own, debited and credited with the account's", scenarioQuota},
	}
}

func (s *story) set(account string, set ledger.AccountSetting) ledger.Act {
	s.Helper()
	by := s.by(ledger.ActSet + " " + account)
	s.ok(s.SetAccount(s.ctx(), account, set, by))
	return by
}

// state is how an account stands, as a run that watches it is told.
func (s *story) state(run ledger.RunID, account string) ledger.AccountState {
	s.Helper()
	got, err := s.Turn(s.ctx(), ledger.Turn{Run: run, Now: s.now, Extend: lease, Watch: []string{account}})
	s.ok(err)
	for _, a := range got.Accounts {
		if a.Account == account {
			return a
		}
	}
	s.Fatalf("the run is not told of %s: %+v", account, got.Accounts)
	return ledger.AccountState{}
}

func switchedOff(s *story) {
	s.stage("d1", people(award, 9)...)
	s.stageAs("other", "d1", people("other", 9)...)
	run, other := s.acquire(award), s.another()
	theirs := other.acquire("other")
	s.same("claims before", len(s.claim(run, claims(1)).Claims), 1)
	by := other.set(smsAcc, ledger.AccountSetting{Off: true})
	other.now = other.now.Add(time.Second)
	other.set(smsAcc, ledger.AccountSetting{Off: true}) // the first word on it stays
	s.same("held", s.claim(run, claims(1)), ledger.Grant{Held: ledger.HoldOff})
	s.same("theirs is held", other.claim(theirs, claims(1)), ledger.Grant{Held: ledger.HoldOff})
	s.same("who did it", s.state(run, smsAcc).Off, &by)
	backup := claims(1, func(c *ledger.ClaimRequest) { c.Limits.Account = "sms-backup" })
	s.same("another account", len(s.claim(run, backup).Claims), 1)
	s.set(smsAcc, ledger.AccountSetting{On: true})
	s.same("claims after", len(other.claim(theirs, claims(1)).Claims), 1)
	s.same("nobody did it", s.state(run, smsAcc).Off, (*ledger.Act)(nil))
}

func weighed(s *story) {
	s.stage("d1", people(award, 9)...)
	run, other := s.acquire(award), s.another()
	s.same("at first", s.state(run, smsAcc).Weight, (*int)(nil))
	for _, w := range []int{30, 0} {
		other.set(smsAcc, ledger.AccountSetting{Weight: &w})
		s.same("in a run", s.state(run, smsAcc).Weight, &w)
		all, err := s.Accounts(s.ctx())
		s.ok(err)
		s.same("among all accounts", all[0].Weight, &w)
	}
	none := -1
	other.set(smsAcc, ledger.AccountSetting{Weight: &none})
	s.same("given back", s.state(run, smsAcc).Weight, (*int)(nil))
}

func closedByHand(s *story) {
	s.stage("d1", people(award, 9)...)
	run, other := s.acquire(award), s.another()
	s.changed(run, ledger.AccountChange{Account: smsAcc, At: s.now, Failed: 5, OpenUntil: s.now.Add(time.Hour), NotBefore: s.now.Add(time.Minute), Reason: words.Raw("down")})
	s.same("held", s.claim(run, claims(1)), ledger.Grant{Held: ledger.HoldBreaker, Until: s.now.Add(time.Hour)})
	other.set(smsAcc, ledger.AccountSetting{CloseBreaker: true})
	s.same("claims", len(s.claim(run, claims(3)).Claims), 3)
	a := s.state(run, smsAcc)
	s.same("state", []any{a.Failures, a.OpenUntil, a.Reason}, []any{0, time.Time{}, words.Text{}})
}

func accountAudited(s *story) {
	s.stage("d1", people(award, 1)...)
	by := s.set("edm", ledger.AccountSetting{Off: true})
	log := s.log("")
	s.same("last entry", log[len(log)-1], ledger.AuditEntry{Act: by})
	log = s.log(award)
	for _, e := range log {
		s.same("an entry of the campaign", e.Campaign, award)
	}
}

func within(name string, rate float64, quota int64) func(*ledger.ClaimRequest) {
	return func(c *ledger.ClaimRequest) {
		c.Limits.Scenario = &ledger.Scenario{Name: name, Rate: rate, DailyQuota: quota}
	}
}

func scenarioRate(s *story) {
	s.stage("d1", people(award, 30)...)
	s.stageAs("other", "d1", people("other", 30)...)
	s.stageAs("third", "d1", people("third", 30)...)
	run, other, third := s.acquire(award), s.acquire("other"), s.acquire("third")
	fast := func(c *ledger.ClaimRequest) { c.Limits.Rate, c.Limits.AtOnce = 20, 1 }
	var left []time.Time
	for range 20 {
		for _, r := range []ledger.RunID{run, other} {
			for _, c := range s.claim(r, claims(5, fast, within("marketing", 2, 0))).Claims {
				left = append(left, c.LeaveAt)
			}
		}
		s.now = s.now.Add(250 * time.Millisecond)
	}
	if n := len(left); n < 10 || n > 13 {
		s.Errorf("%d left within 5 s and a second ahead at 2/s", n)
	}
	s.withinRate("marketing", 2, left)
	g := s.claim(run, claims(5, fast, within("marketing", 2, 0)))
	s.same("held", g.Held, ledger.HoldRate)
	s.same("claims of another scenario", len(s.claim(third, claims(5, fast, within("notice", 50, 0))).Claims), 5)
}

func scenarioQuota(s *story) {
	s.stage("d1", people(award, 9)...)
	run := s.acquire(award)
	g := s.claim(run, claims(9, within("marketing", 0, 3)))
	s.same("claims", len(g.Claims), 3)
	s.same("held", []any{g.Held, g.Which}, []any{ledger.HoldQuota, ledger.WhichScenario})
	of := ledger.ScenarioOf(smsAcc, "marketing")
	s.same("debited", []int64{s.day(smsAcc).Messages, s.day(of).Messages}, []int64{3, 3})
	s.same("claims of another", len(s.claim(run, claims(2, within("notice", 0, 3))).Claims), 2)
	s.turn(run, s.settled(g.Claims[:1], message.Outcome{Kind: message.OutcomeThrottled}))
	s.turn(run, s.settled(g.Claims[:1], message.Outcome{Kind: message.OutcomeThrottled})) // credited once
	s.same("credited", []int64{s.day(smsAcc).Messages, s.day(of).Messages}, []int64{4, 2})
	s.same("claims again", len(s.claim(run, claims(9, within("marketing", 0, 3))).Claims), 1)
	// A run that dies leaves what it had open unknown, and debited.
	s.ok(s.Release(s.ctx(), run, s.now, words.Raw("done")))
	s.same("debited after", s.day(of).Messages, int64(3))
	unknown := s.records(award, message.Unknown)
	for _, r := range unknown {
		_, err := s.Resolve(s.ctx(), award, []ledger.Resolution{{Key: r.Key, As: message.OutcomeUnsent}}, s.by("resolve"))
		s.ok(err)
	}
	s.same("credited when it was not sent", []int64{s.day(smsAcc).Messages, s.day(of).Messages}, []int64{0, 0})
	s.sound(award)
}
