package ledgertest

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

func toldPromises() []promise {
	return []promise{
		{"what went to somebody lately is found whatever the text, by campaign", toldLately},
		{"what went to each of those who share an address is found by the address", toldEach},
		{"what went to somebody who was forgotten is found by who has the address", toldForgotten},
		{"a claim sees what was claimed before for the same address, of its class", seesEarlier},
		{"of two runs that claim the same people side by side, exactly one sees nothing before", oneIsFirst},
	}
}

// stageOf stages people in a campaign of a class.
func (s *story) stageOf(class, campaign string, rs ...ledger.Recipient) {
	s.Helper()
	_, err := s.Stage(s.ctx(), ledger.Staging{Campaign: campaign, Digest: "d1", Spec: fmt.Appendf(nil, `{"class":%q}`, class), By: s.by("stage"), Recipients: list(rs...)})
	s.ok(err)
}

// told is what was found, in words.
func (s *story) told(w ledger.Telling, asked ...ledger.Told) []string {
	s.Helper()
	var out []string
	for t, err := range s.Told(s.ctx(), w, slices.Values(asked)) {
		s.ok(err)
		out = append(out, fmt.Sprintf("%s row %d at %s", t.Campaign, t.Row, t.At.Format("15:04")))
	}
	return out
}

func ask(row int) ledger.Told {
	m := person(award, row, 1).Messages[0]
	return ledger.Told{Channel: m.Channel, Address: m.Address, Row: row}
}

func toldLately(s *story) {
	s.stageOf("notice", award, people(award, 60)...)
	s.stageOf("marketing", "other", people("other", 3)...)
	run := s.acquire(award)
	got := s.claim(run, claims(3)).Claims
	s.turn(run, append(append(s.settled(got[:1], message.Outcome{Kind: message.OutcomeAccepted}),
		s.settled(got[1:2], message.Outcome{Kind: message.OutcomeRejected})...), s.settled(got[2:], message.Outcome{Kind: message.OutcomeUnknown})...))
	s.now = s.now.Add(time.Hour)
	s.claim(s.acquire("other"), claims(2))

	all := []ledger.Told{ask(3), ask(2), ask(1), ask(70)}
	other := ask(1)
	other.Channel = message.Email
	s.same("of all", s.told(ledger.Telling{Since: noon}, all...), []string{
		award + " row 3 at 12:00", award + " row 1 at 12:00", "other row 2 at 13:00", "other row 1 at 13:00",
	})
	s.same("of one", s.told(ledger.Telling{Since: noon}, ask(1), other), []string{award + " row 1 at 12:00", "other row 1 at 13:00"})
	s.same("but one", s.told(ledger.Telling{Since: noon, Except: "other"}, all[1:]...), []string{award + " row 1 at 12:00"})
	s.same("of a class", s.told(ledger.Telling{Since: noon, Class: "marketing"}, all...), []string{"other row 2 at 13:00", "other row 1 at 13:00"})
	s.same("later", s.told(ledger.Telling{Since: noon.Add(time.Second)}, all...), []string{"other row 2 at 13:00", "other row 1 at 13:00"})
	s.same("too late", s.told(ledger.Telling{Since: s.now.Add(time.Second)}, all...), []string(nil))
	s.same("nobody", s.told(ledger.Telling{Since: noon}, ask(71)), []string(nil))
}

// sharing are two people with one address, each of whom is told.
func sharing(campaign string) []ledger.Recipient {
	rs := people(campaign, 40)
	rs = append(rs, rs[0])
	rs[40].Row, rs[40].Key, rs[40].Messages = 41, "E41", slices.Clone(rs[40].Messages)
	for _, i := range []int{0, 40} {
		m := &rs[i].Messages[0]
		m.Key = message.MakeKey(campaign, m.Channel, m.Address, rs[i].Key)
	}
	return rs
}

