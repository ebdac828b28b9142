package ledgertest

import (
	"cmp"
	"slices"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

func figurePromises() []promise {
	return []promise{
		{"who was told by the parts of a list is counted once", partsOfPeople},
		{"what waits is counted with its segments", segmentsThatWait},
		{"what stands out is named, and why", whatStandsOut},
	}
}

func (s *story) part(digest string, rs ...ledger.Recipient) {
	s.Helper()
	_, err := s.Stage(s.ctx(), ledger.Staging{Campaign: award, Digest: digest, Part: true, By: s.by("stage"), Recipients: list(rs...)})
	s.ok(err)
}

func partsOfPeople(s *story) {
	sent := func(n int) {
		run := s.acquire(award)
		s.turn(run, s.settled(s.claim(run, claims(n)).Claims, message.Outcome{Kind: message.OutcomeAccepted}))
		s.ok(s.Release(s.ctx(), run, s.now, words.Raw("done")))
	}
	people := func(want int) {
		s.Helper()
		c, err := s.Counts(s.ctx(), award)
		s.ok(err)
		s.same("people", c.People, want)
	}
	shared := ledger.Recipient{Row: 3, Key: "E3", Fields: []byte(`[]`), Folds: []ledger.Fold{{Channel: message.SMS, Into: key(2)}}}
	s.part("d1 1", person(award, 1, 1), person(award, 2, 1), shared)
	people(3)
	sent(2)
	s.part("d1 2", person(award, 4, 1), person(award, 5, 1))
	people(5)
	s.part("d1 3", person(award, 5, 1)) // 4 did not leave, and is not to leave now
	people(4)
	s.same("rows of the shared message", s.records(award)[1].Rows, []int{3})
	s.stage("d2", person(award, 1, 1), person(award, 2, 1))
	people(2)
	s.sound(award)
}

// segmentsThatWait goes the ways to pending and from it.
func segmentsThatWait(s *story) {
	long := func(n, segments int) ledger.Recipient {
		r := person(award, n, segments)
		r.Messages[0].Segments = segments
		return r
	}
	waiting := func(want int64) {
		s.Helper()
		c, err := s.Counts(s.ctx(), award)
		s.ok(err)
		s.same("segments that wait", c.Waiting[message.SMS], want)
		s.sound(award)
	}
	s.stage("d1", long(1, 1), long(2, 2), long(3, 3), long(4, 4))
	waiting(10)
	run := s.acquire(award)
	got := s.claim(run, claims(3)).Claims
	waiting(4)
	settle := s.settled(got[:1], message.Outcome{Kind: message.OutcomeRejected, Code: "bad"})
	settle = append(settle, s.settled(got[1:2], message.Outcome{Kind: message.OutcomeThrottled})...)
	s.turn(run, append(settle, s.settled(got[2:], message.Outcome{Kind: message.OutcomeUnknown})...))
	waiting(6)
	s.ok(s.Release(s.ctx(), run, s.now, words.Raw("done")))
	s.stage("d2", long(1, 5), long(2, 6), long(3, 7)) // 4 is gone
	waiting(6)
	_, err := s.Retry(s.ctx(), award, nil, s.by("retry"))
	s.ok(err)
	waiting(11)
	_, err = s.Resolve(s.ctx(), award, []ledger.Resolution{{Key: key(3), As: message.OutcomeUnsent}}, s.by("resolve"))
	s.ok(err)
	waiting(18)
	s.stage("d3", long(1, 5), long(2, 6), long(3, 7), long(4, 8))
	waiting(26)
	_, err = s.Abort(s.ctx(), award, s.by("abort"))
	s.ok(err)
	waiting(0)
}

func whatStandsOut(s *story) {
	s.stage("d1", people(award, 9)...)
	run, began := s.acquire(award), s.now
	got := s.claim(run, claims(8)).Claims
	s.now = s.now.Add(3)
	settle := s.settled(got[:1], message.Outcome{Kind: message.OutcomeAccepted})
	settle = append(settle, s.settled(got[1:4], message.Outcome{Kind: message.OutcomeRejected, Code: "NUMBER", Detail: "no such number"})...)
	settle = append(settle, s.settled(got[4:5], message.Outcome{Kind: message.OutcomeRejected, Code: "TEXT"})...)
	settle = append(settle, s.settled(got[5:7], message.Outcome{Kind: message.OutcomeUnknown, Code: "cut"})...)
	s.turn(run, append(settle, s.settled(got[7:], message.Outcome{Kind: message.OutcomeThrottled})...))
	a := s.attention(2)
	s.same("first and last", []int{0, 3}, []int{int(a.First.Sub(began)), int(a.Last.Sub(began))})
	s.same("rows", [][]int{rowsOf(a.Rejected), rowsOf(a.Unknown), rowsOf(a.Waiting), {a.WaitingTotal}}, [][]int{{2, 3}, {6, 7}, {8}, {1}})
	s.same("reasons", a.Reasons, []ledger.Reason{
		{State: message.Rejected, Code: "NUMBER", Detail: "no such number", Messages: 3},
		{State: message.Unknown, Code: "cut", Messages: 2},
		{State: message.Rejected, Code: "TEXT", Messages: 1},
	})
	// A list in another order puts the first of them in its order.
	s.ok(s.Release(s.ctx(), run, s.now, words.Raw("done")))
	s.part("d2", person(award, 12, 1))
	a = s.attention(9)
	s.same("rows", [][]int{rowsOf(a.Rejected), rowsOf(a.Unknown), rowsOf(a.Waiting)}, [][]int{{2, 3, 4, 5}, {6, 7}, nil})
}

// attention is what stands out of a review of the campaign, which agrees with itself.
func (s *story) attention(most int) ledger.Attention {
	s.Helper()
	review, err := s.Review(s.ctx(), award, most)
	s.ok(err)
	at, err := s.Snapshot(s.ctx(), award, ledger.DayOf(s.now))
	s.ok(err)
	runs, err := s.Runs(s.ctx(), award)
	s.ok(err)
	log, err := s.AuditLog(s.ctx(), award)
	s.ok(err)
	s.same("review", []any{review.Campaign, review.Counts, review.Runs, review.Audit}, []any{at.Campaign, at.Counts, runs, log})
	return review.Attention
}

func rowsOf(records []ledger.Record) []int {
	var rows []int
	for _, r := range records {
		rows = append(rows, r.Row)
	}
	return rows
}

// attention is what stands out, without what drivers may choose.
func (w *walk) attention(l ledger.Ledger, name string) ledger.Attention {
	w.story.Helper()
	review, err := l.Review(w.story.ctx(), name, 1000)
	w.story.ok(err)
	a := review.Attention
	for i := range a.Reasons {
		a.Reasons[i].Detail = ""
	}
	for _, records := range [][]ledger.Record{a.Unknown, a.Rejected, a.Waiting} {
		for i := range records {
			records[i].Attempt = 0
		}
		slices.SortFunc(records, func(a, b ledger.Record) int { return cmp.Or(cmp.Compare(a.Row, b.Row), cmp.Compare(a.Key, b.Key)) })
	}
	return a
}
