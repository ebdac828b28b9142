package evidence

import (
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
