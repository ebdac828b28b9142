package vendorstest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"notify/pkg/message"
	"notify/pkg/vendors"
)

const (
	patience     = 10 * time.Minute       // before the suite says that something hangs
	longTimeout  = 5 * time.Minute        // never reached by a server that answers
	shortTimeout = 300 * time.Millisecond // for a server that never answers; see slow
	maxDetail    = 300                    // of message.Outcome
)

// expected is what must come of the message under test. ReusedClosed has no fixed outcome: see reused.
func expected(b Behaviour) message.OutcomeKind {
	switch b {
	case Accept:
		return message.OutcomeAccepted
	case Reject:
		return message.OutcomeRejected
	case Throttle:
		return message.OutcomeThrottled
	case Refuse:
		return message.OutcomeRefused
	case NoListener, NoName, BadTLS, CutBefore:
		return message.OutcomeUnsent
	case Unlisted, ServerError, CutAfter, Slow, Garbage, Empty, Huge, Redirect, ReusedCut, ReusedClosed:
		return message.OutcomeUnknown
	}
	return message.OutcomeUnknown
}

// Run plays the whole suite.
func Run(t *testing.T, h Harness) {
	t.Helper()
	for _, b := range Behaviours() {
		t.Run("a server that "+string(b), func(t *testing.T) {
			if why, ok := h.NotApplicable[b]; ok {
				if why == "" {
					t.Fatalf("the harness does not say why %q is not applicable", b)
				}
				t.Logf("not applicable: %s", why)
				return
			}
			switch b { //nolint:exhaustive // the others are played once
			case ReusedCut, ReusedClosed:
				h.reused(t, b)
			case Slow:
				h.slow(t)
			default:
				h.single(t, b)
			}
		})
	}
	t.Run("a message whose time has passed does not leave", h.late)
	t.Run("a context that ended before Send leaves the message unsent", h.endedBefore)
	t.Run("a context that ends after the message was read leaves it unknown", h.endedDuring)
	t.Run("concurrent sends arrive once each, under their keys", h.concurrent)
	t.Run("the same message twice is two attempts, none of them hidden", h.twice)
	t.Run("an account that takes approved texts only sends no other", h.approved)
	t.Run("Close gives up the connections", h.closes)
	t.Run("the vendor prints no secret", h.prints)
}

// single sends one message and compares the outcome with what the server saw.
func (h Harness) single(t *testing.T, b Behaviour) {
	t.Helper()
	s := h.Start(t, b)
	v := h.vendor(t, s, Limits{Timeout: longTimeout, Concurrency: 2})
	m := h.Message(1)
	h.judge(t, b, s, h.send(t, v, context.Background(), m), m)
}

// slow plays the server that never answers, to a vendor that does not wait for long; and to one that waits for longer, where
// the machine is too busy to bring the message to the server in that time.
func (h Harness) slow(t *testing.T) {
	t.Helper()
	for timeout := shortTimeout; timeout < patience; timeout *= 4 {
		s := h.Start(t, Slow)
		m := h.Message(1)
		o := h.send(t, h.vendor(t, s, Limits{Timeout: timeout, Concurrency: 2}), context.Background(), m)
		if len(s.Arrivals()) > 0 {
			h.judge(t, Slow, s, o, m)
			return
		}
	}
	t.Fatal("the message does not reach the server")
}

// judge compares the outcome of one message with what the server saw.
func (h Harness) judge(t *testing.T, b Behaviour, s Server, o message.Outcome, m message.Message) {
	t.Helper()
	if want := expected(b); o.Kind != want {
		t.Fatalf("outcome %s (%+v), want %s", o.Kind, o, want)
	}
	h.check(t, o, m)
	h.agree(t, s, o, 1)
	if b == Throttle && o.RetryAfter != h.RetryAfter {
		t.Errorf("retry after %s, the server asked for %s", o.RetryAfter, h.RetryAfter)
	}
	if b == Refuse && o.Reason != h.Refusal {
		t.Errorf("reason %q, the server gave %q", o.Reason, h.Refusal)
	}
	if got := len(s.Arrivals()); expected(b) == message.OutcomeUnknown && got != 1 {
		t.Errorf("%d messages reached the server, want 1: the harness did not play the behaviour", got)
	}
}

