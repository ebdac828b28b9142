package sqlite_test

import (
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
	if got, err := l.Stage(ctx, ledger.Staging{Campaign: other, Digest: "d1", Spec: []byte("{}"), By: by, Recipients: mixed(8, 0)}); err != nil || got.Added != 8 {
		t.Fatalf("staged %+v, %v", got, err)
	}
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
		l.SettleCopies(ctx, other, start),
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

// mixed are people of the other campaign, of whom from the sixth on all are at one domain; the second is told through the first as well.
func mixed(n int, fingerprint int64) iter.Seq2[ledger.Recipient, error] {
	return func(yield func(ledger.Recipient, error) bool) {
		var first message.Key
		for r, err := range people(other, n) {
			m := &r.Messages[0]
			if m.Fingerprint += fingerprint; r.Row > 6 {
				m.Address = message.Address(r.Key + "@slow.test")
				m.Key = message.MakeKey(other, m.Channel, m.Address, r.Key)
			}
			switch r.Row {
			case 2:
				first = m.Key
			case 3:
				r.Folds = []ledger.Fold{{Channel: m.Channel, Into: first}}
			case 4:
				m.Segments = 2
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// slow are people at one domain.
func slow(n int) iter.Seq2[ledger.Recipient, error] {
	return func(yield func(ledger.Recipient, error) bool) {
		for r, err := range mixed(5+n, 0) {
			if r.Row > 6 && !yield(r, err) {
				return
			}
		}
	}
}

// copyOf opens a ledger of its own that is the same.
func copyOf(t *testing.T, file []byte, o sqlite.Options) (l *sqlite.Ledger, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "notify.db")
	write(t, path, file)
	return open(t, path, o), path
}

// placeOf is the path of a ledger.
func placeOf(t *testing.T, l *sqlite.Ledger) string {
	t.Helper()
	info, err := l.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return info.Place
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

// questions are all that a ledger can be asked.
func questions(t *testing.T, l *sqlite.Ledger) map[string]func() (any, error) {
	t.Helper()
	ctx, day := t.Context(), ledger.DayOf(start)
	q := make(map[string]func() (any, error))
	q["campaign"] = func() (any, error) { return l.Campaign(ctx, award) }
	q["campaigns"] = func() (any, error) { return l.Campaigns(ctx) }
	q["counts"] = func() (any, error) { return l.Counts(ctx, award) }
	q["snapshot"] = func() (any, error) { return l.Snapshot(ctx, award, day) }
	q["usage"] = func() (any, error) { return l.Usage(ctx, "sms-marketing", day) }
	q["accounts"] = func() (any, error) { return l.Accounts(ctx) }
	q["messages"] = func() (any, error) { return all(l.Messages(ctx, award)) }
	q["unknown"] = func() (any, error) { return all(l.Messages(ctx, award, message.Unknown)) }
	q["review"] = func() (any, error) { return l.Review(ctx, award, 9) }
	q["stamp"] = func() (any, error) { return l.Stamp(ctx, award) }
	q["spent"] = func() (any, error) { return l.Spent(ctx) }
	q["audit"] = func() (any, error) { return l.AuditLog(ctx, award) }
	q["check"] = func() (any, error) { return l.Check(ctx, award, "d1") }
	q["newest check"] = func() (any, error) { return l.NewestCheck(ctx, award) }
	q["wave"] = func() (any, error) { return l.Wave(ctx, award) }
	q["senders"] = func() (any, error) { return l.Senders(ctx, "sms-marketing") }
	q["runs"] = func() (any, error) { return l.Runs(ctx, award) }
	q["at work"] = func() (any, error) { return l.AtWork(ctx, award, start) }
	q["sign-offs"] = func() (any, error) { return l.SignOffs(ctx, award) }
	q["alerts"] = func() (any, error) { return l.Alerts(ctx) }
	q["notices"] = func() (any, error) { return l.Notices(ctx, 0, 9) }
	q["targets"] = func() (any, error) { return l.Targets(ctx) }
	q["credentials"] = func() (any, error) { return l.Credentials(ctx, time.Time{}) }
	q["due"] = func() (any, error) { return l.Due(ctx, start, 9) }
	q["inbox"] = func() (any, error) { return all(l.Inbox(ctx, ledger.InboxQuery{Most: 9})) }
	q["inboxes"] = func() (any, error) { return l.Inboxes(ctx) }
	q["deliveries"] = func() (any, error) { return l.Deliveries(ctx, award) }
	q["frozen"] = func() (any, error) { return l.Frozen(ctx) }
	q["past"] = func() (any, error) { return all(l.Past(ctx, award)) }
	q["copies"] = func() (any, error) { return l.Copies(ctx, award) }
	q["settled copies"] = func() (any, error) { return l.Copies(ctx, other) }
	q["recent"] = func() (any, error) {
		return all(l.Recent(ctx, other, start.Add(-time.Hour), func(yield func(ledger.Sent) bool) { yield(ledger.Sent{Address: "+12025550000"}) }))
	}
	q["told"] = func() (any, error) {
		return all(l.Told(ctx, ledger.Telling{Since: start.Add(-time.Hour)}, func(yield func(ledger.Told) bool) {
			yield(ledger.Told{Channel: message.SMS, Address: "+12025550000"})
		}))
	}
	q["suppressions"] = func() (any, error) { return all(l.Suppressions(ctx)) }
	q["next"] = func() (any, error) { return l.Next(ctx, award, 9) }
	q["tried"] = func() (any, error) {
		return l.Tried(ctx, award, message.MakeKey(award, message.SMS, "+12025550000", "E0000000"))
	}
	q["proofs"] = func() (any, error) { return all(l.Proofs(ctx, award)) }
	q["rehearsals"] = func() (any, error) { return l.Rehearsals(ctx) }
	q["info"] = func() (any, error) {
		info, err := l.Info(ctx)
		info.Free, info.Place = 0, "" // which are others at any moment, and of any copy
		return info, err
	}
	q["bookmark"] = func() (any, error) { return l.Bookmark(ctx, ledger.MovedTo) }
	return q
}

// answer is what is answered to a question, or that it is not.
func answer(t *testing.T, ask func() (any, error)) string {
	t.Helper()
	said, err := ask()
	if err != nil {
		return "error"
	}
	b, err := json.Marshal(said)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// answers asks a ledger everything.
func answers(t *testing.T, l *sqlite.Ledger) map[string]string {
	t.Helper()
	got := make(map[string]string)
	for name, ask := range questions(t, l) {
		got[name] = answer(t, ask)
	}
	return got
}

// Whatever cannot be read: who asks is told so, or has the answer that he would have had.
func TestNothingIsAnsweredWithoutWhatCannotBeRead(t *testing.T) {
	file := inUse(t)
	l, path := copyOf(t, file, sqlite.Options{})
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
		l, path := copyOf(t, file, sqlite.Options{})
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

// content is what the tables have.
func content(t *testing.T, path string, names []string) map[string]string {
	t.Helper()
	db := raw(t, path)
	defer func() { _ = db.Close() }()
	return contentOf(t, db, names)
}

func contentOf(t *testing.T, db *sql.DB, names []string) map[string]string {
	t.Helper()
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
		if c.before != nil {
			continue // it needs the same tables as another
		}
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			before, after, said := asWanted(t, file, names, c)
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
					l, path := copyOf(t, file, c.opts)
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

// asWanted is what the tables have before and after a change of which nothing fails, and what it answers.
func asWanted(t *testing.T, file []byte, names []string, c change) (before, after map[string]string, said any) {
	t.Helper()
	l, path := copyOf(t, file, c.opts)
	p := prepare(t, l, c)
	before = content(t, path, names)
	said, err := c.do(t.Context(), l, p)
	if err != nil {
		t.Fatal(err)
	}
	return before, content(t, path, names), said
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
			l, path := copyOf(t, file, c.opts)
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
