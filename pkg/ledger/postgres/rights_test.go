//go:build unix

package postgres_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/postgres"
	"notify/pkg/ledger/postgres/pgtest"
	"notify/pkg/message"
	"notify/pkg/words"
)

// sending opens a ledger as the role of the documentation, whose tables are another's.
func sending(t *testing.T) (*pgtest.Server, *postgres.Ledger) {
	t.Helper()
	s := pgtest.Start(t)
	open(t, s.URL(pgtest.Superuser, "postgres")) // the owner makes the schema
	page, err := os.ReadFile("../../../docs/postgresql.md")
	if err != nil {
		t.Fatal(err)
	}
	grants := regexp.MustCompile("(?s)```sql\n(GRANT .*?)```").FindStringSubmatch(string(page))
	if grants == nil {
		t.Fatal("the page has no grants")
	}
	if _, err := s.SQL(t.Context(), "postgres", "CREATE ROLE sender LOGIN", grants[1]); err != nil {
		t.Fatal(err)
	}
	return s, open(t, s.URL("sender", "postgres"))
}

// The role of the documentation does all that a campaign needs, and cannot write over what was told.
func TestTheRoleOfTheDocumentationSendsAndDoesNoMore(t *testing.T) {
	t.Parallel()
	s, l := sending(t)
	stage(t, l, 4)
	run := acquire(t, l)
	claims := turn(t, l, asks(run, 1, 3)).Grants[0].Claims
	var settle []ledger.Settlement
	for i, kind := range []message.OutcomeKind{message.OutcomeAccepted, message.OutcomeThrottled, message.OutcomeUnknown} {
		settle = append(settle, ledger.Settlement{Attempt: claims[i].Attempt, At: noon, Outcome: message.Outcome{Kind: kind}})
	}
	turn(t, l, asks(run, 2, 1, settle...))
	by := ledger.Act{Who: "w", What: "test", Reason: "r", At: noon}
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	ok(l.Release(t.Context(), run, noon, words.Raw("done")))
	stage(t, l, 3)
	_, err := l.Resolve(t.Context(), award, []ledger.Resolution{{Key: claims[2].Key, As: message.OutcomeUnsent}}, by)
	ok(err)
	ok(l.Pause(t.Context(), award, by))
	ok(l.Unpause(t.Context(), award, by))
	ok(l.SaveCheck(t.Context(), ledger.Check{Campaign: award, Digest: "d", Verdict: "pass", At: noon}))
	ok(l.Rehearsed(t.Context(), ledger.Rehearsal{Campaign: award, Digest: "d", Speed: 1, At: noon}, by))
	_, err = l.Raise(t.Context(), ledger.Look{At: noon, Holds: []ledger.Condition{{Kind: "k", About: "a", Severity: ledger.SeverityInfo}}})
	ok(err)
	_, err = l.Raise(t.Context(), ledger.Look{At: noon.Add(time.Hour), Kinds: []string{"k"}})
	ok(err)
	_, err = l.Secret(t.Context())
	ok(err)
	_, err = l.Abort(t.Context(), award, by)
	ok(err)
	problems, err := l.Verify(t.Context())
	if err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
	for _, statement := range []string{
		"UPDATE notify.claim SET day = day", "DELETE FROM notify.standing", "TRUNCATE notify.standing", "ALTER TABLE notify.standing DISABLE TRIGGER ALL",
		"DROP TABLE notify.claim", "UPDATE notify.audit SET who = 'x'",
	} {
		if _, err := s.SQL(t.Context(), "postgres", "SET ROLE sender", statement); err == nil || !strings.Contains(err.Error(), "permission denied") && !strings.Contains(err.Error(), "must be owner") {
			t.Errorf("%s: %v", statement, err)
		}
	}
}

