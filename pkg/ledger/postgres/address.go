package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"time"

	"notify/pkg/words"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// DefaultSchema is where the ledger lies unless the URL says ?schema=.
const DefaultSchema = "notify"

// address is where a ledger lies, and how it is reached.
type address struct {
	config *pgxpool.Config
	schema string
	place  string
}

var schemaName = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)

// Is reports whether a place is one on a server, and no file.
func Is(place string) bool {
	return strings.HasPrefix(place, "postgres://") || strings.HasPrefix(place, "postgresql://")
}

// Redacted is the URL without its password: what may be shown of it. What cannot be read is not shown at all.
func Redacted(place string) string {
	u, err := url.Parse(place)
	if err != nil || !Is(place) {
		return "postgres://…"
	}
	q := u.Query()
	q.Del("password")
	q.Del("sslpassword")
	u.RawQuery = q.Encode()
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	return u.String()
}

// parse reads the URL. Beside what libpq knows it has schema=NAME, and password=file:PATH. Without sslmode the server must show a
// certificate for its name, unless it is reached by a socket or on this machine.
func parse(place string) (*address, error) {
	u, err := url.Parse(place)
	if err != nil || !Is(place) {
		return nil, words.Err("ledger.error.no-url", nil) // the cause has the URL, and that the password
	}
	q := u.Query()
	at := &address{schema: DefaultSchema}
	if s := q.Get("schema"); s != "" {
		at.schema = s
	}
	if !schemaName.MatchString(at.schema) {
		return nil, words.Err("ledger.error.schema-name", words.A{"schema": at.schema})
	}
	q.Del("schema")
	secret, err := passwordOf(u, q)
	if err != nil {
		return nil, err
	}
	if at.config, err = configOf(u, q); err != nil {
		return nil, useless(err)
	}
	c := at.config.ConnConfig
	switch {
	case secret != "":
		c.Password = secret
	case c.Password != "":
		if err := passfileIsOurs(u, q); err != nil {
			return nil, err
		}
	}
	at.place = fmt.Sprintf("postgres://%s:%d/%s?schema=%s", c.Host, c.Port, c.Database, at.schema)
	return at, nil
}

// configOf reads the URL without what is notify's own, and asks for a certificate where it leads to another machine: by itself, by PGHOST, or by a
// service file.
func configOf(u *url.URL, q url.Values) (*pgxpool.Config, error) {
	u.RawQuery = q.Encode()
	config, err := pgxpool.ParseConfig(u.String())
	if err != nil || q.Get("sslmode") != "" || os.Getenv("PGSSLMODE") != "" || allNear(config.ConnConfig) {
		return config, err
	}
	u.RawQuery = verified(q).Encode()
	return pgxpool.ParseConfig(u.String())
}

// verified asks for a certificate.
func verified(q url.Values) url.Values {
	q.Set("sslmode", "verify-full")
	if q.Get("sslrootcert") == "" && os.Getenv("PGSSLROOTCERT") == "" {
		q.Set("sslrootcert", "system")
	}
	return q
}

// allNear is near of the hosts that were found, wherever they stand.
func allNear(c *pgx.ConnConfig) bool {
	all := near(c.Host)
	for _, f := range c.Fallbacks {
		all = all && near(f.Host)
	}
	return all
}

// useless is why a URL cannot be used, without the URL, which has the password.
func useless(err error) error {
	var file *fs.PathError
	if errors.As(err, &file) {
		return words.Err("ledger.error.file-of-url", words.A{"file": file.Path, "cause": words.Cause(file)})
	}
	var parsing *pgconn.ParseConfigError
	var parts *url.Error
	if cause := errors.Unwrap(err); errors.As(err, &parsing) && cause != nil && !errors.As(err, &parts) {
		return words.Err("ledger.error.bad-option", words.A{"said": cause.Error()})
	}
	return words.Err("ledger.error.no-url", nil)
}

// passwordOf takes password=file:PATH, or a password that is one, out of the URL; empty where it says none of the kind.
func passwordOf(u *url.URL, q url.Values) (string, error) {
	given := q.Get("password")
	if p, ok := u.User.Password(); ok && given == "" {
		given = p
	}
	path, ok := strings.CutPrefix(given, "file:")
	if !ok {
		return "", nil
	}
	q.Del("password")
	u.User = url.User(u.User.Username())
	b, err := os.ReadFile(path)
	if err != nil {
		return "", words.Wrap(err, "ledger.error.password-file", words.A{"file": path, "cause": words.Cause(err)})
	}
	secret := strings.TrimRight(string(b), "\r\n")
	if secret == "" {
		return "", words.Err("ledger.error.password-empty", words.A{"file": path})
	}
	return secret, nil
}

