//go:build unix

// Package pgtest runs a real PostgreSQL in a temporary folder, for tests. It stands beside the driver and knows nothing of it.
package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"notify/pkg/freeport"
)

// Server is a server that runs.
type Server struct {
	dir     string // of its data; the socket is beside it
	bin     string
	port    int
	owner   *user.User // under whom it runs; nil for this user
	options []string
}

// patience is for how many seconds a server is waited for: moments on a machine with nothing else to do.
const patience = "600"

// Superuser is the role that may do anything.
const Superuser = "postgres"

// Start starts a server for the length of a test. Where PostgreSQL is not installed the test is not run, and says so loudly; where
// CI is set it fails. Its commits survive whatever happens to the server's processes; with fsync=on in the settings also what happens to the
// machine.
func Start(tb testing.TB, settings ...string) *Server {
	tb.Helper()
	s, err := New(tb.Context(), settings...)
	if errors.Is(err, ErrMissing) && os.Getenv("CI") == "" {
		fmt.Fprintf(os.Stderr, "\n!!! NOT TESTED: %s: %s. Get PostgreSQL with: apt-get install postgresql\n\n", tb.Name(), err)
		tb.SkipNow()
	}
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Remove(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

// ErrMissing says that there is no PostgreSQL on this machine.
var ErrMissing = errors.New("there is no PostgreSQL on this machine")

// Programs is the environment variable with the folder of a server's programs (initdb, pg_ctl, postgres), where it is not to be the newest
// one that is installed: scripts/postgres.sh sets it.
const Programs = "PGTEST_PROGRAMS"

// Find is the folder with the programs of the newest PostgreSQL here.
func Find() (string, error) {
	if chosen := os.Getenv(Programs); chosen != "" {
		return chosen, nil
	}
	var found []string
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin/initdb", "/usr/pgsql-*/bin/initdb", "/opt/homebrew/opt/postgresql*/bin/initdb", "/usr/local/bin/initdb"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			return "", err
		}
		found = append(found, names...)
	}
	if name, err := exec.LookPath("initdb"); err == nil {
		found = append(found, name)
	}
	var newest string
	for _, name := range found {
		if target, err := filepath.EvalSymlinks(name); err == nil {
			name = target
		}
		if _, err := os.Stat(filepath.Join(filepath.Dir(name), "pg_ctl")); err == nil && name > newest {
			newest = name
		}
	}
	if newest == "" {
		return "", ErrMissing
	}
	return filepath.Dir(newest), nil
}

// New starts a server that Remove ends.
func New(ctx context.Context, settings ...string) (*Server, error) {
	bin, err := Find()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "pg")
	if err != nil {
		return nil, err
	}
	s := &Server{dir: filepath.Join(dir, "data"), bin: bin, options: settings}
	if err := s.make(ctx, dir); err != nil {
		return nil, errors.Join(err, s.Remove())
	}
	return s, nil
}

