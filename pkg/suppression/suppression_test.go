package suppression_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"notify/pkg/message"
	"notify/pkg/suppression"
)

func TestAReasonIsReadAsPeopleTypeIt(t *testing.T) {
	for typed, want := range map[string]suppression.Reason{
		"opt-out": suppression.OptOut, "Opt Out": suppression.OptOut, "HARD_BOUNCE": suppression.HardBounce, " complaint ": suppression.Complaint, "other": suppression.Other,
	} {
		if got, err := suppression.ParseReason(typed); err != nil || got != want {
			t.Errorf("%q is %q, %v", typed, got, err)
		}
	}
	for typed, hint := range map[string]string{"optout": "did you mean opt-out?", "spite": "known here: opt-out, hard-bounce, complaint, other", "": "known here: opt-out"} {
		if _, err := suppression.ParseReason(typed); err == nil || !strings.Contains(err.Error(), hint) {
			t.Errorf("%q: got %v, want %q", typed, err, hint)
		}
	}
}

func TestASetHoldsExactlyWhatWasPutIn(t *testing.T) {
	var none *suppression.Set
	var s suppression.Set
	if none.Has("+8613490000001") || s.Has("+8613490000001") {
		t.Error("an empty set holds something")
	}
	s.Put("wang@example.test", false) // taken out before anything was put in
	in := []message.Address{"+8613490000001", "+447700900123", "Wang@example.test", `"a b"@example.test`, "+0123", "+99999999999999999999999", "+"}
	for _, a := range in {
		s.Put(a, true)
		s.Put(a, true)
	}
	for _, a := range append(in, "WANG@EXAMPLE.test") {
		if !s.Has(a) {
			t.Errorf("%s is not in", a)
		}
	}
	for _, a := range []message.Address{"", "8613490000001", "+86134900000011", "+861349000000", "ang@example.test", "+123", "+00123"} {
		if s.Has(a) {
			t.Errorf("%s is in", a)
		}
	}
	s.Put("WANG@example.test", false)
	s.Put("+8613490000001", false)
	if s.Has("wang@example.test") || s.Has("+8613490000001") {
		t.Error("what was taken out is still in")
	}
}

func TestASetIsLookedIntoWhileItGrows(t *testing.T) {
	var s suppression.Set
	phone := func(i int) message.Address { return message.Address(fmt.Sprintf("+86134%08d", i)) }
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range 2000 {
			s.Put(phone(i), true)
		}
	})
	wg.Go(func() {
		for i := range 2000 {
			if s.Has(phone(2000 + i)) {
				t.Errorf("%d is in", 2000+i)
			}
		}
	})
	wg.Wait()
	for i := range 2000 {
		if !s.Has(phone(i)) {
			t.Errorf("%d is not in", i)
		}
	}
}
