package evidence_test

import (
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"notify/pkg/vendors/evidence"
	"notify/pkg/vendors/vendorstest"
)

// A client that a vendor publishes makes the request; what is known of it is the attempt's.
func TestWhatAClientMadeOfAnAttemptIsKnown(t *testing.T) {
	release, began := make(chan struct{}), make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			close(began)
			<-release
		}
		w.Header().Set("Asked-For", r.Header.Get("Accept-Encoding"))
		_, _ = io.WriteString(w, "taken")
	}))
	defer srv.Close()
	tr := evidence.New(evidence.Options{Concurrency: 2})
	defer tr.Close()

	ctx, a := evidence.Begin(t.Context())
	resp, err := tr.RoundTrip(request(t, http.MethodPost, srv.URL, "{}").WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil || string(body) != "taken" || !resp.ProtoAtLeast(1, 1) || resp.ProtoAtLeast(1, 2) || resp.ProtoAtLeast(2, 0) {
		t.Errorf("the client reads %q by HTTP/%d.%d, %v", body, resp.ProtoMajor, resp.ProtoMinor, err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Error(err)
	}
	// Nothing unpacks the answer: its length is what the vendor marked.
	if got := a.Answer(); !got.Whole || got.Status != http.StatusOK || string(got.Body) != "taken" || !got.Marked || got.Header.Get("Asked-For") != "" {
		t.Errorf("of an answer that was read, %+v is known", got)
	}

	ctx, a = evidence.Begin(t.Context())
	ended := make(chan error, 1)
	go func() {
		resp, err := tr.RoundTrip(request(t, http.MethodPost, srv.URL+"/slow", "{}").WithContext(ctx))
		if err == nil {
			err = resp.Body.Close()
		}
		ended <- err
	}()
	<-began
	if got := a.Answer(); got.Unsent || got.Whole || got.Stage != evidence.StageCut {
		t.Errorf("of a request that is under way, %+v is known", got)
	}
	close(release)
	if err := <-ended; err != nil {
		t.Error(err)
	}

	ctx, a = evidence.Begin(t.Context())
	if got := a.Answer(); !got.Unsent || got.Whole || got.Stage != evidence.StageRequest {
		t.Errorf("of a request that was never made, %+v is known", got)
	}
	resp, err = tr.RoundTrip(request(t, http.MethodPost, srv.URL, "{}").WithContext(ctx))
	if err == nil {
		err = resp.Body.Close()
	}
	if !errors.Is(err, evidence.ErrSpent) {
		t.Errorf("what was called unsent may leave afterwards: %v", err)
	}
}

// Whoever says nothing about connections gets one, and it is given up with the transport.
func TestConnectionsAreAsManyAsAllowedAndGivenUpInTheEnd(t *testing.T) {
	for name, c := range map[string]struct{ allowed, want int }{"not said": {0, 1}, "one": {1, 1}, "three": {3, 3}} {
		t.Run(name, func(t *testing.T) {
			arrived, release := make(chan struct{}, 10), make(chan struct{})
			gone := make(chan struct{}, 10)
			srv := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				arrived <- struct{}{}
				<-release
			}))
			srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
				if s == http.StateClosed {
					gone <- struct{}{}
				}
			}
			srv.Start()
			defer srv.Close()
			tr := evidence.New(evidence.Options{Concurrency: c.allowed})
			done := make(chan evidence.Answer, 4)
			for range 4 {
				go func() { done <- tr.Do(t.Context(), request(t, http.MethodPost, srv.URL, "{}")) }()
			}
			for range c.want {
				<-arrived
			}
			select {
			case <-arrived:
				t.Errorf("more than %d are under way at a time", c.want)
			case <-time.After(50 * time.Millisecond):
			}
			close(release)
			for range 4 {
				if a := <-done; !a.Whole {
					t.Errorf("answer: %+v", a)
				}
			}
			tr.Close()
			for range c.want {
				<-gone
			}
		})
	}
}

// An answer is read up to its bound, and not a byte beyond, whether its end is marked by a length or by the connection.
func TestAnAnswerIsReadUpToItsBound(t *testing.T) {
	for name, c := range map[string]struct {
		header string
		whole  bool
	}{
		"as long as the bound, by length":      {"Content-Length: 4\r\n\r\nfour", true},
		"as long as the bound, by its end":     {"Connection: close\r\n\r\nfour", true},
		"a byte more, by length":               {"Content-Length: 5\r\n\r\nfives", false},
		"a byte more, by its end":              {"Connection: close\r\n\r\nfives", false},
		"nothing, by length":                   {"Content-Length: 0\r\n\r\n", true},
		"shorter than its length, and the end": {"Content-Length: 4\r\n\r\nfou", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := vendorstest.Listen(t, func(conn net.Conn) {
				buf := make([]byte, 1<<10)
				if _, err := conn.Read(buf); err == nil {
					_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n"+c.header)
				}
			})
			tr := evidence.New(evidence.Options{})
			defer tr.Close()
			a := tr.Do(evidence.UpTo(t.Context(), 4), request(t, http.MethodGet, "http://"+s.Addr(), ""))
			if a.Whole != c.whole || a.Unsent {
				t.Errorf("%+v, whole should be %t", a, c.whole)
			}
		})
	}
}

// A server that is not there is so below TLS, too.
func TestNobodyListensBelowTLS(t *testing.T) {
	tr := evidence.New(evidence.Options{RootCAs: x509.NewCertPool()})
	defer tr.Close()
	if a := tr.Do(t.Context(), request(t, http.MethodPost, "https://"+vendorstest.NobodyListens, "{}")); !a.Unsent || a.Stage != evidence.StageConnect || a.Err == nil {
		t.Errorf("nobody listens: %+v", a)
	}
}