// reused sends over a connection that was used before. An idle connection may die unseen, so that there the outcome only has
// to agree with what the server saw.
func (h Harness) reused(t *testing.T, b Behaviour) {
	t.Helper()
	s := h.Start(t, b)
	v := h.vendor(t, s, Limits{Timeout: longTimeout, Concurrency: 1})
	first := h.send(t, v, context.Background(), h.Message(1))
	if first.Kind != message.OutcomeAccepted {
		t.Fatalf("the first message: %+v, want accepted", first)
	}
	m := h.Message(2)
	o := h.send(t, v, context.Background(), m)
	if b == ReusedCut && o.Kind != message.OutcomeUnknown {
		t.Fatalf("outcome %+v, want unknown: the server had read the message", o)
	}
	if o.Kind.Definite() && o.Kind != message.OutcomeUnsent {
		t.Fatalf("outcome %+v, which this server never gave", o)
	}
	h.check(t, o, m)
	arrived, want := len(s.Arrivals())-1, -1
	switch {
	case o.Kind == message.OutcomeUnsent:
		want = 0
	case o.Kind == message.OutcomeAccepted || b == ReusedCut:
		want = 1
	}
	if want >= 0 && arrived != want || arrived > 1 {
		t.Errorf("outcome %s, but the second message arrived %d times", o, arrived)
	}
	if s.Tries() > 2 {
		t.Errorf("%d tries on the wire for two sends", s.Tries())
	}
}

// late: the machine slept, and another run may own the message by now.
func (h Harness) late(t *testing.T) {
	t.Helper()
	s := h.Start(t, Accept)
	v := h.vendor(t, s, Limits{Timeout: longTimeout, Concurrency: 1})
	m := h.Message(1)
	m.Expired = func() bool { return true }
	if o := h.send(t, v, t.Context(), m); !o.GivenBack() || o.Code != message.BackDeadline {
		t.Errorf("past its time: %+v, want it held", o)
	}
	if n := len(s.Arrivals()); n != 0 {
		t.Errorf("%d messages reached the server", n)
	}
	m.Expired = func() bool { return false }
	if o := h.send(t, v, t.Context(), m); o.Kind != message.OutcomeAccepted {
		t.Errorf("in time: %+v, want it accepted", o)
	}
}

func (h Harness) endedBefore(t *testing.T) {
	t.Helper()
	s := h.Start(t, Accept)
	v := h.vendor(t, s, Limits{Timeout: longTimeout, Concurrency: 1})
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	expired, cancel := context.WithDeadline(context.Background(), time.Unix(1, 0))
	defer cancel()
	for name, ctx := range map[string]context.Context{"cancelled": cancelled, "expired": expired} {
		o := h.send(t, v, ctx, h.Message(1))
		if o.Kind != message.OutcomeUnsent {
			t.Errorf("%s: outcome %+v, want unsent", name, o)
		}
		h.check(t, o, h.Message(1))
	}
	if s.Tries() != 0 || len(s.Arrivals()) != 0 {
		t.Errorf("%d tries, %d messages reached the server", s.Tries(), len(s.Arrivals()))
	}
}

