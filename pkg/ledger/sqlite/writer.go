package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"maps"
	"sync/atomic"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/stored"
)

// queueLen is how many requests wait at the writer before their callers do.
const queueLen = 1024

// writer is the one goroutine that writes.
type writer struct {
	path  string
	locks *locks
	db    *sql.DB
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
	raws  map[string]driver.Stmt
	// Room for what a transaction records as accepted.
	accepted []accepted
	values   []driver.NamedValue
	sealer   stored.Sealer

	// flights are, by their ids, the messages that were claimed here and are open. What is not here is found in the ledger.
	flights map[int64]flight
	// books are those of the last transaction, where it was one of turns and is durable.
	books *books
	// pace is what the last transaction knew of domains, where it is durable.
	pace *pace

	queue chan *request
	quit  chan struct{}
	done  chan struct{}
	began bool
	open  bool        // a transaction may be, as it could not be rolled back
	held  atomic.Bool // another process has the ledger, and is waited for
}

// request is one call waiting for its transaction.
type request struct {
	ctx   context.Context // it ends the wait in the queue, as the argument of the call that waits
	turn  *turn
	job   func(*tx) error // instead of a turn
	state atomic.Int32
	done  chan error
}

const (
	waiting = iota
	taken
	abandoned
)

func newWriter(path string, k *locks, db *sql.DB, conn *sql.Conn) *writer {
	return &writer{
		path: path, locks: k, db: db, conn: conn, stmts: make(map[string]*sql.Stmt), raws: make(map[string]driver.Stmt),
		flights: make(map[int64]flight),
		queue:   make(chan *request, queueLen), quit: make(chan struct{}), done: make(chan struct{}),
	}
}

func (w *writer) start() {
	w.began = true
	go w.loop()
}

// close lets the transaction under way end and answers what still waits with ErrClosed.
func (w *writer) close() error {
	close(w.quit)
	if w.began {
		<-w.done
	}
	var errs []error
	for _, s := range w.stmts {
		errs = append(errs, s.Close())
	}
	raws := w.conn.Raw(func(any) error { return w.closeRaw() })
	return errors.Join(append(errs, raws, w.conn.Close(), w.db.Close())...)
}

// submit returns when the transaction that holds the request is durable, or was not made. A context that ends takes the
// request back while it still waits; once its transaction began the answer is waited for.
func (w *writer) submit(ctx context.Context, r *request) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case w.queue <- r:
	case <-ctx.Done():
		return ctx.Err()
	case <-w.quit:
		return ledger.ErrClosed
	}
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
		held := w.held.Load() // asked while the writer still waits for it
		if !r.state.CompareAndSwap(waiting, abandoned) {
			break
		}
		if held {
			return fmt.Errorf("%w: %w", ledger.ErrBusy, ctx.Err())
		}
		return ctx.Err()
	case <-w.done:
	}
	select {
	case err := <-r.done:
		return err
	case <-w.done:
	}
	select {
	case err := <-r.done:
		return err
	default:
		return ledger.ErrClosed
	}
}

func (w *writer) loop() {
	defer close(w.done)
	for {
		select {
		case <-w.quit:
			return
		case r := <-w.queue:
			w.serve(r)
		}
	}
}

// serve makes the next transaction. The ledger is asked for before a request is taken: who does not want to wait any longer is let go meanwhile.
func (w *writer) serve(r *request) {
	select {
	case <-w.quit:
		return
	default:
	}
	err := w.lock(r)
	switch {
	case !r.state.CompareAndSwap(waiting, taken):
		if err == nil {
			w.unlock()
		}
	case err != nil:
		r.done <- err
	case r.turn != nil:
		r.done <- errors.Join(w.take(r.turn), r.turn.refused)
	default:
		r.done <- w.within(r.ctx, r.job)
	}
}

// lock begins a transaction, and waits for another process that has one: as long as busyTimeout, and as long as the request is wanted.
func (w *writer) lock(r *request) error {
	begin := func() error {
		if w.open {
			w.unlock()
		}
		t := &tx{w: w, ctx: context.Background()}
		err := t.exec("BEGIN IMMEDIATE")
		w.open = w.open && err != nil
		return err
	}
	err := begin()
	if !busy(err) {
		return err
	}
	w.held.Store(true)
	defer w.held.Store(false)
	enough := time.NewTimer(busyTimeout)
	defer enough.Stop()
	again := time.NewTicker(tryTimeout / 4)
	defer again.Stop()
	for busy(err) {
		select {
		case <-enough.C:
			return err
		case <-w.quit:
			return ledger.ErrClosed
		case <-again.C:
		}
		if r != nil && r.state.Load() == abandoned {
			return err
		}
		err = begin()
	}
	return err
}

