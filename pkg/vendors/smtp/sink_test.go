package smtp_test

import (
	"context"
	"net"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"notify/pkg/message"
	"notify/pkg/vendors"
	"notify/pkg/vendors/smtp"
)

// findSink is postfix's test server; it stands outside the PATH of most users.
func findSink() (string, bool) {
	for _, name := range []string{"smtp-sink", "/usr/sbin/smtp-sink", "/usr/local/sbin/smtp-sink"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, true
		}
	}
	return "", false
}

// startSink runs postfix's smtp-sink with faults and returns its address.
func startSink(tb testing.TB, args ...string) string {
	tb.Helper()
	path, ok := findSink()
	if !ok {
		tb.Fatal("smtp-sink is missing; it is part of the package postfix")
	}
	addr := freeAddr(tb)
	if os.Getuid() == 0 {
		args = append([]string{"-u", "nobody"}, args...)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, path, append(args, addr, "128")...)
	if err := cmd.Start(); err != nil {
		cancel()
		tb.Fatalf("start smtp-sink: %v", err)
	}
	tb.Cleanup(func() {
		cancel()
		_ = cmd.Wait()
	})
	awaitListener(tb, addr)
	return addr
}

func freeAddr(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("listen: %v", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func awaitListener(tb testing.TB, addr string) {
	tb.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for range 100_000 {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			_ = c.Close()
			return
		}
		<-tick.C
	}
	tb.Fatalf("nobody listens on %s", addr)
}

// newVendor builds the adapter on an address without TLS; options are added to that.
func newVendor(tb testing.TB, addr string, options map[string]any) vendors.Vendor {
	tb.Helper()
	all := map[string]any{"address": addr, "tls": "none", "helo": "client.example.test"}
	for k, v := range options {
		all[k] = v
	}
	v, err := smtp.Kind().New(vendors.Settings{
		Account: "edm", Concurrency: 16, Timeout: 5 * time.Minute, Options: all, Now: time.Now,
	})
	if err != nil {
		tb.Fatalf("new: %v", err)
	}
	tb.Cleanup(func() {
		if err := v.Close(); err != nil {
			tb.Errorf("close: %v", err)
		}
	})
	return v
}

// plainMail is mail n of a campaign, about 1 KB.
func plainMail(n int) message.Message {
	to := message.Address("winner-" + strconv.Itoa(n) + "@customer.test")
	return message.Message{
		Key: message.MakeKey("award", message.Email, to, ""), Campaign: "award", Channel: message.Email,
		To: to, Name: "王五", From: "Awards <award@edm.example.test>", Subject: "王五, your award",
		Text: bodyText, Headers: map[string]string{"List-Unsubscribe": "<https://edm.example.test/u/" + strconv.Itoa(n) + ">"},
	}
}
