//go:build unix

package smtp_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/textproto"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"notify/pkg/message"
)

const benchConnections = 16

// BenchmarkSink compares the adapter with a writer that does nothing but write prepared bytes, on the same smtp-sink and the
// same number of connections. Each iteration is one mail.
func BenchmarkSink(b *testing.B) {
	addr := startSink(b, "-m", "64")
	b.Run("raw", func(b *testing.B) { benchRaw(b, addr) })
	b.Run("adapter", func(b *testing.B) {
		v := newVendor(b, addr, nil)
		inParallel(b, func(n int) error {
			if o := v.Send(context.Background(), plainMail(n)); o.Kind != message.OutcomeAccepted {
				return fmt.Errorf("outcome %+v", o)
			}
			return nil
		})
	})
}

// inParallel has all connections work off b.N mails.
func inParallel(b *testing.B, send func(n int) error) {
	b.Helper()
	var next atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for range benchConnections {
		wg.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				if err := send(int(n)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "mails/s")
}

// benchRaw speaks SMTP one command at a time, as net/smtp does.
func benchRaw(b *testing.B, addr string) {
	b.Helper()
	free := make(chan *textproto.Conn, benchConnections)
	for range benchConnections {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			b.Fatal(err)
		}
		text := textproto.NewConn(c)
		b.Cleanup(func() { _ = text.Close() })
		if _, _, err := text.ReadResponse(220); err != nil {
			b.Fatal(err)
		}
		if err := say(text, 250, "EHLO client.example.test\r\n"); err != nil {
			b.Fatal(err)
		}
		free <- text
	}
	body := "From: award@edm.example.test\r\nTo: winner@customer.test\r\nSubject: award\r\n\r\n" +
		strings.ReplaceAll(bodyText, "\n", "\r\n") + ".\r\n"
	inParallel(b, func(int) error {
		c := <-free
		defer func() { free <- c }()
		for _, s := range []struct {
			code int
			line string
		}{
			{250, "MAIL FROM:<award@edm.example.test>\r\n"},
			{250, "RCPT TO:<winner@customer.test>\r\n"},
			{354, "DATA\r\n"},
			{250, body},
		} {
			if err := say(c, s.code, s.line); err != nil {
				return err
			}
		}
		return nil
	})
}

func say(c *textproto.Conn, code int, line string) error {
	w := bufio.NewWriter(c.W)
	if _, err := w.WriteString(line); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := c.W.Flush(); err != nil {
		return err
	}
	_, _, err := c.ReadResponse(code)
	return err
}
