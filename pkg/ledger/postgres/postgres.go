// Package postgres owns the ledger as a schema of a PostgreSQL database, shared by machines. It keeps the protocol of package ledger, and is
// the only place that knows PostgreSQL's SQL; what it shares with other drivers is in package stored.
//
// Each call that writes is one transaction. What a campaign has handed out and counts changes under the locks of its rows in reach, what an
// account has debited under the lock of its row; the number of a run's turn is the fence. A commit that was answered with a warning is none: a
// standby that was to have it may not. Locks are taken in one order: the run's own row, the campaign's, its reach, accounts by name.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/stored"
	"notify/pkg/words"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Options change how a ledger is opened. The zero value is what a sending process wants.
type Options struct {
	// Now is asked for the time at which the ledger is created; nil means the zero time, and CallersClock.
	Now func() time.Time
	// CallersClock leaves all times as the caller gives them, as a test that holds the clock wants it. Otherwise leases and deadlines
	// are on the server's clock, and a caller whose clock differs too much is refused.
	CallersClock bool
	// Timeout is how long a turn may take, the wait for a lock included; 0 means 10 seconds.
	Timeout time.Duration
	// Tracer is told of every statement; nil for nobody.
	Tracer pgx.QueryTracer
}

const (
	turnTimeout = 10 * time.Second
	// maxWriters and maxReaders bound the connections of one process.
	maxWriters = 4
	maxReaders = 4
)

// Ledger is an open ledger on a server.
type Ledger struct {
	stored.Common

	place  string // server, database and schema, without user and password
	opts   Options
	id     string
	made   time.Time
	schema int
	at     *address

	write, read *pgxpool.Pool
	clock       clock
	server      server

	mu        sync.Mutex
	flights   map[int64]flight           // by message, what was claimed here and is open; what is not here is found in the ledger
	of        map[ledger.RunID]int64     // campaigns of the runs that were begun here
	scenarios map[string]bool            // those that were debited
	domains   map[string]map[string]bool // by account, those that messages went to lately: they are asked for before it is known that they are needed
	closing   sync.Once
}

var (
	_ ledger.Ledger          = (*Ledger)(nil)
	_ ledger.Verifier        = (*Ledger)(nil)
	_ ledger.Watcher         = (*Ledger)(nil)
	_ ledger.RehearsalKeeper = (*Ledger)(nil)
)

// Open opens the ledger at the URL, and makes its schema where the role may. No error has the password.
func Open(ctx context.Context, url string, o Options) (*Ledger, error) {
	at, err := parse(url)
	if err != nil {
		return nil, &stored.FailedError{Doing: "open", Ledger: Redacted(url), Err: err}
	}
	if o.Timeout == 0 {
		o.Timeout = turnTimeout
	}
	if o.Now == nil {
		o.Now, o.CallersClock = func() time.Time { return time.Time{} }, true
	}
	l := &Ledger{
		place: at.place, at: at, opts: o, flights: make(map[int64]flight), of: make(map[ledger.RunID]int64), scenarios: make(map[string]bool), domains: make(map[string]map[string]bool),
	}
	l.Common = stored.Common{DB: shared{l}, Queries: queries()}
	if err := l.open(ctx); err != nil {
		_ = l.Close()
		return nil, l.failed("open", err)
	}
	return l, nil
}

func (l *Ledger) open(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	if l.write, err = l.pool(ctx, maxWriters, writing, l.server.meet); err != nil {
		return err
	}
	if err := l.migrate(ctx); err != nil {
		return err
	}
	if is, _ := l.server.look(); is == "" { // the tables were not there before
		if err := l.write.AcquireFunc(ctx, func(c *pgxpool.Conn) error { return l.server.meet(ctx, c.Conn()) }); err != nil {
			return err
		}
	}
	if l.read, err = l.pool(ctx, maxReaders, reading, func(context.Context, *pgx.Conn) error { return nil }); err != nil {
		return err
	}
	if err := l.identity(ctx); err != nil || l.opts.CallersClock {
		return err
	}
	return l.readClock(ctx)
}

// openTimeout bounds opening: a server that does not answer is told of, and not waited for.
const openTimeout = 20 * time.Second

