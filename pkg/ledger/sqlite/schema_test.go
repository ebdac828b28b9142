package sqlite_test

import (
	"fmt"
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

// Message 1 is accepted, 2 rejected, 3 unknown, 4 open, 5 pending.
func fiveMessages(t *testing.T) (*sqlite.Ledger, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify.db")
	l := open(t, path, sqlite.Options{})
	stage(t, l, "award-2020", 5)
	run := acquire(t, l, "award-2020")
	got, err := l.Turn(t.Context(), ledger.Turn{Run: run, Now: start, Extend: time.Minute, Claim: claimOf(4)})
	if err != nil {
		t.Fatal(err)
	}
	settle := accept(got.Grants)[:3]
	settle[1].Outcome.Kind, settle[2].Outcome.Kind = message.OutcomeRejected, message.OutcomeUnknown
	if _, err := l.Turn(t.Context(), ledger.Turn{Run: run, Now: start, Extend: time.Minute, Settle: settle}); err != nil {
		t.Fatal(err)
	}
	return l, path
}

func TestTheSchemaRefusesWhatWouldSendTwice(t *testing.T) {
	l, path := fiveMessages(t)
	signed(t, l)
	db := raw(t, path)
	over := func(message, number int, outcome string) string {
		return fmt.Sprintf(`INSERT INTO attempt (message_id, number, claim_id, segments, outcome, settled_at)
			VALUES (%d, %d, 1, 1, '%s', 1)`, message, number, outcome)
	}
	const (
		begin   = "UPDATE standing SET state = 'attempting', attempts = attempts + 1, claim_id = 2 WHERE message_id = "
		columns = "INSERT INTO standing (campaign_id, channel, message_id, state, attempts, claim_id, settled_at) VALUES (1, 'sms', "
	)
	claim := func(from, to int) string {
		return fmt.Sprintf(`INSERT INTO claim (run_id, turn, campaign_id, channel, account, currency, day, price, claimed_at, deadline, first_id, last_id)
			VALUES (1, 1, 1, 'sms', 'a', 'CNY', '2026-11-20', 1, 1, 1, %d, %d)`, from, to)
	}
	for name, query := range map[string]string{
		"a second attempt of an accepted message":           begin + "1",
		"a second attempt of a rejected message":            begin + "2",
		"a second attempt of an unknown message":            begin + "3",
		"a second claim of an open message":                 claim(4, 5),
		"a second claim of everything":                      claim(1, 5),
		"a claim that ends before it begins":                claim(6, 5),
		"a second record of an accepted message":            columns + "1, 'accepted', 1, 1, 1)",
		"an open message that is pending":                   columns + "4, 'pending', 0, NULL, NULL)",
		"an open message that is cancelled":                 columns + "4, 'cancelled', 0, NULL, NULL)",
		"a second open attempt":                             columns + "4, 'attempting', 2, 1, NULL)",
		"an attempt that is not counted":                    columns + "4, 'attempting', 0, 1, NULL)",
		"an outcome without its time":                       columns + "4, 'accepted', 1, 1, NULL)",
		"an open attempt whose time has come":               columns + "4, 'attempting', 1, 1, 1)",
		"an open message that is rejected by itself":        columns + "4, 'rejected', 1, 1, 1)",
		"an open message of another channel":                "INSERT INTO standing (campaign_id, channel, message_id, state, attempts, claim_id) VALUES (1, 'email', 4, 'attempting', 1, 1)",
		"an open message of another campaign":               "INSERT INTO standing (campaign_id, channel, message_id, state, attempts, claim_id) VALUES (2, 'sms', 4, 'attempting', 1, 1)",
		"an attempt without a claim":                        columns + "5, 'attempting', 1, NULL, NULL)",
		"an attempt under the claim of others":              columns + "5, 'attempting', 1, 1, NULL)",
		"an attempt that begins accepted":                   columns + "5, 'accepted', 1, 1, 1)",
		"a pending message that is accepted by itself":      columns + "5, 'accepted', 0, NULL, 1)",
		"a pending message that was tried":                  columns + "5, 'pending', 1, 1, NULL)",
		"an accepted outcome that becomes unsent":           over(1, 1, "unsent"),
		"an accepted outcome that is taken away":            "UPDATE standing SET state = 'attempting', settled_at = NULL WHERE message_id = 1",
		"a rejected outcome that becomes accepted":          "UPDATE standing SET state = 'accepted' WHERE message_id = 2",
		"a rejected attempt that is over twice":             over(2, 1, "unsent"),
		"an unknown outcome that is pending by itself":      "UPDATE standing SET state = 'pending', over = over + 1 WHERE message_id = 3",
		"an accepted attempt that counts as over":           "UPDATE standing SET over = 1 WHERE message_id = 1",
		"an unknown attempt that counts as over":            "UPDATE standing SET over = 1 WHERE message_id = 3",
		"an attempt that is over and was never made":        over(5, 1, "unsent"),
		"an attempt that is over, of another number":        over(3, 2, "unsent"),
		"an attempt that is over, of no message":            over(99, 1, "unsent"),
		"an attempt that is over and accepted":              over(3, 1, "accepted"),
		"a vendor id that is replaced":                      "UPDATE standing SET vendor_id = 'x' WHERE message_id = 1",
		"a message that goes over to another claim":         "UPDATE standing SET claim_id = 2 WHERE message_id = 1",
		"a standing that goes over to another message":      "UPDATE standing SET message_id = 5 WHERE message_id = 1",
		"what came of messages that is deleted":             "DELETE FROM standing",
		"a claim whose price changes":                       "UPDATE claim SET price = 0 WHERE id = 1",
		"claims that are deleted":                           "DELETE FROM claim",
		"an attempt that was rejected for another reason":   "UPDATE attempt SET code = 'x'",
		"attempts that are deleted":                         "DELETE FROM attempt",
		"an accepted message that is pending again":         "UPDATE standing SET state = 'pending' WHERE message_id = 1",
		"a state without a word":                            columns + "5, 'sent', 0, NULL, NULL)",
		"a message that gets another address":               "UPDATE message SET address = '+12025550199' WHERE id = 5",
		"messages that are deleted":                         "DELETE FROM message",
		"a message whose key is there":                      "INSERT INTO message (campaign_id, recipient_id, channel, key, address, segments, fingerprint) SELECT campaign_id, recipient_id, channel, key, address, 1, 1 FROM message WHERE id = 1",
		"a message without a channel":                       "INSERT INTO message (campaign_id, recipient_id, channel, key, address, segments, fingerprint) VALUES (1, 1, '', 'k', '', 1, 1)",
		"a claim of a channel without a reach":              "INSERT INTO claim (run_id, turn, campaign_id, channel, account, currency, day, price, claimed_at, deadline, first_id, last_id) VALUES (1, 1, 1, 'email', 'a', 'CNY', '2026-11-20', 1, 1, 1, 5, 5)",
		"a reach that goes back":                            "UPDATE reach SET last_id = 0",
		"a reach that is deleted":                           "DELETE FROM reach",
		"a turn that was taken before":                      "UPDATE run SET turn = turn",
		"a turn after next":                                 "UPDATE run SET turn = turn + 2",
		"a pace without a word":                             "INSERT INTO standing (campaign_id, channel, message_id, state, paced) VALUES (1, 'sms', 5, 'pending', 3)",
		"usage below zero":                                  "UPDATE usage SET messages = messages - 100",
		"money below zero":                                  "UPDATE tally SET cost = -1",
		"a number of messages below zero":                   "UPDATE tally SET messages = -1",
		"audit entries that are deleted":                    "DELETE FROM audit",
		"audit entries that are rewritten":                  "UPDATE audit SET who = 'nobody'",
		"a second run in a slot":                            "INSERT INTO run (campaign_id, host, pid, user, machine, slot, pace, started, beat, expires) SELECT campaign_id, host, pid, user, machine, slot, pace, started, beat, expires FROM run",
		"a campaign that is deleted":                        "DELETE FROM campaign",
		"a campaign that gets another name, and new keys":   "UPDATE campaign SET name = 'award-2021'",
		"a preflight result without a word for its verdict": "INSERT INTO preflight (campaign, digest, verdict, result, at, who) VALUES ('a', 'd', 'fine', x'', 1, 'w')",
		"sign-offs that are deleted":                        "DELETE FROM signoff",
		"sign-offs for another plan":                        "UPDATE signoff SET digest = 'd2'",
		"sign-offs that were never revoked":                 "UPDATE signoff SET revoked_at = NULL, revoked_who = NULL",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := db.Exec(query); err == nil {
				t.Errorf("taken: %s", query)
			} else if strings.Contains(err.Error(), "SQL logic error") {
				t.Errorf("not refused but wrong: %v", err)
			}
		})
	}
	wantSound(t, l)
}

