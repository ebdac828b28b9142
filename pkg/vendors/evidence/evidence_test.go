package evidence_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"notify/pkg/vendors/evidence"
	"notify/pkg/vendors/vendorstest"
)

// raw is a server that counts requests as it reads them, below any HTTP library.
type raw struct {
	*vendorstest.Listener
	requests atomic.Int64
	got      chan struct{}
}

// serveRaw answers request n of a connection with what answer gives; an empty answer cuts the connection.
func serveRaw(t *testing.T, answer func(n int) string) *raw {
	t.Helper()
	s := &raw{got: make(chan struct{}, 1000)}
	s.Listener = vendorstest.Listen(t, func(c net.Conn) {
		br := bufio.NewReader(c)
		for n := 1; ; n++ {
			r, err := http.ReadRequest(br)
			if err != nil {
				return
			}
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				return
			}
			s.requests.Add(1)
			s.got <- struct{}{}
			a := answer(n)
			if a == "" {
				return
			}
			if _, err := io.WriteString(c, a); err != nil {
				return
			}
		}
	})
	return s
}

const fine = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

func request(t *testing.T, method, url, body string, headers ...string) *http.Request {
	t.Helper()
	var rd io.Reader
	if body != "" {
		rd = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, url, rd)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

func TestNothingRepeatsARequestOnAConnectionThatDied(t *testing.T) {
	for _, tt := range []struct {
		name, method, body string
		headers            []string
	}{
		{name: "a POST", method: http.MethodPost, body: "{}"},
		{name: "a POST that may be rewound and has an idempotency key", method: http.MethodPost, body: "{}", headers: []string{"Idempotency-Key", "k"}},
		{name: "a POST without a body that has an idempotency key", method: http.MethodPost, headers: []string{"X-Idempotency-Key", "k"}},
		{name: "a PUT", method: http.MethodPut, body: "{}"},
		{name: "a GET", method: http.MethodGet},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := serveRaw(t, func(n int) string {
				if n == 1 {
					return fine
				}
				return ""
			})
			tr := evidence.New(evidence.Options{Concurrency: 2})
			defer tr.Close()
			url := "http://" + s.Addr() + "/"
			if a := tr.Do(t.Context(), request(t, tt.method, url, tt.body, tt.headers...)); !a.Whole || a.Status != 200 {
				t.Fatalf("first: %+v", a)
			}
			a := tr.Do(t.Context(), request(t, tt.method, url, tt.body, tt.headers...))
			if a.Whole || a.Unsent {
				t.Errorf("second: %+v, want no answer and no proof", a)
			}
			if n := s.requests.Load(); n != 2 {
				t.Errorf("the server read %d requests for 2 attempts", n)
			}
		})
	}
}

// A plain client does repeat; without this the test above could pass for the wrong reason.
func TestAPlainClientRepeatsWhereTheTransportDoesNot(t *testing.T) {
	s := serveRaw(t, func(n int) string {
		if n == 1 {
			return fine
		}
		return ""
	})
	tr := &http.Transport{}
	defer tr.CloseIdleConnections()
	c := &http.Client{Transport: tr}
	for range 2 {
		resp, err := c.Do(request(t, http.MethodPost, "http://"+s.Addr(), "{}", "Idempotency-Key", "k"))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
	if n := s.requests.Load(); n != 3 {
		t.Errorf("the server read %d requests, 3 were expected of net/http", n)
	}
}

func TestUnsentIsProvenBeforeTheFirstByte(t *testing.T) {
	silent := vendorstest.Listen(t, func(net.Conn) {})
	plain := serveRaw(t, func(int) string { return fine })
	self := httptest.NewUnstartedServer(http.NotFoundHandler())
	self.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains of the client that does not trust it
	self.StartTLS()
	defer self.Close()
	for _, tt := range []struct{ name, url, stage string }{
		{"nobody listens", "http://" + vendorstest.NobodyListens, evidence.StageConnect},
		{"the name has no address", "http://nobody.invalid", evidence.StageDNS},
		{"the server closes in the TLS handshake", "https://" + silent.Addr(), evidence.StageTLS},
		{"the server speaks no TLS", "https://" + plain.Addr(), evidence.StageTLS},
		{"the certificate is not trusted", self.URL, evidence.StageTLS},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tr := evidence.New(evidence.Options{})
			defer tr.Close()
			a := tr.Do(t.Context(), request(t, http.MethodPost, tt.url, "{}"))
			if !a.Unsent || a.Whole || a.Stage != tt.stage {
				t.Errorf("%+v, want unsent at %s", a, tt.stage)
			}
			if a.Err == nil {
				t.Error("no cause")
			}
		})
	}
}

func TestAHeaderThatCannotBeWrittenLeavesNothing(t *testing.T) {
	s := serveRaw(t, func(int) string { return fine })
	tr := evidence.New(evidence.Options{})
	defer tr.Close()
	r := request(t, http.MethodPost, "http://"+s.Addr(), "{}")
	r.Header["X-Text"] = []string{"a\r\nInjected: b"}
	if a := tr.Do(t.Context(), r); !a.Unsent {
		t.Errorf("%+v, want unsent", a)
	}
	if s.requests.Load() != 0 {
		t.Error("a request reached the server")
	}
}

