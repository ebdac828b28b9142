package evidence_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"testing"
	"time"

	"notify/pkg/vendors/evidence"
)

// Whoever is told that nothing left may send the message elsewhere: from that moment on nothing may leave any more, though the
// transport stands right before its first byte.
func TestWhatWasCalledUnsentDoesNotLeaveAfterwards(t *testing.T) {
	s := serveRaw(t, func(int) string { return fine })
	tr := evidence.New(evidence.Options{})
	defer tr.Close()
	var attempt *evidence.Attempt
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) {
		if !attempt.Unsent() {
			t.Error("not a byte was written")
		}
	}})
	ctx, attempt = evidence.Begin(ctx)
	resp, err := tr.RoundTrip(request(t, http.MethodPost, "http://"+s.Addr(), "{}").WithContext(ctx))
	if err == nil {
		_ = resp.Body.Close()
		t.Error("it left all the same")
	}
	if n := s.requests.Load(); n != 0 {
		t.Errorf("the server read %d requests", n)
	}
}

// closing tells whether a body was closed, as whoever gives one to a transport may rely on.
type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error {
	c.closed = true
	return nil
}

func TestAnAttemptThatWasCalledUnsentIsSpent(t *testing.T) {
	s := serveRaw(t, func(int) string { return fine })
	tr := evidence.New(evidence.Options{})
	defer tr.Close()
	ctx, attempt := evidence.Begin(t.Context())
	if !attempt.Unsent() {
		t.Fatal("nothing was begun")
	}
	body := &closing{Reader: strings.NewReader("{}")}
	r := request(t, http.MethodPost, "http://"+s.Addr(), "{}").WithContext(ctx)
	r.Body = body
	resp, err := tr.RoundTrip(r)
	if err == nil {
		_ = resp.Body.Close()
	}
	if !errors.Is(err, evidence.ErrSpent) || !body.closed {
		t.Errorf("%v, body closed %v", err, body.closed)
	}
	// A connection that was on its way to it comes too late.
	near, far := net.Pipe()
	defer func() { _, _ = near.Close(), far.Close() }()
	c, _ := evidence.Counting(near)
	httptrace.ContextClientTrace(ctx).GotConn(httptrace.GotConnInfo{Conn: c})
	if _, err := c.Write([]byte("POST")); err == nil {
		t.Error("it can be written to")
	}
	if n := s.requests.Load(); n != 0 {
		t.Errorf("the server read %d requests", n)
	}
}

func TestARequestThatIsOfNoAttemptIsClosedAndRefused(t *testing.T) {
	tr := evidence.New(evidence.Options{})
	defer tr.Close()
	body := &closing{Reader: strings.NewReader("{}")}
	r := request(t, http.MethodPost, "http://nobody.invalid", "{}")
	r.Body = body
	resp, err := tr.RoundTrip(r)
	if err == nil {
		_ = resp.Body.Close()
	}
	if !errors.Is(err, evidence.ErrNoAttempt) || !body.closed {
		t.Errorf("%v, body closed %v", err, body.closed)
	}
}

// While a request is under way, whatever else happens under its attempt takes the proof away from its answer.
func TestASecondConnectionTakesTheProofFromTheAnswer(t *testing.T) {
	tr := evidence.New(evidence.Options{Concurrency: 2})
	defer tr.Close()
	near, far := net.Pipe()
	defer func() { _, _ = near.Close(), far.Close() }()
	for name, second := range map[string]func(ctx context.Context, url string){
		"another round trip": func(ctx context.Context, url string) {
			resp, err := tr.RoundTrip(request(t, http.MethodPost, url, "{}").WithContext(ctx))
			if err == nil {
				_ = resp.Body.Close()
			}
			if !errors.Is(err, evidence.ErrSpent) {
				t.Errorf("the second round trip: %v", err)
			}
		},
		"a connection that counts": func(ctx context.Context, _ string) {
			c, _ := evidence.Counting(near)
			httptrace.ContextClientTrace(ctx).GotConn(httptrace.GotConnInfo{Conn: c})
			if _, err := c.Write([]byte("POST")); err == nil {
				t.Error("it can be written to")
			}
		},
		"a connection of another kind": func(ctx context.Context, _ string) {
			httptrace.ContextClientTrace(ctx).GotConn(httptrace.GotConnInfo{Conn: near})
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, attempt := evidence.Begin(t.Context())
			var url string
			s := serveRaw(t, func(int) string {
				second(ctx, url)
				return fine
			})
			url = "http://" + s.Addr()
			resp, err := tr.RoundTrip(request(t, http.MethodPost, url, "{}").WithContext(ctx))
			if err == nil {
				_ = resp.Body.Close()
				t.Error("the answer was taken for that of the one request")
			}
			if attempt.Unsent() {
				t.Error("a request that the server read is called unsent")
			}
		})
	}
}

