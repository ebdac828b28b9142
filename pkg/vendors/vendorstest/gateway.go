package vendorstest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"notify/pkg/message"
	"notify/pkg/vendors"
)

// HTTP is how a vendor's API looks from the server's side.
type HTTP struct {
	// New builds the adapter; the options are still to be set in s.
	New func(t *testing.T, s vendors.Settings) (vendors.Vendor, error)
	// Message is message n, as in Harness.
	Message func(n int) message.Message
	Secrets []string
	// Read checks authorisation and form of a request, and returns what arrived.
	Read func(t *testing.T, r *http.Request, body []byte) Arrival
	// Answers are what the vendor answers where the behaviour is an answer.
	Answers map[Behaviour]Answer
	// RetryAfter is what the answer to Throttle asks for, Refusal the reason in that to Refuse.
	RetryAfter time.Duration
	Refusal    message.Reason
	NoKey      string
	NoID       string
}

// Answer is an answer over HTTP. Header are further lines, each with its end; the first %d in each is a number of its own.
type Answer struct {
	Status int
	Header string
	Body   string
}

// gateway plays a protocol by hand, byte by byte.
type gateway struct {
	*Listener
	*Log
	t         *testing.T
	p         HTTP
	b         Behaviour
	endpoint  string
	elsewhere *Listener
	release   chan struct{}
}

// Harness is the suite's harness for an adapter that speaks HTTP.
func (p HTTP) Harness() Harness {
	return Harness{
		Start: func(t *testing.T, b Behaviour) Server {
			t.Helper()
			return start(t, p, b)
		},
		NotApplicable: map[Behaviour]string{CutBefore: "HTTP has no dialogue before the message; what is cut there is a connection or TLS"},
		Message:       p.Message,
		Secrets:       p.Secrets,
		RetryAfter:    p.RetryAfter,
		Refusal:       p.Refusal,
		NoKey:         p.NoKey,
		NoID:          p.NoID,
	}
}

func start(t *testing.T, p HTTP, b Behaviour) *gateway {
	t.Helper()
	g := &gateway{Log: NewLog(), t: t, p: p, b: b, release: make(chan struct{})}
	g.elsewhere = Listen(t, func(c net.Conn) {
		g.Try() // whatever comes there has followed a redirect
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	})
	g.Listener = Listen(t, g.serve)
	t.Cleanup(func() { close(g.release) })
	endpoints := map[Behaviour]string{
		NoListener: "http://" + NobodyListens,
		NoName:     "https://nobody.invalid",
		BadTLS:     "https://" + g.Addr(),
	}
	if g.endpoint = endpoints[b]; g.endpoint == "" {
		g.endpoint = "http://" + g.Addr()
	}
	return g
}

// Vendor implements Server.
func (g *gateway) Vendor(t *testing.T, l Limits) vendors.Vendor {
	t.Helper()
	v, err := g.p.New(t, vendors.Settings{Account: "acc", Endpoint: g.endpoint, Concurrency: l.Concurrency, Timeout: l.Timeout, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (g *gateway) serve(c net.Conn) {
	br := bufio.NewReader(c)
	for n := 1; ; n++ {
		if _, err := br.Peek(1); err != nil {
			return
		}
		if g.b != BadTLS {
			g.Try()
		}
		r, err := http.ReadRequest(br)
		if err != nil {
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		count := g.Arrive(g.p.Read(g.t, r, body))
		if !g.answer(c, n, count) {
			return
		}
	}
}

// answer writes what the behaviour says, and reports whether the connection stays open.
func (g *gateway) answer(c net.Conn, n, count int) bool {
	say := func(b Behaviour) bool {
		a := g.p.Answers[b]
		body, header := strings.Replace(a.Body, "%d", fmt.Sprint(count), 1), strings.Replace(a.Header, "%d", fmt.Sprint(count), 1)
		_, err := fmt.Fprintf(c, "HTTP/1.1 %d X\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s", a.Status, header, len(body), body)
		return err == nil
	}
	switch g.b { //nolint:exhaustive // the others are answers
	case CutAfter:
		return false
	case Slow:
		<-g.release
		return false
	case Garbage:
		_, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n{\"code\":\"OK\" <html>")
		return err == nil
	case Empty:
		_, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		return err == nil
	case Huge:
		return g.flood(c)
	case Redirect:
		_, err := fmt.Fprintf(c, "HTTP/1.1 307 X\r\nLocation: http://%s/\r\nContent-Length: 0\r\n\r\n", g.elsewhere.Addr())
		return err == nil
	case ReusedCut:
		return n == 1 && say(Accept)
	case ReusedClosed:
		say(Accept)
		return false
	default:
		return say(g.b)
	}
}

func (g *gateway) flood(c net.Conn) bool {
	if _, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"); err != nil {
		return false
	}
	chunk := fmt.Sprintf("%x\r\n%s\r\n", 1<<16, strings.Repeat(" ", 1<<16))
	for {
		if _, err := io.WriteString(c, chunk); err != nil {
			return false
		}
	}
}