func TestAnswersAreWholeOrNothing(t *testing.T) {
	for _, tt := range []struct {
		name, answer string
		want         evidence.Answer
	}{
		{"a length", fine, evidence.Answer{Whole: true, Status: 200, Body: []byte("{}"), Marked: true}},
		{"chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", evidence.Answer{Whole: true, Status: 200, Body: []byte("{}"), Marked: true}},
		{"nothing inside", "HTTP/1.1 204 No Content\r\n\r\n", evidence.Answer{Whole: true, Status: 204, Body: []byte{}, Marked: true}},
		{"the connection's end", "HTTP/1.0 200 OK\r\n\r\n{}", evidence.Answer{Whole: true, Status: 200, Body: []byte("{}")}},
		{"less than its length", "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{}", evidence.Answer{Stage: evidence.StageCut}},
		{"no last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", evidence.Answer{Stage: evidence.StageCut}},
		{"half a header", "HTTP/1.1 200 OK\r\nContent-Le", evidence.Answer{Stage: evidence.StageCut}},
		{"no HTTP", "220 mx.example.test ESMTP\r\n", evidence.Answer{Stage: evidence.StageCut}},
		{"a header without end", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 100<<10), evidence.Answer{Stage: evidence.StageCut}},
		{
			"as long as the limit", "HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n" + strings.Repeat("x", evidence.MaxBody),
			evidence.Answer{Whole: true, Status: 200, Body: bytes.Repeat([]byte("x"), evidence.MaxBody), Marked: true},
		},
		{"a length beyond the limit", "HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n", evidence.Answer{Stage: evidence.StageSize}},
		{"chunks beyond the limit", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n110000\r\n" + strings.Repeat("x", 0x110000) + "\r\n0\r\n\r\n", evidence.Answer{Stage: evidence.StageSize}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := vendorstest.Listen(t, func(c net.Conn) {
				r, err := http.ReadRequest(bufio.NewReader(c))
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, r.Body)
				_, _ = io.WriteString(c, tt.answer)
			})
			tr := evidence.New(evidence.Options{})
			defer tr.Close()
			a := tr.Do(t.Context(), request(t, http.MethodPost, "http://"+s.Addr(), "{}"))
			if a.Whole != tt.want.Whole || a.Status != tt.want.Status || a.Marked != tt.want.Marked ||
				a.Stage != tt.want.Stage || a.Unsent || !bytes.Equal(a.Body, tt.want.Body) {
				t.Errorf("got %+v\nwant %+v", a, tt.want)
			}
		})
	}
}

func TestAnAttemptPaysForOneRoundTrip(t *testing.T) {
	elsewhere := serveRaw(t, func(int) string { return fine })
	s := serveRaw(t, func(int) string {
		return "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://" + elsewhere.Addr() + "/\r\nContent-Length: 0\r\n\r\n"
	})
	tr := evidence.New(evidence.Options{})
	defer tr.Close()
	client := &http.Client{Transport: tr} // a helpful library: it follows redirects
	ctx, attempt := evidence.Begin(t.Context())
	resp, err := client.Do(request(t, http.MethodPost, "http://"+s.Addr(), "{}").WithContext(ctx))
	if err == nil {
		_ = resp.Body.Close()
	}
	if !errors.Is(err, evidence.ErrSpent) {
		t.Errorf("error %v, want ErrSpent", err)
	}
	if attempt.Unsent() {
		t.Error("the first request did leave")
	}
	if s.requests.Load() != 1 || elsewhere.requests.Load() != 0 {
		t.Errorf("%d requests here, %d elsewhere", s.requests.Load(), elsewhere.requests.Load())
	}
	resp, err = client.Do(request(t, http.MethodPost, "http://"+s.Addr(), "{}"))
	if err == nil {
		_ = resp.Body.Close()
	}
	if !errors.Is(err, evidence.ErrNoAttempt) {
		t.Errorf("error %v, want ErrNoAttempt", err)
	}
}

