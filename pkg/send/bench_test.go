package send_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/ledger/sqlite"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/send"
	"notify/pkg/vendors"
	"notify/pkg/vendors/all"
)

const benchMessages = 20_000

// BenchmarkHTTP compares the whole loop (claim, render, hand over, settle, every commit synced) with the same adapter
// without a ledger, against one server on loopback.
func BenchmarkHTTP(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"code":"OK","id":"sb-1","segments":1}`)
	}))
	defer server.Close()
	const slots = 256
	b.Run("client alone", func(b *testing.B) { benchClient(b, message.SMS, benchVendor(b, "http", server.URL, slots), slots) })
	b.Run("whole loop", func(b *testing.B) { benchLoop(b, message.SMS, benchVendor(b, "http", server.URL, slots), slots) })
}

// BenchmarkSMTP is the same over SMTP, against postfix's smtp-sink.
func BenchmarkSMTP(b *testing.B) {
	address := smtpSink(b)
	const slots = 128
	b.Run("client alone", func(b *testing.B) { benchClient(b, message.Email, benchVendor(b, "smtp", address, slots), slots) })
	b.Run("whole loop", func(b *testing.B) { benchLoop(b, message.Email, benchVendor(b, "smtp", address, slots), slots) })
}

func smtpSink(b *testing.B) string {
	b.Helper()
	path, err := exec.LookPath("smtp-sink")
	if err != nil {
		path = "/usr/sbin/smtp-sink"
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	args := []string{address, "1000"}
	if os.Geteuid() == 0 {
		args = append([]string{"-u", "nobody"}, args...) // it does not run as root
	}
	cmd := exec.Command(path, args...)
	if err := cmd.Start(); err != nil {
		b.Fatalf("smtp-sink, of Debian's package postfix: %v", err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for range 100 {
		if c, err := net.Dial("tcp", address); err == nil {
			_ = c.Close()
			return address
		}
		<-time.After(20 * time.Millisecond)
	}
	b.Fatal("smtp-sink does not listen")
	return ""
}

func benchVendor(b *testing.B, kind, endpoint string, slots int) vendors.Vendor {
	b.Helper()
	options := map[string]any{"definition": "builtin:sandbox-sms", "token": "t"}
	if kind == "smtp" {
		options = map[string]any{"address": endpoint, "tls": "none"}
		endpoint = ""
	}
	v, err := all.Registry().New(kind, vendors.Settings{
		Account: "a", Endpoint: endpoint, Concurrency: slots, Options: options, Now: time.Now,
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = v.Close() })
	return v
}

func benchSpec(ch message.Channel) plan.Spec {
	s := plan.Spec{Schema: plan.SpecSchema, Name: "bench", Environment: config.Production, Columns: []string{"name", "award"}}
	if ch == message.SMS {
		s.SMS = &campaign.SMS{File: "t", Text: "Dear {{name}}, you have won: {{award}}. Details follow by mail."}
		return s
	}
	s.Email = &campaign.Email{
		From: "Awards <award@edm.example.test>", Subject: "{{name}}, your award: {{award}}", TextFile: "t",
		Text: "Dear {{name}},\n\nyou have won: {{award}}.\n\nThe ceremony is in the great hall at seven in the evening. Please bring this mail.\n",
	}
	return s
}

func benchAddress(ch message.Channel, i int) message.Address {
	if ch == message.SMS {
		return message.Address(fmt.Sprintf("+86100%08d", i))
	}
	return message.Address(fmt.Sprintf("w%d@customer-%d.test", i, i%50))
}

// benchClient hands over the messages with nothing but the adapter.
func benchClient(b *testing.B, ch message.Channel, v vendors.Vendor, slots int) {
	b.Helper()
	for b.Loop() {
		var next atomic.Int64
		var once sync.Once
		var wg sync.WaitGroup
		for range slots {
			wg.Go(func() {
				for {
					i := int(next.Add(1))
					if i > benchMessages {
						return
					}
					to := benchAddress(ch, i)
					m := message.Message{
						Key: message.MakeKey("bench", ch, to, ""), Campaign: "bench", Channel: ch, To: to, Segments: 1,
						Text: "Dear Wang, you have won: the great prize. The ceremony is in the great hall at seven in the evening.",
					}
					if ch == message.Email {
						m.From, m.Subject = "Awards <award@edm.example.test>", "Wang, your award: the great prize"
					}
					o := v.Send(context.Background(), m)
					if o.Kind != message.OutcomeAccepted {
						once.Do(func() { b.Errorf("%+v", o) })
						return
					}
				}
			})
		}
		wg.Wait()
	}
	b.ReportMetric(float64(b.N)*benchMessages/b.Elapsed().Seconds(), "messages/s")
}

// benchLoop stages the messages, which is not counted, and runs the loop over them.
func benchLoop(b *testing.B, ch message.Channel, v vendors.Vendor, slots int) {
	b.Helper()
	price := message.Money(45000)
	cfg := &config.Config{
		Environment: config.Production, Timezone: time.UTC,
		Accounts: map[string]config.Account{"a": {Concurrency: slots, Price: &price, Currency: "CNY", DailyQuota: 1 << 40}},
		Routes:   map[message.Channel]config.Route{ch: {Accounts: []config.Share{{Account: "a", Weight: 1}}}},
	}
	var took time.Duration
	for b.Loop() {
		b.StopTimer()
		l := benchLedger(b, ch)
		loop := &send.Loop{
			Ledger: l, Reader: l, Campaign: "bench", Config: cfg, Vendors: map[string]vendors.Vendor{"a": v},
			Now: func() time.Time { return time.Now().Round(0) }, Log: slog.New(slog.DiscardHandler), Host: "h", User: "u", PID: 1,
		}
		b.StartTimer()
		start := time.Now()
		res, err := loop.Run(context.Background())
		took += time.Since(start)
		b.StopTimer()
		if err != nil || res.Pause != nil {
			b.Fatalf("%+v %v", res.Pause, err)
		}
		if c, err := l.Counts(context.Background(), "bench"); err != nil || c.Of(message.Accepted) != benchMessages {
			b.Fatalf("%+v %v", c, err)
		}
		_ = l.Close()
		b.StartTimer()
	}
	b.ReportMetric(float64(b.N)*benchMessages/took.Seconds(), "messages/s")
}

func benchLedger(b *testing.B, ch message.Channel) *sqlite.Ledger {
	b.Helper()
	l, err := sqlite.Open(context.Background(), filepath.Join(b.TempDir(), "ledger.db"), sqlite.Options{Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() })
	spec := benchSpec(ch)
	frozen, err := spec.Encode()
	if err != nil {
		b.Fatal(err)
	}
	people := func(yield func(ledger.Recipient, error) bool) {
		for i := range benchMessages {
			to := benchAddress(ch, i)
			ok := yield(ledger.Recipient{Row: i + 2, Key: fmt.Sprint(i), Fields: []byte(`["Wang","the great prize"]`), Messages: []ledger.NewMessage{{
				Key: message.MakeKey("bench", ch, to, ""), Channel: ch, Address: to, Segments: 1, Fingerprint: int64(i),
			}}}, nil)
			if !ok {
				return
			}
		}
	}
	if _, err := l.Stage(context.Background(), ledger.Staging{Campaign: "bench", Digest: "d", Spec: frozen, Recipients: people}); err != nil {
		b.Fatal(err)
	}
	return l
}