func (s *Server) make(ctx context.Context, dir string) (err error) {
	if s.port, err = freeport.Find(ctx); err != nil {
		return err
	}
	if os.Getuid() == 0 { // PostgreSQL refuses to run as root
		if s.owner, err = user.Lookup("postgres"); err != nil {
			return err
		}
		uid, gid := s.ids()
		if err := os.Chown(dir, uid, gid); err != nil {
			return err
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	if err := s.files(ctx); err != nil {
		return err
	}
	conf := []string{
		"listen_addresses = '127.0.0.1'", "unix_socket_directories = '" + dir + "'", "port = " + strconv.Itoa(s.port),
		"fsync = off", "max_connections = 200", "shared_buffers = 64MB", "log_min_messages = fatal", "autovacuum = on",
		"dynamic_shared_memory_type = mmap", // what a server that was killed had of it goes with its folder
	}
	if err := s.configure(append(conf, s.options...)...); err != nil {
		return err
	}
	return s.Start(ctx)
}

// Template is the environment variable with the folder in which tests that are run together keep what each of their servers begins as, so that it is
// made once: scripts/test.sh sets it. Such servers call themselves by one identifier.
const Template = "PGTEST_TEMPLATE"

// files makes those of a new server.
func (s *Server) files(ctx context.Context) error {
	template := os.Getenv(Template)
	if template == "" {
		return s.initdb(ctx, s.dir)
	}
	if _, err := os.Stat(template); errors.Is(err, fs.ErrNotExist) {
		made := s.dir + ".template"
		if err := s.initdb(ctx, made); err != nil {
			return err
		}
		if err := os.Rename(made, template); err != nil && !errors.Is(err, fs.ErrExist) { // somebody else was first
			return err
		}
	} else if err != nil {
		return err
	}
	if out, err := s.run(ctx, "cp", "-Rp", template, s.dir); err != nil {
		return fmt.Errorf("copy %s: %w\n%s", template, err, out)
	}
	return nil
}

func (s *Server) initdb(ctx context.Context, dir string) error {
	if out, err := s.run(ctx, s.program("initdb"), "-D", dir, "-U", Superuser, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

// Standby makes a second server that follows this one under a name. It says goodbye to nobody who waits for it.
func (s *Server) Standby(ctx context.Context, name string) (_ *Server, err error) {
	dir, err := os.MkdirTemp("", "pg")
	if err != nil {
		return nil, err
	}
	b := &Server{dir: filepath.Join(dir, "data"), bin: s.bin, owner: s.owner}
	if b.port, err = freeport.Find(ctx); err != nil {
		return nil, err
	}
	if b.owner != nil {
		uid, gid := b.ids()
		if err := os.Chown(dir, uid, gid); err != nil {
			return nil, err
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return nil, err
	}
	if err := s.copyTo(ctx, b); err != nil {
		return nil, errors.Join(fmt.Errorf("copy PostgreSQL: %w", err), b.Remove())
	}
	from := fmt.Sprintf("host=127.0.0.1 port=%d user=%s application_name=%s", s.port, Superuser, name)
	err = b.configure("unix_socket_directories = '"+dir+"'", "port = "+strconv.Itoa(b.port), "primary_conninfo = '"+from+"'")
	if err != nil {
		return nil, errors.Join(err, b.Remove())
	}
	return b, b.Start(ctx)
}

// copyTo copies the files of a server that runs, as its manual says under "Making a Base Backup Using the Low Level API": not by
// pg_basebackup, which does not come with every server and refuses newer ones.
func (s *Server) copyTo(ctx context.Context, b *Server) error {
	conn, err := pgx.Connect(ctx, s.URL(Superuser, "postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, "SELECT pg_backup_start('standby', true)"); err != nil {
		return err
	}
	if out, err := s.run(ctx, "cp", "-R", s.dir, b.dir); err != nil && !strings.Contains(string(out), "No such file") { // files that went meanwhile
		return fmt.Errorf("%w\n%s", err, out)
	}
	var label string
	if err := conn.QueryRow(ctx, "SELECT labelfile FROM pg_backup_stop(false)").Scan(&label); err != nil {
		return err
	}
	for name, text := range map[string]string{"backup_label": label, "standby.signal": ""} {
		if err := b.write(name, text); err != nil {
			return err
		}
	}
	return os.Remove(filepath.Join(b.dir, "postmaster.pid"))
}

// write makes a file of the server's own.
func (s *Server) write(name, text string) error {
	file := filepath.Join(s.dir, name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil || s.owner == nil {
		return err
	}
	uid, gid := s.ids()
	return os.Chown(file, uid, gid)
}

// Promote makes a standby the server that writes.
func (s *Server) Promote(ctx context.Context) error {
	out, err := s.run(ctx, s.program("pg_ctl"), "-D", s.dir, "-w", "-t", patience, "promote")
	if err != nil {
		return fmt.Errorf("promote PostgreSQL: %w\n%s", err, out)
	}
	return nil
}

// Either is the URL of whichever of two servers writes.
func (s *Server) Either(b *Server, role, database string) string {
	return fmt.Sprintf("postgres://%s@%s,%s/%s?target_session_attrs=read-write", role, s.Addr(), b.Addr(), database)
}

// configure adds settings.
func (s *Server) configure(settings ...string) error {
	f, err := os.OpenFile(filepath.Join(s.dir, "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString("\n" + strings.Join(settings, "\n") + "\n")
	return errors.Join(err, f.Close())
}

// Start starts the server again after Stop or Kill.
func (s *Server) Start(ctx context.Context) error {
	out, err := s.run(ctx, s.program("pg_ctl"), "-D", s.dir, "-w", "-t", patience, "-l", filepath.Join(s.dir, "server.log"), "start")
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(s.dir, "server.log"))
		return fmt.Errorf("start PostgreSQL: %w\n%s%s", err, out, log)
	}
	return nil
}

// Stop ends the server: in mode "fast" it says goodbye, in mode "immediate" it does not, and recovers when it is started again.
func (s *Server) Stop(ctx context.Context, mode string) error {
	out, err := s.run(ctx, s.program("pg_ctl"), "-D", s.dir, "-w", "-t", patience, "-m", mode, "stop")
	if err != nil {
		return fmt.Errorf("stop PostgreSQL: %w\n%s", err, out)
	}
	return nil
}

// Kill ends all processes of the server with SIGKILL, as if the machine's memory had run out.
func (s *Server) Kill() error {
	b, err := os.ReadFile(filepath.Join(s.dir, "postmaster.pid"))
	if err != nil {
		return err
	}
	pid, err := strconv.Atoi(strings.SplitN(string(b), "\n", 2)[0])
	if err != nil {
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		return err
	}
	// Its children notice, and leave; who starts too early is turned away by the memory that they share.
	alive := func() bool { return syscall.Kill(pid, 0) == nil }
	for i := 0; i < 500 && alive(); i++ {
		<-time.After(10 * time.Millisecond)
	}
	return nil
}

// Remove stops the server and removes all that it had.
func (s *Server) Remove() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if _, err := os.Stat(filepath.Join(s.dir, "postmaster.pid")); err == nil {
		_ = s.Stop(ctx, "immediate") // it may have been killed
	}
	return os.RemoveAll(filepath.Dir(s.dir))
}

// Addr is where it listens on the loopback.
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// URL is that of a database, over the loopback, for a role without a password.
func (s *Server) URL(role, database string) string {
	return fmt.Sprintf("postgres://%s@%s/%s", role, s.Addr(), database)
}

// SocketURL is URL by the socket.
func (s *Server) SocketURL(role, database string) string {
	return fmt.Sprintf("postgres://%s@/%s?host=%s&port=%d", role, database, filepath.Dir(s.dir), s.port)
}

// Dir is the folder of its data.
func (s *Server) Dir() string { return s.dir }

// SQL runs statements as the superuser, and returns what they answered, one row a line, as psql -A -t does.
func (s *Server) SQL(ctx context.Context, database string, statements ...string) (string, error) {
	conn, err := pgx.Connect(ctx, s.SocketURL(Superuser, database))
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(ctx) }()
	var lines []string
	for _, statement := range statements {
		results, err := conn.PgConn().Exec(ctx, statement).ReadAll()
		if err != nil {
			return "", err
		}
		for _, r := range results {
			for _, row := range r.Rows {
				lines = append(lines, string(bytes.Join(row, []byte("|"))))
			}
		}
	}
	return strings.Join(lines, "\n"), nil
}

func (s *Server) program(name string) string { return filepath.Join(s.bin, name) }

// run runs a program as the user under whom the server runs.
func (s *Server) run(ctx context.Context, program string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = os.TempDir()
	if s.owner != nil {
		uid, gid := s.ids()
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
		cmd.Env = append(os.Environ(), "HOME="+os.TempDir())
	}
	if program != s.program("pg_ctl") {
		return cmd.CombinedOutput()
	}
	return nil, cmd.Run() // the server would hold a pipe open
}

func (s *Server) ids() (uid, gid int) {
	uid, _ = strconv.Atoi(s.owner.Uid) // numbers, on all systems that have this
	gid, _ = strconv.Atoi(s.owner.Gid)
	return uid, gid
}