func (h Harness) endedDuring(t *testing.T) {
	t.Helper()
	s := h.Start(t, Slow)
	v := h.vendor(t, s, Limits{Timeout: longTimeout, Concurrency: 1})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan message.Outcome, 1)
	go func() { done <- v.Send(ctx, h.Message(1)) }()
	select {
	case <-s.Arrived():
	case o := <-done:
		t.Fatalf("outcome %+v before the server had the message", o)
	case <-time.After(patience):
		t.Fatal("the message did not reach the server")
	}
	cancel()
	select {
	case o := <-done:
		if o.Kind != message.OutcomeUnknown {
			t.Errorf("outcome %+v, want unknown: the server had read the message", o)
		}
		h.check(t, o, h.Message(1))
	case <-time.After(patience):
		t.Fatal("Send does not heed its context")
	}
	if s.Tries() != 1 {
		t.Errorf("%d tries on the wire for one send", s.Tries())
	}
}

func (h Harness) concurrent(t *testing.T) {
	t.Helper()
	const workers, each = 8, 25
	s := h.Start(t, Accept)
	v := h.vendor(t, s, Limits{Timeout: longTimeout, Concurrency: workers})
	outcomes := make([]message.Outcome, workers*each)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range each {
				n := w*each + i
				outcomes[n] = v.Send(context.Background(), h.Message(n))
			}
		})
	}
	wg.Wait()
	ids := map[string]bool{}
	for n, o := range outcomes {
		if o.Kind != message.OutcomeAccepted {
			t.Fatalf("message %d: %+v, want accepted", n, o)
		}
		h.check(t, o, h.Message(n))
		ids[o.VendorID] = true
	}
	if h.NoID == "" && len(ids) != len(outcomes) {
		t.Errorf("%d messages got %d different ids", len(outcomes), len(ids))
	}
	if got := s.Tries(); got != len(outcomes) {
		t.Errorf("%d tries on the wire for %d sends", got, len(outcomes))
	}
	h.arrivedOnce(t, s, len(outcomes))
}

func (h Harness) arrivedOnce(t *testing.T, s Server, n int) {
	t.Helper()
	want := map[Arrival]int{}
	for i := range n {
		m := h.Message(i)
		a := Arrival{To: m.To}
		if h.NoKey == "" {
			a.Key = m.Key
		}
		want[a]++
	}
	for _, a := range s.Arrivals() {
		if h.NoKey != "" {
			a.Key = ""
		}
		want[a]--
	}
	for a, left := range want {
		if left != 0 {
			t.Errorf("%+v arrived %d times, want once", a, 1-left)
		}
	}
}

func (h Harness) twice(t *testing.T) {
	t.Helper()
	s := h.Start(t, Accept)
	v := h.vendor(t, s, Limits{Timeout: longTimeout, Concurrency: 1})
	for range 2 {
		if o := h.send(t, v, context.Background(), h.Message(1)); o.Kind != message.OutcomeAccepted {
			t.Fatalf("%+v, want accepted", o)
		}
	}
	if s.Tries() != 2 || len(s.Arrivals()) != 2 {
		t.Errorf("%d tries, %d arrivals; an adapter neither repeats nor suppresses", s.Tries(), len(s.Arrivals()))
	}
}

func (h Harness) closes(t *testing.T) {
	t.Helper()
	s := h.Start(t, Accept)
	v := s.Vendor(t, Limits{Timeout: longTimeout, Concurrency: 2})
	if o := h.send(t, v, context.Background(), h.Message(1)); o.Kind != message.OutcomeAccepted {
		t.Fatalf("%+v, want accepted", o)
	}
	if err := v.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	deadline := time.After(patience)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for s.Open() > 0 {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%d connections are still open", s.Open())
		}
	}
}

func (h Harness) approved(t *testing.T) {
	t.Helper()
	s := h.Start(t, Accept)
	v := h.vendor(t, s, Limits{Timeout: longTimeout, Concurrency: 1})
	m := h.Message(1)
	only, ok := vendors.As[vendors.TemplateOnly](v)
	if !ok || !only.TemplateOnly() || m.Channel != message.SMS {
		return
	}
	m.Template = ""
	if o := h.send(t, v, context.Background(), m); o.Kind != message.OutcomeUnsent {
		t.Errorf("without an approved text: %+v, want unsent", o)
	}
	if got := len(s.Arrivals()); got > 0 {
		t.Errorf("%d messages without an approved text reached the server", got)
	}
}

