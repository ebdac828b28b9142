package stored

import (
	"fmt"
	"testing"

	"notify/pkg/ledger"
	"notify/pkg/message"
)

// TestThoseWhoAreAskedForAreHandedBackAsTheyWere asks for more than one part and one piece hold.
func TestThoseWhoAreAskedForAreHandedBackAsTheyWere(t *testing.T) {
	t.Parallel()
	const people = 3*addresseesInPart + 1
	who := func(nth int) ledger.Told {
		to := message.Address(fmt.Sprintf("%0*d@mail.test", nth%60, nth)) // they end anywhere in a piece
		return ledger.Told{Channel: []message.Channel{message.SMS, message.Email}[nth%2], Address: to, Row: nth + 2}
	}
	a := newAddressees(func(yield func(ledger.Told) bool) {
		for nth := range people {
			if !yield(who(nth)) {
				return
			}
		}
	}, nil)
	if a.n != people || len(a.marks) != people || len(a.parts) != 4 || len(a.texts) < 3 {
		t.Fatalf("%d people, %d prints, %d parts, %d pieces", a.n, len(a.marks), len(a.parts), len(a.texts))
	}
	for nth := range people {
		want := who(nth)
		if got := a.answer(nth); got != want {
			t.Fatalf("%d is %+v, want %+v", nth, got, want)
		}
		found := false
		a.with(AddressPrint(want.Channel, want.Address), func(n int) { found = found || n == nth })
		if !found {
			t.Fatalf("%d is not found by its print", nth)
		}
	}
}