func TestARetryNeedsANewerClaim(t *testing.T) {
	_, path := fiveMessages(t)
	run(t, path, "UPDATE standing SET state = 'pending' WHERE message_id = 2")
	db := raw(t, path)
	const begin = "UPDATE standing SET state = 'attempting', attempts = attempts + 1, claim_id = %d WHERE message_id = 2"
	if _, err := db.Exec(fmt.Sprintf(begin, 1)); err == nil {
		t.Error("taken under the claim of its first attempt")
	}
	if _, err := db.Exec(fmt.Sprintf(begin, 2)); err != nil {
		t.Error(err)
	}
}

// Whom a list left out, a later one takes in again as he was.
func TestWhoIsTakenInAgainIsAsHeWas(t *testing.T) {
	_, path := fiveMessages(t)
	run(t, path, "INSERT INTO standing (campaign_id, channel, message_id, state, why) VALUES (1, 'sms', 5, 'cancelled', 'list')")
	db := raw(t, path)
	for _, change := range []string{"state = 'pending', attempts = 1, over = 1", "state = 'pending', attempts = 1", "state = 'pending', claim_id = 2", "state = 'accepted', attempts = 1"} {
		if _, err := db.Exec("UPDATE standing SET " + change + " WHERE message_id = 5"); err == nil {
			t.Errorf("taken: %s", change)
		}
	}
	if _, err := db.Exec("UPDATE standing SET state = 'pending' WHERE message_id = 5"); err != nil {
		t.Error(err)
	}
}

