package send

import (
	"context"
	"sync"
	"time"

	"notify/pkg/flow"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

// answers are the results that workers have for their lane. The lane is woken when there are as many as it waits for, not for
// each: to wake it costs as much as to take in ten of them.
type answers struct {
	mu     sync.Mutex
	list   []result
	enough int           // how many the lane waits for
	wake   chan struct{} // of length 1; there may be a word in it of which nothing is left to be seen
}

func newAnswers(slots int) *answers {
	return &answers{list: make([]result, 0, slots), wake: make(chan struct{}, 1)}
}

// put never blocks.
func (a *answers) put(r result) {
	a.mu.Lock()
	a.list = append(a.list, r)
	here := len(a.list) == a.enough
	a.mu.Unlock()
	if here {
		a.say()
	}
}

func (a *answers) say() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// await has a word put into wake when n answers are here, at once where they are.
func (a *answers) await(n int) {
	a.mu.Lock()
	a.enough = n
	here := len(a.list) >= n
	a.mu.Unlock()
	if here {
		a.say()
	}
}

// take empties the list into the room of an earlier one.
func (a *answers) take(room []result) []result {
	a.mu.Lock()
	defer a.mu.Unlock()
	list := a.list
	a.list, a.enough = room[:0], 0
	return list
}

func (ln *lane) drain(work context.Context) {
	ln.taken = ln.answers.take(ln.taken)
	for _, r := range ln.taken {
		ln.answered(work, r)
	}
	clear(ln.taken)
}

// answered turns a worker's result into a settlement.
func (ln *lane) answered(work context.Context, r result) {
	ln.inFlight--
	ln.closed(&r)
	ln.crew.answered(r.took)
	a := ln.accounts[r.claim.Account]
	attempt := ln.tries(work, r)
	r.outcome = a.Weigh(r.outcome, attempt)
	ln.receiverSaid(&r)
	open := a.Open()
	a.Observe(r.outcome, r.at)
	ln.breaker(a, open)
	ln.valves[a.Name()].Scale(a.Scale())
	s := ledger.Settlement{Attempt: r.claim.Attempt, Outcome: r.outcome, At: r.at}
	if !r.outcome.Tried() {
		s.Uncount = r.claim.Counted
	}
	if r.outcome.Kind.State() == message.Pending {
		s.NotBefore = r.at.Add(flow.BackOff(r.outcome, attempt))
		ln.later = time.Time{}
		if attempt >= MaxAttempts && r.outcome.OfMessage() {
			giveUp(&s, attempt)
		}
	}
	if r.late > 0 {
		ln.lead = min(ln.lead+r.late, time.Second)
	}
	if !r.outcome.GivenBack() && !own(r.outcome) {
		ln.end.sent++
		ln.loop.watch.observe(s.Outcome.Kind)
	}
	if len(ln.settle) == 0 {
		ln.gathered = ln.loop.Now()
	}
	ln.settle = append(ln.settle, s)
	ln.heard = append(ln.heard, heard{r.claim, s.Outcome, r.asked})
}

// tries is which attempt of the message this is, of those that say something of it, where it may go again after the answer. Those that were given
// back before anything was tried are numbered as well, so the ledger is asked from the second on; where it cannot be, this is taken for the first.
func (ln *lane) tries(work context.Context, r result) int {
	o := r.outcome
	if r.claim.Number <= 1 || !o.OfMessage() || o.Kind.State() != message.Pending && !o.Unclear {
		return 1
	}
	before, err := ln.loop.Reader.Tried(work, ln.loop.Campaign, r.claim.Key)
	if err != nil {
		return 1
	}
	return before + 1
}

// giveUp ends a message that was definitely not taken so many times: a mailbox that is full for ever must not keep a campaign
// from its end. A person can put it back with a retry.
func giveUp(s *ledger.Settlement, tries int) {
	s.Outcome.Kind, s.NotBefore = message.OutcomeRejected, time.Time{}
	s.Outcome.Detail = words.T("send.given-up", words.A{"n": tries, "said": words.Stored(s.Outcome.Detail)}).Stored()
}
