package ledgertest

import (
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

func settlePromises() []promise {
	return []promise{
		{"each outcome becomes its state, and what was definitely not accepted is credited once", outcomes},
		{"an outcome is written once; the second is stale", func(s *story) {
			s.stage("d1", people(award, 2)...)
			run := s.acquire(award)
			got := s.claim(run, claims(1)).Claims
			s.turn(run, s.settled(got, message.Outcome{Kind: message.OutcomeUnsent}))
			t := s.turn(run, append(s.settled(got, message.Outcome{Kind: message.OutcomeUnsent}), ledger.Settlement{Attempt: 99}))
			s.same("stale", t.Stale, []int64{got[0].Attempt, 99})
			s.same("debit", s.day(smsAcc), ledger.Debit{})
			s.same("states", s.states(award), repeat(message.Pending, 2))
		}},
		{"a credit goes to the day of the claim", func(s *story) {
			s.stage("d1", people(award, 1)...)
			run := s.acquire(award)
			got := s.claim(run, claims(1, func(c *ledger.ClaimRequest) { c.Day = "2026-10-31" })).Claims
			s.turn(run, s.settled(got, message.Outcome{Kind: message.OutcomeThrottled}), claims(1))
			october, err := s.Usage(s.ctx(), smsAcc, ledger.Day{Name: "2026-10-31"})
			s.ok(err)
			s.same("october", october, ledger.Usage{})
			s.same("november", s.day(smsAcc).Messages, int64(1))
			s.sound(award)
		}},
		{"what is to wait is held, and comes after what never left", func(s *story) {
			s.stage("d1", people(award, 2)...)
			run := s.acquire(award)
			got := s.claim(run, claims(1)).Claims
			later := s.settled(got, message.Outcome{Kind: message.OutcomeUnsent})
			later[0].NotBefore = s.now.Add(10 * time.Second)
			g := s.turn(run, later, claims(5)).Grants[0]
			s.same("grant", []any{rows(g.Claims), g.Held, g.Until.Equal(noon.Add(10 * time.Second))}, []any{[]int{2}, ledger.HoldLater, true})
			s.now = s.now.Add(10 * time.Second)
			g = s.claim(run, claims(5))
			s.same("second attempt", []any{rows(g.Claims), g.Claims[0].Number}, []any{[]int{1}, 2})
		}},
		{"nothing waits for a clock that stepped back", func(s *story) {
			s.stage("d1", people(award, 1)...)
			run := s.acquire(award)
			later := s.settled(s.claim(run, claims(1)).Claims, message.Outcome{Kind: message.OutcomeUnsent})
			later[0].NotBefore = s.now.Add(1000 * time.Hour)
			s.turn(run, later)
			s.same("held at most", s.records(award)[0].NotBefore, noon.Add(ledger.MaxLater))
			s.now = s.now.Add(-time.Hour)
			s.same("rows", rows(s.claim(run, claims(1)).Claims), []int{1})
		}},
		{"an outcome that nobody classified is unknown", func(s *story) {
			s.stage("d1", people(award, 1)...)
			run := s.acquire(award)
			s.turn(run, s.settled(s.claim(run, claims(1)).Claims, message.Outcome{}))
			s.same("states", s.states(award), repeat(message.Unknown, 1))
		}},
		{"one turn settles and claims again", func(s *story) {
			s.stage("d1", people(award, 1)...)
			run := s.acquire(award)
			got := s.claim(run, claims(1)).Claims
			t := s.turn(run, s.settled(got, message.Outcome{Kind: message.OutcomeThrottled}), claims(1))
			s.same("again", []any{rows(t.Grants[0].Claims), t.Grants[0].Claims[0].Number}, []any{[]int{1}, 2})
			s.same("debit", s.day(smsAcc).Messages, int64(1))
			s.sound(award)
		}},
	}
}

func outcomes(s *story) {
	kinds := message.OutcomeKinds()
	s.stage("d1", people(award, len(kinds))...)
	run := s.acquire(award)
	got := s.claim(run, claims(len(kinds))).Claims
	var settle []ledger.Settlement
	var want []message.State
	for i, k := range kinds {
		settle = append(settle, ledger.Settlement{
			Attempt: got[i].Attempt, At: s.now,
			Outcome: message.Outcome{Kind: k, Code: "c-" + string(k), Detail: "detail", VendorID: "v-" + string(k)},
		})
		want = append(want, k.State())
	}
	s.now = s.now.Add(time.Second)
	s.turn(run, settle)
	s.same("states", s.states(award), want)
	s.same("debit", s.day(smsAcc).Messages, int64(2))
	r := s.records(award, message.Accepted)[0]
	s.same("record", r, ledger.Record{
		Row: 1, Recipient: "E1", Fields: []byte(`["E1","v1"]`), Key: key(1), Channel: message.SMS, Address: r.Address, Segments: 2,
		State: message.Accepted, Attempts: 1, Attempt: got[0].Attempt, Account: smsAcc, Claimed: noon, Settled: noon,
		Code: "c-accepted", Detail: "detail", VendorID: "v-accepted", Price: 45000,
	})
	c, err := s.Counts(s.ctx(), award)
	s.ok(err)
	s.same("cost", c.Cost[smsAcc].Messages, int64(2))
	for i, k := range kinds {
		n, err := s.Tried(s.ctx(), award, got[i].Key)
		s.ok(err)
		s.same("attempts that say something of a message that was "+string(k), n, map[message.OutcomeKind]int{
			message.OutcomeRejected: 1, message.OutcomeThrottled: 1, message.OutcomeUnsent: 1,
		}[k])
	}
	s.sound(award)
}

func operatorPromises() []promise {
	return []promise{
		{"a pause stops the next claim, lets outcomes be recorded, and is lifted", func(s *story) {
			s.stage("d1", people(award, 2)...)
			run := s.acquire(award)
			got := s.claim(run, claims(1)).Claims
			by := s.by("pause")
			s.ok(s.another().Pause(s.ctx(), award, by))
			t := s.turn(run, s.settled(got, message.Outcome{Kind: message.OutcomeAccepted}), claims(1))
			s.same("held", []any{t.Grants[0].Held, t.Paused}, []any{ledger.HoldPaused, &by})
			s.ok(s.Unpause(s.ctx(), award, s.by("unpause")))
			s.same("rows", rows(s.claim(run, claims(1)).Claims), []int{2})
			s.fails(s.Pause(s.ctx(), "nothing", by), ledger.ErrNoCampaign)
		}},
		{"a person's pause takes the place of the program's, and a reason that of none; else the first word stands", func(s *story) {
			s.stage("d1", people(award, 1)...)
			run := s.acquire(award)
			stop := ledger.Act{Who: ledger.Itself, What: ledger.ActStop, Said: words.T("send.too-many-rejected", nil), At: s.now}
			_, err := s.Turn(s.ctx(), ledger.Turn{Run: run, Now: s.now, Extend: lease, Pause: &stop})
			s.ok(err)
			stands := func(what string, want ledger.Act) {
				c, err := s.Campaign(s.ctx(), award)
				s.ok(err)
				s.same(what, c.Paused, &want)
			}
			stands("the program's", stop)
			for _, reason := range []string{"", "complaints", "too late"} {
				s.now = s.now.Add(time.Second)
				by := ledger.Act{Who: "wang@ops-1", What: ledger.ActPause, Reason: reason, At: s.now}
				s.ok(s.Pause(s.ctx(), award, by))
				if reason == "too late" {
					by.Reason, by.At = "complaints", s.now.Add(-time.Second)
				}
				stands("after "+reason, by)
			}
		}},
		{"an abort cancels what is pending, and what comes back to pending", func(s *story) {
			s.stage("d1", people(award, 3)...)
			run := s.acquire(award)
			got := s.claim(run, claims(1)).Claims
			n, err := s.another().Abort(s.ctx(), award, s.by("abort"))
			s.ok(err)
			s.same("cancelled", n, 2)
			t := s.turn(run, s.settled(got, message.Outcome{Kind: message.OutcomeUnsent}), claims(1))
			s.same("held", []any{t.Grants[0].Held, t.Aborted != nil}, []any{ledger.HoldAborted, true})
			s.same("states", s.states(award), repeat(message.Cancelled, 3))
			_, err = s.Abort(s.ctx(), award, s.by("abort"))
			s.fails(err, ledger.ErrAborted)
			s.sound(award)
		}},
		{"unknown is settled by a person, once", resolve},
		{"rejected messages go back to pending by their code", func(s *story) {
			s.stage("d1", people(award, 3)...)
			run := s.acquire(award)
			got := s.claim(run, claims(3)).Claims
			settle := s.settled(got, message.Outcome{Kind: message.OutcomeRejected, Code: "a"})
			settle[1].Outcome.Code = "b"
			s.turn(run, settle)
			n, err := s.Retry(s.ctx(), award, []string{"b"}, s.by("retry"))
			s.ok(err)
			s.same("retried", n, 1)
			s.same("rows", rows(s.claim(run, claims(3)).Claims), []int{2})
			n, err = s.Retry(s.ctx(), award, nil, s.by("retry"))
			s.ok(err)
			s.same("retried", n, 2)
			s.sound(award)
		}},
	}
}

// recordPromises are about what is kept of what people did and saw.
func recordPromises() []promise {
	return []promise{
		{"what people do is on record", func(s *story) {
			s.stage("d1", people(award, 1)...)
			s.ok(s.Pause(s.ctx(), award, s.by("pause")))
			s.ok(s.Audit(s.ctx(), "", s.by("suppress")))
			log := s.log(award)
			s.same("log", log, []ledger.AuditEntry{{Act: s.by("stage"), Campaign: award}, {Act: s.by("pause"), Campaign: award}})
			log = s.log("")
			s.same("all", len(log), 3)
		}},
		{"the figures of what people do are on record, with a hash of keys that were named", func(s *story) {
			s.three()
			r := s.records(award, message.Unknown)[0]
			rs := []ledger.Resolution{{Key: r.Key, As: message.OutcomeAccepted}}
			done, err := s.Resolve(s.ctx(), award, rs, s.by("resolve"))
			s.ok(err)
			by := s.by("resolve")
			by.As = "li"
			s.ok(s.Audit(s.ctx(), award, by))
			log := s.log(award)
			s.same("as", log[len(log)-1].As, "li")
			f := log[len(log)-2].Figures
			s.same("messages", f.Messages, done.Accepted+done.NotSent+done.Rejected)
			s.same("keys", f.Keys, ledger.HashKeys([]message.Key{r.Key}))
			s.same("cost", f.Cost, map[string]message.Money{"CNY": r.Price.Times(r.Segments)})
		}},
		{"the newest preflight result under a digest is kept", func(s *story) {
			_, err := s.Check(s.ctx(), award, "d1")
			s.fails(err, ledger.ErrNoCheck)
			c := ledger.Check{Campaign: award, Digest: "d1", Verdict: "fail", Result: []byte("{}"), At: noon, Who: "wang"}
			s.ok(s.SaveCheck(s.ctx(), c))
			c.Verdict = "pass"
			s.ok(s.SaveCheck(s.ctx(), c))
			got, err := s.Check(s.ctx(), award, "d1")
			s.ok(err)
			s.same("check", got, c)
			_, err = s.Check(s.ctx(), award, "d2")
			s.fails(err, ledger.ErrNoCheck)
		}},
	}
}

func resolve(s *story) {
	s.stage("d1", people(award, 4)...)
	run := s.acquire(award)
	got := s.claim(run, claims(4)).Claims
	s.turn(run, s.settled(got[:3], message.Outcome{Kind: message.OutcomeUnknown, Code: "timeout"}))
	rs := []ledger.Resolution{
		{Key: key(1), As: message.OutcomeAccepted, VendorID: "v1"},
		{Key: key(2), As: message.OutcomeUnsent},
		{Key: key(3), As: message.OutcomeRejected, Code: "blocked"},
		{Key: key(4), As: message.OutcomeUnsent},
		{Key: "nobody", As: message.OutcomeUnsent},
	}
	res, err := s.Resolve(s.ctx(), award, rs, s.by("resolve"))
	s.ok(err)
	s.same("resolved", res, ledger.Resolved{Accepted: 1, NotSent: 1, Rejected: 1, Skipped: 2})
	s.same("states", s.states(award), []message.State{message.Accepted, message.Pending, message.Rejected, message.Attempting})
	r := s.records(award)
	s.same("evidence", []string{r[0].VendorID, r[0].Code, r[2].Code}, []string{"v1", "timeout", "blocked"})
	s.same("debit", s.day(smsAcc).Messages, int64(2))
	res, err = s.Resolve(s.ctx(), award, rs, s.by("resolve"))
	s.ok(err)
	s.same("again", res, ledger.Resolved{Skipped: 5})
	s.same("debit", s.day(smsAcc).Messages, int64(2))
	if _, err := s.Resolve(s.ctx(), award, []ledger.Resolution{{Key: key(1), As: message.OutcomeUnknown}}, s.by("resolve")); err == nil {
		s.Error("unknown settles nothing, and was taken")
	}
	s.sound(award)
}

func readerPromises() []promise {
	return []promise{
		{"what another campaign sent lately is found by address and text", func(s *story) {
			s.stage("d1", people(award, 3)...)
			run := s.acquire(award)
			got := s.claim(run, claims(2)).Claims
			s.turn(run, append(s.settled(got[:1], message.Outcome{Kind: message.OutcomeAccepted}),
				s.settled(got[1:], message.Outcome{Kind: message.OutcomeRejected})...))
			pairs := func(yield func(ledger.Sent) bool) {
				for _, r := range people(award, 3) {
					if !yield(ledger.Sent{Address: r.Messages[0].Address, Fingerprint: r.Messages[0].Fingerprint}) {
						return
					}
				}
			}
			find := func(except string, since time.Time) (out []ledger.Sent) {
				for p, err := range s.Recent(s.ctx(), except, since, pairs) {
					s.ok(err)
					out = append(out, p)
				}
				return out
			}
			m := person(award, 1, 1).Messages[0]
			s.same("found", find("other", noon), []ledger.Sent{{Address: m.Address, Fingerprint: m.Fingerprint, Campaign: award, At: noon}})
			s.same("the campaign itself", find(award, noon), []ledger.Sent(nil))
			s.same("too long ago", find("other", noon.Add(time.Second)), []ledger.Sent(nil))
		}},
		{"reading does not stop writing", func(s *story) {
			s.stage("d1", people(award, 20)...)
			run := s.acquire(award)
			n := 0
			for _, err := range s.Messages(s.ctx(), award) {
				s.ok(err)
				s.same("claimed", len(s.claim(run, claims(1)).Claims), 1)
				if n++; n == 10 {
					break
				}
			}
			s.same("attempting", len(s.records(award, message.Attempting)), 10)
		}},
		{"campaigns are listed the newest first, with who owns them", func(s *story) {
			s.stage("d1", people(award, 1)...)
			s.now = s.now.Add(time.Hour)
			s.stageAs("other", "d1", people("other", 1)...)
			s.acquire(award)
			cs, err := s.Campaigns(s.ctx())
			s.ok(err)
			s.same("campaigns", []any{cs[0].Name, len(cs[0].Holders), cs[1].Name, cs[1].Holders[0].PID}, []any{"other", 0, award, 41})
		}},
		{"a campaign that is not there is said not to be, by every reader", func(s *story) {
			_, err := s.Counts(s.ctx(), award)
			s.fails(err, ledger.ErrNoCampaign)
			_, err = s.Runs(s.ctx(), award)
			s.fails(err, ledger.ErrNoCampaign)
			said := 0
			for _, err := range s.Messages(s.ctx(), award) {
				s.fails(err, ledger.ErrNoCampaign)
				said++
			}
			s.same("errors", said, 1)
		}},
		{"a ledger has an identity, the same for all who open it", func(s *story) {
			a, err := s.Info(s.ctx())
			s.ok(err)
			b, err := s.another().Info(s.ctx())
			s.ok(err)
			if a.ID == "" || a.ID != b.ID || a.Schema == 0 {
				s.Fatalf("%+v and %+v", a, b)
			}
			size, err := s.Size(s.ctx())
			s.ok(err)
			if (size > 0) == (a.Driver == "memory") {
				s.Errorf("%d bytes", size)
			}
		}},
	}
}
