package ledgertest

import (
	"errors"
	"strings"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

func stagePromises() []promise {
	return []promise{
		{"a staged campaign has every message pending", func(s *story) {
			s.same("staged", s.stage("d1", people(award, 3)...), ledger.Staged{Added: 3})
			s.same("states", s.states(award), repeat(message.Pending, 3))
			c, err := s.Campaign(s.ctx(), award)
			s.ok(err)
			s.same("campaign", c, ledger.Campaign{Name: award, Digest: "d1", Spec: []byte(`{"n":1}`), Staged: noon, Created: noon})
			s.sound(award)
		}},
		{"an error in the list leaves nothing behind", func(s *story) {
			broken := errors.New("broken file")
			_, err := s.Stage(s.ctx(), ledger.Staging{
				Campaign: award, Digest: "d1", By: s.by("stage"),
				Recipients: func(yield func(ledger.Recipient, error) bool) {
					for _, r := range people(award, 200) {
						if !yield(r, nil) {
							return
						}
					}
					yield(ledger.Recipient{}, broken)
				},
			})
			s.fails(err, broken)
			_, err = s.Campaign(s.ctx(), award)
			s.fails(err, ledger.ErrNoCampaign)
		}},
		{"a message that is twice on the list is refused by its row", func(s *story) {
			rs := people(award, 150)
			rs[120].Messages[0] = rs[3].Messages[0]
			_, err := s.Stage(s.ctx(), ledger.Staging{Campaign: award, Digest: "d1", By: s.by("stage"), Recipients: list(rs...)})
			if err == nil || !strings.Contains(err.Error(), "row 121") {
				s.Fatalf("got %v, want an error that names row 121", err)
			}
			_, err = s.Campaign(s.ctx(), award)
			s.fails(err, ledger.ErrNoCampaign)
		}},
		{"a mended list adds, updates, cancels and restores what is pending, and leaves alone what left", stageAgain},
		{"the same digest changes nothing and counts", func(s *story) {
			s.stage("d1", people(award, 3)...)
			run := s.acquire(award)
			got := s.claim(run, claims(1))
			s.turn(run, s.settled(got.Claims, message.Outcome{Kind: message.OutcomeAccepted}))
			s.ok(s.Release(s.ctx(), run, s.now, words.Raw("done")))
			s.same("staged", s.stage("d1"), ledger.Staged{Same: 2, Left: 1})
		}},
		{"a campaign that a run owns cannot be staged", func(s *story) {
			s.stage("d1", people(award, 1)...)
			s.acquire(award)
			_, err := s.another().Stage(s.ctx(), ledger.Staging{Campaign: award, Digest: "d2", By: s.by("stage"), Recipients: list()})
			s.fails(err, ledger.ErrLeased)
		}},
		{"an aborted campaign cannot be staged", func(s *story) {
			s.stage("d1", people(award, 1)...)
			_, err := s.Abort(s.ctx(), award, s.by("abort"))
			s.ok(err)
			_, err = s.Stage(s.ctx(), ledger.Staging{Campaign: award, Digest: "d2", By: s.by("stage"), Recipients: list()})
			s.fails(err, ledger.ErrAborted)
		}},
		{"a part of the list leaves alone what is not in it and was refused", stagePart},
		{"rows that share a message are told through it", func(s *story) {
			rs := people(award, 3)
			rs[0].Folds = []ledger.Fold{{Channel: message.SMS, Into: key(3)}}
			rs[1] = ledger.Recipient{Row: 2, Key: "E2", Fields: []byte(`[]`), Folds: []ledger.Fold{{Channel: message.SMS, Into: key(3)}}}
			s.stage("d1", rs...)
			c, err := s.Counts(s.ctx(), award)
			s.ok(err)
			s.same("recipients", []int{c.Recipients, c.Folded, c.Total()}, []int{3, 2, 2})
			s.same("rows of the shared message", s.records(award)[1].Rows, []int{1, 2})
			rs[0].Folds[0].Into = "nobody"
			_, err = s.Stage(s.ctx(), ledger.Staging{Campaign: award, Digest: "d2", By: s.by("stage"), Recipients: list(rs...)})
			if err == nil || !strings.Contains(err.Error(), "row 1") {
				s.Fatalf("got %v, want an error that names row 1", err)
			}
		}},
	}
}

func stageAgain(s *story) {
	s.stage("d1", people(award, 6)...)
	run := s.acquire(award)
	got := s.claim(run, claims(3)).Claims // rows 1 to 3
	settle := s.settled(got[:1], message.Outcome{Kind: message.OutcomeAccepted})
	settle = append(settle, s.settled(got[1:2], message.Outcome{Kind: message.OutcomeRejected, Code: "bad"})...)
	settle = append(settle, s.settled(got[2:], message.Outcome{Kind: message.OutcomeUnknown})...)
	s.turn(run, settle)
	s.ok(s.Release(s.ctx(), run, s.now, words.Raw("done")))

	// 1 and 3 say something else now, 2 is gone; 4 is as it was, 5 changed, 6 is gone; 7 is new.
	s.same("staged", s.stage("d2", person(award, 1, 2), person(award, 3, 2), person(award, 4, 1), person(award, 5, 2), person(award, 7, 1)),
		ledger.Staged{Same: 1, Added: 1, Updated: 1, Left: 2, Differs: 2, Gone: 2})
	s.same("states", s.states(award), []message.State{
		message.Accepted, message.Cancelled, message.Unknown, message.Pending, message.Pending, message.Cancelled, message.Pending,
	})
	s.same("what left is as it left", string(s.records(award)[0].Fields), `["E1","v1"]`)
	s.same("again", s.stage("d2"), ledger.Staged{Same: 3, Left: 2, Differs: 2})

	n, err := s.Retry(s.ctx(), award, nil, s.by("retry"))
	s.ok(err)
	s.same("retried, of what is no longer on the list", n, 0)
	res, err := s.Resolve(s.ctx(), award, []ledger.Resolution{{Key: key(3), As: message.OutcomeUnsent}}, s.by("resolve"))
	s.ok(err)
	s.same("resolved", res, ledger.Resolved{NotSent: 1})
	s.same("what comes back says what the new list says", string(s.records(award)[2].Fields), `["E3","v2"]`)

	s.same("all back", s.stage("d3", people(award, 7)...), ledger.Staged{Same: 2, Updated: 2, Restored: 2, Left: 1})
	again := s.claim(s.acquire(award), claims(7)).Claims
	s.same("what goes now", rows(again), []int{4, 5, 7, 2, 3, 6})
	s.same("what was refused goes as its second attempt", again[3].Number, 2)
	s.sound(award)
}

func stagePart(s *story) {
	s.stage("d1", people(award, 3)...)
	run := s.acquire(award)
	s.turn(run, s.settled(s.claim(run, claims(2)).Claims, message.Outcome{Kind: message.OutcomeRejected}))
	s.ok(s.Release(s.ctx(), run, s.now, words.Raw("done")))
	part := ledger.Staging{Campaign: award, Digest: "d1 2", Part: true, By: s.by("stage"), Recipients: list(person(award, 2, 1))}
	staged, err := s.Stage(s.ctx(), part)
	s.ok(err)
	s.same("a part", staged, ledger.Staged{Left: 1, Gone: 1})
	s.same("states", s.states(award), []message.State{message.Rejected, message.Rejected, message.Cancelled})
	s.same("another list", s.stage("d2", person(award, 2, 1), person(award, 3, 1)), ledger.Staged{Left: 1, Restored: 1, Gone: 1})
	s.same("states", s.states(award), []message.State{message.Cancelled, message.Rejected, message.Pending})
	s.sound(award)
}
