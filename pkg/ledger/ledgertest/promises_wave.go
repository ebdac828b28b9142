package ledgertest

import (
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

func wavePromises() []promise {
	return []promise{
		{"no more are out than the waves have that began, over all runs", wavesHoldBack},
		{"runs that find out the same of a wave change it once, and it outlives them", wavesMoveOnce},
		{"what a person was asked, and what followed, is written down once", wavesAreWrittenDown},
	}
}

// waved is a turn of a campaign with waves of two, then three.
func (s *story) waved(run ledger.RunID, c *ledger.WaveChange, settle []ledger.Settlement, asks ...ledger.ClaimRequest) ledger.Turned {
	s.Helper()
	got, err := s.Turn(s.ctx(), ledger.Turn{Run: run, Now: s.now, Extend: lease, Waves: []int{2, 3}, Wave: c, Settle: settle, Claim: asks})
	s.ok(err)
	return got
}

func (s *story) waveNext(number int) *ledger.WaveChange {
	by := s.by("wave")
	return &ledger.WaveChange{Number: number, At: s.now, Next: &by}
}

func wavesHoldBack(s *story) {
	s.stage("d1", people(award, 9)...)
	one := s.acquire(award)
	ask := s.asks(award)
	ask.Join = true
	got, err := s.Acquire(s.ctx(), ask)
	s.ok(err)
	two := got.Run.ID

	first := s.waved(one, nil, nil, claims(1)).Grants[0]
	s.same("the first run has", rows(first.Claims), []int{1})
	second := s.waved(two, nil, nil, claims(5)).Grants[0]
	s.same("the second run has", rows(second.Claims), []int{2})
	s.same("held", second.Held, ledger.HoldWave)
	// One that was not taken leaves room for another.
	none := s.waved(one, nil, s.settled(first.Claims, message.Outcome{Kind: message.OutcomeUnsent}), claims(5)).Grants[0]
	s.same("in the place of one that was not sent", len(none.Claims), 1)
	s.same("nothing more", len(s.waved(two, nil, s.settled(second.Claims, message.Outcome{Kind: message.OutcomeAccepted}), claims(5)).Grants[0].Claims), 0)
	at := s.waved(one, s.waveNext(0), s.settled(none.Claims, message.Outcome{Kind: message.OutcomeRejected, Code: "no"}), claims(9))
	s.same("the second wave", at.Wave.Number, 1)
	s.same("it has", len(at.Grants[0].Claims), 3)
	s.same("held", at.Grants[0].Held, ledger.HoldWave)
	at = s.waved(one, s.waveNext(1), s.settled(at.Grants[0].Claims, message.Outcome{Kind: message.OutcomeAccepted}), claims(9))
	s.same("the rest", len(at.Grants[0].Claims), 4)
}

func wavesMoveOnce(s *story) {
	s.stage("d1", people(award, 9)...)
	run := s.acquire(award)
	held := &ledger.WaveChange{At: s.now, Held: true}
	s.same("held", s.waved(run, held, nil).Wave.Held, s.now)
	since := s.now
	s.now = s.now.Add(time.Second)
	s.same("held since the first word on it", s.waved(run, &ledger.WaveChange{At: s.now, Held: true}, nil).Wave.Held, since)
	s.ok(s.Release(s.ctx(), run, s.now, words.Raw("killed")))
	run = s.acquire(award)
	s.same("the next run finds it held", s.waved(run, nil, nil).Wave, ledger.WaveState{Held: since})
	s.same("the next wave", s.waved(run, s.waveNext(0), nil).Wave, ledger.WaveState{Number: 1})
	s.same("said once more, it is the same", s.waved(run, s.waveNext(0), nil).Wave, ledger.WaveState{Number: 1})
	s.same("held of a wave that is over changes nothing", s.waved(run, held, nil).Wave, ledger.WaveState{Number: 1})
	read, err := s.Wave(s.ctx(), award)
	s.ok(err)
	s.same("as it is read", read, ledger.WaveState{Number: 1})
	// A clock that was put back does not hold for longer.
	s.now = s.now.Add(-time.Hour)
	s.waved(run, &ledger.WaveChange{Number: 1, At: since, Held: true}, nil)
	s.same("held since now", s.waved(run, &ledger.WaveChange{Number: 1, At: s.now, Held: true}, nil).Wave.Held, s.now)
}

func wavesAreWrittenDown(s *story) {
	s.stage("d1", people(award, 9)...)
	run := s.acquire(award)
	by := s.by("wave")
	ask := &ledger.WaveChange{At: s.now, Ask: &by}
	for range 2 {
		s.same("asked", s.waved(run, ask, nil).Wave, ledger.WaveState{Asked: true})
	}
	next := s.waveNext(0)
	for range 2 {
		s.same("on", s.waved(run, next, nil).Wave, ledger.WaveState{Number: 1})
	}
	log, err := s.AuditLog(s.ctx(), award)
	s.ok(err)
	n := 0
	for _, e := range log {
		if e.What == "wave" {
			n++
		}
	}
	s.same("entries", n, 2)
}
