// Package postfixtest runs a real Postfix on this machine for tests: a relay that takes mail for everybody and throws it away,
// from a folder of its own, so that nothing of an installed one is touched.
package postfixtest

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"notify/pkg/freeport"
)

// master.cf: the services that it takes to receive a mail and to throw it away.
const master = `%s inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
anvil unix - - n - 1 anvil
discard unix - - n - - discard
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
`

// Server is a Postfix that runs.
type Server struct {
	Addr string // host:port
	log  string
}

// Start runs one with further settings of main.cf, until the test's end. Its master has to be root's.
func Start(tb testing.TB, settings ...string) *Server {
	tb.Helper()
	if os.Geteuid() != 0 {
		tb.Skip("NOT LOOKED AT: Postfix is started by root alone; run this as root")
	}
	program := find(tb, "postfix")
	dir, err := os.MkdirTemp("", "postfix-") //nolint:usetesting // Postfix' own user has to come in
	must(tb, err)
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	must(tb, os.Chmod(dir, 0o755))
	for _, sub := range []string{"conf", "queue", "data"} {
		must(tb, os.Mkdir(filepath.Join(dir, sub), 0o755))
	}
	s := &Server{Addr: freeport.Address(tb), log: filepath.Join(dir, "log")}
	conf := filepath.Join(dir, "conf")
	main := append([]string{
		"compatibility_level = 3.6", "queue_directory = " + dir + "/queue", "data_directory = " + dir + "/data",
		"maillog_file = " + s.log, "maillog_file_prefixes = " + dir, "inet_interfaces = 127.0.0.1", "inet_protocols = ipv4",
		"myhostname = relay.example.test", "mydestination =", "mynetworks = 127.0.0.0/8", "relay_domains = static:all",
		"default_transport = discard:", "relay_transport = discard:", "smtpd_peername_lookup = no", "smtpd_error_sleep_time = 0",
	}, settings...)
	must(tb, os.WriteFile(filepath.Join(conf, "main.cf"), []byte(strings.Join(main, "\n")+"\n"), 0o644))
	must(tb, os.WriteFile(filepath.Join(conf, "master.cf"), fmt.Appendf(nil, master, s.Addr), 0o644))
	must(tb, exec.CommandContext(tb.Context(), "chown", "postfix", filepath.Join(dir, "data")).Run())
	if out, err := exec.CommandContext(tb.Context(), program, "-c", conf, "start").CombinedOutput(); err != nil {
		tb.Fatalf("start Postfix: %v\n%s\n%s", err, out, s.Log(tb))
	}
	tb.Cleanup(func() {
		if out, err := exec.CommandContext(context.Background(), program, "-c", conf, "abort").CombinedOutput(); err != nil {
			tb.Errorf("stop Postfix: %v\n%s", err, out)
		}
	})
	s.await(tb)
	return s
}

// Log is what it wrote.
func (s *Server) Log(tb testing.TB) string {
	tb.Helper()
	text, err := os.ReadFile(s.log)
	must(tb, err)
	return string(text)
}

var taken = regexp.MustCompile(`/cleanup\[\d+\]: [0-9A-Za-z]+: message-id=<([^>]+)>`)

// Taken is how often it took each mail, by its Message-ID.
func (s *Server) Taken(tb testing.TB) map[string]int {
	tb.Helper()
	times := make(map[string]int)
	for _, m := range taken.FindAllStringSubmatch(s.Log(tb), -1) {
		times[m[1]]++
	}
	return times
}

// Refused is how often it turned somebody away with these words.
func (s *Server) Refused(tb testing.TB, words string) int {
	tb.Helper()
	return strings.Count(s.Log(tb), words)
}

func (s *Server) await(tb testing.TB) {
	tb.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range 30_000 {
		c, err := new(net.Dialer).DialContext(tb.Context(), "tcp", s.Addr)
		if err == nil {
			_ = c.Close()
			return
		}
		<-tick.C
	}
	tb.Fatalf("nobody listens on %s\n%s", s.Addr, s.Log(tb))
}

// find looks where most users' PATH does not.
func find(tb testing.TB, name string) string {
	tb.Helper()
	for _, path := range []string{name, "/usr/sbin/" + name, "/usr/local/sbin/" + name} {
		if found, err := exec.LookPath(path); err == nil {
			return found
		}
	}
	tb.Fatalf("%s is missing: scripts/deps.sh installs it", name)
	return ""
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
