package send

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/flow"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/receivers"
	"notify/pkg/words"
)

// The lane is woken when as many answers are here as it waits for, and not for each.
func TestTheLaneIsWokenWhenEnoughAnswersAreHere(t *testing.T) {
	a := newAnswers(9)
	woken := func() bool {
		select {
		case <-a.wake:
			return true
		default:
			return false
		}
	}
	put := func(n int) {
		for range n {
			a.put(result{})
		}
	}
	for _, step := range []struct {
		name string
		do   func()
		want bool
	}{
		{"nobody waits", func() { put(1) }, false},
		{"not as many are here", func() { a.await(3) }, false},
		{"nor yet", func() { put(1) }, false},
		{"as many are here", func() { put(1) }, true},
		{"there is one more", func() { put(1) }, false},
		{"as many are here already", func() { a.await(4) }, true},
		{"more are here already", func() { a.await(2) }, true},
		{"they are taken, and nobody waits", func() { a.take(nil); put(1) }, false},
		{"nor for the one behind it", func() { put(1) }, false},
	} {
		if step.do(); woken() != step.want {
			t.Errorf("%s: woken, want %v", step.name, step.want)
		}
	}
	if got := a.take(nil); len(got) != 2 {
		t.Errorf("%d are taken", len(got))
	}
	if got := a.take(nil); len(got) != 0 {
		t.Errorf("%d are taken twice", len(got))
	}
}

// lineLog is a log that a test reads.
func lineLog(lines *strings.Builder) *slog.Logger { return slog.New(slog.NewTextHandler(lines, nil)) }

// triedBefore is what the ledger says of attempts before.
type triedBefore struct {
	ledger.Reader
	n   int
	err error
}

func (b triedBefore) Tried(context.Context, string, message.Key) (int, error) { return b.n, b.err }

// What says nothing of a message does not count where it is given up, whatever its attempt is numbered.
func TestAMessageIsGivenUpForWhatWasSaidOfIt(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		before triedBefore
		number int
		want   string // of whom; empty: it is tried again
	}{
		{triedBefore{n: MaxAttempts - 1}, MaxAttempts, "given up after 25 attempts"},
		{triedBefore{n: MaxAttempts - 1}, MaxAttempts + 9, "given up after 25 attempts"},
		{triedBefore{n: MaxAttempts - 2}, MaxAttempts + 9, ""},
		{triedBefore{}, 3 * MaxAttempts, ""},
		{triedBefore{n: MaxAttempts, err: ledger.ErrClosed}, MaxAttempts, ""},
	} {
		ln := laneAt(&now)
		ln.loop.watch, ln.loop.Log, ln.loop.Reader = newWatch(campaign.StopWhen{}), slog.New(slog.DiscardHandler), tc.before
		ln.answered(t.Context(), result{claim: ledger.Claim{Account: "a", Number: tc.number}, outcome: message.Outcome{Kind: message.OutcomeThrottled, Code: "452"}, at: now})
		o := ln.settle[0].Outcome
		if gone := o.Kind == message.OutcomeRejected; gone != (tc.want != "") || !strings.Contains(words.Stored(o.Detail).String(), tc.want) {
			t.Errorf("attempt %d after %+v: %s %q", tc.number, tc.before, o, o.Detail)
		}
	}
}

// An attempt that was given back before anything was tried makes nobody wait longer, and uses up no try of an answer that is not clear.
func TestAMessageWaitsForWhatWasSaidOfIt(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	throttled := message.Outcome{Kind: message.OutcomeThrottled, Code: "452"}
	unclear := message.Outcome{Kind: message.OutcomeRejected, Code: "550", Unclear: true}
	for _, tc := range []struct {
		o      message.Outcome
		before triedBefore
		number int
		want   time.Duration // -1: it does not go again
	}{
		{throttled, triedBefore{}, 1, time.Second},
		{throttled, triedBefore{}, 9, time.Second},
		{throttled, triedBefore{n: 3}, 9, 8 * time.Second},
		{throttled, triedBefore{n: MaxAttempts - 2}, MaxAttempts - 1, 5 * time.Minute},
		{throttled, triedBefore{n: 3, err: ledger.ErrClosed}, 9, time.Second},
		{unclear, triedBefore{}, 9, time.Minute},
		{unclear, triedBefore{n: 9}, 10, -1},
		{message.Outcome{Kind: message.OutcomeRefused, Code: "balance"}, triedBefore{n: 3}, 9, 0},
	} {
		ln := laneAt(&now)
		ln.loop.watch, ln.loop.Log, ln.loop.Reader = newWatch(campaign.StopWhen{}), slog.New(slog.DiscardHandler), tc.before
		ln.answered(t.Context(), result{claim: ledger.Claim{Account: "a", Number: tc.number}, outcome: tc.o, at: now})
		got := time.Duration(-1)
		if s := ln.settle[0]; s.Outcome.Kind.State() == message.Pending {
			got = s.NotBefore.Sub(now)
		}
		if got != tc.want {
			t.Errorf("%s, attempt %d after %+v: it waits for %s, want %s", tc.o, tc.number, tc.before, got, tc.want)
		}
	}
}

