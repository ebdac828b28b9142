package smtp_test

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"notify/pkg/message"
	"notify/pkg/vendors"
	"notify/pkg/vendors/vendorstest"
)

// crowded is a server that lets so many connections in, and counts.
type crowded struct {
	addr               string
	lets               atomic.Int64
	open, most, turned atomic.Int64
	taken              atomic.Int64
	greeted            atomic.Value
}

func startCrowded(t *testing.T, lets int64) *crowded {
	t.Helper()
	s := &crowded{}
	s.lets.Store(lets)
	s.addr = vendorstest.Listen(t, s.serve).Addr()
	return s
}

func (s *crowded) serve(c net.Conn) {
	say := func(line string) { _, _ = fmt.Fprint(c, line+"\r\n") }
	n := s.open.Add(1)
	defer s.open.Add(-1)
	if n > s.lets.Load() {
		s.turned.Add(1)
		say("421 4.7.0 Error: too many connections")
		return
	}
	s.most.Store(max(s.most.Load(), n))
	say("220 crowded.test ESMTP")
	lines := bufio.NewScanner(c)
	for inBody := false; lines.Scan(); {
		switch line := lines.Text(); {
		case inBody && line == ".":
			inBody = false
			s.taken.Add(1)
			say("250 2.0.0 Ok: queued as 1")
		case inBody:
		case line == "DATA":
			inBody = true
			say("354 go on")
		case strings.HasPrefix(line, "EHLO"):
			s.greeted.Store(line)
			say("250 crowded.test")
		case strings.HasPrefix(line, "QUIT"):
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

// sendAll sends mails, sixteen at a time, and counts the outcomes.
func sendAll(t *testing.T, v vendors.Vendor, mails int) map[message.OutcomeKind]int {
	t.Helper()
	var wg sync.WaitGroup
	var mu sync.Mutex
	kinds := make(map[message.OutcomeKind]int)
	work := make(chan int)
	for range 16 {
		wg.Go(func() {
			for n := range work {
				o := v.Send(t.Context(), plainMail(n))
				mu.Lock()
				kinds[o.Kind]++
				mu.Unlock()
			}
		})
	}
	for n := range mails {
		work <- n
	}
	close(work)
	wg.Wait()
	return kinds
}

func TestTheOpenConnectionsCarryWhatNoFurtherOneMay(t *testing.T) {
	t.Parallel()
	s := startCrowded(t, 2)
	v := newVendor(t, s.addr, map[string]any{"max_per_connection": 20})
	if kinds := sendAll(t, v, 300); kinds[message.OutcomeAccepted] != 300 {
		t.Errorf("outcomes %v, want 300 accepted", kinds)
	}
	if s.taken.Load() != 300 || s.most.Load() > 2 {
		t.Errorf("the server took %d, over %d connections at a time", s.taken.Load(), s.most.Load())
	}
	narrow, _ := vendors.As[vendors.Narrow](v)
	if n, said, again := narrow.Room(); n < 1 || n > 3 || !strings.Contains(said, "too many connections") || again.IsZero() {
		t.Errorf("there is room for %d, since %q, until %v", n, said, again)
	}
}

func TestWhereTheServerLetsNobodyInNobodyWaits(t *testing.T) {
	t.Parallel()
	s := startCrowded(t, 0)
	v := newVendor(t, s.addr, nil)
	if kinds := sendAll(t, v, 40); kinds[message.OutcomeThrottled]+kinds[message.OutcomeUnsent] != 40 || kinds[message.OutcomeThrottled] == 0 {
		t.Errorf("outcomes %v, want 40 throttled", kinds)
	}
	s.lets.Store(16)
	if kinds := sendAll(t, v, 40); kinds[message.OutcomeAccepted] != 40 {
		t.Errorf("outcomes %v once it lets them in", kinds)
	}
}
