package smtp_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"notify/pkg/message"
	"notify/pkg/vendors"
	"notify/pkg/vendors/smtp"
)

func withoutPipelining(s *server) { s.ehlo = strings.Replace(s.ehlo, "250-PIPELINING\r\n", "", 1) }

// TestTheOutcomeFollowsFromTheStepAtWhichItWentWrong plays every way to fail at every step, with commands that go out
// together and one by one.
func TestTheOutcomeFollowsFromTheStepAtWhichItWentWrong(t *testing.T) {
	t.Parallel()
	answers := map[string]string{
		"a cut": cutOff, "a reset": reset, "silence": hang, "garbage": "<html>",
		"421": "421 4.3.2 closing", "450": "450 4.7.1 greylisted", "550": "550 5.1.1 no", "399": "399 what",
	}
	codes := map[string]map[string]string{ // by step, what is not the same at every step before the dot
		"connect": {"550": "refused 550 5.1.1"},
		"EHLO":    {"550": "refused 550 5.1.1"},
		"AUTH":    {"550": "refused 550 5.1.1"},
		"MAIL":    {"550": "refused 550 5.1.1"},
		".": {
			"a cut": "unknown notify:no-reply", "a reset": "unknown notify:no-reply", "silence": "unknown notify:no-reply",
			"garbage": "unknown notify:no-reply", "399": "unknown 399",
		},
	}
	common := map[string]string{
		"a cut": "unsent notify:hung-up", "a reset": "unsent notify:hung-up", "silence": "unsent notify:silent",
		"garbage": "unsent notify:garbage", "399": "unsent notify:garbage",
		"421": "throttled 421 4.3.2", "450": "throttled 450 4.7.1", "550": "rejected 550 5.1.1",
	}
	for _, pipelining := range []bool{true, false} {
		for _, verb := range []string{"connect", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "."} {
			for name, answer := range answers {
				t.Run(fmt.Sprintf("%s at %s, pipelining %t", name, verb, pipelining), func(t *testing.T) {
					t.Parallel()
					srv := serveScript(t, on(verb, answer))
					if !pipelining {
						withoutPipelining(srv)
					}
					v := newVendor(t, srv.Addr(), map[string]any{
						"username": "edm", "password": testPassword,
						"timeouts": map[string]any{"greeting": "300ms", "command": "300ms", "data": "300ms", "dot": "300ms"},
					})
					want, ok := codes[verb][name]
					if !ok {
						want = common[name]
					}
					o := v.Send(context.Background(), plainMail(1))
					if verb == "connect" && name == "a reset" && o.Kind == message.OutcomeUnsent {
						want = o.String() // it may come before or after the connection stands
					}
					if o.String() != want {
						t.Errorf("outcome %+v, want %s", o, want)
					}
					if taken := len(srv.taken()); taken > 0 && verb != "." {
						t.Errorf("%d messages reached the server", taken)
					}
					if o.Kind != message.OutcomeUnknown && verb == "." && !o.Kind.Definite() {
						t.Errorf("%+v is not definite", o)
					}
				})
			}
		}
	}
}

// halting lets a number of bytes of the body through and then fails, as a dying connection does. What it lets through
// does reach the server.
type halting struct {
	net.Conn
	after int // bytes of the body; -1: not in the body yet
	left  int
}

var errHalted = errors.New("connection reset by peer")

func (h *halting) Write(b []byte) (int, error) {
	if h.after >= 0 && strings.HasPrefix(string(b), "Date:") {
		h.left = h.after
		if h.left < len(b) {
			n, _ := h.Conn.Write(b[:h.left])
			_ = h.Close()
			return n, errHalted
		}
	}
	return h.Conn.Write(b)
}

