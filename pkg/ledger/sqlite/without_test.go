package sqlite_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
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

const award, other = "award-2020", "other-2020"

// inUse is the file of a ledger that has something of everything, and that nobody has open.
func inUse(t *testing.T) []byte {
	t.Helper()
	l, path := fiveMessages(t)
	signed(t, l)
	ctx, by := t.Context(), ledger.Act{Who: "wang@ops-1", What: "test", Reason: "test", At: start}
	stage(t, l, other, 3)
	joined, err := l.Acquire(ctx, ledger.Acquire{Campaign: award, Join: true, Host: "ops-2", PID: 2, User: "li", Now: start, Extend: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	_, slowed := l.Turn(ctx, ledger.Turn{Run: 1, Now: start, Extend: time.Minute, Domains: []ledger.DomainChange{
		{Account: "sms-marketing", Domain: "d.test", At: start, Until: start.Add(time.Hour)},
	}})
	_, raised := l.Raise(ctx, ledger.Look{At: start, Kinds: []string{"k"}, Holds: []ledger.Condition{{Kind: "k", About: "x"}}})
	_, kept := l.Keep(ctx, []ledger.Receipt{{Hash: "h1", Account: "sms-marketing", Format: "f", Grade: message.GradeSigned, At: start}})
	_, suppressed := l.Suppress(ctx, onList("+12025550000"), by)
	_, forgotten := l.ForgetAddress(ctx, "+12025550000", by) // by a secret that is drawn now
	for _, err := range []error{
		slowed, raised, kept, suppressed, forgotten,
		l.Release(ctx, joined.Run.ID, start, words.Raw("done")),
		l.SaveCheck(ctx, ledger.Check{Campaign: award, Digest: "d1", Verdict: "pass", Result: []byte("{}"), At: start, Who: "wang"}),
		l.SetAccount(ctx, "sms-marketing", ledger.AccountSetting{Off: true}, by),
		l.SetAccount(ctx, "sms-marketing", ledger.AccountSetting{On: true}, by),
		l.KeepCredentials(ctx, "ops-1", "i", []ledger.Credential{{Print: "p", Option: "o", Account: "a", Host: "ops-1", Installation: "i", Seen: start}}),
		l.PutTarget(ctx, ledger.Target{Name: "mail", Told: start}),
		l.MarkCopy(ctx, ledger.Copy{Made: start, Host: "ops-1", Memory: "m"}),
		l.Close(),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// copyOf opens a ledger of its own that is the same.
func copyOf(t *testing.T, file []byte) (l *sqlite.Ledger, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "notify.db")
	write(t, path, file)
	return open(t, path, sqlite.Options{}), path
}

func onList(address message.Address) iter.Seq2[ledger.Suppression, error] {
	return func(yield func(ledger.Suppression, error) bool) {
		yield(ledger.Suppression{Address: address, Channel: message.SMS, Reason: "opt-out", Who: "wang", At: start}, nil)
	}
}

func all[T any](seq iter.Seq2[T, error]) (list []T, err error) {
	for one, err := range seq {
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, nil
}

// answers asks a ledger everything, and says what it answered, or that it could not.
func answers(t *testing.T, l *sqlite.Ledger) map[string]string {
	t.Helper()
	ctx, day := t.Context(), ledger.DayOf(start)
	got := make(map[string]string)
	note := func(name string) func(any, error) {
		return func(answer any, err error) {
			if err != nil {
				got[name] = "error"
				return
			}
			b, err := json.Marshal(answer)
			if err != nil {
				t.Fatal(err)
			}
			got[name] = string(b)
		}
	}
	note("campaign")(l.Campaign(ctx, award))
	note("campaigns")(l.Campaigns(ctx))
	note("counts")(l.Counts(ctx, award))
	note("snapshot")(l.Snapshot(ctx, award, day))
	note("usage")(l.Usage(ctx, "sms-marketing", day))
	note("accounts")(l.Accounts(ctx))
	note("messages")(all(l.Messages(ctx, award)))
	note("unknown")(all(l.Messages(ctx, award, message.Unknown)))
	note("review")(l.Review(ctx, award, 9))
	note("stamp")(l.Stamp(ctx, award))
	note("spent")(l.Spent(ctx))
	note("audit")(l.AuditLog(ctx, award))
	note("check")(l.Check(ctx, award, "d1"))
	note("newest check")(l.NewestCheck(ctx, award))
	note("wave")(l.Wave(ctx, award))
	note("senders")(l.Senders(ctx, "sms-marketing"))
	note("runs")(l.Runs(ctx, award))
	note("at work")(l.AtWork(ctx, award, start))
	note("sign-offs")(l.SignOffs(ctx, award))
	note("alerts")(l.Alerts(ctx))
	note("notices")(l.Notices(ctx, 0, 9))
	note("targets")(l.Targets(ctx))
	note("credentials")(l.Credentials(ctx, time.Time{}))
	note("due")(l.Due(ctx, start, 9))
	note("inbox")(all(l.Inbox(ctx, ledger.InboxQuery{Most: 9})))
	note("inboxes")(l.Inboxes(ctx))
	note("deliveries")(l.Deliveries(ctx, award))
	note("frozen")(l.Frozen(ctx))
	note("past")(all(l.Past(ctx, award)))
	note("copies")(l.Copies(ctx, award))
	note("recent")(all(l.Recent(ctx, other, start.Add(-time.Hour), func(yield func(ledger.Sent) bool) { yield(ledger.Sent{Address: "+12025550000"}) })))
	note("told")(all(l.Told(ctx, ledger.Telling{Since: start.Add(-time.Hour)}, func(yield func(ledger.Told) bool) {
		yield(ledger.Told{Channel: message.SMS, Address: "+12025550000"})
	})))
	return got
}

// Whatever cannot be read: who asks is told so, or has the answer that he would have had.
func TestNothingIsAnsweredWithoutWhatCannotBeRead(t *testing.T) {
	file := inUse(t)
	l, path := copyOf(t, file)
	want := answers(t, l)
	for name, answer := range want {
		if answer == "error" {
			t.Errorf("%s cannot be read at all", name)
		}
	}
	broken := []string{"UPDATE run SET sent = 'many' WHERE ended IS NOT NULL"}
	for _, table := range tables(t, path) {
		broken = append(broken, "DROP TABLE "+table)
	}
	for _, query := range broken {
		l, path := copyOf(t, file)
		run(t, path, query)
		for name, answer := range answers(t, l) {
			if answer != "error" && answer != want[name] {
				t.Errorf("after %s, %s is %s, want %s or an error", query, name, answer, want[name])
			}
		}
	}
}

func tables(t *testing.T, path string) []string {
	t.Helper()
	return lines(t, raw(t, path), "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
}

// change is what is done to a ledger in one transaction.
type change struct {
	begin string // the campaign of which a run begins before
	claim int    // and claims so many
	act   bool   // somebody did it, and it is written down
	do    func(ctx context.Context, l *sqlite.Ledger, p prepared) (answer any, err error)
}

// prepared is what a change begins with.
type prepared struct {
	run    ledger.RunID
	settle []ledger.Settlement
	keys   map[message.State]message.Key // of a message in each state
}

func prepare(t *testing.T, l *sqlite.Ledger, c change) prepared {
	t.Helper()
	p := prepared{keys: make(map[message.State]message.Key)}
	list, err := all(l.Messages(t.Context(), award))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range list {
		p.keys[r.State] = r.Key
	}
	if c.begin != "" {
		p.run = acquire(t, l, c.begin)
	}
	if c.claim > 0 {
		got, err := l.Turn(t.Context(), ledger.Turn{Run: p.run, Now: start, Extend: time.Minute, Claim: claimOf(c.claim)})
		if err != nil || len(got.Grants[0].Claims) != c.claim {
			t.Fatalf("%+v, %v", got, err)
		}
		p.settle = accept(got.Grants)
		p.settle[1].Outcome.Kind, p.settle[2].Outcome.Kind = message.OutcomeRejected, message.OutcomeThrottled
	}
	return p
}

func changes() map[string]change {
	by := ledger.Act{Who: "wang@ops-1", What: "test", Reason: "test", At: start}
	stage := func(digest string, n int, part bool) change {
		return change{act: digest != "d1", do: func(ctx context.Context, l *sqlite.Ledger, _ prepared) (any, error) {
			return l.Stage(ctx, ledger.Staging{Campaign: award, Digest: digest, Spec: []byte("{}"), By: by, Part: part, Recipients: people(award, n)})
		}}
	}
	turn := func(begin string, claim int, of func(p prepared) ledger.Turn) change {
		return change{begin: begin, claim: claim, do: func(ctx context.Context, l *sqlite.Ledger, p prepared) (any, error) {
			t := of(p)
			t.Run, t.Now, t.Extend = p.run, start, time.Minute
			return l.Turn(ctx, t)
		}}
	}
	acquire := func(campaign string) change {
		return change{do: func(ctx context.Context, l *sqlite.Ledger, _ prepared) (any, error) {
			return l.Acquire(ctx, ledger.Acquire{Campaign: campaign, Host: "ops-1", PID: 1, User: "wang", Now: start, Extend: time.Minute, Rates: "others"})
		}}
	}
	resolve := func(as message.OutcomeKind) change {
		return change{act: true, do: func(ctx context.Context, l *sqlite.Ledger, p prepared) (any, error) {
			return l.Resolve(ctx, award, []ledger.Resolution{{Key: p.keys[message.Unknown], As: as}}, by)
		}}
	}
	limited := claimOf(2)
	limited[0].Limits.Scenario = &ledger.Scenario{Name: "codes", Rate: 1, DailyQuota: 9}
	limited[0].Limits.Ramp = &ledger.Ramp{Start: 9, Factor: 2}
	limited[0].Limits.DomainRate = map[string]float64{ledger.DefaultDomain: 1}
	limited[0].DayFrom = start.Add(-time.Hour)
	return map[string]change{
		"the same list":  stage("d1", 5, false),
		"a longer list":  stage("d2", 7, false),
		"a shorter list": stage("d2", 4, false),
		"a part":         stage("d2", 4, true),
		"accepted":       resolve(message.OutcomeAccepted),
		"not sent":       resolve(message.OutcomeUnsent),
		"first run":      acquire(other),
		"next run":       acquire(award),
		"once more":      turn(other, 3, func(prepared) ledger.Turn { return ledger.Turn{Number: 1, Waves: []int{2, 3}} }),
		"alive": turn(award, 0, func(prepared) ledger.Turn {
			return ledger.Turn{Watch: []string{"sms-marketing"}, Waves: []int{2, 3}, Wave: &ledger.WaveChange{At: start, Held: true}}
		}),
		"claim":  turn(award, 0, func(prepared) ledger.Turn { return ledger.Turn{Claim: limited} }),
		"settle": turn(other, 3, func(p prepared) ledger.Turn { return ledger.Turn{Settle: p.settle} }),
		"release": {begin: other, claim: 3, do: func(ctx context.Context, l *sqlite.Ledger, p prepared) (any, error) {
			return nil, l.Release(ctx, p.run, start, words.Raw("done"))
		}},
		"pause": {act: true, do: func(ctx context.Context, l *sqlite.Ledger, _ prepared) (any, error) {
			return nil, l.Pause(ctx, award, by)
		}},
		"abort": {act: true, do: func(ctx context.Context, l *sqlite.Ledger, _ prepared) (any, error) { return l.Abort(ctx, award, by) }},
		"retry": {act: true, do: func(ctx context.Context, l *sqlite.Ledger, _ prepared) (any, error) {
			return l.Retry(ctx, award, nil, by)
		}},
		"switch off": {act: true, do: func(ctx context.Context, l *sqlite.Ledger, _ prepared) (any, error) {
			return nil, l.SetAccount(ctx, "sms-marketing", ledger.AccountSetting{Off: true}, by)
		}},
		"suppress": {act: true, do: func(ctx context.Context, l *sqlite.Ledger, _ prepared) (any, error) {
			return l.Suppress(ctx, onList("+12025550009"), by)
		}},
		"doubt": {act: true, do: func(ctx context.Context, l *sqlite.Ledger, p prepared) (any, error) {
			return l.Doubt(ctx, award, []ledger.Lost{{
				Channel: message.SMS, Account: "sms-marketing", Currency: "CNY", Day: "2026-11-20", Price: 45000,
				Keys: []message.Key{p.keys[message.Pending], p.keys[message.Rejected]},
			}}, by)
		}},
		"raise": {do: func(ctx context.Context, l *sqlite.Ledger, _ prepared) (any, error) {
			return l.Raise(ctx, ledger.Look{At: start.Add(time.Hour), Kinds: []string{"k"}, Holds: []ledger.Condition{{Kind: "k", About: "y"}}})
		}},
		"keep": {do: func(ctx context.Context, l *sqlite.Ledger, _ prepared) (any, error) {
			return l.Keep(ctx, []ledger.Receipt{{Hash: "h2", Account: "sms-marketing", Format: "f", Grade: message.GradeSigned, At: start}})
		}},
		"note": {act: true, do: func(ctx context.Context, l *sqlite.Ledger, p prepared) (any, error) {
			e := message.Event{Key: p.keys[message.Unknown], State: message.Delivered, At: start, Grade: message.GradeSigned}
			return l.Note(ctx, []ledger.Note{{Receipt: 1, Events: []message.Event{e}}}, by)
		}},
		"leave": {act: true, do: func(ctx context.Context, l *sqlite.Ledger, _ prepared) (any, error) {
			return nil, l.Leave(ctx, "elsewhere", by)
		}},
	}
}

// content is what the tables have.
func content(t *testing.T, path string, names []string) map[string]string {
	t.Helper()
	db := raw(t, path)
	defer func() { _ = db.Close() }()
	got := make(map[string]string)
	for _, name := range names {
		got[name] = strings.Join(lines(t, db, "SELECT * FROM "+name), "\n")
	}
	return got
}

// lines are the rows of a query.
func lines(t *testing.T, db *sql.DB, query string) (all []string) {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	values, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprint(values...))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// Whatever cannot be read or written: a change is made as it would have been, or not at all.
func TestNothingIsChangedWithoutWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	file := inUse(t)
	first := filepath.Join(t.TempDir(), "notify.db")
	write(t, first, file)
	names := tables(t, first)
	for what, c := range changes() {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			l, path := copyOf(t, file)
			p := prepare(t, l, c)
			before := content(t, path, names)
			said, err := c.do(t.Context(), l, p)
			if err != nil {
				t.Fatal(err)
			}
			after := content(t, path, names)
			if n := strings.Count(after["audit"], "\n") - strings.Count(before["audit"], "\n"); (n == 1) != c.act || n > 1 {
				t.Errorf("%d acts are written down", n)
			}
			for _, name := range names {
				broken := []string{"DROP TABLE " + name}
				if before[name] != after[name] {
					broken = append(broken, unwritable(name))
					if row := spoiled[name]; row != "" {
						broken = append(broken, row)
					}
				}
				for _, query := range broken {
					l, path := copyOf(t, file)
					p := prepare(t, l, c)
					run(t, path, query)
					answer, err := c.do(t.Context(), l, p)
					want := maps.Clone(after)
					if err != nil {
						want = maps.Clone(before)
					} else if before[name] != after[name] {
						t.Errorf("after %s it is not said that nothing was changed", query)
					} else if d := cmp.Diff(said, answer); d != "" {
						t.Errorf("after %s, its answer is another one: %s", query, d)
					}
					delete(want, name)
					if d := cmp.Diff(want, content(t, path, slices.Collect(maps.Keys(want)))); d != "" {
						t.Errorf("after %s, where it says %v: %s", query, err, d)
					}
					if err := l.Close(); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
}

// spoiled are rows of tables that cannot be read.
var spoiled = map[string]string{
	"usage": "INSERT INTO usage (account, day, messages, segments, cost, last) VALUES ('sms-marketing', '2026-11-01', 1, 1, 0.5, 1)",
}

// unwritable makes a table one that can only be read.
func unwritable(name string) (query string) {
	for _, what := range []string{"INSERT", "UPDATE", "DELETE"} {
		query += fmt.Sprintf("CREATE TRIGGER no_%s BEFORE %s ON %s BEGIN SELECT RAISE(ABORT, 'not to be written'); END;", strings.ToLower(what), what, name)
	}
	return query
}

// A ledger that was moved is changed by nobody any more: whoever had it open is told where it went. A run that was alive goes on: who moves
// the ledger looks for one afterwards, and takes the move back.
func TestALedgerThatWasMovedIsNotChanged(t *testing.T) {
	t.Parallel()
	file := inUse(t)
	by := ledger.Act{Who: "wang@ops-1", What: "move", Reason: "to the server", At: start}
	for what, c := range changes() {
		if what == "leave" || c.begin != "" {
			continue // that it was moved can be said again, and taken back
		}
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			l, path := copyOf(t, file)
			p := prepare(t, l, c)
			if err := l.Leave(t.Context(), "postgres://ops-2/notify", by); err != nil {
				t.Fatal(err)
			}
			names := tables(t, path)
			before := content(t, path, names)
			_, err := c.do(t.Context(), l, p)
			if moved, ok := errors.AsType[*ledger.MovedError](err); !ok || moved.To != "postgres://ops-2/notify" {
				t.Errorf("it says %v", err)
			}
			if d := cmp.Diff(before, content(t, path, names)); d != "" {
				t.Error(d)
			}
		})
	}
}
