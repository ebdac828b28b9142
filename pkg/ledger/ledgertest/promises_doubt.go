package ledgertest

import (
	"errors"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

// lost is what a witness would say of claims that the ledger does not know any more.
func lost(keys ...message.Key) ledger.Lost {
	req := claims(0)
	return ledger.Lost{Channel: req.Channel, Account: req.Limits.Account, Currency: req.Limits.Currency, Day: today, Price: 45_000, Keys: keys}
}

func doubtPromises() []promise {
	return []promise{
		{"what was forgotten is unknown and debited, and the rest is sent as before", func(s *story) {
			s.stage("d1", people(award, 5)...)
			forgotten := []ledger.Lost{lost(key(1), key(2)), lost(key(3), key(99))}
			n, err := s.Doubt(s.ctx(), award, forgotten, s.by(ledger.ActForgotten))
			s.ok(err)
			s.same("unknown", n, 3)
			s.same("states", s.states(award), []message.State{message.Unknown, message.Unknown, message.Unknown, message.Pending, message.Pending})
			s.same("code", s.records(award)[0].Code, ledger.CodeForgotten)
			counts, err := s.Counts(s.ctx(), award)
			s.ok(err)
			s.same("debit", counts.Cost[smsAcc], ledger.Debit{Messages: 3, Segments: 5, Cost: 225_000})
			n, err = s.Doubt(s.ctx(), award, forgotten, s.by(ledger.ActForgotten))
			s.ok(err)
			s.same("unknown by the second call", n, 0)
			run := s.acquire(award)
			s.same("claimed then", rows(s.claim(run, claims(9)).Claims), []int{4, 5})
			s.sound(award)
		}},
		{"what the ledger knows to have left stays, and a run that is alive is not stepped over", func(s *story) {
			s.stage("d1", people(award, 4)...)
			run := s.acquire(award)
			got := s.claim(run, claims(3)).Claims
			s.turn(run, append(append(s.settled(got[:1], message.Outcome{Kind: message.OutcomeThrottled}),
				s.settled(got[1:2], message.Outcome{Kind: message.OutcomeAccepted, VendorID: "v1"})...),
				s.settled(got[2:], message.Outcome{Kind: message.OutcomeRejected})...))
			forgotten := []ledger.Lost{lost(key(1), key(2), key(3))}
			_, err := s.Doubt(s.ctx(), award, forgotten, s.by(ledger.ActForgotten))
			var held *ledger.LeasedError
			if !errors.As(err, &held) {
				s.Fatalf("beside a run that is alive: %v, want a *LeasedError", err)
			}
			log, err := s.AuditLog(s.ctx(), award)
			s.ok(err)
			for _, e := range log {
				if e.What == ledger.ActForgotten {
					s.Errorf("what was refused is on record: %+v", e)
				}
			}
			s.ok(s.Release(s.ctx(), run, s.now, words.Raw("paused")))
			n, err := s.Doubt(s.ctx(), award, forgotten, s.by(ledger.ActForgotten))
			s.ok(err)
			s.same("unknown", n, 2)
			s.same("states", s.states(award), []message.State{message.Unknown, message.Accepted, message.Unknown, message.Pending})
			s.sound(award)
		}},
		{"who was left out by a list and may have been told is unknown, and stays so when he is back on it", func(s *story) {
			s.stage("d1", people(award, 3)...)
			s.stage("d2", people(award, 2)...)
			n, err := s.Doubt(s.ctx(), award, []ledger.Lost{lost(key(3))}, s.by(ledger.ActForgotten))
			s.ok(err)
			s.same("unknown", n, 1)
			s.stage("d1", people(award, 3)...)
			s.same("states", s.states(award), []message.State{message.Pending, message.Pending, message.Unknown})
			s.sound(award)
		}},
	}
}