// What is recorded of an answer, when the message may go again, and whether this run handed it over.
func TestWhatIsRecordedOfAnAnswer(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	back, own := message.GiveBack(message.BackDeadline), func(code string) message.Outcome {
		return message.Outcome{Kind: message.OutcomeRejected, Code: code}
	}
	kind := func(k message.OutcomeKind) message.Outcome { return message.Outcome{Kind: k, Code: "1"} }
	type recorded struct {
		Kind message.OutcomeKind
		Wait time.Duration // -1: it does not go again
		Sent int
		Back int // under how many names it does not count as attempted after all
	}
	for i, tc := range []struct {
		o      message.Outcome
		number int
		want   recorded
	}{
		{kind(message.OutcomeAccepted), 1, recorded{message.OutcomeAccepted, -1, 1, 0}},
		{kind(message.OutcomeRejected), 1, recorded{message.OutcomeRejected, -1, 1, 0}},
		{kind(message.OutcomeUnknown), MaxAttempts, recorded{message.OutcomeUnknown, -1, 1, 0}},
		{own(message.AwayText), 1, recorded{message.OutcomeRejected, -1, 1, 2}},
		{own(message.AwayFrequency), 1, recorded{message.OutcomeRejected, -1, 0, 2}},
		{own(message.AwaySuppressed), 1, recorded{message.OutcomeRejected, -1, 0, 2}},
		{message.Outcome{Kind: message.OutcomeAccepted, Code: message.AwaySuppressed}, 1, recorded{message.OutcomeAccepted, -1, 1, 0}},
		{back, 1, recorded{back.Kind, 0, 0, 2}},
		{back, MaxAttempts, recorded{back.Kind, 0, 0, 2}},
		{kind(message.OutcomeUnsent), 1, recorded{message.OutcomeUnsent, time.Second, 1, 0}},
		{kind(message.OutcomeUnsent), MaxAttempts, recorded{message.OutcomeRejected, -1, 1, 0}},
		{kind(message.OutcomeThrottled), MaxAttempts, recorded{message.OutcomeRejected, -1, 1, 0}},
		{kind(message.OutcomeRefused), MaxAttempts, recorded{message.OutcomeRefused, 0, 1, 0}},
	} {
		ln := laneAt(&now)
		ln.loop.watch, ln.loop.Log, ln.loop.Reader = newWatch(campaign.StopWhen{}), slog.New(slog.DiscardHandler), triedBefore{n: MaxAttempts - 1}
		ln.later, ln.inFlight = now.Add(time.Hour), 1
		ln.answered(t.Context(), result{claim: ledger.Claim{Account: "a", Number: tc.number, Counted: []string{"d.test", ledger.RampOf("edm.test")}}, outcome: tc.o, at: now, took: time.Millisecond})
		s := ln.settle[0]
		got := recorded{s.Outcome.Kind, -1, ln.end.sent, len(s.Uncount)}
		if !s.NotBefore.IsZero() {
			got.Wait = s.NotBefore.Sub(now)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%d: %s", i, diff)
		}
		// What goes again may be claimed at once, whatever was to be waited for.
		if again := tc.o.Kind.State() == message.Pending; ln.later.IsZero() != again {
			t.Errorf("%d: nothing is claimed before %v", i, ln.later)
		}
		if ln.inFlight != 0 || ln.crew.n != 1 || ln.crew.took != time.Millisecond || len(ln.heard) != 1 {
			t.Errorf("%d: %d in flight, %d answers in %v, %d heard", i, ln.inFlight, ln.crew.n, ln.crew.took, len(ln.heard))
		}
	}
}

// Answers wait for each other from when the first of them came in.
func TestAnswersAreGatheredFromTheFirst(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	ln := laneAt(&now)
	ln.loop.watch = newWatch(campaign.StopWhen{})
	first := now
	for range 3 {
		ln.answers = newAnswers(1)
		ln.answers.put(result{claim: ledger.Claim{Account: "a", Number: 1}, outcome: message.Outcome{Kind: message.OutcomeAccepted}, at: now})
		ln.drain(t.Context())
		if now = now.Add(time.Millisecond); !ln.gathered.Equal(first) {
			t.Errorf("gathered since %v", ln.gathered.Sub(first))
		}
	}
	if len(ln.settle) != 3 {
		t.Errorf("%d are to be recorded", len(ln.settle))
	}
}