// unlock ends a transaction of which nothing came.
func (w *writer) unlock() {
	t := &tx{w: w, ctx: context.Background()}
	w.open = t.exec("ROLLBACK") != nil // a full disk or an I/O error has rolled back already: then this says so
}

// take makes the transaction of a turn.
func (w *writer) take(turn *turn) error {
	open := w.books
	err := w.within(context.Background(), func(t *tx) error {
		if err := t.reopen(open); err != nil {
			return err
		}
		return t.takeTurn(turn, false)
	})
	if errors.Is(err, errStale) {
		turn.reset()
		err = w.transact(context.Background(), func(t *tx) error { return t.takeTurn(turn, true) })
	}
	if err == nil {
		w.remember(turn)
	}
	return err
}

// remember keeps what a turn that is durable left open.
func (w *writer) remember(t *turn) {
	if errors.Is(t.refused, ledger.ErrLeaseLost) {
		maps.DeleteFunc(w.flights, func(_ int64, f flight) bool { return f.of.Run == t.req.Run })
	}
	if t.refused != nil || t.out.Before {
		return
	}
	for _, s := range t.req.Settle {
		id, _ := stored.AttemptOf(s.Attempt)
		delete(w.flights, id)
	}
	for _, f := range t.flights {
		w.flights[f.message] = f
	}
}

// reopen goes on with the books of the transaction before, where no other connection has written since.
func (t *tx) reopen(last *books) error {
	var version int64
	err := t.rawEach(func(v []driver.Value) error {
		version, _ = v[0].(int64)
		return nil
	}, "PRAGMA data_version")
	if err != nil {
		return err
	}
	if last != nil && last.version == version {
		last.t = t
		t.books = last
	}
	t.version = version
	return nil
}

// tx is a transaction under way on the writer's connection.
type tx struct {
	w   *writer
	ctx context.Context // of the transaction, which ends with it
	*books
	unsealed bool // rows may be without a seal
	prints   stored.VendorPrints
	known    *pace // of the transaction before
}

// transact runs job in a transaction of its own.
func (w *writer) transact(ctx context.Context, job func(*tx) error) error {
	if err := w.lock(nil); err != nil {
		return err
	}
	return w.within(ctx, job)
}

// within runs job in the transaction that was begun, until a durable COMMIT, or rolls everything back. A context that ended before
// is an error; one that ends later changes nothing.
func (w *writer) within(ctx context.Context, job func(*tx) error) error {
	t := &tx{w: w, ctx: context.WithoutCancel(ctx)}
	t.books, w.books = newBooks(t), nil
	t.known, w.pace = w.pace, nil
	err := ctx.Err()
	if err == nil {
		err = job(t)
	}
	if err == nil {
		err = t.flush()
	}
	if err == nil {
		err = t.sealRest()
	}
	if err == nil {
		err = t.prints.Write(t.exec)
	}
	if err == nil {
		err = t.exec("COMMIT")
	}
	if err != nil {
		w.unlock()
		return err
	}
	if t.version != 0 {
		w.books = t.books
	}
	if w.pace = t.paces; w.pace == nil {
		w.pace = t.known
	}
	return nil
}

// stmt is the prepared statement: each is prepared once for the life of the connection.
func (t *tx) stmt(query string) (*sql.Stmt, error) {
	if s, ok := t.w.stmts[query]; ok {
		return s, nil
	}
	s, err := t.w.conn.PrepareContext(t.ctx, query)
	if err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	t.w.stmts[query] = s
	return s, nil
}

func (t *tx) exec(query string, args ...any) error {
	_, err := t.change(query, args...)
	return err
}

// change is exec that says how many rows it changed.
func (t *tx) change(query string, args ...any) (int, error) {
	values := make([]driver.NamedValue, len(args))
	for i, a := range args {
		v, err := driver.DefaultParameterConverter.ConvertValue(a)
		if err != nil {
			return 0, fmt.Errorf("parameter %d: %w", i+1, err)
		}
		values[i].Value = v
	}
	return t.rawChange(query, values)
}

// one reads the first row; sql.ErrNoRows where there is none.
func (t *tx) one(dest []any, query string, args ...any) error {
	s, err := t.stmt(query) //nolint:sqlclosecheck // kept for the life of the connection
	if err != nil {
		return err
	}
	return s.QueryRowContext(t.ctx, args...).Scan(dest...)
}

// each calls row for every row, to scan it.
func (t *tx) each(row func(*sql.Rows) error, query string, args ...any) error {
	s, err := t.stmt(query) //nolint:sqlclosecheck // kept for the life of the connection
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(t.ctx, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := row(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
