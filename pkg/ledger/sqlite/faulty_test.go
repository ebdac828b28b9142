package sqlite_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/ledger/sqlite"
)

var errFault = errors.New("the disk does not answer")

// faults makes one thing fail that a ledger asks of its database, and with the next try the next thing.
type faults struct {
	mu   sync.Mutex
	on   bool
	seen map[string]int  // in this try
	had  map[string]bool // in any
	now  string          // what failed in this try
	log  watched         // instead, what was asked for
	told func(string)    // is told of each
}

func newFaults() *faults { return &faults{had: make(map[string]bool)} }

// try lets the first thing fail within do that did not fail before, and says which; "" where there is none.
func (f *faults) try(do func()) (failed string) {
	f.set(true)
	do()
	return f.set(false)
}

// watch says what is asked for within do, of which nothing fails.
func (f *faults) watch(do func()) watched {
	f.log = make(watched)
	f.try(do)
	defer func() { f.log = nil }()
	return f.log
}

// watched is how often each thing was asked for.
type watched map[string]int

// of is how often it was what begins like that.
func (w watched) of(what string) (n int) {
	for name, times := range w {
		if strings.HasPrefix(name, what) {
			n += times
		}
	}
	return n
}

func (f *faults) set(on bool) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	was := f.now
	f.on, f.now, f.seen = on, "", make(map[string]int)
	return was
}

func (f *faults) fails(what, query string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.on || f.now != "" {
		return false
	}
	name := what + " " + strings.Join(strings.Fields(query), " ")
	if f.log != nil {
		f.log[name]++
		if f.told != nil {
			f.told(name)
		}
		return false
	}
	f.seen[name]++
	if name = fmt.Sprintf("%s, time %d", name, f.seen[name]); f.had[name] {
		return false
	}
	f.had[name], f.now = true, name
	return true
}

func (f *faults) conn(c driver.Conn) (driver.Conn, error) {
	whole, can := c.(wholeConn)
	if !can {
		return nil, fmt.Errorf("%T is no whole connection", c)
	}
	if f.fails("connect", "") {
		return nil, errors.Join(errFault, c.Close())
	}
	return faultyConn{whole, f}, nil
}

// wholeConn is what database/sql and the ledger use of a connection.
type wholeConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Validator
	driver.SessionResetter
}

type faultyConn struct {
	wholeConn
	*faults
}

func (c faultyConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	if c.fails("begin", "") {
		return nil, errFault
	}
	return c.wholeConn.BeginTx(ctx, o)
}

func (c faultyConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	if c.fails("prepare", query) {
		return nil, errFault
	}
	s, err := c.wholeConn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	whole, can := s.(wholeStmt)
	if !can {
		return nil, fmt.Errorf("%T is no whole statement", s)
	}
	return faultyStmt{whole, c.faults, query}, nil
}

func (c faultyConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if c.fails("exec", query) {
		return nil, errFault
	}
	return c.wholeConn.ExecContext(ctx, query, args)
}

func (c faultyConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if c.fails("query", query) {
		return nil, errFault
	}
	rows, err := c.wholeConn.QueryContext(ctx, query, args)
	return faultyRows{rows, c.faults, query}, err
}

type wholeStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

type faultyStmt struct {
	wholeStmt
	*faults

	query string
}

func (s faultyStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	if s.fails("exec", s.query) {
		return nil, errFault
	}
	if strings.HasPrefix(s.query, "UPDATE OR FAIL standing SET state = ") && s.fails("miss", s.query) {
		return driver.RowsAffected(0), nil // others than were read
	}
	r, err := s.wholeStmt.ExecContext(ctx, args)
	if s.query == "BEGIN IMMEDIATE" || s.query == "COMMIT" {
		return r, err // nobody counts what these change
	}
	return faultyResult{r, s}, err
}

func (s faultyStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if s.fails("query", s.query) {
		return nil, errFault
	}
	rows, err := s.wholeStmt.QueryContext(ctx, args)
	return faultyRows{rows, s.faults, s.query}, err
}

type faultyResult struct {
	driver.Result
	of faultyStmt
}

