package sqlite_test

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/sqlite"
	"notify/pkg/message"
	"notify/pkg/words"
)

// TestAMessageToAnotherAddressIsNotHandedOut changes an address as a flipped bit does, past the trigger that forbids it.
func TestAMessageToAnotherAddressIsNotHandedOut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify.db")
	l := open(t, path, sqlite.Options{})
	stage(t, l, "award-2020", 3)
	wantSound(t, l)
	db := raw(t, path)
	var trigger string
	if err := db.QueryRow("SELECT sql FROM sqlite_schema WHERE name = 'message_who_stands'").Scan(&trigger); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("DROP TRIGGER message_who_stands; UPDATE message SET address = '+8613490000999' WHERE id = 2"); err != nil {
		t.Fatal(err)
	}
	says(t, l, "trigger message_who_stands")
	says(t, l, "is not to the address")
	if _, err := db.Exec(trigger); err != nil {
		t.Fatal(err)
	}
	got := acquire(t, l, "award-2020")
	_, err := l.Turn(t.Context(), ledger.Turn{Run: got, Now: start, Extend: time.Minute, Claim: []ledger.ClaimRequest{
		{Channel: message.SMS, Limits: ledger.Limits{Account: "sms"}, Day: "2026-11-20", Max: 3, Grace: time.Second},
	}})
	if !errors.Is(err, ledger.ErrDamaged) {
		t.Errorf("got %v, want ErrDamaged", err)
	}
	counts, err := l.Counts(t.Context(), "award-2020")
	if err != nil || counts.Of(message.Pending) != 3 {
		t.Errorf("%v, %v", counts.ByState, err)
	}
}

func says(t *testing.T, l *sqlite.Ledger, want string) {
	t.Helper()
	problems, err := l.Verify(t.Context())
	if err != nil || !strings.Contains(words.Joined(words.Sentences, problems...).String(), want) {
		t.Errorf("the check says %q, %v; want %q", problems, err, want)
	}
}

// flipSeeds is how many bits are turned, one in each ledger.
var flipSeeds = flag.Int("flip.seeds", 60, "how many bits are turned in the middle of a campaign")

// TestFlippedBitsLoseNobody turns a bit in a ledger that is at rest in the middle of a campaign. Either the ledger is refused, or its check
// names it, or a run stops for it, or it ends as it would have: nobody is told twice, or to another address, or with another text, and
// nobody is missing.
func TestFlippedBitsLoseNobody(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify.db")
	told := halfTold(t, path)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := ends(t, path, told)
	if want.stopped != nil || want.named || len(want.handed) < 20 {
		t.Fatalf("the sound ledger: %+v", want)
	}
	found, harmless := 0, 0
	for seed := range uint64(*flipSeeds) {
		chance := rand.New(rand.NewPCG(seed, 24))
		text := slices.Clone(whole)
		text[chance.IntN(len(text))] ^= 1 << chance.IntN(8)
		hurt := filepath.Join(t.TempDir(), "notify.db")
		write(t, hurt, text)
		got := ends(t, hurt, told)
		if got.refused {
			found++
			continue
		}
		// What was handed out before it was found must be right, too.
		for key, text := range got.handed {
			if want.handed[key] != text {
				t.Errorf("seed %d: message %s is handed out as %q, want %q", seed, key, text, want.handed[key])
			}
		}
		if got.twice > 0 {
			t.Errorf("seed %d: %d were handed out twice", seed, got.twice)
		}
		switch {
		case got.named || got.stopped != nil:
			found++
		case len(got.handed) != len(want.handed):
			t.Errorf("seed %d: %d of %d were handed out, and nothing names the others", seed, len(got.handed), len(want.handed))
		default:
			harmless++
		}
	}
	t.Logf("%d bits turned: %d named, %d without effect on who is told", *flipSeeds, found, harmless)
}

