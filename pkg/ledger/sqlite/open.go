package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"notify/pkg/inuse"
	"notify/pkg/ledger"
	"notify/pkg/ledger/stored"
	"notify/pkg/words"

	"modernc.org/sqlite"
)

// applicationID marks the file as a notify ledger ("ntfy" in ASCII), so that no other database is mistaken for one.
const applicationID = 0x6e746679

//go:embed migrations/*.sql
var migrations embed.FS

const (
	// busyTimeout is how long a transaction waits for another process: longer than any but a staging of millions.
	busyTimeout = 5 * time.Second
	// tryTimeout is how long the database itself waits, which nothing can interrupt; then it is asked again.
	tryTimeout = 20 * time.Millisecond
)

func waits(d time.Duration) string { return fmt.Sprintf("busy_timeout(%d)", d.Milliseconds()) }

// maxReaders bounds the connections for reading, each of which has a page cache.
const maxReaders = 16

func (l *Ledger) open(ctx context.Context) error {
	if kind, err := networkFS(filepath.Dir(l.path)); err != nil {
		return err
	} else if kind != "" {
		return fmt.Errorf("%w (%s): put it on a local disk", ledger.ErrUnsafeFS, kind)
	}
	if err := l.create(); err != nil {
		return err
	}
	if !l.opts.ReadOnly {
		if err := l.openWriter(ctx); err != nil {
			return err
		}
	}
	if l.opts.ReadOnly {
		l.read = l.opts.database(l.dsn("ro", waits(busyTimeout), readCache))
	} else {
		l.read = l.opts.database(l.dsn("rw", waits(busyTimeout), "query_only(1)", readCache))
	}
	l.read.SetMaxOpenConns(maxReaders)
	if err := l.known(ctx, l.read); err != nil {
		return err
	}
	if problems, err := l.schemaAtAGlance(ctx); err != nil || len(problems) > 0 {
		few := words.Texts(words.Sentences, problems...)
		few.Most = 3
		return errors.Join(err, &ledger.DamagedError{What: words.T("words.raw", words.A{"said": few})})
	}
	return l.identity(ctx)
}

// create makes the file itself, so that nobody but its owner ever could read it; the database makes its companions with the
// same mode. An existing file is not opened here: closing it again would drop the locks that this process has on it.
func (l *Ledger) create() error {
	if l.opts.ReadOnly {
		_, err := os.Stat(l.path)
		return err
	}
	f, err := os.OpenFile(l.path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		info, err := os.Stat(l.path)
		if err != nil {
			return err
		}
		if info.IsDir() {
			return fmt.Errorf("%w: it is a folder", ledger.ErrNotLedger)
		}
		if n := names(info); n > 1 {
			return fmt.Errorf("%w: it has %d", ledger.ErrLinked, n)
		}
		if info.Mode().Perm()&0o200 == 0 {
			return fmt.Errorf("%w: its mode is %s", ledger.ErrReadOnly, info.Mode().Perm())
		}
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

func (l *Ledger) dsn(mode string, pragmas ...string) string {
	q := url.Values{"mode": {mode}}
	for _, p := range pragmas {
		q.Add("_pragma", p)
	}
	return fileURL(l.path, q)
}

// fileURL names a file, by its absolute path, as SQLite takes it on every system.
func fileURL(path string, q url.Values) string {
	p := filepath.ToSlash(path)
	if !strings.HasPrefix(p, "/") {
		p = "/" + p // a Windows drive
	}
	return (&url.URL{Scheme: "file", Path: p, RawQuery: q.Encode()}).String()
}

// database has connections to a file, which are opened when they are used: who cannot have one is told so then.
func (o Options) database(dsn string) *sql.DB { return sql.OpenDB(connector{dsn, o.through}) }

type connector struct {
	dsn     string
	through func(driver.Conn) (driver.Conn, error)
}

func (c connector) Connect(context.Context) (driver.Conn, error) {
	conn, err := c.Driver().Open(c.dsn)
	if err != nil || c.through == nil {
		return conn, err
	}
	return c.through(conn)
}

func (connector) Driver() driver.Driver { return new(sqlite.Driver) }

func (l *Ledger) openWriter(ctx context.Context) error {
	db := l.opts.database(l.dsn("rw", waits(tryTimeout)))
	db.SetMaxOpenConns(1)
	conn, err := db.Conn(ctx)
	if err != nil {
		return errors.Join(err, db.Close())
	}
	w := newWriter(l.path, l.locks, db, conn)
	l.writer = w
	// A file that is not ours must be left as it was: look before any pragma that writes.
	if err := l.patiently(ctx, func() error { return l.ours(ctx, conn) }); err != nil {
		return err
	}
	if err := l.patiently(ctx, func() error { return setPragmas(ctx, conn) }); err != nil {
		return err
	}
	if err := l.migrate(ctx, conn); err != nil {
		return err
	}
	w.start()
	return nil
}

// The page cache, in KiB. A run needs little; a staging writes at random into an index that grows with it: see staging.room.
const (
	runKiB, stageKiB = 2048, 16384
	readCache        = "cache_size(-1024)" // of each of several connections, which read from end to end
)

func cacheOf(kib int) string { return "PRAGMA cache_size = -" + strconv.Itoa(kib) }

// patiently tries again while the database is busy: where two processes make a ledger at once, the one that comes second is
// turned away at once, whatever its busy timeout, as its waiting could block the other. A program that shares the file with nobody, as a
// scanner may, is waited for as well.
func (l *Ledger) patiently(ctx context.Context, try func() error) error {
	const pause = 10 * time.Millisecond
	held := func(err error) bool { return busy(err) || cannotOpen(err) && inuse.Held(l.path) }
	err := try()
	if !held(err) {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, busyTimeout)
	defer cancel()
	for held(err) {
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return err
		case <-timer.C:
			err = try()
		}
	}
	return err
}

// setPragmas makes a commit survive power loss, and reads back that it does.
func setPragmas(ctx context.Context, conn *sql.Conn) error {
	for _, p := range []string{
		"PRAGMA journal_mode = WAL",         // readers do not stop the writer; one flush for a commit
		"PRAGMA synchronous = FULL",         // NORMAL may lose the last commits, and with them the proof that a message left
		"PRAGMA foreign_keys = ON",          // off by default in every connection
		"PRAGMA temp_store = MEMORY",        // no file beside the ledger that could be left behind
		cacheOf(runKiB),                     // a run reads and writes where it wrote just before
		"PRAGMA wal_autocheckpoint = 1000",  // the default; larger was measured to be slower
		"PRAGMA recursive_triggers = OFF",   // none of ours recurse
		"PRAGMA cell_size_check = ON",       // find damage when a page is read
		"PRAGMA trusted_schema = OFF",       // a ledger may come from elsewhere: its schema may call no functions with effects
		"PRAGMA checkpoint_fullfsync = ON",  // macOS: fsync alone does not reach the platter
		"PRAGMA fullfsync = ON",             // the same
		"PRAGMA automatic_index = OFF",      // every query here has its index; a hidden one would hide that it lost it
		"PRAGMA defer_foreign_keys = FALSE", // a broken reference fails at its statement
	} {
		if _, err := conn.ExecContext(ctx, p); err != nil {
			return err
		}
	}
	var journal string
	if err := conn.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&journal); err != nil {
		return err
	}
	var level int
	if err := conn.QueryRowContext(ctx, "PRAGMA synchronous").Scan(&level); err != nil {
		return err
	}
	if journal != "wal" || level != fullSync {
		return fmt.Errorf("%w: journal_mode is %s and synchronous is %d: a commit would not survive power loss",
			ledger.ErrUnsafeFS, journal, level)
	}
	return nil
}

