package smtp_test

import (
	"bufio"
	"fmt"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"notify/pkg/message"
	"notify/pkg/vendors"
	"notify/pkg/vendors/smtp"
	"notify/pkg/vendors/vendorstest"
)

const (
	testUser     = "edm-login"
	testPassword = "hunter2-secret"
)

// scripted is a server of the conformance suite: SMTP by hand, so that it can misbehave at any step.
type scripted struct {
	*vendorstest.Log
	*vendorstest.Listener
	behaviour vendorstest.Behaviour
	addr      string
	release   chan struct{}
}

func start(t *testing.T, b vendorstest.Behaviour) vendorstest.Server {
	t.Helper()
	s := &scripted{Log: vendorstest.NewLog(), behaviour: b, release: make(chan struct{})}
	if b == vendorstest.NoListener {
		s.addr = vendorstest.NobodyListens
		return s
	}
	if b == vendorstest.NoName {
		s.addr = "nobody.invalid:25"
		return s
	}
	s.Listener = vendorstest.Listen(t, s.serve)
	s.addr = s.Addr()
	t.Cleanup(func() { close(s.release) })
	return s
}

func (s *scripted) Open() int {
	if s.Listener == nil {
		return 0
	}
	return s.Listener.Open()
}

func (s *scripted) Vendor(t *testing.T, l vendorstest.Limits) vendors.Vendor {
	t.Helper()
	mode := "none"
	if s.behaviour == vendorstest.BadTLS {
		mode = "implicit"
	}
	v, err := smtp.Kind().New(vendors.Settings{
		Account: "edm", Timeout: l.Timeout, Concurrency: l.Concurrency, Now: time.Now,
		Options: map[string]any{
			"address": s.addr, "tls": mode, "username": testUser, "password": testPassword,
			"timeouts": map[string]any{"dot": l.Timeout.String()},
		},
	})
	if err != nil {
		t.Fatalf("new: %v", err)
	}
	return v
}

var (
	rcptPattern = regexp.MustCompile(`(?i)^RCPT TO:<([^>]*)>`)
	keyPattern  = regexp.MustCompile(`(?im)^Message-ID: <([^@]*)@`)
)

func (s *scripted) serve(c net.Conn) {
	r := bufio.NewReader(c)
	say := func(line string) { _, _ = fmt.Fprintf(c, "%s\r\n", line) }
	say("220 scripted.test ESMTP")
	var to message.Address
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		verb := strings.ToUpper(strings.TrimSpace(line))
		switch {
		case strings.HasPrefix(verb, "EHLO"):
			say("250-scripted.test\r\n250-PIPELINING\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME")
		case strings.HasPrefix(verb, "AUTH"):
			say("235 2.7.0 ok")
		case strings.HasPrefix(verb, "MAIL"):
			s.Try()
			if s.behaviour == vendorstest.CutBefore {
				return
			}
			say("250 2.1.0 ok")
		case strings.HasPrefix(verb, "RCPT"):
			to = message.Address(rcptPattern.FindStringSubmatch(strings.TrimSpace(line))[1])
			say(s.rcpt(to))
		case verb == "DATA":
			say("354 go on")
			if !s.data(c, r, to) {
				return
			}
		case verb == "QUIT":
			say("221 2.0.0 bye")
			return
		default:
			say("250 2.0.0 ok")
		}
	}
}

func (s *scripted) rcpt(to message.Address) string {
	replies := map[vendorstest.Behaviour]string{
		vendorstest.Reject:   "550 5.1.1 <" + string(to) + ">: no such user",
		vendorstest.Throttle: "450 4.7.1 <" + string(to) + ">: greylisted",
	}
	if reply, ok := replies[s.behaviour]; ok {
		return reply
	}
	return "250 2.1.5 ok"
}

// data reads a message and answers as the behaviour asks; false ends the connection.
func (s *scripted) data(c net.Conn, r *bufio.Reader, to message.Address) bool {
	var body strings.Builder
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		body.WriteString(line)
	}
	key := ""
	if m := keyPattern.FindStringSubmatch(body.String()); m != nil {
		key = m[1]
	}
	n := s.Arrive(vendorstest.Arrival{Key: message.Key(key), To: to})
	reply, odd := map[vendorstest.Behaviour]string{
		vendorstest.Refuse:   "552 5.7.0 " + testUser + " " + testPassword + ": Daily sending quota exceeded\r\n",
		vendorstest.Unlisted: "399 what is this\r\n",
		vendorstest.Garbage:  "<html>queued, perhaps</html>\r\n",
		vendorstest.Empty:    "\r\n",
		vendorstest.Huge:     strings.Repeat("250-"+strings.Repeat("x", 500)+"\r\n", 5000),
	}[s.behaviour]
	if !odd {
		reply = fmt.Sprintf("250 2.0.0 Ok: queued as Q%05d\r\n", n)
	}
	if s.behaviour == vendorstest.Slow {
		<-s.release
	}
	if s.behaviour == vendorstest.CutAfter || s.behaviour == vendorstest.Slow || s.behaviour == vendorstest.ReusedCut && n > 1 {
		return false
	}
	_, err := c.Write([]byte(reply))
	return err == nil && s.behaviour != vendorstest.ReusedClosed
}

func TestConformance(t *testing.T) {
	vendorstest.Run(t, vendorstest.Harness{
		Start:   start,
		Message: vendorstest.Mail,
		NotApplicable: map[vendorstest.Behaviour]string{
			vendorstest.ServerError: "RFC 5321 4.2.1 defines every 4yz and 5yz reply as a refusal, also the server's own failures (451)",
			vendorstest.Redirect:    "SMTP sends nobody elsewhere: 251 means that the server forwards by itself, 551 is a refusal",
		},
		Secrets:    []string{testPassword, base64Of(testPassword), base64Of("\x00" + testUser + "\x00" + testPassword)},
		RetryAfter: time.Minute,
		Refusal:    message.ReasonQuota,
	})
}
