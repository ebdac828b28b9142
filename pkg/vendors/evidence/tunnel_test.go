package evidence_test

import (
	"bufio"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"

	"notify/pkg/vendors/evidence"
	"notify/pkg/vendors/vendorstest"
)

// Inside a proxy's tunnel net/http makes the TLS connection by itself, and the count lies below it.
func TestEvidenceHoldsInsideATunnel(t *testing.T) {
	var requests atomic.Int64
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if requests.Add(1) > 1 {
			panic(http.ErrAbortHandler) // cuts the connection
		}
		_, _ = io.WriteString(w, "{}")
	}))
	defer srv.Close()
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())
	for _, tt := range []struct {
		name  string
		proxy func(t *testing.T, c net.Conn)
		want  []evidence.Answer
	}{
		{
			"a tunnel that carries, and a server that cuts the second request",
			func(t *testing.T, c net.Conn) {
				t.Helper()
				relay(t, c, srv.Listener.Addr().String())
			},
			[]evidence.Answer{{Whole: true, Status: 200}, {Stage: evidence.StageCut}},
		},
		{
			"a proxy that refuses",
			func(_ *testing.T, c net.Conn) {
				_, _ = io.WriteString(c, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
			},
			[]evidence.Answer{{Unsent: true}}, // the stage depends on how the system tells of the end
		},
		{
			"a tunnel that is cut before TLS",
			func(_ *testing.T, c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n") },
			[]evidence.Answer{{Unsent: true}}, // the stage depends on how the system tells of the end
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			proxy := vendorstest.Listen(t, func(c net.Conn) {
				if r, err := http.ReadRequest(bufio.NewReader(c)); err == nil && r.Method == http.MethodConnect {
					tt.proxy(t, c)
				}
			})
			tr := evidence.New(evidence.Options{RootCAs: roots})
			defer tr.Close()
			evidence.ThroughProxy(tr, &url.URL{Scheme: "http", Host: proxy.Addr()})
			for i, want := range tt.want {
				// The name is in the test server's certificate, and only the proxy ever sees it.
				a := tr.Do(t.Context(), request(t, http.MethodPost, "https://example.com/", "{}", "Idempotency-Key", "k"))
				if a.Whole != want.Whole || a.Unsent != want.Unsent || a.Status != want.Status || !want.Unsent && a.Stage != want.Stage {
					t.Errorf("request %d: %+v, want %+v", i+1, a, want)
				}
			}
		})
	}
	if n := requests.Load(); n != 2 {
		t.Errorf("the server read %d requests for 2 attempts", n)
	}
}

func relay(t *testing.T, c net.Conn, to string) {
	t.Helper()
	out, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", to)
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = out.Close() }()
	_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
	go func() {
		_, _ = io.Copy(out, c)
		_ = out.Close()
	}()
	_, _ = io.Copy(c, out)
}