// Close waits for what is under way and closes all connections. A run that was not released stays on record as it was, like after a crash.
func (l *Ledger) Close() error {
	l.closing.Do(func() {
		for _, p := range []*pgxpool.Pool{l.read, l.write} {
			if p != nil {
				p.Close()
			}
		}
	})
	return nil
}

// failed wraps what went wrong, with the sentinel that it is.
func (l *Ledger) failed(doing string, err error) error {
	return &stored.FailedError{Doing: doing, Ledger: l.place, Err: translate(err, l.server.isStandby())}
}

// do runs a job in a transaction of its own, and says in the error what was being done.
func (l *Ledger) do(ctx context.Context, doing string, job func(*tx) error) error {
	if err := l.transact(ctx, func(x *tx) error { return job(x) }); err != nil {
		return l.failed(doing, err)
	}
	return nil
}

// deadlocks is how often a transaction is made again that the server broke off because it and another waited for each other.
const deadlocks = 5

// transact runs job in a transaction until a durable COMMIT, or rolls everything back. A context that ended before is an error; one that
// ends later changes nothing. The job may be run again.
func (l *Ledger) transact(ctx context.Context, job func(*tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for n := 1; ; n++ {
		err := l.once(ctx, job)
		var e *pgconn.PgError
		if n < deadlocks && errors.As(err, &e) && (e.Code == "40P01" || e.Code == "40001") {
			continue
		}
		return err
	}
}

func (l *Ledger) once(ctx context.Context, job func(*tx) error) (err error) {
	c, err := l.write.Acquire(ctx)
	if err != nil {
		return err
	}
	defer c.Release()
	x := &tx{l: l, ctx: context.WithoutCancel(ctx), c: c.Conn()}
	x.books = newBooks(x)
	defer func() {
		if err != nil && !x.c.IsClosed() {
			ctx, cancel := context.WithTimeout(x.ctx, l.opts.Timeout)
			defer cancel()
			_, _ = x.c.Exec(ctx, "ROLLBACK") // where it cannot be rolled back the connection is closed, and the server does it
		}
	}()
	x.queue("BEGIN")
	if err := job(x); err != nil {
		return err
	}
	if err := x.flush(); err != nil {
		return err
	}
	if err := x.sealRest(); err != nil {
		return err
	}
	if err := x.prints.Write(func(query string, args ...any) error {
		x.queue(query, args...)
		return nil
	}); err != nil {
		return err
	}
	return x.commit()
}

// commit sends what is queued with COMMIT behind it. Without a warning it is durable, as far as the server promises that.
//
// Where it lets go early, its locks are released before the log is flushed, and a commit behind it waits for that, and for standbys, without any. The
// log is one line: whoever builds on what he sees of this waits behind it himself before he acts, and what lies after a commit that is lost is lost, too.
func (x *tx) commit() error {
	said := noticesOf(x.c)
	said.take()
	commits, done := 1, 0
	if x.early {
		x.queue("SET LOCAL synchronous_commit = off")
		x.close(&done)
		x.queue("BEGIN")
		x.queue("SELECT pg_logical_emit_message(true, 'notify', '')") // a record, without which a commit waits for nothing
		commits++
	}
	x.close(&done)
	if err := x.sync(); err != nil {
		return err
	}
	if done != commits {
		return errors.New("the server rolled back instead of committing")
	}
	if warning := said.take(); warning != "" {
		return fmt.Errorf("%w: %s", ledger.ErrUndurable, warning)
	}
	return nil
}

// close queues COMMIT, and counts it where it was one.
func (x *tx) close(done *int) {
	x.batch.Queue("COMMIT").Exec(func(tag pgconn.CommandTag) error {
		if tag.String() == "COMMIT" {
			*done++
		}
		return nil
	})
}

// tx is a transaction under way. Statements are queued, and sent together with the next that is to be answered.
type tx struct {
	l   *Ledger
	ctx context.Context
	c   *pgx.Conn
	*books
	batch    pgx.Batch
	doubtful words.Text // what the server does not keep any more of what it promised
	asked    bool       // an answer is waited for
	early    bool       // it lets go of its locks before it is durable
	unsealed bool       // rows may be without a seal
	prints   stored.VendorPrints
	claims   []int64 // ids for claims, taken in advance
}

// queue executes a statement with the next that is answered.
func (x *tx) queue(query string, args ...any) { x.batch.Queue(query, args...) }

// ask queues a query; row is called for each of its rows when it is answered.
func (x *tx) ask(row func(pgx.Rows) error, query string, args ...any) {
	x.asked = true
	x.batch.Queue(query, args...).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			if err := row(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}

// sync sends what is queued, and takes in the answers.
func (x *tx) sync() error {
	if x.batch.Len() == 0 {
		return nil
	}
	batch := x.batch
	x.batch, x.asked = pgx.Batch{}, false
	return x.c.SendBatch(x.ctx, &batch).Close()
}

// need is sync where an answer is waited for: what is only to be executed goes with the next question, or with the commit.
func (x *tx) need() error {
	if !x.asked {
		return nil
	}
	return x.sync()
}

func (x *tx) exec(query string, args ...any) error {
	_, err := x.change(query, args...)
	return err
}

// change executes a statement now, and says how many rows it changed.
func (x *tx) change(query string, args ...any) (int, error) {
	n := 0
	x.batch.Queue(query, args...).Exec(func(tag pgconn.CommandTag) error {
		n = int(tag.RowsAffected())
		return nil
	})
	return n, x.sync()
}

// one reads the first row; pgx.ErrNoRows where there is none.
func (x *tx) one(dest []any, query string, args ...any) error {
	found := false
	err := x.each(func(rows pgx.Rows) error {
		if found {
			return nil
		}
		found = true
		return rows.Scan(dest...)
	}, query, args...)
	if err == nil && !found {
		err = pgx.ErrNoRows
	}
	return err
}

// each calls row for every row, to scan it.
func (x *tx) each(row func(pgx.Rows) error, query string, args ...any) error {
	x.ask(row, query, args...)
	return x.sync()
}

// unsealing executes a statement that leaves rows without a seal.
func (x *tx) unsealing(query string, args ...any) (int, error) {
	x.unsealed = true
	return x.change(query, args...)
}

// asking wraps the error of a reading call.
func (l *Ledger) asking(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return l.failed(fmt.Sprintf(format, args...), err)
}

// reader is a connection, or a transaction that sees the ledger as it is at one moment.
type reader interface {
	Query(ctx context.Context, query string, args ...any) (pgx.Rows, error)
}

// each calls row for every row that the query reads.
func each(ctx context.Context, db reader, row func(pgx.Rows) error, query string, args ...any) error {
	rows, err := db.Query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// atOnce runs look on the ledger as it is at one moment.
func (l *Ledger) atOnce(ctx context.Context, look func(reader) error) error {
	return pgx.BeginTxFunc(ctx, l.read, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(t pgx.Tx) error { return look(t) })
}

// remember keeps what a turn that is durable left open.
func (l *Ledger) remember(t *turn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t.refused != nil || t.out.Before {
		return
	}
	for _, s := range t.req.Settle {
		id, _ := stored.AttemptOf(s.Attempt)
		delete(l.flights, id)
	}
	for _, f := range t.flights {
		l.flights[f.message] = f
	}
}

func (l *Ledger) sawScenario(req ledger.ClaimRequest) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, name := range debited(req)[1:] {
		l.scenarios[name] = true
	}
}

// toDebit are the names under which a request is debited that have a row: a scenario gets it with its first message.
func (l *Ledger) toDebit(req ledger.ClaimRequest) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	names := debited(req)
	if len(names) > 1 && !l.scenarios[names[1]] {
		return names[:1]
	}
	return names
}

// mostDomains is how many domains of an account are remembered; with more, those of the newest messages.
const mostDomains = 512

func (l *Ledger) sawDomains(account string, names []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	of := l.domains[account]
	if of == nil || len(of)+len(names) > mostDomains {
		of = make(map[string]bool)
		l.domains[account] = of
	}
	for _, name := range names {
		of[name] = true
	}
}

func (l *Ledger) domainsSeen(account string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return stored.SortedKeys(l.domains[account], compareNames)
}

// forget drops what is remembered of a run that has ended.
func (l *Ledger) forget(run ledger.RunID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.of, run)
	for id, f := range l.flights {
		if f.of.Run == run {
			delete(l.flights, id)
		}
	}
}
