package sqlite_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/sqlite"
	"notify/pkg/message"
)

// old makes a ledger as it was with so many steps.
func old(t *testing.T, steps int, content ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "old.db")
	names, err := filepath.Glob("migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	var queries []string
	for _, name := range names[:steps] {
		step, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		queries = append(queries, string(step))
	}
	queries = append(queries, "INSERT INTO meta (name, value) VALUES ('id', 'old-one'), ('created', '1')",
		"PRAGMA application_id = 0x6e746679", fmt.Sprintf("PRAGMA user_version = %d", steps))
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range append(queries, content...) {
		if _, err := db.Exec(q); err != nil {
			t.Fatalf("%v in %.60s", err, q)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// sixMessages make campaign 1 with six SMS, as the older schemas have them.
func sixMessages() []string {
	queries := []string{
		"INSERT INTO campaign (id, name, digest, spec, created, staged, recipients, ordered, first_id, last_id) VALUES (1, 'award-2020', 'd1', x'7b7d', 1, 1, 6, 1, 1, 6)",
	}
	for i := 1; i <= 6; i++ {
		queries = append(queries, fmt.Sprintf("INSERT INTO recipient (id, campaign_id, row, key, fields) VALUES (%d, 1, %[1]d, 'E%[1]d', x'5b5d')", i),
			fmt.Sprintf("INSERT INTO message (id, campaign_id, recipient_id, channel, key, address, segments, fingerprint) VALUES (%d, 1, %[1]d, 'sms', 'k%[1]d', '+1202555010%[1]d', 1, %[1]d)", i))
	}
	return queries
}

// takenOver is a run after the one that was killed with one message open.
func takenOver(t *testing.T, l *sqlite.Ledger) ledger.RunID {
	t.Helper()
	wantSound(t, l)
	got, err := l.Acquire(t.Context(), ledger.Acquire{Campaign: "award-2020", Host: "ops-1", PID: 1, User: "wang", Now: start, Extend: time.Minute})
	if err != nil || got.Orphans != 1 {
		t.Errorf("what was open when it was killed: %+v, %v", got, err)
	}
	return got.Run.ID
}

// wantMessages compares state, attempts, code and vendor's id of every message, by its key.
func wantMessages(t *testing.T, l *sqlite.Ledger, want map[message.Key]string) {
	t.Helper()
	for r, err := range l.Messages(t.Context(), "award-2020") {
		if err != nil {
			t.Fatal(err)
		}
		if now := fmt.Sprintf("%s %d %s %s", r.State, r.Attempts, r.Code, r.VendorID); now != want[r.Key] {
			t.Errorf("message %s is %q, want %q", r.Key, now, want[r.Key])
		}
		delete(want, r.Key)
	}
	if len(want) > 0 {
		t.Errorf("not there: %v", want)
	}
}

// TestAttemptsOfTheOldSchemaAreKept: message 1 is accepted after it was throttled, 2 rejected, 3 unknown, 4 open when the
// program was killed, 5 pending, 6 accepted by a person's word, and was about to be changed by a list.
func TestAttemptsOfTheOldSchemaAreKept(t *testing.T) {
	attempt := func(id, message, number int) string {
		return fmt.Sprintf(`INSERT INTO attempt (id, message_id, run_id, number, account, currency, day, segments, price, claimed_at, leave_at, deadline)
			VALUES (%d, %d, 1, %d, 'a', 'CNY', '2026-11-20', 1, 45000, %[1]d, 0, 9)`, id, message, number)
	}
	settled := func(id int, outcome string, over int) string {
		return fmt.Sprintf("UPDATE attempt SET outcome = '%s', over = %d, code = 'C%d', vendor_id = 'v%[3]d', settled_at = 50 WHERE id = %[3]d", outcome, over, id)
	}
	content := []string{
		"INSERT INTO run (id, campaign_id, host, pid, user, machine, started, beat, expires) VALUES (1, 1, 'h', 1, 'u', '', 1, 1, 9)",
	}
	content = append(
		append(content, sixMessages()...), attempt(1, 1, 1), settled(1, "throttled", 1), attempt(2, 1, 2), settled(2, "accepted", 0),
		attempt(3, 2, 1), settled(3, "rejected", 1), attempt(4, 3, 1), settled(4, "unknown", 0), attempt(5, 4, 1),
		attempt(6, 6, 1), settled(6, "unknown", 0),
		"UPDATE attempt SET outcome = 'accepted', resolved_at = 60, resolved_by = 'wang', resolved_why = 'she has it' WHERE id = 6",
		"INSERT INTO relist (message_id, recipient_id, segments, fingerprint) VALUES (6, 6, 1, 7)",
		"INSERT INTO usage (account, day, messages, segments, cost) VALUES ('a', '2026-11-20', 4, 4, 180000)",
		"INSERT INTO spent (campaign_id, account, currency, messages, segments, cost) VALUES (1, 'a', 'CNY', 4, 4, 180000)",
	)
	l := open(t, old(t, 5, content...), sqlite.Options{})
	takenOver(t, l)
	want := map[message.Key]string{
		"k1": "accepted 2 C2 v2", "k2": "rejected 1 C3 v3", "k3": "unknown 1 C4 v4", "k4": "unknown 1 notify:crash ",
		"k5": "pending 0  ", "k6": "accepted 1 C6 v6",
	}
	wantMessages(t, l, want)
	wantSound(t, l)
}

// TestStandingsOfTheOldSchemaAreKept: message 1 is accepted after it was throttled, 2 was open when the program was killed, 3 waits
// for its domain, 4 was left out by a list, 5 is pending, 6 rejected.
func TestStandingsOfTheOldSchemaAreKept(t *testing.T) {
	content := []string{
		"INSERT INTO run (id, campaign_id, host, pid, user, machine, started, beat, expires, sms_from) VALUES (1, 1, 'h', 1, 'u', '', 1, 1, 9, 5)",
	}
	begin := func(claim, message int) []string {
		return []string{
			fmt.Sprintf("INSERT INTO claim (id, run_id, account, currency, day, price, claimed_at, hold) VALUES (%d, 1, 'a', 'CNY', '2026-11-20', 45000, 1, 9)", claim),
			fmt.Sprintf("UPDATE message SET state = 'attempting', attempts = attempts + 1, claim_id = %d WHERE id = %d", claim, message),
		}
	}
	over := func(claim, message int, outcome string) string {
		return fmt.Sprintf(`INSERT INTO attempt (message_id, number, claim_id, segments, leave_at, outcome, code, settled_at)
			VALUES (%d, 1, %d, 1, 0, '%s', 'C%[2]d', 50)`, message, claim, outcome)
	}
	content = slices.Concat(content, sixMessages(), begin(1, 1), []string{over(1, 1, "throttled")}, begin(2, 1), begin(3, 2), begin(4, 6), []string{
		"UPDATE message SET state = 'accepted', code = 'OK', vendor_id = 'v1', settled_at = 60 WHERE id = 1",
		over(4, 6, "rejected"),
		"UPDATE message SET not_before = 70, paced = 1 WHERE id = 3",
		"UPDATE message SET state = 'cancelled', why = 'list' WHERE id = 4",
		"INSERT INTO usage (account, day, messages, segments, cost) VALUES ('a', '2026-11-20', 2, 2, 90000)",
		"INSERT INTO spent (campaign_id, account, currency, messages, segments, cost) VALUES (1, 'a', 'CNY', 2, 2, 90000)",
	})
	l := open(t, old(t, 6, content...), sqlite.Options{})
	run := takenOver(t, l)
	want := map[message.Key]string{
		"k1": "accepted 2 OK v1", "k2": "unknown 1 notify:crash ", "k3": "pending 0  ", "k4": "cancelled 0  ", "k5": "pending 0  ", "k6": "rejected 1 C4 ",
	}
	wantMessages(t, l, want)
	turned, err := l.Turn(t.Context(), ledger.Turn{Run: run, Now: start, Extend: time.Minute, Claim: claimOf(9)})
	if err != nil {
		t.Fatal(err)
	}
	var claimed []message.Key
	for _, c := range turned.Grants[0].Claims {
		claimed = append(claimed, c.Key)
	}
	if !slices.Equal(claimed, []message.Key{"k3", "k5"}) {
		t.Errorf("claimed %v", claimed)
	}
	wantSound(t, l)
}

func TestALedgerOfTheFirstSchemaIsBroughtUp(t *testing.T) {
	path := old(t, 1, "INSERT INTO preflight (campaign, digest, verdict, result, at, who) VALUES ('award-2020', 'd1', 'pass', x'7b7d', 5, 'wang')")
	l := open(t, path, sqlite.Options{})
	info, err := l.Info(t.Context())
	if err != nil || info.ID != "old-one" {
		t.Fatalf("got %+v, %v", info, err)
	}
	if c, err := l.NewestCheck(t.Context(), "award-2020"); err != nil || c.Digest != "d1" {
		t.Errorf("the old preflight is %+v, %v", c, err)
	}
	signed(t, l)
	if got, err := l.SignOffs(t.Context(), "award-2020"); err != nil || len(got) != 1 || got[0].Revoked == nil {
		t.Errorf("signed %+v, %v", got, err)
	}
	wantSound(t, l)
	var _ ledger.SignOffs = l
}