// What was in flight when somebody ended the run by hand becomes unknown, and is not sent again.
func TestARunThatWasEndedByHandSendsNothingAgain(t *testing.T) {
	l, path := fiveMessages(t)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	run(t, path, "UPDATE run SET ended = 1")
	l = open(t, path, sqlite.Options{})
	if problems, err := l.Verify(t.Context()); err != nil || len(problems) != 1 || !strings.Contains(problems[0].String(), "its run has ended") {
		t.Errorf("%q, %v", problems, err)
	}
	next, err := l.Acquire(t.Context(), ledger.Acquire{Campaign: "award-2020", Host: "ops-1", PID: 1, User: "wang", Now: start, Extend: time.Minute})
	if err != nil || next.Orphans != 1 {
		t.Fatalf("%d orphans, %v; want 1", next.Orphans, err)
	}
	got, err := l.Turn(t.Context(), ledger.Turn{Run: next.Run.ID, Now: start, Extend: time.Minute, Claim: claimOf(9)})
	if err != nil || len(got.Grants[0].Claims) != 1 || got.Grants[0].Claims[0].Row != 6 {
		t.Errorf("%+v, %v", got, err)
	}
	if c, err := l.Counts(t.Context(), "award-2020"); err != nil || c.Of(message.Unknown) != 2 || c.Of(message.Attempting) != 1 {
		t.Errorf("%+v, %v", c.ByState, err)
	}
	wantSound(t, l)
}

func TestTheWordsOfTheSchemaAreThoseOfTheProgram(t *testing.T) {
	_, path := fiveMessages(t)
	db := raw(t, path)
	words := func(column string, list []string) string {
		return "CHECK (" + column + " = '" + strings.Join(list, "' OR "+column+" = '") + "')"
	}
	var states, definite []string
	for _, s := range message.States() {
		states = append(states, string(s))
	}
	for _, k := range message.OutcomeKinds() {
		if k.Definite() {
			definite = append(definite, string(k))
		}
	}
	for table, want := range map[string][]string{
		"standing": {words("state", states)},
		"attempt":  {words("outcome", definite)},
	} {
		var text string
		if err := db.QueryRow("SELECT sql FROM sqlite_schema WHERE name = ?", table).Scan(&text); err != nil {
			t.Fatal(err)
		}
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("table %s has no %s", table, w)
			}
		}
	}
}

