package ledgertest

import (
	"slices"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

func (s *story) forgetter() ledger.Forgetter {
	s.Helper()
	f, ok := s.Ledger.(ledger.Forgetter)
	if !ok {
		s.Fatal("the ledger forgets nobody")
	}
	return f
}

func forgetPromises() []promise {
	return []promise{
		{"who was forgotten stands as he stood, without address and values, and no list brings him back", forgottenStands},
		{"a suppressed address stays suppressed when it was forgotten", forgottenSuppressed},
		{"what was sent to somebody who was forgotten is found by the next campaign", forgottenRecent},
	}
}

func forgottenStands(s *story) {
	ps := people(award, 5)
	s.stage("d1", ps...)
	run := s.acquire(award)
	cs := s.claim(run, claims(3)).Claims
	s.turn(run, append(append(s.settled(cs[:1], message.Outcome{Kind: message.OutcomeAccepted, VendorID: "V1"}),
		s.settled(cs[1:2], message.Outcome{Kind: message.OutcomeRejected, Code: "bad"})...),
		s.settled(cs[2:3], message.Outcome{Kind: message.OutcomeUnknown})...))
	held := s.claim(run, claims(1)).Claims
	before := s.records(award)
	got, err := s.forgetter().Forget(s.ctx(), award, nil, s.by("forget"))
	s.ok(err)
	s.same("forgotten", got, ledger.Forgotten{Messages: 4, Cancelled: 2, UnderWay: 1, Rows: 4})
	s.turn(run, s.settled(held, message.Outcome{Kind: message.OutcomeAccepted}))
	s.ok(s.Release(s.ctx(), run, s.now, words.Raw("done")))
	got, err = s.forgetter().Forget(s.ctx(), award, nil, s.by("forget"))
	s.ok(err)
	s.same("the one that was under way", got, ledger.Forgotten{Messages: 1, Before: 4, Rows: 1})
	want := []message.State{message.Accepted, message.Cancelled, message.Unknown, message.Accepted, message.Cancelled}
	s.same("states", s.states(award), want)
	for i, r := range s.records(award) {
		if !r.Address.Forgotten() || string(r.Fields) == string(before[i].Fields) || r.Recipient == before[i].Recipient || r.Key != before[i].Key || r.Segments != before[i].Segments {
			s.Fatalf("row %d is %+v", r.Row, r)
		}
	}
	s.sound(award)
	again := s.stage("d2", append(slices.Clone(ps), person(award, 6, 1))...)
	s.same("staged again", again, ledger.Staged{Added: 1, Left: 5})
	s.same("states", s.states(award), append(want, message.Pending))
	done, err := s.Resolve(s.ctx(), award, []ledger.Resolution{{Key: key(3), As: message.OutcomeUnsent}}, s.by("resolve"))
	s.ok(err)
	s.same("resolved", done, ledger.Resolved{NotSent: 1})
	n, err := s.Retry(s.ctx(), award, nil, s.by("retry"))
	s.ok(err)
	s.same("retried", n, 0)
	s.now = s.now.Add(2 * lease)
	s.same("claimed", rows(s.claim(s.acquire(award), claims(9)).Claims), []int{6})
	got, err = s.forgetter().Forget(s.ctx(), award, nil, s.by("forget"))
	s.ok(err)
	s.same("done again", got, ledger.Forgotten{Before: 5, UnderWay: 1})
	s.sound(award)
}

func forgottenSuppressed(s *story) {
	const to = "+12025550101"
	alias, err := s.Alias(s.ctx())
	s.ok(err)
	s.same("nobody was forgotten", alias == nil, true)
	line := ledger.Suppression{Address: to, Channel: message.SMS, Reason: "opt-out", Note: "she wrote", Who: "wang", At: noon}
	s.suppress(line)
	got, err := s.forgetter().ForgetAddress(s.ctx(), to, s.by("forget"))
	s.ok(err)
	s.same("forgotten", got, ledger.Forgotten{Lines: 1})
	alias, err = s.Alias(s.ctx())
	s.ok(err)
	for line, err := range s.Suppressions(s.ctx()) {
		s.ok(err)
		s.same("the line", line, ledger.Suppression{ID: 1, Address: alias(to), Channel: message.SMS, Reason: "opt-out", Who: "wang", At: noon})
	}
	s.same("found", s.found(to)[0].Address, alias(to))
	s.same("again", s.suppress(line).Known, 1)
	s.ok(s.Unsuppress(s.ctx(), []message.Address{to}, s.by("she wants it again")))
	s.same("off", len(s.found(to)), 0)
	s.sound()
}

func forgottenRecent(s *story) {
	s.stage("d1", people(award, 2)...)
	run := s.acquire(award)
	s.turn(run, s.settled(s.claim(run, claims(2)).Claims, message.Outcome{Kind: message.OutcomeAccepted}))
	s.ok(s.Release(s.ctx(), run, s.now, words.Raw("done")))
	_, err := s.forgetter().Forget(s.ctx(), award, nil, s.by("forget"))
	s.ok(err)
	m := person(award, 1, 1).Messages[0]
	var got []int64
	for sent, err := range s.Recent(s.ctx(), "another", noon.Add(-lease), slices.Values([]ledger.Sent{
		{Address: m.Address, Fingerprint: m.Fingerprint}, {Address: "+12025550999", Fingerprint: m.Fingerprint},
	})) {
		s.ok(err)
		got = append(got, sent.Fingerprint)
	}
	s.same("found", got, []int64{m.Fingerprint})
}
