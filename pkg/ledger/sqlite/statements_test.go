package sqlite_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"notify/pkg/flow"
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

// whole is the name under which a query is watched.
func whole(query string) string { return "query " + strings.Join(strings.Fields(query), " ") }

// A turn reads as many messages as it asks for, with one query, and from the second on it does not ask again whether some wait for their domains.
func TestATurnReadsWhatItAsksFor(t *testing.T) {
	f := newFaults()
	l, _ := faulty(t, inUse(t), sqlite.Options{}, f)
	turn := ledger.Turn{Run: acquire(t, l, other), Now: start, Extend: time.Minute}
	waiting := 1
	for _, n := range []int{1, 5} {
		turn.Claim = claimOf(n)
		var got ledger.Turned
		var err error
		asked := f.watch(func() { got, err = l.Turn(t.Context(), turn) })
		if err != nil || len(got.Grants[0].Claims) != n {
			t.Fatalf("%+v, %v", got, err)
		}
		untried := whole(sqlite.UntriedQuery)
		for what, want := range map[string]int{
			untried: 1,
			strings.Replace(untried, "query", "read", 1): n,
			whole(sqlite.FirstPaced):                     waiting,
			whole(sqlite.PacedQuery):                     0,
		} {
			if got := asked.of(what); got != want {
				t.Errorf("of %d: %d times %s, want %d", n, got, what, want)
			}
		}
		waiting = 0
	}
}

// Who waits for a domain is looked for where one is due, or further ahead than any has to wait, and not otherwise.
func TestWhoWaitsForADomainIsLookedForWhereOneIsReady(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify.db")
	l := open(t, path, sqlite.Options{})
	if _, err := l.Stage(t.Context(), ledger.Staging{Campaign: other, Digest: "d1", Spec: []byte("{}"), Recipients: slow(2)}); err != nil {
		t.Fatal(err)
	}
	turn := ledger.Turn{Run: acquire(t, l, other), Now: start, Extend: time.Minute, Claim: slowly(2)}
	if got, err := l.Turn(t.Context(), turn); err != nil || len(got.Grants[0].Claims) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	pending, err := all(l.Messages(t.Context(), other, message.Pending))
	if err != nil || len(pending) != 1 {
		t.Fatalf("%+v, %v", pending, err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := pending[0].NotBefore
	furthest := at.Add(-flow.PlaceLimit(start).Sub(start))
	for now, want := range map[time.Time]int{
		at.Add(-1):       0,
		at:               2, // when it is found, whether another is further ahead than any has to wait
		furthest:         0,
		furthest.Add(-1): 1,
	} {
		f := newFaults()
		l, _ := faulty(t, file, sqlite.Options{}, f)
		turn.Now, turn.Claim = now, claimOf(2)
		asked := f.watch(func() { _, err = l.Turn(t.Context(), turn) })
		if n := asked.of(whole(sqlite.PacedQuery)); err != nil || n != want {
			t.Errorf("it waits until %s: at %s it is looked for %d times, want %d, %v", at, now, n, want, err)
		}
	}
}
