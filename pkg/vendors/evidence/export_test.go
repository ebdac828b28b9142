package evidence

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
)

// ThroughProxy makes a Transport use a proxy that the environment does not name.
func ThroughProxy(t *Transport, proxy *url.URL) {
	t.inner.Proxy = http.ProxyURL(proxy)
}

// Counting wraps a connection as the dialer does, and gives the means to seal it.
func Counting(c net.Conn) (counted net.Conn, seal func() int64) {
	x := &conn{Conn: c}
	return x, x.seal
}

// CountingTLS does the same for a connection below TLS.
func CountingTLS(ctx context.Context, c net.Conn, config *tls.Config) (counted net.Conn, seal func() int64, err error) {
	under := &conn{Conn: c}
	over := tls.Client(under, config)
	x := &conn{Conn: over, under: under}
	return x, x.seal, over.HandshakeContext(ctx)
}

// ProxyOf is the proxy that a Transport takes for a request.
func ProxyOf(r *http.Request) (*url.URL, error) { return tunnelOnly(r) }
