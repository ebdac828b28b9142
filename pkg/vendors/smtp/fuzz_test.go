package smtp_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"notify/pkg/message"
	"notify/pkg/vendors/smtp"
)

// monologue is a server that says its lines whatever it hears.
type monologue struct {
	lines []string
	heard bytes.Buffer
}

func (m *monologue) Read(b []byte) (int, error) {
	if len(m.lines) == 0 {
		return 0, io.EOF
	}
	n := copy(b, m.lines[0])
	if m.lines[0] = m.lines[0][n:]; m.lines[0] == "" {
		m.lines = m.lines[1:]
	}
	return n, nil
}

func (m *monologue) Write(b []byte) (int, error) { return m.heard.Write(b) }
func (m *monologue) Close() error                { return nil }
func (m *monologue) LocalAddr() net.Addr         { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

func (m *monologue) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
func (m *monologue) SetDeadline(time.Time) error      { return nil }
func (m *monologue) SetReadDeadline(time.Time) error  { return nil }
func (m *monologue) SetWriteDeadline(time.Time) error { return nil }

// FuzzConversation: whatever a server says, the outcome agrees with whether the final dot was written.
func FuzzConversation(f *testing.F) {
	greeting := "220 x\r\n250-x\r\n250-AUTH PLAIN\r\n250 PIPELINING\r\n235 ok\r\n"
	f.Add(greeting + "250 ok\r\n250 ok\r\n354 go\r\n250 2.0.0 Ok: queued as X\r\n")
	f.Add(greeting + "250 ok\r\n550 5.1.1 no\r\n503 no\r\n")
	f.Add(greeting + "250 ok\r\n250 ok\r\n354 go\r\n451 4.3.0 later\r\n")
	f.Add(greeting + "421 4.3.0 closing\r\n")
	f.Add("220-a\r\n220 b\r\n500 what\r\n250 HELO\r\n")
	f.Fuzz(func(t *testing.T, said string) {
		server := &monologue{lines: strings.SplitAfter(said, "\n")}
		if n := len(server.lines); server.lines[n-1] == "" {
			server.lines = server.lines[:n-1]
		}
		v := newVendor(t, "127.0.0.1:25", map[string]any{"username": testUser, "password": testPassword})
		smtp.DialWith(v, func() net.Conn { return server })
		o := v.Send(context.Background(), plainMail(1))
		dot := bytes.Contains(server.heard.Bytes(), []byte("\r\n.\r\n"))
		if maybe := o.Kind == message.OutcomeAccepted || o.Kind == message.OutcomeUnknown; maybe && !dot {
			t.Errorf("%+v, but no dot was written", o)
		}
		if dot && o.Kind == message.OutcomeUnsent {
			t.Errorf("%+v, but the dot was written", o)
		}
		if o.Kind == message.OutcomeAccepted && !strings.Contains(said, "2") {
			t.Errorf("%+v without a positive reply", o)
		}
	})
}
