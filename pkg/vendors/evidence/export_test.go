package evidence

import (
	"net/http"
	"net/url"
)

// ThroughProxy makes a Transport use a proxy that the environment does not name.
func ThroughProxy(t *Transport, proxy *url.URL) {
	t.inner.Proxy = http.ProxyURL(proxy)
}
