package ledgertest

import (
	"fmt"
	"testing"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

// RunTraces checks that a ledger finds messages: the model does not.
func RunTraces(t *testing.T, fresh func(t *testing.T) Target) {
	t.Helper()
	tg := fresh(t)
	s := &story{T: t, target: tg, Ledger: open(t, tg), now: noon}
	tracer, ok := s.Ledger.(ledger.Tracer)
	if !ok {
		t.Fatal("the ledger finds no messages")
	}
	s.stage("d1", people(award, 3)...)
	run := s.acquire(award)
	cs := s.claim(run, claims(1)).Claims
	s.turn(run, s.settled(cs, message.Outcome{Kind: message.OutcomeThrottled, VendorID: "V0", Code: "slow"}))
	s.now = s.now.Add(time.Minute)
	cs = s.claim(run, claims(3)).Claims
	s.turn(run, s.settled(cs, message.Outcome{Kind: message.OutcomeUnknown, VendorID: "V1"}))
	_, err := s.Resolve(s.ctx(), award, []ledger.Resolution{{Key: key(1), As: message.OutcomeAccepted}}, s.by("resolve"))
	s.ok(err)
	s.ok(s.Release(s.ctx(), run, s.now, words.Raw("done")))
	s.stageAs("other", "d2", people("other", 3)...)
	apart := person("apart", 1, 1)
	apart.Messages[0].Key = message.MakeKey("apart", message.SMS, apart.Messages[0].Address, apart.Key)
	_, err = s.Stage(s.ctx(), ledger.Staging{Campaign: "apart", Digest: "d3", Spec: []byte(`{"shared_address":"each"}`), By: s.by("stage"), Recipients: list(apart)})
	s.ok(err)

	find := func(q ledger.Sought) []ledger.Trail {
		t.Helper()
		got, err := tracer.Trails(s.ctx(), q)
		s.ok(err)
		return got
	}
	to := person(award, 1, 1).Messages[0].Address
	got := find(ledger.Sought{Address: to})
	if len(got) != 3 || got[0].Campaign != "apart" || got[1].Campaign != "other" || got[2].Campaign != award {
		t.Fatalf("by its address: %+v", got)
	}
	s.same("of one campaign", len(find(ledger.Sought{Address: to, Campaign: award})), 1)
	first := got[2]
	s.same("tries", len(first.Tries), 2)
	s.same("the first", first.Tries[0].Outcome+" "+first.Tries[0].Code+" "+first.Tries[0].VendorID, "throttled slow V0")
	s.same("how it was settled", first.Tries[1].Resolved.Outcome+" "+string(first.Tries[1].Resolved.Grade), "accepted person")
	s.same("its host", first.Tries[1].Host, "ops-1")
	s.same("its proof", first.Proof.Settled, message.GradePerson)
	for name, q := range map[string]ledger.Sought{
		"key": {Key: first.Key}, "id of a vendor": {VendorID: "V0"}, "text": {Campaign: award, Fingerprint: new(person(award, 1, 1).Messages[0].Fingerprint)},
	} {
		if got := find(q); len(got) != 1 || got[0].ID != first.ID {
			t.Errorf("by its %s: %+v", name, got)
		}
	}
	s.calledSo(tracer, first.ID)
	s.same("at most", len(find(ledger.Sought{Address: to, Most: 2})), 2)
	s.same("of nobody", len(find(ledger.Sought{Address: "+12025550999"})), 0)
	s.same("no key", len(find(ledger.Sought{Key: "') OR ('"})), 0)
	s.same("of its row", len(find(ledger.Sought{Address: to, Rows: true})), 3)
	s.pastIs(tracer, &first)
	frozen, err := tracer.Frozen(s.ctx())
	s.ok(err)
	s.same("campaigns", len(frozen), 3)
	s.calledAlike(tracer)
}

// calledAlike finds messages that a vendor calls by one name together, and those whose names only look the same to an index: before what they are
// called is put in order, while some of it is, and afterwards.
func (s *story) calledAlike(tracer ledger.Tracer) {
	s.Helper()
	const people, batch = 60, 40
	var messages []ledger.Recipient
	for row := 1; row <= people; row++ {
		messages = append(messages, person("alike", row, row))
	}
	s.stageAs("alike", "d4", messages...)
	run := s.acquire("alike")
	of := make(map[string]int)
	found := func() {
		s.Helper()
		for id, n := range of {
			got, err := tracer.Trails(s.ctx(), ledger.Sought{VendorID: id, Campaign: "alike"})
			s.ok(err)
			if len(got) != n {
				s.Errorf("%d have %s, want %d", len(got), id, n)
			}
		}
	}
	for nth := 1; nth <= people; nth++ {
		id := "batch"
		switch {
		case nth == 5:
			id = "SM004550" // these two have one print
		case nth == 55:
			id = "SM030138"
		case nth > batch:
			id = fmt.Sprint("one-", nth)
		}
		s.turn(run, s.settled(s.claim(run, claims(1)).Claims, message.Outcome{Kind: message.OutcomeAccepted, VendorID: id}))
		of[id]++
		if nth%5 == 0 {
			found()
			s.ok(s.Gather(s.ctx()))
			found()
		}
	}
	s.same("the batch", of["batch"], batch-1)
	s.ok(s.Release(s.ctx(), run, s.now, words.Raw("done")))
	problems, err := s.Ledger.(ledger.Verifier).Verify(s.ctx())
	s.ok(err)
	s.same("problems", len(problems), 0)
}

// calledSo finds messages by what their vendor called them, before and after that is in order.
func (s *story) calledSo(tracer ledger.Tracer, first int64) {
	s.Helper()
	for range 3 {
		for id, n := range map[string]int{"V0": 1, "V1": 3, "V2": 0, "V": 0} {
			got, err := tracer.Trails(s.ctx(), ledger.Sought{VendorID: id})
			s.ok(err)
			if len(got) != n || n > 0 && got[0].ID != first {
				s.Errorf("%d have %s, want %d: %+v", len(got), id, n, got)
			}
		}
		got, err := tracer.Trails(s.ctx(), ledger.Sought{VendorID: "V0", Campaign: "other"})
		s.ok(err)
		s.same("of another campaign", len(got), 0)
		s.ok(s.Gather(s.ctx()))
	}
}

// pastIs wants the attempts of the award to be those of a trail.
func (s *story) pastIs(tracer ledger.Tracer, first *ledger.Trail) {
	s.Helper()
	var past []ledger.Past
	for p, err := range tracer.Past(s.ctx(), award) {
		s.ok(err)
		past = append(past, p)
	}
	s.same("attempts that are over, or were settled", len(past), 2)
	s.same("whose", past[0].Key == first.Key && past[1].Key == first.Key, true)
	s.same("the one that is over", past[0].Try, first.Tries[0])
	s.same("the one that was settled", *past[1].Resolved, *first.Tries[1].Resolved)
}
