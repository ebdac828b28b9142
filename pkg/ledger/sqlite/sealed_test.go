package sqlite_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/ledger"
	"notify/pkg/ledger/sqlite"
	"notify/pkg/message"
	"notify/pkg/words"
)

// unfit is what the check says of a row that does not fit its seal.
func unfit(table, row string) string {
	return words.T("verify.seal", words.A{"table": words.Of("sealed", table), "row": row}).String()
}

// Of every table whose rows have seals each row that does not fit its own is named, whatever does not fit in other tables.
func TestEveryRowThatDoesNotFitItsSealIsNamed(t *testing.T) {
	l, path := copyOf(t, inUse(t), sqlite.Options{})
	p := prepare(t, l, change{before: relisted(4)})
	if _, err := l.Resolve(t.Context(), award, []ledger.Resolution{{Key: p.keys[message.Unknown], As: message.OutcomeUnsent}}, ledger.Act{Who: "wang", What: "resolve", At: start}); err != nil {
		t.Fatal(err)
	}
	wantSound(t, l)
	db := raw(t, path)
	for _, trigger := range lines(t, db, "SELECT name FROM sqlite_schema WHERE type = 'trigger'") {
		run(t, path, "DROP TRIGGER "+trigger)
	}
	key := map[string]string{
		"campaign": "id", "message": "id", "relist": "message_id", "fold": "row", "claim": "id", "standing": "message_id", "attempt": "message_id", "resolution": "message_id",
		"tally": "campaign_id", "prints": "campaign_id", "suppression": "id",
	}
	var want []string
	for _, table := range lines(t, db, "SELECT m.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name = 'seal'") {
		rows := lines(t, db, "SELECT "+key[table]+" FROM "+table)
		if len(rows) == 0 {
			t.Errorf("%s is empty", table)
		}
		for _, row := range rows {
			want = append(want, unfit(table, row))
		}
		run(t, path, "UPDATE "+table+" SET seal = seal + 1")
	}
	problems, err := l.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, problem := range problems {
		if said := problem.String(); !strings.HasPrefix(said, "trigger ") { // they had to be taken away
			got = append(got, said)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// Of very many rows that do not fit their seals some are named, and at a glance one.
func TestTheCheckOfALostLedgerHasAnEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify.db")
	l := open(t, path, sqlite.Options{})
	stage(t, l, award, 25)
	run(t, path, "UPDATE message SET segments = 3")
	var want []string
	for id := range 20 {
		want = append(want, unfit("message", fmt.Sprint(id+1)))
	}
	for _, check := range []struct {
		ask  func() ([]words.Text, error)
		want []string
	}{
		{func() ([]words.Text, error) { return l.Verify(t.Context()) }, want},
		{func() ([]words.Text, error) { return l.Glance(t.Context()) }, want[:1]},
	} {
		problems, err := check.ask()
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, problem := range problems {
			if said := problem.String(); said != problems[0].String() || len(problems) == 1 { // the first is about the sum of their segments
				got = append(got, said)
			}
		}
		if d := cmp.Diff(check.want, got); d != "" {
			t.Error(d)
		}
	}
}

// Of very many messages that are to somebody else some are named.
func TestTheCheckOfALostListHasAnEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify.db")
	l := open(t, path, sqlite.Options{})
	stage(t, l, award, 25)
	trigger := lines(t, raw(t, path), "SELECT sql FROM sqlite_schema WHERE name = 'message_who_stands'")
	run(t, path, "DROP TRIGGER message_who_stands; UPDATE message SET address = '+8613490000999'; "+strings.Join(trigger, ""))
	problems, err := l.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for _, problem := range problems {
		if strings.Contains(problem.String(), "is not to the address") {
			named++
		}
	}
	if named != 20 {
		t.Errorf("%d are named", named)
	}
}

// However many rows a statement leaves without a seal, all have one when its transaction ends, and they are looked for once.
func TestSealsAreGivenToAllAndLookedForOnce(t *testing.T) {
	f := newFaults()
	l, path := faulty(t, inUse(t), sqlite.Options{}, f)
	const looks = "query SELECT message_id, campaign_id, channel, state"
	turn := ledger.Turn{Run: acquire(t, l, other), Now: start, Extend: time.Minute, Claim: claimOf(3)}
	for _, step := range []struct {
		kind  message.OutcomeKind
		looks int
	}{{"", 0}, {message.OutcomeThrottled, 1}, {message.OutcomeAccepted, 0}} {
		for i := range turn.Settle {
			turn.Settle[i].Outcome.Kind = step.kind
		}
		var got ledger.Turned
		var err error
		asked := f.watch(func() { got, err = l.Turn(t.Context(), turn) })
		if err != nil || len(got.Grants[0].Claims) == 0 {
			t.Fatalf("%+v, %v", got, err)
		}
		if n := asked.of(looks); n != step.looks {
			t.Errorf("a turn that settles %d as %q looks %d times for rows without a seal, want %d", len(turn.Settle), step.kind, n, step.looks)
		}
		turn.Settle = accept(got.Grants)
	}
	const many = 1100 // more than twice what is read at once
	stage(t, l, "new-2020", many)
	if n, err := l.Abort(t.Context(), "new-2020", ledger.Act{Who: "wang", What: "abort", At: start}); err != nil || n != many {
		t.Fatalf("%d, %v", n, err)
	}
	if got := lines(t, raw(t, path), "SELECT count(*) FROM standing WHERE seal IS NULL"); !slices.Equal(got, []string{"0"}) {
		t.Errorf("%v are without a seal", got)
	}
	wantSound(t, l)
}
