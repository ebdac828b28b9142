package sqlite_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/sqlite"
	"notify/pkg/message"
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
	if err != nil || !strings.Contains(strings.Join(problems, "\n"), want) {
		t.Errorf("the check says %q, %v; want %q", problems, err, want)
	}
}

// TestFlippedBitsLoseNobody turns a bit in a ledger that is at rest. Either the ledger is refused, or its check names it, or a run stops
// for it, or everybody is handed out, once, to the address that was staged.
func TestFlippedBitsLoseNobody(t *testing.T) {
	const people, seeds = 60, 40
	path := filepath.Join(t.TempDir(), "notify.db")
	l := open(t, path, sqlite.Options{})
	stage(t, l, "award-2020", people)
	want := make(map[message.Key]message.Address)
	for r, err := range l.Messages(t.Context(), "award-2020") {
		if err != nil {
			t.Fatal(err)
		}
		want[r.Key] = r.Address
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	found, harmless := 0, 0
	for seed := range uint64(seeds) {
		chance := rand.New(rand.NewPCG(seed, 24))
		text := append([]byte(nil), whole...)
		text[chance.IntN(len(text))] ^= 1 << chance.IntN(8)
		hurt := filepath.Join(t.TempDir(), "notify.db")
		if err := os.WriteFile(hurt, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if flippedIsNamed(t, hurt, want) {
			found++
		} else {
			harmless++
		}
	}
	t.Logf("%d bits turned: %d named, %d without effect on who is told", seeds, found, harmless)
}

// flippedIsNamed reports that something says that the ledger is damaged; where nothing does, everybody must be handed out.
func flippedIsNamed(t *testing.T, path string, want map[message.Key]message.Address) bool {
	t.Helper()
	l, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		return true
	}
	defer func() { _ = l.Close() }()
	if problems, err := l.Verify(t.Context()); err != nil || len(problems) > 0 {
		return true
	}
	run := acquire(t, l, "award-2020")
	got := make(map[message.Key]message.Address)
	for {
		out, err := l.Turn(t.Context(), ledger.Turn{Run: run, Now: start, Extend: time.Minute, Claim: []ledger.ClaimRequest{
			{Channel: message.SMS, Limits: ledger.Limits{Account: "sms"}, Day: "2026-11-20", Max: 16, Grace: time.Second},
		}})
		if err != nil {
			return true
		}
		for _, c := range out.Grants[0].Claims {
			if _, twice := got[c.Key]; twice || want[c.Key] != c.Address {
				t.Errorf("message %s to %s, want %s once", c.Key, c.Address.Masked(), want[c.Key].Masked())
			}
			got[c.Key] = c.Address
		}
		if len(out.Grants[0].Claims) == 0 {
			break
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d of %d were handed out, and nothing names the others", len(got), len(want))
	}
	return false
}