// It puts in order what vendors call messages, and joins what was put in order before.
func TestTheRoleOfTheDocumentationPutsIDsOfVendorsInOrder(t *testing.T) {
	t.Parallel()
	s, l := sending(t)
	stage(t, l, 9)
	run := acquire(t, l)
	var settle []ledger.Settlement
	for number := int64(1); number <= 9; number++ {
		got := turn(t, l, asks(run, number, 1, settle...))
		settle = accepted(claimsOf(got))
		if err := l.Gather(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := answer(t, s, "SELECT count(*) FROM notify.vendor_print"); n != "1" {
		t.Errorf("what was put in order 8 times is in %s blocks", n)
	}
}

// Turns go by their indexes, with statistics that are fresh, stale, or not there.
func TestTurnsReadNoTableFromEndToEnd(t *testing.T) {
	t.Parallel()
	s := pgtest.Start(t, "autovacuum = off")
	l := open(t, s.URL(pgtest.Superuser, "postgres"))
	stage(t, l, 3000)
	run := acquire(t, l)
	scans := func() string {
		t.Helper()
		out, err := s.SQL(t.Context(), "postgres", `SELECT pg_stat_clear_snapshot()`, `SELECT string_agg(relname || ' ' || seq_scan, ', ' ORDER BY relname) FROM pg_stat_user_tables
			WHERE relname IN ('message', 'recipient', 'standing', 'claim', 'attempt')`)
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(out)
	}
	number := int64(0)
	var settle []ledger.Settlement
	turns := func() {
		t.Helper()
		l := open(t, s.URL(pgtest.Superuser, "postgres")) // its plans are made now, and its counts are told when it ends
		for range 4 {
			number++
			got := turn(t, l, asks(run, number, 50, settle...))
			settle = nil
			for i, c := range claimsOf(got) {
				kind := message.OutcomeAccepted
				if i%5 == 0 {
					kind = message.OutcomeThrottled
				}
				settle = append(settle, ledger.Settlement{Attempt: c.Attempt, At: noon, Outcome: message.Outcome{Kind: kind}})
			}
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for _, statistics := range []string{"SELECT 1", "ANALYZE", "DELETE FROM pg_statistic", "ANALYZE"} {
		if _, err := s.SQL(t.Context(), "postgres", statistics); err != nil {
			t.Fatal(err)
		}
		before := scans()
		turns()
		if after := scans(); after != before {
			t.Errorf("after %s: scans from end to end were %s, and are %s", statistics, before, after)
		}
	}
}

// The server's clock counts, and one that differs too much is refused.
func TestAClockThatDiffersTooMuchIsRefused(t *testing.T) {
	t.Parallel()
	s := pgtest.Start(t)
	for ahead, refused := range map[time.Duration]bool{0: false, time.Second: false, -time.Minute: true, time.Hour: true} {
		now := func() time.Time { return time.Now().Add(ahead) }
		l, err := postgres.Open(t.Context(), s.URL(pgtest.Superuser, "postgres")+"?schema=c"+strings.NewReplacer("-", "m", ".", "_").Replace(ahead.String()), postgres.Options{Now: now})
		if err != nil {
			t.Fatal(err)
		}
		stage(t, l, 2)
		asked := time.Now()
		got, err := l.Acquire(t.Context(), ledger.Acquire{Campaign: award, Host: "ops-1", Now: now(), Extend: time.Minute})
		grain := time.Since(asked) + 10*time.Millisecond // by no more than an answer took is the server's clock not known
		if refused != (err != nil) || refused && !strings.Contains(err.Error(), "clock") {
			t.Errorf("%s ahead: %v", ahead, err)
		}
		if err == nil {
			a := asks(got.Run.ID, 1, 2)
			a.Now = now()
			began := time.Now()
			out := turn(t, l, a)
			ended := time.Now()
			if left := out.Grants[0].Claims[0].Deadline.Sub(a.Now); (left - 10*time.Second).Abs() > grain {
				t.Errorf("%s ahead: the deadline is in %s on the caller's clock", ahead, left)
			}
			runs, err := l.Runs(t.Context(), award)
			if err != nil || runs[0].Beat.Before(began.Add(-grain)) || runs[0].Beat.After(ended.Add(grain)) {
				t.Errorf("%s ahead: the sign of life is of %s, %v", ahead, runs[0].Beat, err)
			}
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
