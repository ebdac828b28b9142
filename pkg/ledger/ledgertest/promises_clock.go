package ledgertest

import (
	"encoding/json"
	"strings"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

func clockPromises() []promise {
	return []promise{
		{"an account that was to be left alone for a moment is not left alone for as long as the clock is put back", func(s *story) {
			s.stage("d1", people(award, 9)...)
			run := s.acquire(award)
			s.changed(run, ledger.AccountChange{Account: smsAcc, At: s.now, NotBefore: s.now.Add(time.Minute)})
			s.same("held", s.claim(run, claims(1)), ledger.Grant{Held: ledger.HoldRate, Until: s.now.Add(time.Minute)})
			s.now = s.now.Add(-time.Hour)
			s.same("claims", len(s.claim(run, claims(1)).Claims), 1)
			// What is said after that counts, although it is earlier than what was said before.
			s.changed(run, ledger.AccountChange{Account: smsAcc, At: s.now, NotBefore: s.now.Add(time.Minute)})
			s.same("held", s.claim(run, claims(1)), ledger.Grant{Held: ledger.HoldRate, Until: s.now.Add(time.Minute)})
			s.now = s.now.Add(time.Minute)
			s.same("claims", len(s.claim(run, claims(1)).Claims), 1)
		}},
		{"a breaker that is open is tested at once where the clock was put back", func(s *story) {
			s.stage("d1", people(award, 9)...)
			run := s.acquire(award)
			s.changed(run, ledger.AccountChange{Account: smsAcc, At: s.now, OpenUntil: s.now.Add(time.Minute), Reason: words.Raw("down")})
			s.now = s.now.Add(-24 * time.Hour)
			s.same("held", s.claim(run, claims(1)), ledger.Grant{Held: ledger.HoldBreaker, Until: s.now})
			probe := claims(1, func(c *ledger.ClaimRequest) { c.Probe = true })
			s.same("probe", len(s.claim(run, probe).Claims), 1)
			s.changed(run, ledger.AccountChange{Account: smsAcc, At: s.now, Failed: 1, OpenUntil: s.now.Add(time.Minute)})
			s.same("held", s.claim(run, probe), ledger.Grant{Held: ledger.HoldBreaker, Until: s.now.Add(time.Minute)})
		}},
		{"a time zone that changes gives no quota twice", zones},
		{"a clock that was put back over midnight leaves the day its quota", func(s *story) {
			s.stage("d1", people(award, 9)...)
			run := s.acquire(award)
			at := func(day string, from time.Time) ledger.ClaimRequest {
				return claims(9, func(c *ledger.ClaimRequest) { c.Day, c.DayFrom, c.Limits.DailyQuota = day, from, 3 })
			}
			midnight := noon.Truncate(24 * time.Hour).Add(24 * time.Hour)
			s.now = midnight.Add(time.Minute)
			s.same("tomorrow", len(s.claim(run, at("2026-11-21", midnight)).Claims), 3)
			s.now = midnight.Add(-time.Hour)
			s.same("today", len(s.claim(run, at("2026-11-20", midnight.Add(-24*time.Hour))).Claims), 3)
		}},
		{"a time that nobody gave is no time, wherever it is read", noTime},
	}
}

// changed makes a turn that changes an account.
func (s *story) changed(run ledger.RunID, c ledger.AccountChange) {
	s.Helper()
	_, err := s.Turn(s.ctx(), ledger.Turn{Run: run, Now: s.now, Extend: lease, Accounts: []ledger.AccountChange{c}})
	s.ok(err)
}

// zones changes the zone of an account between runs: whatever the days are called, no day of any of them has more than the quota.
func zones(s *story) {
	const quota = 4
	s.stage("d1", people(award, 40)...)
	run := s.acquire(award)
	in := func(zone *time.Location) ledger.ClaimRequest {
		return claims(40, func(c *ledger.ClaimRequest) {
			y, m, d := s.now.In(zone).Date()
			c.DayFrom = time.Date(y, m, d, 0, 0, 0, 0, zone)
			c.Day, c.Limits.DailyQuota = c.DayFrom.Format(time.DateOnly), quota
		})
	}
	east, west := time.FixedZone("east", 8*3600), time.FixedZone("west", -5*3600)
	// 17:00 UTC is the 21st in the east, and the 20th in the west.
	s.now = noon.Truncate(24 * time.Hour).Add(17 * time.Hour)
	s.same("east", len(s.claim(run, in(east)).Claims), quota)
	used := func(zone *time.Location) int64 {
		u, err := s.Usage(s.ctx(), smsAcc, ledger.DayOf(s.now.In(zone)))
		s.ok(err)
		at, err := s.Snapshot(s.ctx(), award, ledger.DayOf(s.now.In(zone)))
		s.ok(err)
		s.same("of a campaign", at.Accounts[0].Usage, u)
		return u.Day.Messages
	}
	s.same("used in the east and in the west", []int64{used(east), used(west)}, []int64{quota, quota})
	s.same("west, the same moment", []any{len(s.claim(run, in(west)).Claims), s.claim(run, in(west)).Held}, []any{0, ledger.HoldQuota})
	s.now = s.now.Add(time.Hour)
	s.same("east again", len(s.claim(run, in(east)).Claims), 0)
	s.now = s.now.Add(12 * time.Hour) // the 21st in both
	s.same("west, the next day", len(s.claim(run, in(west)).Claims), 0)
	s.now = s.now.Add(24 * time.Hour)
	s.same("used by then", used(west), int64(0))
	s.same("west, the day after", len(s.claim(run, in(west)).Claims), quota)
	s.sound(award)
}

// noTime reads everything back that was written without a time, or with one that was reckoned from none.
func noTime(s *story) {
	s.stage("d1", people(award, 4)...)
	run := s.acquire(award)
	got := s.claim(run, claims(3)).Claims
	var zero time.Time
	s.turn(run, []ledger.Settlement{
		{Attempt: got[0].Attempt, Outcome: message.Outcome{Kind: message.OutcomeAccepted}, At: s.now},
		{Attempt: got[1].Attempt, Outcome: message.Outcome{Kind: message.OutcomeThrottled}, At: s.now, NotBefore: zero.Add(time.Second)},
	})
	s.changed(run, ledger.AccountChange{Account: smsAcc, NotBefore: zero.Add(time.Minute), OpenUntil: zero.Add(time.Minute)})
	snapshot, err := s.Snapshot(s.ctx(), award, ledger.Day{Name: today})
	s.ok(err)
	runs, err := s.Runs(s.ctx(), award)
	s.ok(err)
	accounts, err := s.Accounts(s.ctx())
	s.ok(err)
	info, err := s.Info(s.ctx())
	s.ok(err)
	for what, v := range map[string]any{"runs": runs, "accounts": accounts, "info": info, "last": snapshot.Last} {
		b, err := json.Marshal(v)
		s.ok(err)
		if strings.Contains(string(b), "0001-") {
			s.Errorf("%s: %s", what, b)
		}
	}
	for _, r := range s.records(award) {
		for _, at := range []time.Time{r.NotBefore, r.Claimed, r.Settled} {
			if !at.IsZero() && at.Year() < 1970 {
				s.Errorf("row %d: %s", r.Row, at)
			}
		}
	}
}