// passfileIsOurs refuses a password out of a file that others may read (PGPASSFILE, ~/.pgpass): libpq passes over such a file.
func passfileIsOurs(u *url.URL, q url.Values) error {
	home, _ := os.UserHomeDir() // without one there is no such file
	path := cmp.Or(q.Get("passfile"), os.Getenv("PGPASSFILE"), filepath.Join(home, ".pgpass"))
	info, err := os.Stat(path)
	others := err == nil && info.Mode().Perm()&0o077 != 0
	if !others || runtime.GOOS == "windows" { // libpq looks at no rights there, either
		return nil
	}
	q.Set("passfile", os.DevNull)
	u.RawQuery = q.Encode()
	if without, err := pgx.ParseConfig(u.String()); err == nil && without.Password == "" {
		return words.Err("ledger.error.passfile", words.A{"file": path}).Do("ledger.do.passfile", words.A{"command": "chmod 600 " + words.Typed(path)})
	}
	return nil
}

// near reports whether a host is this machine, or a socket.
func near(host string) bool {
	return host == "" || host == "localhost" || host == "::1" || strings.HasPrefix(host, "/") || strings.HasPrefix(host, "127.")
}

// writing is for transactions that change something: statements there go by indexes, whatever the statistics say, and by the plan that was
// made first. reading plans as it goes: reports join what they read. What was read is not kept to be held against row after row: by statistics of the
// time when nothing was there that would be done with all of a campaign.
const (
	writing = `SET synchronous_commit = on; SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_hashjoin = off;
		SET enable_mergejoin = off; SET enable_material = off; SET jit = off; SET idle_in_transaction_session_timeout = '30s'; SET lock_timeout = '8s'`
	reading = `SET jit = off; SET enable_material = off; SET idle_in_transaction_session_timeout = '10min'; SET default_transaction_read_only = on`
)

// pool makes connections that begin with these settings.
func (l *Ledger) pool(ctx context.Context, most int32, settings string, met func(context.Context, *pgx.Conn) error) (*pgxpool.Pool, error) {
	c := l.at.config.Copy()
	c.MaxConns, c.MinConns = most, 0
	c.ConnConfig.ConnectTimeout, c.ConnConfig.Tracer = 5*time.Second, l.opts.Tracer
	if c.ConnConfig.RuntimeParams["application_name"] == "" {
		c.ConnConfig.RuntimeParams["application_name"] = "notify"
	}
	c.ConnConfig.OnNotice = func(p *pgconn.PgConn, n *pgconn.Notice) {
		said, ok := p.CustomData()[noticesKey].(*notices)
		if ok && n.SeverityUnlocalized == "WARNING" {
			said.add(n.Code + " " + n.Message)
		}
	}
	c.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		conn.PgConn().CustomData()[noticesKey] = new(notices)
		if err := modern(conn.PgConn().ParameterStatus("server_version")); err != nil {
			return err
		}
		_, err := conn.Exec(ctx, "SET search_path = "+l.at.schema+", pg_temp; "+settings, pgx.QueryExecModeSimpleProtocol)
		if err != nil {
			return err
		}
		return met(ctx, conn)
	}
	p, err := pgxpool.NewWithConfig(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := p.Ping(ctx); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// notices are the warnings of a connection.
type notices struct {
	mu   sync.Mutex
	said []string
}

const noticesKey = "notify"

func noticesOf(c *pgx.Conn) *notices {
	if n, ok := c.PgConn().CustomData()[noticesKey].(*notices); ok {
		return n
	}
	return new(notices)
}

func (n *notices) add(s string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.said = append(n.said, s)
}

// take is what was said since it was asked last.
func (n *notices) take() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := strings.Join(n.said, "; ")
	n.said = nil
	return s
}

// host names the machine on which the ledger lies, for what was done there by nobody's machine.
func (a *address) host() string { return a.config.ConnConfig.Host }

// Dial connects to any database by a URL as that of a ledger: with its rules for passwords and certificates. The place is what may be shown of it.
func Dial(ctx context.Context, url string) (c *pgx.Conn, place string, err error) {
	at, err := parse(url)
	if err != nil {
		return nil, Redacted(url), err
	}
	config := at.config.ConnConfig.Copy()
	config.ConnectTimeout = openTimeout
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "notify"
	}
	c, err = pgx.ConnectConfig(ctx, config)
	return c, Redacted(url), translate(err, false)
}