func TestVerifyFindsWhatTheSchemaCannot(t *testing.T) {
	const unguarded = "DROP TRIGGER standing_begins; DROP TRIGGER standing_moves; DROP TRIGGER standing_over; DROP TRIGGER standing_who_stands; "
	for name, query := range map[string]string{
		"usage that is not the sum of the attempts":   "UPDATE usage SET messages = messages + 1",
		"money that was not spent":                    "UPDATE tally SET cost = cost + 1 WHERE state = 'accepted'",
		"segments that wait":                          "UPDATE tally SET segments = segments + 1 WHERE state = 'pending'",
		"an attempt too many in the count":            unguarded + "UPDATE standing SET attempts = 2, over = 1 WHERE message_id = 1",
		"a message that is rejected without a record": unguarded + `INSERT INTO standing (campaign_id, channel, message_id, state, attempts, over, claim_id) VALUES (1, 'sms', 5, 'rejected', 0, 0, 1); UPDATE tally SET messages = messages + CASE state WHEN 'pending' THEN -1 WHEN 'rejected' THEN 1 ELSE 0 END, segments = segments - (state = 'pending')`,
		"a message that was accepted without a claim": unguarded + "UPDATE standing SET claim_id = NULL WHERE message_id = 1; UPDATE usage SET messages = 2, segments = 2, cost = 90000; UPDATE tally SET account = '', currency = '', cost = 0 WHERE state = 'accepted'",
		"a message without a recipient":               "DELETE FROM recipient WHERE id = 5",
		"an open attempt of a run that ended":         "UPDATE run SET ended = 1",
		"a standing of another channel":               unguarded + "UPDATE standing SET channel = 'email' WHERE message_id = 1",
	} {
		t.Run(name, func(t *testing.T) {
			l, path := fiveMessages(t)
			wantSound(t, l)
			run(t, path, query)
			problems, err := l.Verify(t.Context())
			// What had to be taken away to do it is found as well.
			problems = slices.DeleteFunc(problems, func(p words.Text) bool {
				return strings.HasPrefix(p.String(), "trigger ") || strings.HasSuffix(p.String(), "and not by this program")
			})
			if err != nil || len(problems) != 1 {
				t.Errorf("found %q, %v", problems, err)
			}
		})
	}
}

// signed adds a sign-off that was revoked.
func signed(t *testing.T, l *sqlite.Ledger) {
	t.Helper()
	act := ledger.Act{Who: "wang@ops-1", What: "sign", At: start}
	id, err := l.SignOff(t.Context(), ledger.SignOff{Campaign: "award-2020", Item: "i", Name: "wang", Digest: "d1", At: start}, act)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Revoke(t.Context(), id, act); err != nil {
		t.Fatal(err)
	}
}

// Of a receipt that is over its text may be forgotten, and nothing else changes.
func TestWhatArrivedIsNotRewritten(t *testing.T) {
	_, path := fiveMessages(t)
	db := raw(t, path)
	const forget = "head = NULL, raw = x''"
	for i, fate := range []ledger.ReceiptFate{ledger.ReceiptNew, ledger.ReceiptHeld, ledger.ReceiptSettled, ledger.ReceiptRefused} {
		if _, err := db.Exec(`INSERT INTO receipt (id, hash, account, format, source, head, raw, grade, at, fate) VALUES (?, ?, 'a', 'f', 's', x'01', x'01', 'signed', 1, ?)`,
			i+1, fmt.Sprint("h", i), string(fate)); err != nil {
			t.Fatal(err)
		}
		for _, change := range []string{"id = 99", "hash = 'other'", "account = 'b'", "format = 'g'", "source = 't'", "grade = 'vendor'", "at = 2", "head = x'02'", "raw = x'02'"} {
			if _, err := db.Exec(fmt.Sprintf("UPDATE receipt SET %s, %s WHERE id = %d", forget, change, i+1)); err == nil {
				t.Errorf("%s: taken: %s", fate, change)
			}
		}
		over := fate == ledger.ReceiptSettled || fate == ledger.ReceiptRefused
		if _, err := db.Exec(fmt.Sprintf("UPDATE receipt SET %s WHERE id = %d", forget, i+1)); (err == nil) != over {
			t.Errorf("%s: its text is forgotten: %v", fate, err)
		}
	}
}

// A run that is released by a handle that did not claim for it leaves nothing open all the same.
func TestWhoeverReleasesARunSettlesWhatIsOpen(t *testing.T) {
	l, path := fiveMessages(t)
	other := open(t, path, sqlite.Options{})
	if err := other.Release(t.Context(), 1, start, words.Raw("released elsewhere")); err != nil {
		t.Fatal(err)
	}
	c, err := l.Counts(t.Context(), "award-2020")
	if err != nil || c.Of(message.Attempting) != 0 || c.Of(message.Unknown) != 2 {
		t.Errorf("%+v, %v", c.ByState, err)
	}
	wantSound(t, l)
}