func TestABodyThatBreaksOffIsUnsentUpToTheDotAndUnknownFromThere(t *testing.T) {
	reference := newVendor(t, "127.0.0.1:25", nil)
	data, _, _, err := smtp.Compose(reference, plainMail(1))
	if err != nil {
		t.Fatal(err)
	}
	size := len(data)
	for _, tt := range []struct {
		name  string
		bytes int
		want  message.OutcomeKind
	}{
		{"nothing of the body", 0, message.OutcomeUnsent},
		{"one byte", 1, message.OutcomeUnsent},
		{"half of it", size / 2, message.OutcomeUnsent},
		{"all but the dot", size - 3, message.OutcomeUnsent},
		{"the dot", size - 2, message.OutcomeUnknown},
		{"the dot and CR", size - 1, message.OutcomeUnknown},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv := serveScript(t, nil)
			v := newVendor(t, srv.Addr(), nil)
			smtp.WrapConn(v, func(c net.Conn) net.Conn { return &halting{Conn: c, after: tt.bytes} })
			if o := v.Send(context.Background(), plainMail(1)); o.Kind != tt.want {
				t.Errorf("outcome %+v, want %s", o, tt.want)
			}
			if n := len(srv.taken()); n != 0 {
				t.Errorf("the server took %d messages", n)
			}
		})
	}
}

// interrupting answers in the middle of the body, which then cannot be written on.
type interrupting struct {
	net.Conn
	after  int
	answer string
	said   bool
}

func (i *interrupting) Write(b []byte) (int, error) {
	if strings.HasPrefix(string(b), "Date:") {
		i.said = true
		return i.after, errHalted
	}
	return i.Conn.Write(b)
}

func (i *interrupting) Read(b []byte) (int, error) {
	if !i.said {
		return i.Conn.Read(b)
	}
	if i.answer == "" {
		return 0, errHalted
	}
	n := copy(b, i.answer)
	i.answer = ""
	return n, nil
}

func TestAnAnswerInTheMiddleOfTheBodyIsHeard(t *testing.T) {
	data, _, _, err := smtp.Compose(newVendor(t, "127.0.0.1:25", nil), plainMail(1))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		after  int
		answer string
		want   string
	}{
		{"too large", 100, "552 5.3.4 too large\r\n", "rejected 552 5.3.4"},
		{"closing", 100, "421 4.3.2 closing\r\n", "throttled 421 4.3.2"},
		{"half an answer", 100, "552 5.3", "unsent notify:hung-up"},
		{"yes, before the dot", 100, "250 2.0.0 queued\r\n", "unsent notify:hung-up"},
		{"no, as the dot leaves", len(data) - 2, "552 5.3.4 too large\r\n", "rejected 552 5.3.4"},
		{"yes, as the dot leaves", len(data) - 2, "250 2.0.0 queued\r\n", "accepted 250 2.0.0"},
		{"half an answer as the dot leaves", len(data) - 2, "250 2", "unknown notify:no-reply"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv := serveScript(t, nil)
			v := newVendor(t, srv.Addr(), nil)
			smtp.WrapConn(v, func(c net.Conn) net.Conn { return &interrupting{Conn: c, after: tt.after, answer: tt.answer} })
			if o := v.Send(context.Background(), plainMail(1)); o.String() != tt.want {
				t.Errorf("outcome %+v, want %s", o, tt.want)
			}
		})
	}
}

func TestAContextThatEndsBeforeTheDotLeavesTheMessageUnsent(t *testing.T) {
	for _, verb := range []string{"connect", "EHLO", "MAIL", "RCPT", "DATA"} {
		t.Run("during "+verb, func(t *testing.T) {
			reached := make(chan struct{}, 1)
			srv := serveScript(t, func(v string, _ int) string {
				if v != verb {
					return ""
				}
				select {
				case reached <- struct{}{}:
				default:
				}
				return hang
			})
			v := newVendor(t, srv.Addr(), nil)
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			go func() {
				<-reached
				cancel()
			}()
			if o := v.Send(ctx, plainMail(1)); o.String() != "unsent notify:given-up" {
				t.Errorf("outcome %+v, want unsent", o)
			}
		})
	}
}

func TestAfterARefusalTheConnectionGoesOn(t *testing.T) {
	for _, verb := range []string{"MAIL", "RCPT", "DATA", "."} {
		for _, pipelining := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, pipelining %t", verb, pipelining), func(t *testing.T) {
				srv := serveScript(t, func(v string, nth int) string {
					switch {
					case nth > 1:
					case v == verb:
						return "550 5.1.1 no"
					case !pipelining: // the commands behind a refused one are not written
					case verb == "MAIL" && (v == "RCPT" || v == "DATA"), verb == "RCPT" && v == "DATA":
						return "503 5.5.1 no transaction"
					}
					return ""
				})
				if !pipelining {
					withoutPipelining(srv)
				}
				v := newVendor(t, srv.Addr(), nil)
				first, second := v.Send(context.Background(), plainMail(1)), v.Send(context.Background(), plainMail(2))
				if !first.Kind.Definite() || !strings.HasPrefix(first.Code, "550") {
					t.Errorf("first: %+v", first)
				}
				if second.Kind != message.OutcomeAccepted {
					t.Errorf("second: %+v", second)
				}
				if srv.Total() != 1 || !slices.Contains(srv.got(), "RSET") {
					t.Errorf("%d connections, commands %q", srv.Total(), srv.got())
				}
			})
		}
	}
}