// halfTold leaves a ledger in the middle of a campaign, with messages of every state, and says who was told, or may have been.
func halfTold(t *testing.T, path string) map[message.Key]bool {
	t.Helper()
	l := open(t, path, sqlite.Options{})
	stage(t, l, "award-2020", 80)
	run := acquire(t, l, "award-2020")
	told := make(map[message.Key]bool)
	var settle []ledger.Settlement
	for range 3 {
		got, err := l.Turn(t.Context(), ledger.Turn{Run: run, Now: start, Extend: time.Minute, Settle: settle, Claim: claimOf(16)})
		if err != nil {
			t.Fatal(err)
		}
		settle = accept(got.Grants)
		for i, c := range got.Grants[0].Claims {
			if told[c.Key] = true; i%3 == 0 {
				kind := message.OutcomeKinds()[i%len(message.OutcomeKinds())]
				settle[i].Outcome.Kind = kind
				told[c.Key] = !kind.Definite()
			}
		}
	}
	by := ledger.Act{Who: "wang@ops-1", What: "stage", At: start}
	// A newer list: some are gone, and one says something else.
	if _, err := l.Turn(t.Context(), ledger.Turn{Run: run, Now: start, Extend: time.Minute, Settle: settle[:10]}); err != nil {
		t.Fatal(err)
	}
	if err := l.Release(t.Context(), run, start, words.Raw("paused")); err != nil {
		t.Fatal(err)
	}
	for _, s := range settle[10:] {
		told[keyOf(t, l, s.Attempt)] = true
	}
	if _, err := l.Stage(t.Context(), ledger.Staging{
		Campaign: "award-2020", Digest: "d2", Spec: []byte("{}"), By: by, Recipients: people("award-2020", 76),
	}); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return told
}

func keyOf(t *testing.T, l *sqlite.Ledger, attempt int64) message.Key {
	t.Helper()
	for r, err := range l.Messages(t.Context(), "award-2020") {
		if err != nil {
			t.Fatal(err)
		}
		if r.Attempt == attempt {
			return r.Key
		}
	}
	t.Fatalf("attempt %d is not there", attempt)
	return ""
}

// ending is how a campaign goes on from a ledger that lay at rest.
type ending struct {
	refused bool                   // it could not be opened
	named   bool                   // the check says that it is damaged
	stopped error                  // why a run went no further, though something was pending
	handed  map[message.Key]string // the address and the fields of what was handed out
	twice   int
}

// ends goes on with the campaign, whatever the check says.
func ends(t *testing.T, path string, told map[message.Key]bool) ending {
	t.Helper()
	e := ending{handed: make(map[message.Key]string)}
	l, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		explains(t, err)
		e.refused = true
		return e
	}
	defer func() { _ = l.Close() }()
	problems, err := l.Verify(t.Context())
	e.named = err != nil || len(problems) > 0
	got, err := l.Acquire(t.Context(), ledger.Acquire{Campaign: "award-2020", Host: "ops-1", PID: 1, User: "wang", Now: start.Add(48 * time.Hour), Extend: time.Minute})
	if e.stopped = err; err != nil {
		return e
	}
	turn := ledger.Turn{Run: got.Run.ID, Now: start.Add(48 * time.Hour), Extend: time.Minute, Claim: claimOf(16)}
	for range 20 {
		out, err := l.Turn(t.Context(), turn)
		if e.stopped = err; err != nil {
			return e
		}
		for _, c := range out.Grants[0].Claims {
			if _, again := e.handed[c.Key]; again || told[c.Key] {
				e.twice++
			}
			e.handed[c.Key] = string(c.Address) + " " + string(c.Fields)
		}
		turn.Settle = accept(out.Grants)
		if pending := out.Tally[message.SMS][message.Pending]; len(out.Grants[0].Claims) == 0 && pending > 0 {
			e.stopped = fmt.Errorf("%d are pending and cannot be claimed", pending)
			return e
		}
	}
	return e
}