func (h Harness) prints(t *testing.T) {
	t.Helper()
	s := h.Start(t, Accept)
	v := h.vendor(t, s, Limits{Timeout: longTimeout, Concurrency: 1})
	for v := v; v != nil; {
		for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d"} {
			h.noSecret(t, "the vendor under "+format, fmt.Sprintf(format, v))
		}
		w, ok := v.(vendors.Wrapper)
		if !ok {
			break
		}
		v = w.Unwrap()
	}
}

func (h Harness) vendor(t *testing.T, s Server, l Limits) vendors.Vendor {
	t.Helper()
	v := s.Vendor(t, l)
	t.Cleanup(func() {
		if err := v.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return v
}

// send fails the test where Send hangs.
func (h Harness) send(t *testing.T, v vendors.Vendor, ctx context.Context, m message.Message) message.Outcome { //nolint:revive // t comes first in a helper
	t.Helper()
	done := make(chan message.Outcome, 1)
	go func() { done <- v.Send(ctx, m) }()
	select {
	case o := <-done:
		return o
	case <-time.After(patience):
		t.Fatal("Send hangs")
		return message.Outcome{}
	}
}

// check holds an outcome to the rules of message.Outcome.
func (h Harness) check(t *testing.T, o message.Outcome, m message.Message) {
	t.Helper()
	if (o.Kind == message.OutcomeRefused) != (o.Reason != "") {
		t.Errorf("%+v: a reason belongs to a refusal", o)
	}
	if o.Kind != message.OutcomeAccepted && o.Code == "" {
		t.Errorf("%+v: no code", o)
	}
	if o.Kind == message.OutcomeUnsent && !strings.HasPrefix(o.Code, "notify:") {
		t.Errorf("%+v: what the vendor never saw has a code of ours", o)
	}
	if o.Kind == message.OutcomeAccepted && (o.VendorID == "") != (h.NoID != "") {
		t.Errorf("%+v: vendor id %q", o, o.VendorID)
	}
	if len(o.Detail) > maxDetail || !utf8.ValidString(o.Detail) || strings.ContainsAny(o.Detail, "\r\n") {
		t.Errorf("detail of %d bytes is not one line of at most %d bytes of UTF-8: %q", len(o.Detail), maxDetail, o.Detail)
	}
	all := fmt.Sprintf("%+v", o)
	h.noSecret(t, "the outcome", all)
	address := string(m.To)
	for _, form := range []string{address, strings.TrimPrefix(address, "+")} {
		if strings.Contains(all, form) {
			t.Errorf("the outcome holds the address unmasked: %s", all)
		}
	}
}

func (h Harness) noSecret(t *testing.T, what, text string) {
	t.Helper()
	for _, secret := range h.Secrets {
		if strings.Contains(text, secret) {
			t.Errorf("%s holds a secret: %s", what, strings.ReplaceAll(text, secret, "<secret>"))
		}
	}
}

// agree compares an outcome with the server's own count.
func (h Harness) agree(t *testing.T, s Server, o message.Outcome, sends int) {
	t.Helper()
	if s.Tries() > sends {
		t.Errorf("%d tries on the wire for %d sends", s.Tries(), sends)
	}
	switch o.Kind {
	case message.OutcomeUnsent:
		if n := len(s.Arrivals()); n != 0 {
			t.Errorf("unsent, but %d messages reached the server", n)
		}
	case message.OutcomeAccepted:
		if n := len(s.Arrivals()); n != sends {
			t.Errorf("accepted, but %d messages reached the server", n)
		}
	case message.OutcomeRejected, message.OutcomeThrottled, message.OutcomeRefused:
		if s.Tries() != sends {
			t.Errorf("%s, but the server counts %d tries", o, s.Tries())
		}
	case message.OutcomeUnknown:
	}
}