func TestA354BehindARefusedRecipientSendsNothing(t *testing.T) {
	srv := serveScript(t, func(v string, nth int) string {
		if v == "RCPT" && nth == 1 {
			return "550 5.1.1 no"
		}
		return ""
	})
	v := newVendor(t, srv.Addr(), nil)
	if o := v.Send(context.Background(), plainMail(1)); o.String() != "rejected 550 5.1.1" {
		t.Errorf("first: %+v", o)
	}
	if o := v.Send(context.Background(), plainMail(2)); o.Kind != message.OutcomeAccepted {
		t.Errorf("second: %+v", o)
	}
	if bodies := srv.taken(); len(bodies) != 1 || !strings.Contains(bodies[0], "winner-2@") {
		t.Errorf("the server took %d messages: %.200q", len(bodies), bodies)
	}
}

func TestAKeptConnection(t *testing.T) {
	t.Run("that the server closes with 421 at the next MAIL is unsent, and the next attempt has a fresh one", func(t *testing.T) {
		srv := serveScript(t, func(v string, nth int) string {
			if v == "MAIL" && nth == 2 {
				return "421 4.7.0 enough of this connection"
			}
			return ""
		})
		v := newVendor(t, srv.Addr(), nil)
		var got []string
		for n := range 3 {
			got = append(got, v.Send(context.Background(), plainMail(n)).String())
		}
		want := []string{"accepted 250 2.0.0", "unsent notify:kept-connection-closed", "accepted 250 2.0.0"}
		if !slices.Equal(got, want) {
			t.Errorf("outcomes %q, want %q", got, want)
		}
	})
	t.Run("that was idle for long is asked before it is used", func(t *testing.T) {
		now := time.Date(2020, 1, 1, 9, 0, 0, 0, time.UTC)
		srv := serveScript(t, on("RSET", cutOff))
		v := newVendorAt(t, srv.Addr(), func() time.Time { return now }, nil)
		for range 2 {
			if o := v.Send(context.Background(), plainMail(1)); o.Kind != message.OutcomeAccepted {
				t.Errorf("%+v", o)
			}
			now = now.Add(5 * time.Second)
		}
		if srv.Total() != 2 || !slices.Contains(srv.got(), "RSET") {
			t.Errorf("%d connections, commands %q", srv.Total(), srv.got())
		}
	})
	t.Run("is given up after its idle time, and after its number of messages", func(t *testing.T) {
		now := time.Date(2020, 1, 1, 9, 0, 0, 0, time.UTC)
		srv := serveScript(t, nil)
		v := newVendorAt(t, srv.Addr(), func() time.Time { return now }, map[string]any{"max_per_connection": 2, "idle_timeout": "10s"})
		for n, want := range []int{1, 1, 2, 3} {
			if n == 3 {
				now = now.Add(10 * time.Second)
			}
			if o := v.Send(context.Background(), plainMail(n)); o.Kind != message.OutcomeAccepted {
				t.Errorf("%+v", o)
			}
			if srv.Total() != want {
				t.Errorf("message %d: %d connections, want %d", n, srv.Total(), want)
			}
		}
	})
	t.Run("on which the server spoke twice is out of step and not used", func(t *testing.T) {
		srv := serveScript(t, func(v string, nth int) string {
			if v == "." && nth == 1 {
				return "250 2.0.0 ok\r\n250 2.0.0 ok again"
			}
			return ""
		})
		v := newVendor(t, srv.Addr(), nil)
		for n := range 3 {
			o := v.Send(context.Background(), plainMail(n))
			if o.Kind == message.OutcomeAccepted != (n != 1) || n == 1 && o.Kind != message.OutcomeUnsent {
				t.Errorf("message %d: %+v", n, o)
			}
		}
		if n := len(srv.taken()); n != 2 {
			t.Errorf("the server took %d messages, want 2", n)
		}
	})
}