// An answer is about the account: its breaker, which is written down, and the pace of this process.
func TestAnAnswerMovesBreakerAndPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		ln, lines := laneAt(&now), new(strings.Builder)
		ln.loop.watch, ln.loop.Log = newWatch(campaign.StopWhen{}), lineLog(lines)
		ln.valves["a"] = flow.NewValve(10, 1, time.Minute)
		answer := func(k message.OutcomeKind) {
			ln.answered(t.Context(), result{claim: ledger.Claim{Account: "a", Number: 1}, outcome: message.Outcome{Kind: k, Code: "1"}, at: now})
		}
		answer(message.OutcomeThrottled)
		began := time.Now()
		for range 3 {
			if ok, err := ln.valves["a"].Wait(t.Context(), time.Now, time.Time{}, began); !ok || err != nil {
				t.Error(ok, err)
			}
		}
		if took := time.Since(began).Round(time.Millisecond); took != 400*time.Millisecond {
			t.Errorf("at half of ten a second two more take %v", took)
		}
		answer(message.OutcomeRefused)
		answer(message.OutcomeRefused)
		answer(message.OutcomeAccepted)
		if log := lines.String(); strings.Count(log, "the breaker opens") != 1 || strings.Count(log, "the breaker closes") != 1 {
			t.Error(log)
		}
	})
}

// A receiver that throttles while others take mail is left alone, and its account goes on.
func TestAnAnswerAboutAReceiverIsNotAboutTheAccount(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	ln := laneAt(&now)
	ln.loop.watch, ln.loop.Log = newWatch(campaign.StopWhen{}), slog.New(slog.DiscardHandler)
	ln.loop.Config.Accounts["a"] = config.Account{DomainSlots: map[string]int{"slow.test": 2}}
	rules, err := receivers.Read("")
	if err != nil {
		t.Fatal(err)
	}
	ln.entry.PaceKey, ln.loop.Receivers = message.Address.Domain, rules
	ln.domains = map[string]*flow.Domains{"a": flow.NewDomains("a")}
	ln.domains["a"].Claimed("other.test")
	c := ledger.Claim{Account: "a", Number: 1, Address: "1@slow.test"}
	ln.answered(t.Context(), result{claim: c, receiver: ln.opened(&c), outcome: message.Outcome{Kind: message.OutcomeThrottled, Code: "421"}, at: now})
	if scale := ln.accounts["a"].Scale(); scale != 1 || len(ln.changes) != 1 || !ln.settle[0].Outcome.Recipient {
		t.Errorf("the account is slowed to %v, the ledger is told %+v", scale, ln.changes)
	}
	if len(ln.open) != 0 {
		t.Errorf("under way: %v", ln.open)
	}
}

// Places are asked for twice as far ahead as a commit takes, in steps.
func TestHowFarAheadPlacesAreAskedFor(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	ln := laneAt(&now)
	ln.loop.Timing = DefaultTiming()
	ms := time.Millisecond
	for lead, want := range map[time.Duration]time.Duration{5 * ms: 250 * ms, 125 * ms: 250 * ms, 126 * ms: 500 * ms, 250 * ms: 500 * ms, 251 * ms: 1000 * ms, 1000 * ms: 2000 * ms} {
		if ln.lead = lead; ln.ahead() != want {
			t.Errorf("a commit takes %v: %v ahead", lead, ln.ahead())
		}
	}
}

// The lease wants a sign of life every third of its length, and at once where the clock was put back.
func TestWhenTheLeaseWantsASignOfLife(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	ln := laneAt(&now)
	ln.loop.Timing = DefaultTiming()
	for since, want := range map[time.Duration]bool{-1: true, 0: false, 5*time.Second - 1: false, 5 * time.Second: true} {
		if ln.beat = now.Add(-since); ln.beatDue() != want {
			t.Errorf("%v after the last: %v", since, !want)
		}
	}
}

// A lane learns how long a commit takes: at once where it takes longer, and slowly where it takes less.
func TestHowLongACommitTakesIsLearned(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	ln := laneAt(&now)
	ms := time.Millisecond
	var leads []string
	for _, took := range []time.Duration{ms, 9 * ms, 5 * ms, 9 * ms, 9 * ms, time.Minute} {
		ln.took(took)
		leads = append(leads, fmt.Sprint(ln.lead))
	}
	if diff := cmp.Diff([]string{"4.875ms", "20ms", "19ms", "20ms", "20ms", "1s"}, leads); diff != "" {
		t.Error(diff)
	}
}
