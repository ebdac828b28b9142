//go:build unix

package smtp_test

import (
	"context"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"notify/pkg/freeport"
	"notify/pkg/message"
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
	addr := freeport.Address(tb)
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

func TestARealServerThatRefusesInTheMiddleOfTheBodyIsDefinite(t *testing.T) {
	addr := startSink(t, "-A", "0") // 550 right after 354, and an end of the conversation
	m := plainMail(1)
	m.Attachments = []message.Attachment{{Name: "prize.bin", Data: make([]byte, 8<<20)}}
	o := newVendor(t, addr, nil).Send(context.Background(), m)
	if !o.Kind.Definite() {
		t.Errorf("outcome %+v, want one that is definite", o)
	}
}

// TestPostfixSinkFaults plays the faults of postfix's own test server.
func TestPostfixSinkFaults(t *testing.T) {
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"no fault", nil, "accepted 250 2.0.0"},
		{"cut after the final dot", []string{"-q", "."}, "unknown notify:no-reply"},
		{"cut at DATA", []string{"-q", "DATA"}, "unsent notify:hung-up"},
		{"cut at RCPT", []string{"-q", "RCPT"}, "unsent notify:hung-up"},
		{"cut at QUIT, after 250", []string{"-q", "QUIT"}, "accepted 250 2.0.0"},
		{"cut at the connection", []string{"-q", "CONNECT"}, "unsent notify:hung-up"},
		{"421 after the dot", []string{"-Q", "."}, "throttled 421"},
		{"421 at the connection", []string{"-Q", "CONNECT"}, "throttled 421"},
		{"450 after the dot", []string{"-r", "."}, "throttled 450 4.3.0"},
		{"450 at RCPT", []string{"-r", "RCPT"}, "throttled 450 4.3.0"},
		{"500 after the dot", []string{"-f", "."}, "rejected 500 5.3.0"},
		{"500 at RCPT", []string{"-f", "RCPT"}, "rejected 500 5.3.0"},
		{"554 after the dot", []string{"-f", ".", "-B", "554 5.7.1 blocked by policy"}, "refused 554 5.7.1"},
		{"no ESMTP", []string{"-e"}, "accepted 250"},
		{"no pipelining", []string{"-p"}, "accepted 250 2.0.0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			addr := startSink(t, tt.args...)
			v := newVendor(t, addr, map[string]any{"max_per_connection": 1})
			o := v.Send(context.Background(), plainMail(1))
			if !strings.HasPrefix(o.String(), tt.want) {
				t.Errorf("outcome %+v, want %s", o, tt.want)
			}
		})
	}
}