func TestTheEnvelopeHasWhatTheServerOffers(t *testing.T) {
	m := plainMail(1)
	m.To = "a+b=c@customer.test"
	key := string(m.Key)
	data, _, _, err := smtp.Compose(newVendor(t, "127.0.0.1:25", nil), m)
	if err != nil {
		t.Fatal(err)
	}
	size := fmt.Sprint(len(data) - len(".\r\n"))
	for _, tt := range []struct {
		name, ehlo string
		options    map[string]any
		to         message.Address
		want       []string
	}{
		{"everything", allExtensions, map[string]any{"dsn": true, "envelope_from": "bounce@edm.example.test"}, m.To, []string{
			"MAIL FROM:<bounce@edm.example.test> SIZE=" + size + " RET=HDRS ENVID=" + key,
			"RCPT TO:<a+b=c@customer.test> NOTIFY=FAILURE,DELAY ORCPT=rfc822;a+2Bb+3Dc@customer.test",
		}},
		{"no DSN where it was not asked for", allExtensions, nil, m.To, []string{
			"MAIL FROM:<award@edm.example.test> SIZE=" + size, "RCPT TO:<a+b=c@customer.test>",
		}},
		{"nothing", "250 scripted.test", map[string]any{"dsn": true}, m.To, []string{
			"MAIL FROM:<award@edm.example.test>", "RCPT TO:<a+b=c@customer.test>",
		}},
		{"letters beyond ASCII", "250-scripted.test\r\n250 SMTPUTF8", nil, "王五@customer.test", []string{
			"MAIL FROM:<award@edm.example.test> BODY=8BITMIME SMTPUTF8", "RCPT TO:<王五@customer.test>",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv := serveScript(t, nil)
			srv.ehlo = tt.ehlo
			m.To = tt.to
			if o := newVendor(t, srv.Addr(), tt.options).Send(context.Background(), m); o.Kind != message.OutcomeAccepted || o.VendorID != "4XyZ" {
				t.Fatalf("outcome %+v", o)
			}
			got := slices.DeleteFunc(srv.got(), func(l string) bool { return !strings.HasPrefix(l, "MAIL") && !strings.HasPrefix(l, "RCPT") })
			if !slices.Equal(got, tt.want) {
				t.Errorf("commands %q, want %q", got, tt.want)
			}
		})
	}
}

func TestWhatTheServerDoesNotTakeIsRejectedBeforeItLeaves(t *testing.T) {
	srv := serveScript(t, nil)
	srv.ehlo = "250-scripted.test\r\n250 SIZE 500"
	v := newVendor(t, srv.Addr(), nil)
	if o := v.Send(context.Background(), plainMail(1)); o.String() != "rejected notify:too-large" {
		t.Errorf("too large: %+v", o)
	}
	m := plainMail(1)
	m.To = "王五@customer.test"
	if o := v.Send(context.Background(), m); o.String() != "rejected notify:smtputf8-not-offered" || strings.Contains(o.Detail, "王五") {
		t.Errorf("SMTPUTF8: %+v", o)
	}
	if got := srv.got(); len(got) != 1 {
		t.Errorf("commands %q, want EHLO only", got)
	}
}

func TestAServerWithoutEHLOIsGreetedWithHELO(t *testing.T) {
	srv := serveScript(t, on("EHLO", "502 5.5.1 not implemented"))
	if o := newVendor(t, srv.Addr(), nil).Send(context.Background(), plainMail(1)); o.Kind != message.OutcomeAccepted {
		t.Errorf("outcome %+v", o)
	}
	if got := srv.got(); got[1] != "HELO client.example.test" {
		t.Errorf("commands %q", got)
	}
}

func newVendorAt(tb testing.TB, addr string, now func() time.Time, options map[string]any) vendors.Vendor {
	tb.Helper()
	all := map[string]any{"address": addr, "tls": "none"}
	for k, v := range options {
		all[k] = v
	}
	v, err := smtp.Kind().New(vendors.Settings{Account: "edm", Concurrency: 1, Timeout: 5 * time.Minute, Options: all, Now: now})
	if err != nil {
		tb.Fatalf("new: %v", err)
	}
	tb.Cleanup(func() { _ = v.Close() })
	return v
}