func (r faultyResult) RowsAffected() (int64, error) {
	if r.of.fails("count", r.of.query) {
		return 0, errFault
	}
	return r.Result.RowsAffected()
}

type faultyRows struct {
	driver.Rows
	*faults

	query string
}

// Next does not get a row, or gets one with what no column holds.
func (r faultyRows) Next(into []driver.Value) error {
	if r.fails("read", r.query) {
		return errFault
	}
	if err := r.Rows.Next(into); err != nil {
		return err
	}
	// What these read has no type that could be wrong.
	if strings.HasSuffix(r.query, "seal IS NULL") || strings.HasPrefix(r.query, "PRAGMA") {
		return nil
	}
	if r.fails("scan", r.query) {
		for i := range into {
			into[i] = struct{}{}
		}
	}
	return nil
}

// faulty opens a ledger that is the same as in the file, and fails as is wanted.
func faulty(t *testing.T, file []byte, o sqlite.Options, f *faults) (l *sqlite.Ledger, path string) {
	t.Helper()
	return copyOf(t, file, o.Through(f.conn))
}

// Whatever fails in the middle of it, a change is made as it would have been, or not at all, and then can be made after all.
func TestNothingIsHalfChangedWhateverFails(t *testing.T) {
	t.Parallel()
	file := inUse(t)
	first := filepath.Join(t.TempDir(), "notify.db")
	write(t, first, file)
	names, whole := tables(t, first), t
	for what, c := range changes() {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			before, after, said := asWanted(t, file, names, c)
			f := newFaults()
			var l *sqlite.Ledger
			var path string
			var p prepared
			var db *sql.DB
			var err error
			for {
				if l == nil {
					l, path = faulty(t, file, c.opts, f)
					p, db = prepare(t, l, c), raw(t, path)
				}
				var answer any
				failed := f.try(func() { answer, err = c.do(t.Context(), l, p) })
				want := before
				if err == nil {
					want = after
					if d := cmp.Diff(said, answer); d != "" {
						t.Errorf("after %s, its answer is another one: %s", failed, d)
					}
				}
				if d := cmp.Diff(want, contentOf(t, db, names)); d != "" {
					t.Errorf("after %s, where it says %v: %s", failed, err, d)
				}
				if whole.Failed() { // one is enough
					return
				}
				if failed == "" {
					break
				}
				if err != nil && !saysWhat(failed, err) {
					t.Errorf("after %s it says %v", failed, err)
				}
				if err == nil { // it was made all the same
					if err := errors.Join(l.Close(), db.Close()); err != nil {
						t.Fatal(err)
					}
					l = nil
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			wantSound(t, l)
			t.Logf("%d faults", len(f.had))
		})
	}
}

// saysWhat reports whether an error is what failed, and not what came of going on after it. Of what was read or written otherwise than was
// thought nobody says more than that it is so.
func saysWhat(failed string, err error) bool {
	return errors.Is(err, errFault) || strings.HasPrefix(failed, "scan ") || strings.HasPrefix(failed, "miss ")
}

// Whatever fails in the midst of it: who asks is told so, or has the answer that he would have had. A check that did not read all finds nothing sound.
func TestNothingElseIsAnsweredWhateverFails(t *testing.T) {
	t.Parallel()
	f := newFaults()
	l, _ := faulty(t, inUse(t), sqlite.Options{}, f)
	all, checks := questions(t, l), map[string]bool{"verify": true, "glance": true}
	all["verify"] = func() (any, error) { return l.Verify(t.Context()) }
	all["glance"] = func() (any, error) { return l.Glance(t.Context()) }
	for name, ask := range all {
		clear(f.had)
		want := answer(t, ask)
		for failed := "all"; failed != ""; {
			var got string
			failed = f.try(func() { got = answer(t, ask) })
			if checks[name] && failed != "" {
				if got == want || got != "error" && !strings.HasPrefix(failed, "scan ") { // that is named
					t.Errorf("after %s, %s is %s", failed, name, got)
				}
				continue
			}
			if got != want && (got != "error" || failed == "") {
				t.Errorf("after %s, %s is %s, want %s", failed, name, got, want)
			}
		}
	}
}
