//go:build unix

package postgres_test

import (
	"context"
	"fmt"
	"iter"
	"os"
	"strings"
	"testing"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/postgres"
	"notify/pkg/ledger/postgres/pgtest"
	"notify/pkg/message"

	"github.com/jackc/pgx/v5"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

const award = "award-2020"

func open(t *testing.T, url string) *postgres.Ledger {
	t.Helper()
	l, err := postgres.Open(t.Context(), url, postgres.Options{CallersClock: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func people(n int) iter.Seq2[ledger.Recipient, error] {
	return func(yield func(ledger.Recipient, error) bool) {
		for row := 1; row <= n; row++ {
			to := message.Address(fmt.Sprintf("+1202555%04d", row))
			if !yield(ledger.Recipient{Row: row, Key: fmt.Sprint("E", row), Fields: []byte(`["a"]`), Messages: []ledger.NewMessage{{
				Key: message.MakeKey(award, message.SMS, to, ""), Channel: message.SMS, Address: to, Segments: 1, Fingerprint: int64(row),
			}}}, nil) {
				return
			}
		}
	}
}

func stage(t *testing.T, l ledger.Ledger, n int) {
	t.Helper()
	if _, err := l.Stage(t.Context(), ledger.Staging{Campaign: award, Digest: fmt.Sprint(n), By: ledger.Act{Who: "w", What: "stage", At: noon}, Recipients: people(n)}); err != nil {
		t.Fatal(err)
	}
}

func acquire(t *testing.T, l ledger.Ledger) ledger.RunID {
	t.Helper()
	got, err := l.Acquire(t.Context(), ledger.Acquire{Campaign: award, Host: "ops-1", Now: noon, Extend: time.Minute, Join: true})
	if err != nil {
		t.Fatal(err)
	}
	return got.Run.ID
}

func asks(run ledger.RunID, number int64, n int, settle ...ledger.Settlement) ledger.Turn {
	return ledger.Turn{Run: run, Number: number, Now: noon, Extend: time.Minute, Settle: settle, Claim: []ledger.ClaimRequest{{
		Channel: message.SMS, Day: "2026-11-20", Max: n, Grace: 10 * time.Second, Limits: ledger.Limits{Account: "a", Price: 45000, Currency: "CNY"},
	}}}
}

func turn(t *testing.T, l ledger.Ledger, a ledger.Turn) ledger.Turned {
	t.Helper()
	got, err := l.Turn(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// Whatever is written by hand, a message gets no second attempt that may have arrived, and what came of one stays.
func TestSQLByHandCannotTellSomebodyTwice(t *testing.T) {
	t.Parallel()
	s := pgtest.Start(t)
	url := s.URL(pgtest.Superuser, "postgres")
	l := open(t, url)
	stage(t, l, 6)
	run := acquire(t, l)
	claims := turn(t, l, asks(run, 1, 4)).Grants[0].Claims
	var settle []ledger.Settlement
	for i, kind := range []message.OutcomeKind{message.OutcomeAccepted, message.OutcomeUnknown, message.OutcomeThrottled} {
		settle = append(settle, ledger.Settlement{Attempt: claims[i].Attempt, At: noon, Outcome: message.Outcome{Kind: kind, Code: "c"}})
	}
	turn(t, l, asks(run, 2, 0, settle...))
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(context.WithoutCancel(t.Context())) }()
	if _, err := c.Exec(t.Context(), "SET search_path = notify"); err != nil {
		t.Fatal(err)
	}
	const claim = `INSERT INTO claim (id, run_id, turn, campaign_id, channel, account, currency, day, price, claimed_at, deadline, first_id, last_id, seal)
		SELECT 900, run_id, 9, campaign_id, channel, account, currency, day, price, claimed_at, deadline, `
	for _, tc := range []struct{ sql, says string }{
		{claim + "1, 2, 0 FROM claim WHERE id = 1", "a message is claimed once"},
		{claim + "4, 6, 0 FROM claim WHERE id = 1", "a message is claimed once"},
		{claim + "6, 5, 0 FROM claim WHERE id = 1", "a message is claimed once"},
		{"ALTER TABLE claim DISABLE TRIGGER ALL; " + claim + "4, 6, 0 FROM claim WHERE id = 1", "claim_check"},
		{"ALTER TABLE claim DISABLE TRIGGER ALL; " + strings.Replace(claim, "first_id,", "reach_id, first_id,", 1) + "1, 4, 6, 0 FROM claim WHERE id = 1", "claim_once"},
		{"UPDATE claim SET last_id = 2", "a claim is not rewritten"},
		{"DELETE FROM claim", "claims are kept"},
		{"TRUNCATE claim", "claims are kept"},
		{"UPDATE reach SET last_id = 0", "a reach only goes up"},
		{"DELETE FROM reach", "a reach is kept"},
		{"UPDATE standing SET state = 'pending', over = 1, not_before = 0 WHERE message_id = 1", "a message does not go that way"},
		{"UPDATE standing SET vendor_id = 'other' WHERE message_id = 1", "a message does not go that way"},
		{"UPDATE standing SET state = 'attempting', attempts = 2, claim_id = 900 WHERE message_id = 1", "standing_check"},
		{"UPDATE standing SET message_id = 5 WHERE message_id = 1", "a message is not rewritten"},
		{"UPDATE standing SET state = 'pending', over = 1, not_before = 0 WHERE message_id = 2", "an attempt that is over is recorded"},
		{"UPDATE standing SET state = 'attempting', attempts = 2 WHERE message_id = 3", "a message does not go that way"},
		{"DELETE FROM standing", "what came of a message is kept"},
		{"TRUNCATE standing", "what came of a message is kept"},
		{"INSERT INTO standing (campaign_id, message_id, channel, state, attempts, claim_id, settled_at) VALUES (1, 5, 'sms', 'accepted', 1, 1, 1)", "a message does not begin that way"},
		{"INSERT INTO standing (campaign_id, message_id, channel, state, attempts, over, claim_id) VALUES (1, 4, 'sms', 'attempting', 2, 1, 1)", "a message does not begin that way"},
		{"INSERT INTO standing (campaign_id, message_id, channel, state, not_before) VALUES (1, 4, 'sms', 'pending', 0)", "a message does not begin that way"},
		{"INSERT INTO standing (campaign_id, message_id, channel, state) VALUES (1, 6, 'sms', 'pending')", "standing_waits"},
		{"INSERT INTO standing SELECT * FROM standing WHERE message_id = 1", "standing_pkey"},
		{"INSERT INTO attempt (campaign_id, message_id, number, claim_id, segments, outcome, settled_at) VALUES (1, 1, 1, 1, 1, 'unsent', 1)", "only the attempt that is open"},
		{"DELETE FROM attempt", "attempts are kept"},
		{"UPDATE message SET address = '+12025550000' WHERE id = 5", "a message is not rewritten"},
		{"INSERT INTO message SELECT campaign_id, 77, recipient_id, channel, key, address, segments, fingerprint, seal FROM message WHERE id = 1", "message_key"},
		{"UPDATE run SET turn = turn + 2", "a run takes one turn after the other"},
		{"UPDATE run SET ended = 1; UPDATE run SET ended = NULL", "a run ends once"},
		{"UPDATE campaign SET name = 'other'", "a campaign keeps its name"},
		{"UPDATE tally SET messages = -1", "tally_messages_check"},
		{"UPDATE usage SET cost = -1", "usage_cost_check"},
		{"DELETE FROM audit", "the audit log is kept"},
	} {
		_, err := c.Exec(t.Context(), "BEGIN; "+tc.sql+"; COMMIT")
		if err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v, want %q", tc.sql, err, tc.says)
		}
		if _, err := c.Exec(t.Context(), "ROLLBACK"); err != nil {
			t.Fatal(err)
		}
	}
	problems, err := l.Verify(t.Context())
	if err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
	// What the schema lost by hand is told.
	if _, err := c.Exec(t.Context(), "ALTER TABLE standing DISABLE TRIGGER standing_moves; DROP TRIGGER claim_stands ON claim; CREATE TABLE mine (x int)"); err != nil {
		t.Fatal(err)
	}
	if problems, err = l.Verify(t.Context()); err != nil || len(problems) != 3 {
		t.Errorf("%v, %v", problems, err)
	}
}

// What somebody changed in a row that decides who is told stops the run.
func TestARowThatWasChangedByHandIsNotSent(t *testing.T) {
	t.Parallel()
	s := pgtest.Start(t)
	l := open(t, s.URL(pgtest.Superuser, "postgres"))
	stage(t, l, 3)
	run := acquire(t, l)
	if _, err := s.SQL(t.Context(), "postgres", "UPDATE notify.recipient SET fields = '[\"b\"]' WHERE row = 2"); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Turn(t.Context(), asks(run, 1, 3)); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Error(err)
	}
	if n := len(turn(t, l, asks(run, 1, 1)).Grants[0].Claims); n != 1 {
		t.Error(n)
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