// fullSync is what PRAGMA synchronous reads back for FULL.
const fullSync = 2

type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// ours reports in an error that the file holds something else.
func (l *Ledger) ours(ctx context.Context, q querier) error {
	var id, version, tables int
	// One statement, one view: another process may be making the ledger at this moment.
	err := q.QueryRowContext(ctx, `SELECT (SELECT application_id FROM pragma_application_id),
		(SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_schema)`).Scan(&id, &version, &tables)
	if err != nil {
		return err
	}
	if id != applicationID && (id != 0 || version != 0 || tables != 0) {
		return fmt.Errorf("%w: application_id is %#x", ledger.ErrNotLedger, id)
	}
	return nil
}

// known refuses a schema that this program does not know.
func (l *Ledger) known(ctx context.Context, q querier) error {
	if err := l.ours(ctx, q); err != nil {
		return err
	}
	version, err := l.version(ctx, q)
	if err == nil && version < len(l.steps) {
		err = fmt.Errorf("%w: schema %d was never brought up to %d", ledger.ErrReadOnly, version, len(l.steps))
	}
	l.schema = version
	return err
}

// version is that of the schema, 0 where the file is empty.
func (l *Ledger) version(ctx context.Context, q querier) (int, error) {
	var version, tables int
	err := q.QueryRowContext(ctx, "SELECT (SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_schema)").Scan(&version, &tables)
	switch {
	case err != nil:
		return 0, err
	case version < 0, version == 0 && tables > 0:
		return 0, ledger.Damaged("ledger.damaged.version", words.A{"version": version})
	case version > len(l.steps):
		return 0, fmt.Errorf("%w: its schema is %d, this program knows %d", ledger.ErrNewerSchema, version, len(l.steps))
	}
	return version, nil
}

// migrate brings the schema up, each process that comes at the same time waiting for the first: everything in one
// transaction, so that a half-migrated ledger cannot be.
func (l *Ledger) migrate(ctx context.Context, conn *sql.Conn) (err error) {
	if err := l.patiently(ctx, func() error {
		_, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE")
		return err
	}); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_, _ = conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		}
	}()
	version, err := l.version(ctx, conn)
	if err != nil {
		return err
	}
	for i := version; i < len(l.steps); i++ {
		if _, err := conn.ExecContext(ctx, l.steps[i]); err != nil {
			return fmt.Errorf("migrate to schema %d: %w", i+1, err)
		}
	}
	if version == 0 {
		if _, err := conn.ExecContext(ctx, "INSERT INTO meta (name, value) VALUES ('id', ?), ('created', ?)",
			rand.Text(), strconv.FormatInt(stored.Nanos(l.opts.Now()), 10)); err != nil {
			return err
		}
	}
	if version < len(l.steps) {
		set := fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, len(l.steps))
		if _, err := conn.ExecContext(ctx, set); err != nil {
			return err
		}
	}
	_, err = conn.ExecContext(ctx, "COMMIT")
	return err
}

// migrationSteps are the embedded files in the order of their numbers: the n-th leads to schema n.
func migrationSteps() ([]string, error) {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	steps := make([]string, 0, len(names))
	for _, name := range names {
		b, err := migrations.ReadFile(name)
		if err != nil {
			return nil, err
		}
		steps = append(steps, string(b))
	}
	return steps, nil
}

func (l *Ledger) identity(ctx context.Context) error {
	var created int64
	err := l.read.QueryRowContext(ctx, `
		SELECT (SELECT value FROM meta WHERE name = 'id'), CAST((SELECT value FROM meta WHERE name = 'created') AS INTEGER)`).
		Scan(&l.id, &created)
	if err != nil {
		return fmt.Errorf("%w: %w", ledger.Damaged("ledger.damaged.identity", nil), err)
	}
	l.made = stored.Moment(created)
	return nil
}
