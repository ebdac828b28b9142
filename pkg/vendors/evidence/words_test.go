package evidence_test

import (
	"bufio"
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"testing"

	"notify/pkg/vendors/evidence"
	"notify/pkg/vendors/vendorstest"
)

// ending is a context that ends when the test says so, by a timeout or because the caller gave up.
type ending struct {
	context.Context
	done chan struct{}
	err  error
}

func (e *ending) Done() <-chan struct{} { return e.done }

func (e *ending) Err() error {
	select {
	case <-e.done:
		return e.err
	default:
		return nil
	}
}

func ends(t *testing.T, err error) *ending {
	t.Helper()
	return &ending{Context: t.Context(), done: make(chan struct{}), err: err}
}

func TestAnAttemptSaysWhyItWasGivenUp(t *testing.T) {
	for _, c := range []struct {
		name           string
		err            error
		waiting, begun string
	}{
		{"by its timeout", context.DeadlineExceeded, evidence.StageConnect, evidence.StageTimeout},
		{"by the caller", context.Canceled, evidence.StageContext, evidence.StageCancel},
	} {
		t.Run(c.name, func(t *testing.T) {
			release := make(chan struct{})
			defer close(release)
			first := ends(t, c.err)
			s := serveRaw(t, func(int) string {
				close(first.done) // it has left, and there is no answer
				<-release
				return ""
			})
			tr := evidence.New(evidence.Options{Concurrency: 1})
			defer tr.Close()
			a := tr.Do(first, request(t, http.MethodPost, "http://"+s.Addr(), "{}"))
			if a.Unsent || a.Whole || a.Stage != c.begun {
				t.Errorf("under way: %+v, want %s", a, c.begun)
			}
			// The only connection is taken by an attempt that waits for its answer; another one waits for a connection.
			taken := make(chan struct{})
			hold := vendorstest.Listen(t, func(conn net.Conn) {
				close(taken)
				_, _ = io.Copy(io.Discard, conn)
			})
			go tr.Do(t.Context(), request(t, http.MethodPost, "http://"+hold.Addr(), "{}"))
			<-taken
			busy := ends(t, c.err)
			ctx := httptrace.WithClientTrace(busy, &httptrace.ClientTrace{GetConn: func(string) { close(busy.done) }})
			a = tr.Do(ctx, request(t, http.MethodPost, "http://"+hold.Addr(), "{}"))
			if !a.Unsent || a.Whole || a.Stage != c.waiting {
				t.Errorf("waiting for a connection: %+v, want unsent at %s", a, c.waiting)
			}
		})
	}
}

func TestWhatTLSRefusesInsideATunnelIsSaid(t *testing.T) {
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains of clients that do not trust it
	secure.StartTLS()
	defer secure.Close()
	roots := secure.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	plain := vendorstest.Listen(t, func(c net.Conn) {
		_, _ = io.CopyN(io.Discard, c, 1) // the client begins
		_, _ = io.WriteString(c, "220 mx.example.test ESMTP\r\n")
		_, _ = io.Copy(io.Discard, c)
	})
	for _, c := range []struct {
		name, to, host string
		options        evidence.Options
	}{
		{"a certificate that is not trusted", secure.Listener.Addr().String(), "example.com", evidence.Options{}},
		{"a certificate of another name", secure.Listener.Addr().String(), "sms.vendor.test", evidence.Options{RootCAs: roots}},
		{"no TLS at all", plain.Addr(), "example.com", evidence.Options{RootCAs: roots}},
	} {
		t.Run(c.name, func(t *testing.T) {
			proxy := vendorstest.Listen(t, func(conn net.Conn) {
				if r, err := http.ReadRequest(bufio.NewReader(conn)); err == nil && r.Method == http.MethodConnect {
					relay(t, conn, c.to)
				}
			})
			tr := evidence.New(c.options)
			defer tr.Close()
			evidence.ThroughProxy(tr, &url.URL{Scheme: "http", Host: proxy.Addr()})
			if a := tr.Do(t.Context(), request(t, http.MethodPost, "https://"+c.host+"/", "{}")); !a.Unsent || a.Stage != evidence.StageTLS || a.Err == nil {
				t.Errorf("%+v", a)
			}
		})
	}
}
