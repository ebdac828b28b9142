package httpvendor_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"notify/pkg/message"
	"notify/pkg/vendors"
	"notify/pkg/vendors/vendorstest"

	vendorfiles "notify/examples/vendors"
	httpvendor "notify/pkg/vendors/http"
)

// BenchmarkSend compares the adapter with a plain tuned client that builds the same request and reads the same answer by hand.
func BenchmarkSend(b *testing.B) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, `{"code":"OK","id":"sb-1","segments":1}`)
	}))
	defer srv.Close()
	m := vendorstest.SMS(1)
	b.Run("plain", func(b *testing.B) {
		tr := &http.Transport{MaxIdleConnsPerHost: 16, MaxConnsPerHost: 16, DisableCompression: true}
		defer tr.CloseIdleConnections()
		c := &http.Client{Transport: tr, Timeout: 10 * time.Second}
		parallel(b, func() bool { return plainSend(c, srv.URL+"/sms/send", m) })
	})
	b.Run("adapter", func(b *testing.B) {
		v := benchVendor(b, srv.URL)
		parallel(b, func() bool { return v.Send(context.Background(), m).Kind == message.OutcomeAccepted })
	})
}

func plainSend(c *http.Client, url string, m message.Message) bool {
	body, err := json.Marshal(map[string]string{"to": string(m.To), "text": m.Text, "ref": string(m.Key)})
	if err != nil {
		return false
	}
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url, strings.NewReader(string(body)))
	if err != nil {
		return false
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer t")
	resp, err := c.Do(r)
	if err != nil {
		return false
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct{ Code, ID string }
	return json.NewDecoder(resp.Body).Decode(&answer) == nil && answer.Code == "OK"
}

// BenchmarkAdapterAlone is the adapter's own work: building the request and reading the answer, over a server that is a
// function.
func BenchmarkAdapterAlone(b *testing.B) {
	build, read, err := httpvendor.Halves(benchVendor(b, "http://127.0.0.1:1"))
	if err != nil {
		b.Fatal(err)
	}
	m := vendorstest.SMS(1)
	b.Run("build", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := build(m); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		body := []byte(`{"code":"OK","id":"sb-1","segments":1}`)
		for b.Loop() {
			if o := read(200, body, m); o.Kind != message.OutcomeAccepted {
				b.Fatal(o)
			}
		}
	})
}

func benchVendor(b *testing.B, endpoint string) vendors.Vendor {
	b.Helper()
	v, err := httpvendor.Kind(vendorfiles.FS()).New(vendors.Settings{
		Account: "acc", Endpoint: endpoint, Concurrency: 16, Timeout: 10 * time.Second, Now: time.Now,
		Options: map[string]any{"definition": "builtin:sandbox-sms", "token": "t"},
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = v.Close() })
	return v
}

func parallel(b *testing.B, send func() bool) {
	b.Helper()
	b.ReportAllocs()
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if !send() {
				b.Error("not accepted")
			}
		}
	})
}
