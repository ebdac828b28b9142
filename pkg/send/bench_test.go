package send_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
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
	"notify/pkg/render"
	"notify/pkg/send"
	"notify/pkg/vendors"
	"notify/pkg/vendors/all"
)

const (
	benchMessages = 20_000
	gcPercent     = 200 // as cmd/notify has it for a run
)

// BenchmarkHTTP compares the whole loop (claim, render, hand over, settle, every commit synced) with a client that renders
// and hands over the same messages through the same adapter, without a ledger. One server on loopback takes both.
func BenchmarkHTTP(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"code":"OK","id":"sb-1","segments":1}`)
	}))
	defer server.Close()
	const few, slots = 48, 256 // the client is fastest with few connections
	exampleWork(b, message.SMS).compare(b, "http", server.URL, few, slots)
}

// BenchmarkSMTP is the same over SMTP, against postfix's smtp-sink: with the mail of the example, which has a text and
// an HTML part, and with one of a few lines.
func BenchmarkSMTP(b *testing.B) {
	address := smtpSink(b)
	for _, mail := range []struct {
		name string
		work benchWork
	}{{"example", exampleWork(b, message.Email)}, {"short", shortMail()}} {
		for _, slots := range []int{128, 256} {
			b.Run(fmt.Sprintf("%s/connections=%d", mail.name, slots), func(b *testing.B) {
				mail.work.compare(b, "smtp", address, slots, slots)
			})
		}
	}
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
	return v
}

// benchWork is what is sent: one text to many.
type benchWork struct {
	channel message.Channel
	spec    plan.Spec
	fields  []byte
	domains int // over how many mails are spread; 0: 50
}

// exampleWork is the campaign of examples/award.yaml.
func exampleWork(b *testing.B, ch message.Channel) benchWork {
	b.Helper()
	c, err := campaign.Load("../../examples/award.yaml", time.UTC, nil)
	if err != nil {
		b.Fatal(err)
	}
	w := benchWork{
		channel: ch,
		spec: plan.Spec{
			Schema: plan.SpecSchema, Name: "bench", Environment: config.Production,
			Columns: []string{"工号", "姓名", "奖项", "金额", "领奖日期"}, NameColumn: "姓名",
		},
		fields: []byte(`["A1023","王芳","优秀员工奖","￥3,000.00","2020年1月10日"]`),
	}
	w.spec.Texts.Put(*c.Texts.On(ch))
	return w
}

func shortMail() benchWork {
	return benchWork{
		channel: message.Email,
		spec: plan.Spec{
			Schema: plan.SpecSchema, Name: "bench", Environment: config.Production, Columns: []string{"name", "award"},
			Texts: campaign.Texts{{Channel: message.Email, Mail: &campaign.Mail{
				From: "Awards <award@edm.example.test>", Subject: "{{name}}, your award: {{award}}", TextFile: "t",
				Text: "Dear {{name}},\n\nyou have won: {{award}}.\n\nThe ceremony is at seven in the evening. Please bring this mail.\n",
			}}},
		},
		fields: []byte(`["Wang","the great prize"]`),
	}
}

func benchAddress(ch message.Channel, i int) message.Address {
	if ch == message.SMS {
		return message.Address(fmt.Sprintf("+86100%08d", i))
	}
	return message.Address(fmt.Sprintf("w%d@customer-%d.test", i, i%50))
}

// pairs is how often client and loop take turns in one iteration: a machine is not equally fast for long.
const pairs = 8

// compare has the client alone and the whole loop send all messages by turns, each over connections of its own, and reports how
// fast each was, and the loop as a share of the client.
func (w benchWork) compare(b *testing.B, kind, endpoint string, connections, slots int) {
	b.Helper()
	defer debug.SetGCPercent(debug.SetGCPercent(gcPercent))
	var alone, whole time.Duration
	over := func(slots int, send func(*testing.B, vendors.Vendor, int) time.Duration) time.Duration {
		v := benchVendor(b, kind, endpoint, slots)
		defer v.Close()
		return send(b, v, slots)
	}
	for b.Loop() {
		for range pairs {
			alone += over(connections, w.client)
			whole += over(slots, w.plainLoop)
		}
	}
	messages := float64(b.N) * pairs * benchMessages
	b.ReportMetric(messages/alone.Seconds(), "client/s")
	b.ReportMetric(messages/whole.Seconds(), "loop/s")
	b.ReportMetric(alone.Seconds()/whole.Seconds(), "loop:client")
}

// client renders the messages and hands them over with nothing but the adapter, over connections that were opened before.
func (w benchWork) client(b *testing.B, v vendors.Vendor, connections int) time.Duration {
	b.Helper()
	r, err := render.New(render.Texts{Texts: w.spec.Texts}, w.spec.Columns)
	if err != nil {
		b.Fatal(err)
	}
	var people [benchMessages]struct { // as the loop has them from the ledger
		to  message.Address
		key message.Key
	}
	for i := range people {
		people[i].to = benchAddress(w.channel, i)
		people[i].key = message.MakeKey("bench", w.channel, people[i].to, "")
	}
	one := func(i int) error {
		var values []string
		if err := json.Unmarshal(w.fields, &values); err != nil {
			return err
		}
		m := message.Message{Key: people[i].key, Campaign: "bench", Channel: w.channel, To: people[i].to, Segments: 1}
		if err := r.Render(w.channel, values, &m); err != nil {
			return err
		}
		if o := v.Send(context.Background(), m); o.Kind != message.OutcomeAccepted {
			return fmt.Errorf("%+v", o)
		}
		return nil
	}
	all := func(messages int) time.Duration {
		var next atomic.Int64
		var once sync.Once
		var wg sync.WaitGroup
		start := time.Now()
		for range connections {
			wg.Go(func() {
				for i := int(next.Add(1)) - 1; i < messages; i = int(next.Add(1)) - 1 {
					if err := one(i); err != nil {
						once.Do(func() { b.Error(err) })
						return
					}
				}
			})
		}
		wg.Wait()
		return time.Since(start)
	}
	all(10 * connections)
	return all(benchMessages)
}

// plainLoop is loop as it stands.
func (w benchWork) plainLoop(b *testing.B, v vendors.Vendor, slots int) time.Duration {
	b.Helper()
	return w.loop(b, v, slots)
}

// loopTo runs the loop over messages to 5,000 domains, through a vendor that answers at once.
func (w benchWork) loopTo(b *testing.B, edit func(*send.Loop)) time.Duration {
	b.Helper()
	w.domains = 5000
	return w.loop(b, &reached{}, 64, edit)
}

// loop stages the messages, which is not counted, and runs the loop over them.
func (w benchWork) loop(b *testing.B, v vendors.Vendor, slots int, edits ...func(*send.Loop)) time.Duration {
	b.Helper()
	l := w.ledger(b)
	loop := w.loopOn(l, v, slots)
	for _, edit := range edits {
		edit(loop)
	}
	return timed(b, l, loop)
}

// loopOn is a run of the campaign through one account with so many slots.
func (w benchWork) loopOn(l ledger.Ledger, v vendors.Vendor, slots int) *send.Loop {
	price := message.Money(45000)
	return &send.Loop{
		Ledger: l, Reader: l, Campaign: "bench", Vendors: map[string]vendors.Vendor{"a": v}, Config: &config.Config{
			Environment: config.Production, Timezone: time.UTC,
			Accounts: map[string]config.Account{"a": {Concurrency: slots, Price: &price, Currency: "CNY", DailyQuota: 1 << 40}},
			Routes:   map[message.Channel]config.Route{w.channel: {Accounts: []config.Share{{Account: "a", Weight: 1}}}},
		},
		Now: func() time.Time { return time.Now().Round(0) }, Log: slog.New(slog.DiscardHandler), Host: "h", User: "u", PID: 1,
	}
}

// timed runs loops together until everything is sent, and says how long that took. The ledger is the first one's.
func timed(b *testing.B, l ledger.Ledger, loops ...*send.Loop) time.Duration {
	b.Helper()
	start := time.Now()
	var wait sync.WaitGroup
	for _, loop := range loops {
		wait.Go(func() {
			if res, err := loop.Run(context.Background()); err != nil || res.Pause != nil {
				b.Errorf("%+v %v", res.Pause, err)
			}
		})
	}
	wait.Wait()
	took := time.Since(start)
	if c, err := l.Counts(context.Background(), "bench"); err != nil || c.Of(message.Accepted) != benchMessages {
		b.Fatalf("%+v %v", c, err)
	}
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
	return took
}

func (w benchWork) ledger(b *testing.B) *sqlite.Ledger {
	b.Helper()
	l, err := sqlite.Open(context.Background(), filepath.Join(b.TempDir(), "ledger.db"), sqlite.Options{Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() })
	w.stage(b, l)
	return l
}

func (w benchWork) stage(b *testing.B, l ledger.Ledger) {
	b.Helper()
	frozen, err := w.spec.Encode()
	if err != nil {
		b.Fatal(err)
	}
	people := func(yield func(ledger.Recipient, error) bool) {
		for i := range benchMessages {
			to := benchAddress(w.channel, i)
			if w.domains > 0 {
				to = message.Address(fmt.Sprintf("w%d@customer-%d.test", i, i%w.domains))
			}
			ok := yield(ledger.Recipient{Row: i + 2, Key: fmt.Sprint(i), Fields: w.fields, Messages: []ledger.NewMessage{{
				Key: message.MakeKey("bench", w.channel, to, ""), Channel: w.channel, Address: to, Segments: 1, Fingerprint: int64(i),
			}}}, nil)
			if !ok {
				return
			}
		}
	}
	if _, err := l.Stage(context.Background(), ledger.Staging{Campaign: "bench", Digest: "d", Spec: frozen, Recipients: people}); err != nil {
		b.Fatal(err)
	}
}
