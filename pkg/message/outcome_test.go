package message_test

import (
	"slices"
	"testing"

	"notify/pkg/message"
)

func TestEveryOutcomeHasAState(t *testing.T) {
	want := map[message.OutcomeKind]struct {
		state    message.State
		definite bool
	}{
		message.OutcomeAccepted:  {message.Accepted, false},
		message.OutcomeRejected:  {message.Rejected, true},
		message.OutcomeThrottled: {message.Pending, true},
		message.OutcomeRefused:   {message.Pending, true},
		message.OutcomeUnsent:    {message.Pending, true},
		message.OutcomeUnknown:   {message.Unknown, false},
	}
	if len(message.OutcomeKinds()) != len(want) {
		t.Fatalf("%d kinds are known, %d are in this table", len(message.OutcomeKinds()), len(want))
	}
	for _, k := range message.OutcomeKinds() {
		w, ok := want[k]
		if !ok {
			t.Errorf("%s is not in this table", k)
		}
		if k.State() != w.state || k.Definite() != w.definite {
			t.Errorf("%s becomes %s, definite %v; want %s, %v", k, k.State(), k.Definite(), w.state, w.definite)
		}
		if !slices.Contains(message.States(), k.State()) {
			t.Errorf("%s becomes %s, which is not among the states", k, k.State())
		}
	}
}

func TestOnlyWhatIsDefiniteMayBeSentAgain(t *testing.T) {
	for _, k := range message.OutcomeKinds() {
		if k.State() == message.Pending && !k.Definite() {
			t.Errorf("%s goes back to pending, and may have been sent", k)
		}
	}
}

func TestWhatNobodyClassifiedMayHaveBeenSent(t *testing.T) {
	for _, k := range []message.OutcomeKind{"", "ok", "Accepted", "delivered"} {
		if k.State() != message.Unknown || k.Definite() {
			t.Errorf("%q becomes %s, definite %v", k, k.State(), k.Definite())
		}
	}
}

func TestTheStatesAreSix(t *testing.T) {
	all := message.States()
	if len(all) != 6 {
		t.Fatalf("the states are %v", all)
	}
	for i, s := range all {
		if s == "" || slices.Index(all, s) != i {
			t.Errorf("%q stands twice, or is empty", s)
		}
	}
}

func TestWhatWasHeldWasNotTried(t *testing.T) {
	for _, code := range []string{message.BackDeadline, message.BackLate, message.BackLost} {
		o := message.GiveBack(code)
		if !o.GivenBack() || o.Kind != message.OutcomeUnsent || o.Code != code || o.Detail != "" || !o.Kind.Definite() {
			t.Errorf("held as %+v", o)
		}
		// A vendor that answers with these words did answer.
		o.Kind = message.OutcomeUnknown
		if o.GivenBack() {
			t.Errorf("%+v counts as not tried", o)
		}
	}
	for _, o := range []message.Outcome{{}, {Kind: message.OutcomeUnsent}, {Kind: message.OutcomeUnsent, Code: "notify:refused-connection"}} {
		if o.GivenBack() {
			t.Errorf("%+v counts as held", o)
		}
	}
}

func TestWhatWasTriedMayHaveReachedTheVendor(t *testing.T) {
	for _, code := range []string{message.AwayText, message.AwayAllowList, message.AwayFrequency, message.AwaySuppressed} {
		if o := (message.Outcome{Kind: message.OutcomeRejected, Code: code}); !o.TurnedAway() || o.Tried() {
			t.Errorf("%+v counts as tried", o)
		}
		if o := (message.Outcome{Kind: message.OutcomeAccepted, Code: code}); o.TurnedAway() || !o.Tried() { // a vendor's own word
			t.Errorf("%+v counts as turned away", o)
		}
	}
	if message.GiveBack(message.BackLate).Tried() {
		t.Error("what was given back counts as tried")
	}
	for _, o := range []message.Outcome{{Kind: message.OutcomeRejected, Code: "notify:http-400"}, {Kind: message.OutcomeUnsent, Code: "notify:connect"}} {
		if !o.Tried() {
			t.Errorf("%+v counts as not tried", o)
		}
	}
}

func TestAnOutcomeOnOneLine(t *testing.T) {
	for want, o := range map[string]message.Outcome{
		"accepted":           {Kind: message.OutcomeAccepted},
		"rejected 550 5.1.1": {Kind: message.OutcomeRejected, Code: "550 5.1.1", Detail: "no such mailbox"},
	} {
		if got := o.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