func TestALateAttemptLeavesNothing(t *testing.T) {
	s := serveRaw(t, func(int) string { return fine })
	tr := evidence.New(evidence.Options{})
	defer tr.Close()
	late := true
	ctx := evidence.UnlessLate(t.Context(), func() bool { return late })
	if a := tr.Do(ctx, request(t, http.MethodPost, "http://"+s.Addr(), "{}")); !a.Unsent || a.Stage != evidence.StageHeld {
		t.Errorf("%+v, want it held", a)
	}
	if n := s.requests.Load(); n != 0 {
		t.Errorf("the server read %d requests", n)
	}
	late = false
	if a := tr.Do(ctx, request(t, http.MethodPost, "http://"+s.Addr(), "{}")); !a.Whole {
		t.Errorf("in time: %+v", a)
	}
}

func TestAContextThatHadEndedIsNotTried(t *testing.T) {
	tr := evidence.New(evidence.Options{})
	defer tr.Close()
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	expired, cancel := context.WithDeadline(t.Context(), time.Unix(1, 0))
	defer cancel()
	for name, ctx := range map[string]context.Context{"cancelled": cancelled, "expired": expired} {
		body := &closing{Reader: strings.NewReader("{}")}
		r := request(t, http.MethodPost, "http://nobody.invalid", "{}")
		r.Body = body
		if a := tr.Do(ctx, r); !a.Unsent || a.Stage != evidence.StageContext || !body.closed {
			t.Errorf("%s: %+v, body closed %v", name, a, body.closed)
		}
	}
}

// brittle is a connection that breaks in a write: after the bytes were taken, or before.
type brittle struct {
	net.Conn
	breaks, takes bool
}

func (b *brittle) Write(p []byte) (int, error) {
	if !b.breaks {
		return b.Conn.Write(p)
	}
	if !b.takes {
		return 0, io.ErrClosedPipe
	}
	n, _ := b.Conn.Write(p)
	return n, io.ErrClosedPipe
}

// TLS says that it wrote nothing where the connection below broke, though a whole record had left.
func TestBytesThatLeftBelowTLSAreCounted(t *testing.T) {
	srv := httptest.NewTLSServer(http.NotFoundHandler())
	defer srv.Close()
	roots := srv.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	for _, takes := range []bool{true, false} {
		raw, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", srv.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		below := &brittle{Conn: raw, takes: takes}
		c, seal, err := evidence.CountingTLS(t.Context(), below, &tls.Config{RootCAs: roots, ServerName: "example.com", MinVersion: tls.VersionTLS12})
		if err != nil {
			t.Fatal(err)
		}
		below.breaks = true
		if n, err := c.Write([]byte("POST / HTTP/1.1\r\n")); n != 0 || err == nil {
			t.Errorf("%d bytes were written, %v", n, err)
		}
		if begun := seal(); (begun > 0) != takes {
			t.Errorf("the connection took the bytes: %v; %d count as begun", takes, begun)
		}
		_ = c.Close()
	}
}

func TestAConnectionThatTookAPartCountsAllOfIt(t *testing.T) {
	near, far := net.Pipe()
	defer func() { _, _ = near.Close(), far.Close() }()
	go func() {
		_, _ = io.CopyN(io.Discard, far, 2)
		_ = far.Close()
	}()
	c, seal := evidence.Counting(near)
	if n, err := c.Write([]byte("hello")); n != 2 || err == nil {
		t.Fatalf("%d, %v", n, err)
	}
	if n := seal(); n == 0 {
		t.Error("nothing counts as begun, and 2 bytes left")
	}
}
