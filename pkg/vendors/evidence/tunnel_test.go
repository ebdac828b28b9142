package evidence_test

import (
	"bufio"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
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

// A proxy that sees plain HTTP could repeat a message. The environment is read once by a process, so that this one asks another.
func TestPlainHTTPKnowsNoProxy(t *testing.T) {
	const child = "EVIDENCE_ASKED_FOR_ITS_PROXY"
	if os.Getenv(child) == "" {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestPlainHTTPKnowsNoProxy$")
		cmd.Env = append(os.Environ(), child+"=1", "HTTP_PROXY=http://proxy.test:3128", "HTTPS_PROXY=http://proxy.test:3128", "NO_PROXY=", "no_proxy=", "REQUEST_METHOD=")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	for scheme, want := range map[string]bool{"http": false, "https": true} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, scheme+"://gateway.test/send", nil)
		if err != nil {
			t.Fatal(err)
		}
		if proxy, err := evidence.ProxyOf(r); err != nil || (proxy != nil) != want {
			t.Errorf("%s goes through %v, %v", scheme, proxy, err)
		}
	}
}
