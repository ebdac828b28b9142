// Package sqlite owns the ledger as one SQLite file on a local disk. It keeps the protocol of package ledger, imports that
// seam and the words only, and is the only place that knows SQL.
//
// All writing goes through one goroutine on one connection, which answers a request after the commit that holds it. Reading
// has connections of its own and never waits for the writer, nor the writer for it.
package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"path/filepath"
	"sync"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/stored"

	"github.com/gofrs/flock"
)

// Options change how a ledger is opened. The zero value is what a sending process wants.
type Options struct {
	// ReadOnly opens an existing ledger for reading: every writing method returns ErrReadOnly.
	ReadOnly bool
	// NoFileLock leaves the lease in the database as the only thing that tells whether another run is alive, as on a
	// shared server. Then a run that died is waited for until its lease and deadlines have passed.
	NoFileLock bool
	// Machine tells the system that keeps the file locks from others that might have the file; empty means this one. A file lock that is
	// free proves a run dead only there.
	Machine string
	// Now is asked for the time at which the file is created; nil means the zero time.
	Now func() time.Time

	through func(driver.Conn) (driver.Conn, error) // what each connection is used through; nil: itself
}

// Ledger is an open SQLite ledger.
type Ledger struct {
	stored.Common

	path   string
	opts   Options
	id     string
	made   time.Time
	schema int
	steps  []string // the n-th leads to schema n

	writer *writer // nil where the ledger is open for reading only
	read   *sql.DB

	locks *locks

	closing sync.Once
	closed  error
}

var (
	_ ledger.Ledger   = (*Ledger)(nil)
	_ ledger.Backuper = (*Ledger)(nil)
	_ ledger.Verifier = (*Ledger)(nil)
)

// Open opens the ledger in the file, and creates it where there is none. The sentinels of package ledger say why it cannot:
// ErrNotLedger, ErrNewerSchema, ErrDamaged, ErrBusy, ErrReadOnly, ErrFull, ErrUnsafeFS; all name the path.
func Open(ctx context.Context, path string, o Options) (*Ledger, error) {
	steps, err := migrationSteps()
	if err != nil {
		return nil, &stored.FailedError{Doing: "open", Ledger: path, Err: err}
	}
	return openWith(ctx, path, o, steps)
}

func openWith(ctx context.Context, path string, o Options, steps []string) (*Ledger, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, &stored.FailedError{Doing: "open", Ledger: path, Err: err}
	}
	// Two names of one file must share one lock.
	if target, err := filepath.EvalSymlinks(abs); err == nil {
		abs = target
	}
	l := &Ledger{path: abs, opts: o, steps: steps}
	l.Common = stored.Common{DB: shared{l}, Queries: queries()}
	if o.Now == nil {
		l.opts.Now = func() time.Time { return time.Time{} }
	}
	if o.Machine == "" {
		l.opts.Machine = machine()
	}
	l.locks = &locks{path: abs, machine: l.opts.Machine, off: o.NoFileLock, held: make(map[ledger.RunID]*flock.Flock)}
	if err := l.open(ctx); err != nil {
		_ = l.Close()
		return nil, l.failed("open", err)
	}
	return l, nil
}

// Close finishes the transaction under way and closes the file. A run that was not released stays on record as it was, like
// after a crash; its file lock is free.
func (l *Ledger) Close() error {
	l.closing.Do(func() {
		var errs []error
		if l.read != nil {
			errs = append(errs, l.read.Close())
		}
		if l.writer != nil {
			errs = append(errs, l.writer.close())
		}
		l.closed = errors.Join(append(errs, l.locks.dropAll())...)
	})
	return l.closed
}

// do runs a job in a transaction of its own on the writer, and says in the error what was being done. A ledger that was moved is not changed.
func (l *Ledger) do(ctx context.Context, doing string, job func(*tx) error) error {
	return l.doAnyway(ctx, doing, func(x *tx) error {
		if err := x.stays(); err != nil {
			return err
		}
		return job(x)
	})
}

// stays refuses a ledger that was moved elsewhere.
func (x *tx) stays() error {
	var to string
	err := x.one([]any{&to}, "SELECT value FROM bookmark WHERE name = ?", ledger.MovedTo)
	if errors.Is(err, sql.ErrNoRows) || err == nil && to == "" {
		return nil
	}
	return cmp.Or[error](err, &ledger.MovedError{To: to})
}

// Leave marks the ledger as one that was moved: see ledger.Leaver.
func (l *Ledger) Leave(ctx context.Context, to string, by ledger.Act) error {
	return l.doAnyway(ctx, "move", func(x *tx) error {
		const mark = "INSERT INTO bookmark (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
		if err := x.exec(mark, ledger.MovedTo, to); err != nil {
			return err
		}
		return x.audit("", by)
	})
}

// doAnyway is do, whether the ledger was moved or not.
func (l *Ledger) doAnyway(ctx context.Context, doing string, job func(*tx) error) error {
	if l.writer == nil {
		return l.failed(doing, ledger.ErrReadOnly)
	}
	if err := l.writer.submit(ctx, &request{ctx: ctx, job: job, done: make(chan error, 1)}); err != nil {
		return l.failed(doing, err)
	}
	return nil
}
