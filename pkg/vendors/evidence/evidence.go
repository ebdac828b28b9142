// Package evidence is the HTTP transport of every adapter that speaks HTTP: it knows, for each attempt, whether a byte of the
// request can have left and whether an answer was read whole. Adapters turn that into an outcome; they never look at an error.
//
// What counts as proof:
//
//   - No connection was got for the request, or one was got and not a byte was written to it: nothing left. The connection is
//     sealed as that is found, so that a write which is only now beginning finds it closed.
//   - The status line, the header and the body were read to their end, within bounds: that is an answer.
//   - Everything else proves nothing.
//
// net/http repeats a request by itself when a kept connection dies: any GET, any request with an Idempotency-Key, and any
// request of which it believes that nothing was written. Here a second connection under one attempt is sealed before it is
// written to, so that no rule of net/http can put a request on the wire twice. HTTP/2 is off: it repeats streams that a server
// refused, and shares a connection between requests, where a count of bytes proves nothing.
package evidence

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"
)

const (
	dialTimeout      = 10 * time.Second // for the connection and the TLS handshake together
	maxHeaderBytes   = 64 << 10
	writeBufferBytes = 16 << 10 // most requests leave in one write
	// idleTimeout is below the 5 s after which Node.js closes a kept connection, the shortest of the common servers. A request
	// that meets the server's close in flight ends as unknown, so a connection is given up before that can be.
	idleTimeout = 4 * time.Second
)

// Errors of RoundTrip. Each means that nothing was sent by this call.
var (
	ErrNoAttempt = errors.New("evidence: the request's context is of no attempt")
	ErrSpent     = errors.New("evidence: the attempt has already had its round trip")
)

var (
	errSealed   = errors.New("evidence: connection is sealed")
	errRepeated = errors.New("evidence: a second connection was wanted for one attempt")
)

// Options are what a Transport is built from.
type Options struct {
	// Concurrency is how many connections to a host are opened, and kept; zero means 1.
	Concurrency int
	// RootCAs are trusted instead of the system's; nil means the system's. Certificates are always verified.
	RootCAs *x509.CertPool
	// Single gives each request a connection of its own, which is closed behind it: for methods that net/http repeats by itself.
	Single bool
}

// Transport carries attempts over HTTP/1.1. It is safe for concurrent use. A proxy from the environment is used for https
// only, where it carries a tunnel that it cannot read or repeat.
type Transport struct {
	inner *http.Transport
}

// New builds a Transport. It makes no connection.
func New(o Options) *Transport {
	n := max(o.Concurrency, 1)
	d := &dialer{
		net: net.Dialer{Timeout: dialTimeout},
		tls: &tls.Config{RootCAs: o.RootCAs, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}},
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &Transport{inner: &http.Transport{
		Proxy:                  tunnelOnly,
		DialContext:            d.dial,
		DialTLSContext:         d.dialTLS,
		TLSClientConfig:        d.tls,
		TLSHandshakeTimeout:    dialTimeout,
		DisableCompression:     true,
		DisableKeepAlives:      o.Single,
		MaxIdleConnsPerHost:    n,
		MaxConnsPerHost:        n,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
		WriteBufferSize:        writeBufferBytes,
		Protocols:              protocols,
	}}
}

func tunnelOnly(r *http.Request) (*url.URL, error) {
	if r.URL.Scheme != "https" {
		return nil, nil // what http.Transport.Proxy asks for where there is no proxy
	}
	return http.ProxyFromEnvironment(r)
}

// Close gives up all connections that are not in use.
func (t *Transport) Close() { t.inner.CloseIdleConnections() }

// errUnread is what a client gets that has no answer to read.
var errUnread = errors.New("evidence: no whole answer")

// RoundTrip implements http.RoundTripper for the clients that vendors publish: they build and sign a request, and read its answer. The
// request's context comes from Begin, and a second request under the same attempt is refused: a redirect that is followed, a retry. What
// is known of it stands in Attempt.Answer, whatever the client makes of it.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	a, ok := r.Context().Value(attemptKey{}).(*Attempt)
	if !ok {
		closeBody(r)
		return nil, ErrNoAttempt
	}
	if !a.begun.CompareAndSwap(false, true) {
		a.repeated.Store(true)
		closeBody(r)
		return nil, ErrSpent
	}
	answer := t.try(r.Context(), a, r)
	a.answer.Store(&answer)
	if !answer.Whole {
		return nil, errUnread
	}
	return &http.Response{
		Status: http.StatusText(answer.Status), StatusCode: answer.Status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: answer.Header.Clone(), Body: io.NopCloser(bytes.NewReader(answer.Body)), ContentLength: int64(len(answer.Body)), Request: r,
	}, nil
}

// once is the round trip of an attempt that has not had one.
func (t *Transport) once(a *Attempt, r *http.Request) (*http.Response, error) {
	if r.GetBody != nil {
		r = r.WithContext(r.Context()) // a shallow copy: the caller's request is not ours to change
		r.GetBody = nil
	}
	resp, err := t.inner.RoundTrip(r)
	if err == nil && a.repeated.Load() {
		_ = resp.Body.Close()
		return nil, errRepeated
	}
	return resp, err
}

func closeBody(r *http.Request) {
	if r.Body != nil {
		_ = r.Body.Close()
	}
}

// dialer makes the connections that count.
type dialer struct {
	net net.Dialer
	tls *tls.Config
}

func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := d.net.DialContext(ctx, network, address)
	if err != nil {
		return nil, &stageError{stage: dialStage(err), err: err}
	}
	return &conn{Conn: c}, nil
}

func (d *dialer) dialTLS(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	c, err := d.net.DialContext(ctx, network, address)
	if err != nil {
		return nil, &stageError{stage: dialStage(err), err: err}
	}
	under := &conn{Conn: c}
	config := d.tls.Clone()
	config.ServerName, _, _ = net.SplitHostPort(address) // without a name TLS refuses
	over := tls.Client(under, config)
	if err := over.HandshakeContext(ctx); err != nil {
		_ = c.Close()
		return nil, &stageError{stage: StageTLS, err: err}
	}
	return &conn{Conn: over, under: under}, nil
}

// conn counts what may have been written to it, and can be sealed against writing.
type conn struct {
	net.Conn
	under *conn // the connection below TLS; nil where there is none
	// begun holds the bytes whose writing has begun, and the sealed bit.
	begun atomic.Int64
}

const sealedBit = int64(1) << 62

// Write counts before it writes, so that a count without growth, once sealed, is proof.
func (c *conn) Write(p []byte) (int, error) {
	n := int64(len(p))
	if c.begun.Add(n)&sealedBit != 0 {
		c.begun.Add(-n)
		return 0, errSealed
	}
	var below int64
	if c.under != nil {
		below = c.under.begun.Load()
	}
	written, err := c.Conn.Write(p)
	if written == 0 && err != nil && (c.under == nil || c.under.begun.Load() == below) {
		c.begun.Add(-n) // the kernel took nothing
	}
	return written, err
}

// seal forbids further writes, and reports how many bytes had begun.
func (c *conn) seal() int64 {
	return c.begun.Or(sealedBit) &^ sealedBit
}

// counted finds the counting connection: itself, or below the TLS that net/http adds inside a proxy's tunnel, where also TLS's
// own records count. That errs towards "may have left".
func counted(c net.Conn) *conn {
	for {
		switch x := c.(type) {
		case *conn:
			return x
		case interface{ NetConn() net.Conn }:
			c = x.NetConn()
		default:
			return nil
		}
	}
}
