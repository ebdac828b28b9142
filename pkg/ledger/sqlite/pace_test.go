package sqlite_test

import (
	"database/sql"
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

func TestAPaceOutlivesTheProcessThatKeptIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify.db")
	l := open(t, path, sqlite.Options{NoFileLock: true})
	var rs []ledger.Recipient
	for r, err := range people("award-2020", 3) {
		if err != nil {
			t.Fatal(err)
		}
		r.Messages[0].Address = "e@d.test"
		r.Messages[0].Key = message.MakeKey("award-2020", r.Messages[0].Channel, "e@d.test", r.Key)
		rs = append(rs, r)
	}
	if _, err := l.Stage(t.Context(), ledger.Staging{Campaign: "award-2020", Digest: "d1", Spec: []byte("{}"), Recipients: func(yield func(ledger.Recipient, error) bool) {
		for _, r := range rs {
			if !yield(r, nil) {
				return
			}
		}
	}}); err != nil {
		t.Fatal(err)
	}
	ask := claimOf(3)
	ask[0].Limits.DomainRate = map[string]float64{"d.test": 0.1}
	claim := func(l *sqlite.Ledger, run ledger.RunID, now time.Time) ledger.Grant {
		t.Helper()
		got, err := l.Turn(t.Context(), ledger.Turn{Run: run, Now: now, Extend: time.Minute, Claim: ask})
		if err != nil {
			t.Fatal(err)
		}
		return got.Grants[0]
	}
	run := acquire(t, l, "award-2020")
	if g := claim(l, run, start); len(g.Claims) != 1 || g.Held != ledger.HoldLater {
		t.Fatalf("claimed %+v", g)
	}
	if err := l.Release(t.Context(), run, start, words.Raw("done")); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = open(t, path, sqlite.Options{NoFileLock: true})
	run = acquire(t, l, "award-2020")
	if g := claim(l, run, start.Add(5*time.Second)); len(g.Claims) != 0 || g.Held != ledger.HoldLater {
		t.Errorf("too early, claimed %+v", g)
	}
	if g := claim(l, run, start.Add(10*time.Second)); len(g.Claims) != 1 {
		t.Errorf("in time, claimed %+v", g)
	}
	wantSound(t, l)
}

// Where a campaign runs with other rates, what is known of domains is written as a whole, and what was written before is gone.
func TestOtherRatesAreWrittenAsAWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify.db")
	write(t, path, inUse(t))
	l := open(t, path, sqlite.Options{})
	db := raw(t, path)
	const rows = "SELECT whole FROM domain_pace"
	others := ledger.Acquire{Campaign: award, Host: "ops-1", PID: 1, User: "wang", Now: start, Extend: time.Minute, Rates: "others"}
	run(t, path, "CREATE TRIGGER kept BEFORE DELETE ON domain_pace BEGIN SELECT RAISE(ABORT, 'kept'); END")
	if _, err := l.Acquire(t.Context(), others); err == nil {
		t.Error("a run began though what was written before is still there")
	}
	if got := lines(t, db, rows); !slices.Equal(got, []string{"0"}) {
		t.Fatalf("at first there are %v", got)
	}
	run(t, path, "DROP TRIGGER kept")
	if _, err := l.Acquire(t.Context(), others); err != nil {
		t.Fatal(err)
	}
	if got := lines(t, db, rows); !slices.Equal(got, []string{"1"}) {
		t.Errorf("there are %v", got)
	}
	wantSound(t, l)
}

// Claiming must not read through the messages that wait for a slow domain, nor look for those among all others; what has no
// standing is read by its ids, what has one by an index.
func TestClaimingReadsNothingTwice(t *testing.T) {
	_, path := fiveMessages(t)
	db := raw(t, path)
	const byID = "SEARCH m USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"
	for query, want := range map[string]string{
		sqlite.FirstPaced:   "standing_paced",
		sqlite.PacedQuery:   "standing_paced",
		sqlite.AgainQuery:   "standing_again",
		sqlite.UntriedQuery: byID,
		sqlite.MissedQuery:  byID,
		"UPDATE standing SET state = 'cancelled' WHERE campaign_id = 1 AND state = 'pending' AND paced = 0": "standing_again",
		sqlite.OpenRecorded: "standing_open",
		"SELECT claim_id FROM message_standing WHERE id = 1": "claim_range",
	} {
		if p := explain(t, db, query); !strings.Contains(p, want) || strings.Contains(p, "TEMP B-TREE") {
			t.Errorf("%s: %s", query, p)
		}
	}
}

// A campaign is read as it lies: in the order of the keys every message is on another page, and half of a small cache is
// thrown away for each.
func TestACampaignIsReadByItsIDs(t *testing.T) {
	_, path := fiveMessages(t)
	db := raw(t, path)
	allRecords, records := sqlite.RecordsOf()
	const where = " USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"
	for query, tables := range map[string][]string{
		"SELECT m.id, m.state" + sqlite.StandingOf: {"m"},
		"SELECT m.id" + sqlite.UnrecordedOf:        {"m"},
		allRecords:                                 {"m"},
		records:                                    {"s"},
	} {
		p := explain(t, db, query)
		for _, table := range tables {
			if !strings.Contains(p, "SEARCH "+table+where) || strings.Contains(p, "message_key") || strings.Contains(p, "TEMP B-TREE FOR ORDER") {
				t.Errorf("%s: %s", query, p)
			}
		}
	}
}

// A message that nobody ever tried is found before a campaign is called done, wherever the run believes to be.
func TestNobodyIsLeftOut(t *testing.T) {
	l, path := fiveMessages(t)
	run(t, path, "UPDATE reach SET next_id = 6")
	turn := func(now time.Time) ledger.Grant {
		got, err := l.Turn(t.Context(), ledger.Turn{Run: 1, Now: now, Extend: time.Minute, Claim: claimOf(9)})
		if err != nil {
			t.Fatal(err)
		}
		return got.Grants[0]
	}
	g := turn(start)
	if len(g.Claims) != 0 || g.Held != ledger.HoldLater {
		t.Fatalf("past the end, %+v", g)
	}
	if g = turn(g.Until); len(g.Claims) != 1 || g.Held != ledger.HoldEmpty {
		t.Errorf("asked again, %+v", g)
	}
	wantSound(t, l)
}

// explain is how the database would go about a query.
func explain(t *testing.T, db *sql.DB, query string) string {
	t.Helper()
	rows, err := db.Query("EXPLAIN QUERY PLAN " + strings.ReplaceAll(query, "?", "1"))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var plan []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		plan = append(plan, detail)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(plan, "; ")
}