func toldEach(s *story) {
	s.stageOf("notice", award, sharing(award)...)
	s.claim(s.acquire(award), claims(41))
	want := []string{award + " row 1 at 12:00", award + " row 1 at 12:00"}
	s.same("found one by one", s.told(ledger.Telling{Since: noon}, ask(1)), want)
	var all []ledger.Told
	for row := range 40 {
		all = append(all, ask(row+1))
	}
	s.same("found along", s.told(ledger.Telling{Since: noon}, all...)[:3], append(want, award+" row 2 at 12:00"))
}

func toldForgotten(s *story) {
	s.stageOf("notice", award, people(award, 20)...)
	run := s.acquire(award)
	s.turn(run, s.settled(s.claim(run, claims(20)).Claims, message.Outcome{Kind: message.OutcomeAccepted}))
	s.ok(s.Release(s.ctx(), run, s.now, words.Raw("done")))
	_, err := s.forgetter().Forget(s.ctx(), award, nil, s.by("forget"))
	s.ok(err)
	s.same("one", s.told(ledger.Telling{Since: noon}, ask(1)), []string{award + " row 1 at 12:00"})
	s.same("many", len(s.told(ledger.Telling{Since: noon}, ask(1), ask(2), ask(3), ask(4), ask(25))), 4)
}

func seesEarlier(s *story) {
	s.stageOf("notice", award, sharing(award)...)
	s.stageOf("notice", "other", people("other", 3)...)
	s.stageOf("marketing", "third", people("third", 3)...)
	run, other, third := s.acquire(award), s.acquire("other"), s.acquire("third")
	of := &ledger.Counting{Class: "notice", Since: noon}
	earlier := func(what string, cs []ledger.Claim, want ...int) {
		s.Helper()
		got, err := s.Earlier(s.ctx(), of, cs)
		s.ok(err)
		s.same(what, got, want)
	}
	first := s.claim(run, claims(2)).Claims
	earlier("the first", first, 0, 0)
	s.claim(third, claims(3))
	second := s.claim(other, claims(3)).Claims
	earlier("the second", second, 1, 1, 0)
	earlier("the first, after the second", first, 0, 0)
	s.turn(run, s.settled(first[:1], message.Outcome{Kind: message.OutcomeThrottled}))
	earlier("once the first was not taken", second, 0, 1, 0)
	rest := s.claim(run, claims(50)).Claims
	s.same("all the others, and the first again", len(rest), 40)
	want := make([]int, 40)
	for i, c := range rest {
		switch c.Row {
		case 1, 41:
			want[i] = 1 // row 1 of the other campaign; which of the two rows goes first is for their ids to say
		case 3:
			want[i] = 1
		}
	}
	want[slices.IndexFunc(rest, func(c ledger.Claim) bool { return c.Row == 41 })]++
	earlier("within one grant", rest, want...)
	of.Since = noon.Add(time.Second)
	earlier("in a window that went on", second, 0, 0, 0)
	s.sound(award, "other", "third")
}

// oneIsFirst lets two runs claim the same people, in any order.
func oneIsFirst(s *story) {
	const n = 60
	told := make(map[message.Address]*atomic.Int32)
	for _, r := range people(award, n) {
		told[r.Messages[0].Address] = new(atomic.Int32)
	}
	var sides sync.WaitGroup
	for _, name := range []string{award, "other"} {
		s.stageOf("notice", name, people(name, n)...)
		side := s.another()
		run := side.acquire(name)
		sides.Go(func() {
			of := &ledger.Counting{Class: "notice", Since: noon}
			for done := 0; done < n; {
				got, err := side.Turn(side.ctx(), ledger.Turn{Run: run, Now: side.now, Extend: lease, Ordered: true, Claim: []ledger.ClaimRequest{claims(4)}})
				if err != nil {
					s.Errorf("claim: %v", err)
					return
				}
				cs := got.Grants[0].Claims
				before, err := side.Earlier(side.ctx(), of, cs)
				if err != nil {
					s.Errorf("look: %v", err)
					return
				}
				for i, c := range cs {
					if before[i] == 0 {
						told[c.Address].Add(1)
					}
				}
				done += len(cs)
			}
		})
	}
	sides.Wait()
	for to, times := range told {
		s.same("how often "+string(to)+" may be told", times.Load(), int32(1))
	}
}
