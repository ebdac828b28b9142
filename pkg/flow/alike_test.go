package flow_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"notify/pkg/flow"
	"notify/pkg/message"
)

var unclear = message.Outcome{Kind: message.OutcomeRejected, Unclear: true, Code: "550 5.7.0"}

func TestTheFirstRecipientsTurnedAwayAlikeAreARefusalOfUs(t *testing.T) {
	named := message.Outcome{Kind: message.OutcomeRejected, Code: "550 5.1.1"}
	for name, c := range map[string]struct {
		answer message.Outcome
		before message.Outcome // of those that come before it matters
		after  int
	}{
		"in words that name nobody":      {unclear, message.Outcome{Kind: message.OutcomeThrottled, Recipient: true, Unclear: true, Code: unclear.Code, RetryAfter: time.Minute}, 5},
		"in words that name the mailbox": {named, named, 20},
	} {
		t.Run(name, func(t *testing.T) {
			a := account("a", 10)
			for i := 1; i < c.after; i++ {
				if got := a.Weigh(c.answer, 1); got != c.before {
					t.Fatalf("answer %d counts as %+v", i, got)
				}
			}
			got := a.Weigh(c.answer, 1)
			if got.Kind != message.OutcomeRefused || got.Reason != message.ReasonAlike || got.Code != c.answer.Code {
				t.Fatalf("answer %d counts as %+v", c.after, got)
			}
			if got := a.Weigh(c.answer, 9); got.Kind != message.OutcomeRefused {
				t.Errorf("so does what follows, however often it was tried: %+v", got)
			}
			a.Weigh(accepted, 1)
			if got := a.Weigh(c.answer, 1); got != c.answer {
				t.Errorf("once somebody was accepted a rejection is one: %+v", got)
			}
		})
	}
}

func TestFirstRecipientsTurnedAwayForDifferentReasonsAreNoRefusalOfUs(t *testing.T) {
	a := account("a", 10)
	for i := range 100 {
		o := message.Outcome{Kind: message.OutcomeRejected, Code: fmt.Sprintf("550 5.1.%d", 1+i%2)}
		if got := a.Weigh(o, 1); got != o {
			t.Fatalf("answer %d: %+v", i, got)
		}
	}
}

func TestWhatIsTriedOftenEnoughIsRejectedHoweverUnclear(t *testing.T) {
	a := account("a", 10)
	for attempt, want := range []message.OutcomeKind{message.OutcomeThrottled, message.OutcomeThrottled, message.OutcomeRejected} {
		if got := a.Weigh(unclear, attempt+1); got.Kind != want {
			t.Errorf("attempt %d: %s, want %s", attempt+1, got.Kind, want)
		}
	}
	ours := message.Outcome{Kind: message.OutcomeRejected, Code: "notify:render", Unclear: true}
	if got := a.Weigh(ours, 1); got != ours {
		t.Errorf("what this program turns away itself: %+v", got)
	}
}

// TestHowOftenAWellAccountIsStoppedByItsFirstRecipients lives through a hundred thousand lists of which a fifth is dead, told in words that name
// nobody: with five alike it is one in some three thousand, and none is stopped where the words are clear.
func TestHowOftenAWellAccountIsStoppedByItsFirstRecipients(t *testing.T) {
	const lists, most = 100_000, 60
	rng := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct {
		o    message.Outcome
		most int
	}{{unclear, most}, {message.Outcome{Kind: message.OutcomeRejected, Code: "550 5.1.1"}, 0}} {
		stopped := 0
		for range lists {
			a := flow.Account{}
			for rng.Float64() < 0.2 { // until one is accepted
				if a.Weigh(c.o, 1).Kind == message.OutcomeRefused {
					stopped++
					break
				}
			}
		}
		t.Logf("%d of %d lists were stopped", stopped, lists)
		if stopped > c.most {
			t.Errorf("%d of %d lists were stopped", stopped, lists)
		}
	}
}
