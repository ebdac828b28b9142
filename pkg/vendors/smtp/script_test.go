package smtp_test

import (
	"bufio"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"notify/pkg/vendors/vendorstest"
)

// What a script may have the server do instead of a reply.
const (
	cutOff = "(cut)"   // close the connection
	reset  = "(reset)" // the same, so that the other side gets a reset
	hang   = "(hang)"  // say nothing until the test ends
)

// script says what a server answers to a verb: "connect", "EHLO", "MAIL", … and "." for a whole message; nth counts from 1
// over all connections. The empty string is the usual answer.
type script func(verb string, nth int) string

// server is an SMTP server that follows a script and remembers everything.
type server struct {
	*vendorstest.Listener
	script  script
	ehlo    string
	release chan struct{}

	mu     sync.Mutex
	seen   map[string]int
	lines  []string
	bodies []string
}

const allExtensions = "250-scripted.test\r\n250-PIPELINING\r\n250-SIZE 100000\r\n250-DSN\r\n250-SMTPUTF8\r\n250-AUTH PLAIN LOGIN CRAM-MD5\r\n250 8BITMIME"

func serveScript(t *testing.T, s script) *server {
	t.Helper()
	if s == nil {
		s = func(string, int) string { return "" }
	}
	srv := &server{script: s, ehlo: allExtensions, seen: map[string]int{}, release: make(chan struct{})}
	srv.Listener = vendorstest.Listen(t, srv.serve)
	t.Cleanup(func() { close(srv.release) })
	return srv
}

// on answers one verb, every time.
func on(verb, answer string) script {
	return func(v string, _ int) string {
		if v == verb {
			return answer
		}
		return ""
	}
}

func (s *server) serve(c net.Conn) {
	r := bufio.NewReader(c)
	if !s.say(c, "connect", "220 scripted.test ESMTP") {
		return
	}
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		s.mu.Lock()
		s.lines = append(s.lines, line)
		s.mu.Unlock()
		verb, _, _ := strings.Cut(strings.ToUpper(line), " ")
		usual := map[string]string{
			"EHLO": s.ehlo, "DATA": "354 go on", "QUIT": "221 2.0.0 bye", "AUTH": "235 2.7.0 welcome",
		}[verb]
		if usual == "" {
			usual = "250 2.0.0 ok"
		}
		if !s.say(c, verb, usual) || verb == "QUIT" {
			return
		}
		if verb == "DATA" && s.lastAnswer(verb, usual) && !s.message(c, r) {
			return
		}
	}
}

// lastAnswer is whether the last answer to a verb was the usual one.
func (s *server) lastAnswer(verb, usual string) bool {
	s.mu.Lock()
	nth := s.seen[verb]
	s.mu.Unlock()
	answer := s.script(verb, nth)
	return answer == "" || strings.HasPrefix(answer, usual[:3])
}

func (s *server) message(c net.Conn, r *bufio.Reader) bool {
	var b strings.Builder
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		b.WriteString(strings.TrimPrefix(line, "."))
	}
	s.mu.Lock()
	s.bodies = append(s.bodies, b.String())
	s.mu.Unlock()
	return s.say(c, ".", "250 2.0.0 Ok: queued as 4XyZ")
}

func (s *server) say(c net.Conn, verb, usual string) bool {
	s.mu.Lock()
	s.seen[verb]++
	nth := s.seen[verb]
	s.mu.Unlock()
	answer := s.script(verb, nth)
	switch answer {
	case "":
		answer = usual
	case cutOff:
		return false
	case reset:
		_ = c.(*net.TCPConn).SetLinger(0)
		return false
	case hang:
		<-s.release
		return false
	}
	_, err := fmt.Fprintf(c, "%s\r\n", answer)
	return err == nil && !strings.HasPrefix(answer, "421")
}

// got is every command that reached the server, in order.
func (s *server) got() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.lines)
}

// taken is every message that reached it whole.
func (s *server) taken() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.bodies)
}
