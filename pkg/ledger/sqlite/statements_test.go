package sqlite_test

import (
	"slices"
	"testing"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/sqlite"
	"notify/pkg/message"
)

// However many are accepted, and in whatever order, with a record of their own or without, two statements write them.
func TestWhatIsAcceptedIsWrittenTogether(t *testing.T) {
	f := newFaults()
	l, _ := faulty(t, inUse(t), sqlite.Options{}, f)
	run := acquire(t, l, other)
	turn := ledger.Turn{Run: run, Now: start, Extend: time.Minute, Claim: claimOf(3)}
	got, err := l.Turn(t.Context(), turn)
	if err != nil {
		t.Fatal(err)
	}
	turn.Settle = accept(got.Grants)
	for i := range turn.Settle {
		turn.Settle[i].Outcome.Kind = message.OutcomeThrottled
	}
	turn.Claim = claimOf(8)
	if got, err = l.Turn(t.Context(), turn); err != nil || len(got.Grants[0].Claims) != 8 {
		t.Fatalf("%+v, %v", got, err)
	}
	all := accept(got.Grants)
	turn.Claim, turn.Settle = nil, []ledger.Settlement{all[6], all[1], all[5], all[0], all[7], all[3], all[2], all[4]}
	asked := f.watch(func() { got, err = l.Turn(t.Context(), turn) })
	if err != nil || got.Tally[message.SMS][message.Accepted] != 8 {
		t.Fatalf("%+v, %v", got, err)
	}
	for what, want := range map[string]int{
		"exec UPDATE OR FAIL standing SET state = 'accepted'": 1,
		"exec INSERT OR FAIL INTO standing (state,":           1,
		"query SELECT m.segments, m.recorded":                 0, // none is looked up
	} {
		if n := asked.of(what); n != want {
			t.Errorf("%d times %s, want %d", n, what, want)
		}
	}
	wantSound(t, l)
}

// The next turn reads on behind who was claimed, and behind who was passed over.
func TestWhoWasPassedOverIsNotReadAgain(t *testing.T) {
	l, path := copyOf(t, inUse(t), sqlite.Options{})
	db := raw(t, path)
	turn := ledger.Turn{Run: acquire(t, l, other), Now: start, Extend: time.Minute}
	for _, step := range []struct {
		claim int
		want  string
	}{{2, "2"}, {8, "8"}, {8, "8"}} {
		turn.Claim = slowly(step.claim)
		if _, err := l.Turn(t.Context(), turn); err != nil {
			t.Fatal(err)
		}
		got := lines(t, db, "SELECT r.next_id - c.first_id FROM reach r JOIN campaign c ON c.id = r.campaign_id WHERE c.name = '"+other+"'")
		if !slices.Equal(got, []string{step.want}) {
			t.Errorf("after %d were asked for, it reads on at %v, want %s", step.claim, got, step.want)
		}
	}
}

// The ids of a campaign's messages are its own, from the first to the last, also where a later list adds some.
func TestTheIDsOfACampaignAreItsOwn(t *testing.T) {
	l, path := copyOf(t, inUse(t), sqlite.Options{})
	const ids = `SELECT c.first_id = min(m.id) AND c.last_id = max(m.id) FROM campaign c JOIN message m ON m.campaign_id = c.id GROUP BY c.id`
	for _, digest := range []string{"d2", "d3"} { // with one more, and without any
		if _, err := l.Stage(t.Context(), ledger.Staging{Campaign: award, Digest: digest, Spec: []byte("{}"), Recipients: people(award, 6)}); err != nil {
			t.Fatal(err)
		}
		if got := lines(t, raw(t, path), ids); !slices.Equal(got, []string{"1", "1"}) {
			t.Errorf("under %s they are: %v", digest, got)
		}
	}
}
