package ledgertest

import (
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

func stampPromises() []promise {
	return []promise{
		{"whatever changes a message, or what is known of it, changes the stamp, and nothing else does", stampChanges},
		{"what was tried and spent is kept by campaign, account and state, with when and at what prices it was claimed", spentIsKept},
		{"the stamp of a campaign that nobody knows is refused", func(s *story) {
			_, err := s.Stamp(s.ctx(), "nobody")
			s.fails(err, ledger.ErrNoCampaign)
		}},
	}
}

func stampChanges(s *story) {
	run := s.three()
	other := "bonus"
	s.stageAs(other, "d", people(other, 2)...)
	was := make(map[string]string)
	changed := func(what string, campaign string, want bool) {
		s.Helper()
		now, err := s.Stamp(s.ctx(), campaign)
		s.ok(err)
		s.same(what+": changed", now != was[campaign], want)
		was[campaign] = now
	}
	changed("first", award, true)
	changed("first", other, true)
	changed("nothing", award, false)
	s.turn(run, s.settled(s.claim(run, claims(1)).Claims, message.Outcome{Kind: message.OutcomeRejected, Code: "no"}))
	changed("a turn", award, true)
	changed("a turn of another campaign", other, false)
	s.hear("a", s.event(1, message.Delivered, func(e *message.Event) { e.Grade = message.GradeUnsigned }))
	changed("a receipt", award, true)
	s.hear("b", s.event(1, message.Delivered))
	changed("a better proof", award, true)
	s.hear("c", s.event(3, message.Delivered))
	changed("a receipt that settles", award, true)
	s.ok(s.Release(s.ctx(), run, s.now, words.Raw("done")))
	changed("the end of a run", award, true)
	_, err := s.Retry(s.ctx(), award, nil, s.by("retry"))
	s.ok(err)
	changed("retry", award, true)
	_, err = s.Resolve(s.ctx(), award, []ledger.Resolution{{Key: key(4), As: message.OutcomeAccepted}}, s.by("resolve"))
	s.ok(err)
	changed("resolve", award, true)
	s.now = s.now.Add(1)
	s.stage("d2", people(award, 7)...)
	changed("a new list", award, true)
	_, err = s.Abort(s.ctx(), award, s.by("abort"))
	s.ok(err)
	changed("abort", award, true)
	_, err = s.forgetter().Forget(s.ctx(), award, nil, s.by("forget"))
	s.ok(err)
	changed("forgetting", award, true)
	changed("all of that, another campaign", other, true) // receipts name none
	changed("nothing", other, false)
}

func spentIsKept(s *story) {
	run := s.three() // one accepted, one rejected, one unknown
	before, err := s.Spent(s.ctx())
	s.ok(err)
	first := s.now
	s.now = s.now.Add(time.Hour)
	dear := claims(2)
	dear.Limits.Price *= 2
	s.turn(run, s.settled(s.claim(run, dear).Claims, message.Outcome{Kind: message.OutcomeAccepted, Code: "OK"}))
	got, err := s.Spent(s.ctx())
	s.ok(err)
	counts, err := s.Counts(s.ctx(), award)
	s.ok(err)
	var sum ledger.Debit
	by := make(map[message.State]int64)
	for _, c := range got {
		by[c.State] += c.Messages
		sum.Segments, sum.Cost = sum.Segments+c.Segments, sum.Cost+c.Cost
		s.same("campaign", c.Campaign, award)
		s.same("account", c.Account, smsAcc)
		s.same("the first claim", c.First.Equal(before[0].First) && !c.First.After(first), true)
		s.same("the last claim", c.Last.Equal(s.now), true)
		s.same("prices", [2]message.Money{c.Least, c.Most}, [2]message.Money{claims(1).Limits.Price, dear.Limits.Price})
	}
	for _, state := range []message.State{message.Accepted, message.Rejected, message.Unknown} {
		s.same(string(state), by[state], int64(counts.Of(state)))
	}
	s.same("spent", sum.Cost, counts.Cost[smsAcc].Cost)
	s.same("segments", sum.Segments, counts.Cost[smsAcc].Segments)
}