// The caller may give up at any moment. Whenever the transport then says that nothing left, the server must have read nothing,
// also afterwards.
func TestGivingUpAtAnyMomentNeverClaimsTooMuch(t *testing.T) {
	for _, tls := range []bool{false, true} {
		t.Run(fmt.Sprintf("tls %t", tls), func(t *testing.T) {
			var mu sync.Mutex
			seen := map[string]bool{}
			h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				mu.Lock()
				seen[r.Header.Get("X-N")] = true
				mu.Unlock()
			})
			srv := httptest.NewUnstartedServer(h)
			options := evidence.Options{Concurrency: 4}
			if tls {
				srv.StartTLS()
				options.RootCAs = srv.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
			} else {
				srv.Start()
			}
			tr := evidence.New(options)
			begin := time.Now()
			if a := tr.Do(t.Context(), request(t, http.MethodPost, srv.URL, "{}", "X-N", "first")); !a.Whole {
				t.Fatalf("%+v", a)
			}
			span := time.Since(begin) // with the connection; later ones are shorter
			var unsent []string
			for n := range 600 {
				ctx, cancel := context.WithCancel(t.Context())
				if n%100 == 0 {
					cancel()
				}
				r := request(t, http.MethodPost, srv.URL, "{}", "X-N", fmt.Sprint(n))
				timer := time.AfterFunc(span*time.Duration(n%100)/100, cancel)
				a := tr.Do(ctx, r)
				timer.Stop()
				cancel()
				if a.Unsent {
					unsent = append(unsent, fmt.Sprint(n))
				}
			}
			tr.Close()
			srv.Close() // waits for every request that reached it
			for _, n := range unsent {
				if seen[n] {
					t.Errorf("request %s was called unsent, and the server had it", n)
				}
			}
			t.Logf("%d of 600 unsent, %d reached the server", len(unsent), len(seen))
			if len(unsent) == 0 || len(seen) == 0 {
				t.Error("the moments do not cover both sides")
			}
		})
	}
}

func TestAConnectionThatIsGoneBeforeTheFirstByteProvesUnsent(t *testing.T) {
	for _, kept := range []bool{false, true} {
		t.Run(fmt.Sprintf("kept %t", kept), func(t *testing.T) {
			s := serveRaw(t, func(int) string { return fine })
			tr := evidence.New(evidence.Options{})
			defer tr.Close()
			want := int64(0)
			if kept {
				if a := tr.Do(t.Context(), request(t, http.MethodPost, "http://"+s.Addr(), "{}")); !a.Whole {
					t.Fatalf("%+v", a)
				}
				want++
			}
			ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
				if info.Reused != kept {
					t.Errorf("reused %t", info.Reused)
				}
				_ = info.Conn.Close()
			}})
			if a := tr.Do(ctx, request(t, http.MethodPost, "http://"+s.Addr(), "{}")); !a.Unsent || a.Whole {
				t.Errorf("%+v, want unsent", a)
			}
			if n := s.requests.Load(); n != want {
				t.Errorf("the server read %d requests, want %d", n, want)
			}
		})
	}
}

func TestASealedConnectionTakesNoWrite(t *testing.T) {
	near, far := net.Pipe()
	c, seal := evidence.Counting(near)
	defer func() { _ = near.Close() }()
	go func() { _, _ = io.Copy(io.Discard, far) }()
	if n, err := c.Write([]byte("hello")); n != 5 || err != nil {
		t.Fatal(n, err)
	}
	if n := seal(); n != 5 {
		t.Errorf("%d bytes counted, want 5", n)
	}
	if n, err := c.Write([]byte("more")); n != 0 || err == nil {
		t.Errorf("a sealed connection took %d bytes, %v", n, err)
	}
	if n := seal(); n != 5 {
		t.Errorf("%d bytes counted after a refused write, want 5", n)
	}
}

func TestConnectionsAreKept(t *testing.T) {
	s := serveRaw(t, func(int) string { return fine })
	tr := evidence.New(evidence.Options{Concurrency: 4})
	defer tr.Close()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "http://"+s.Addr(), strings.NewReader("{}"))
				if err != nil {
					t.Error(err)
					return
				}
				if a := tr.Do(context.Background(), r); !a.Whole {
					t.Errorf("%+v", a)
				}
			}
		})
	}
	wg.Wait()
	if n := s.Total(); n > 4 {
		t.Errorf("%d connections for 200 requests, 4 at a time", n)
	}
}

func BenchmarkTransport(b *testing.B) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, `{"code":"OK","id":"sb-1","segments":1}`)
	}))
	defer srv.Close()
	const body = `{"to":"+447700900001","text":"a text of ordinary length, as it is sent","ref":"0123456789abcdefghjkmnpqrs"}`
	build := func(ctx context.Context) *http.Request {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, srv.URL, strings.NewReader(body))
		if err != nil {
			b.Error(err)
		}
		return r
	}
	b.Run("plain", func(b *testing.B) {
		tr := &http.Transport{MaxIdleConnsPerHost: 16, MaxConnsPerHost: 16, DisableCompression: true}
		defer tr.CloseIdleConnections()
		c := &http.Client{Transport: tr}
		parallel(b, func() bool {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			resp, err := c.Do(build(ctx))
			if err != nil {
				return false
			}
			defer func() { _ = resp.Body.Close() }()
			_, err = io.ReadAll(resp.Body)
			return err == nil
		})
	})
	b.Run("evidence", func(b *testing.B) {
		tr := evidence.New(evidence.Options{Concurrency: 16})
		defer tr.Close()
		parallel(b, func() bool {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			return tr.Do(ctx, build(context.Background())).Whole
		})
	})
}

func parallel(b *testing.B, send func() bool) {
	b.Helper()
	b.ReportAllocs()
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if !send() {
				b.Error("no answer")
			}
		}
	})
}
