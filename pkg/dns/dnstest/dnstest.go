// Package dnstest is a DNS server on loopback for tests: it answers by UDP and TCP from the text of a zone file, and can be
// told to fail. It is a real server, so that what is tested is what goes over the wire.
package dnstest

import (
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/dns"
)

// Server answers for the whole tree of names: what is not in its zone does not exist.
type Server struct {
	// Addr is host:port, the same for UDP and TCP.
	Addr string

	mu      sync.Mutex
	records map[string][]dns.RR // by name, lower case
	rcodes  map[string]int
	silent  map[string]bool
	change  func(*dns.Msg)
	asked   map[string]int
}

// Serve answers until the test ends. A name in the zone without a dot at its end is below the root.
func Serve(tb testing.TB, zone string) *Server {
	tb.Helper()
	s := &Server{
		records: make(map[string][]dns.RR), rcodes: make(map[string]int), silent: make(map[string]bool), asked: make(map[string]int),
	}
	s.Add(tb, zone)
	udp, tcp := listen(tb)
	s.Addr = udp.LocalAddr().String()
	for _, server := range []*dns.Server{{PacketConn: udp, Handler: s}, {Listener: tcp, Handler: s}} {
		started, ended := make(chan struct{}), make(chan error, 1)
		server.NotifyStartedFunc = func() { close(started) }
		go func() { ended <- server.ActivateAndServe() }()
		<-started
		tb.Cleanup(func() {
			if err := server.Shutdown(); err != nil {
				tb.Errorf("stop the DNS server: %v", err)
			}
			if err := <-ended; err != nil {
				tb.Errorf("the DNS server: %v", err)
			}
		})
	}
	return s
}

// listen takes one port by UDP and TCP; a port that only one of them can have is given back.
func listen(tb testing.TB) (net.PacketConn, net.Listener) {
	tb.Helper()
	var last error
	for range 20 {
		udp, err := net.ListenPacket("udp", "127.0.0.1:0") //nolint:noctx // it listens at once or not at all
		if err != nil {
			tb.Fatal(err)
		}
		tcp, err := net.Listen("tcp", udp.LocalAddr().String()) //nolint:noctx // it listens at once or not at all
		if err == nil {
			return udp, tcp
		}
		last = err
		if err := udp.Close(); err != nil {
			tb.Fatal(err)
		}
	}
	tb.Fatal(last)
	return nil, nil
}

// Add puts further records into the zone.
func (s *Server) Add(tb testing.TB, zone string) {
	tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	p := dns.NewZoneParser(strings.NewReader("$TTL 60\n"+zone), ".", "")
	for rr, ok := p.Next(); ok; rr, ok = p.Next() {
		name := strings.ToLower(rr.Header().Name)
		s.records[name] = append(s.records[name], rr)
	}
	if err := p.Err(); err != nil {
		tb.Fatal(err)
	}
}

// Text makes the zone's line of a text of any length, in parts as long as DNS allows.
func Text(name, text string) string {
	var b strings.Builder
	b.WriteString(name + " TXT")
	const part = 255
	for len(text) > part {
		b.WriteString(" " + strconv.Quote(text[:part]))
		text = text[part:]
	}
	return b.String() + " " + strconv.Quote(text) + "\n"
}

// Fail answers every question about a name with this code, such as dns.RcodeServerFailure; about the empty name: all.
func (s *Server) Fail(name string, rcode int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rcodes[fqdn(name)] = rcode
}

// Silence leaves every question about a name without an answer; about the empty name: all.
func (s *Server) Silence(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.silent[fqdn(name)] = true
}

// Change does something to every answer before it leaves.
func (s *Server) Change(f func(*dns.Msg)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.change = f
}

// Asked is how often a question came, as "udp A example.test".
func (s *Server) Asked(question string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[question]
}

// All is how many questions came.
func (s *Server) All() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, times := range s.asked {
		n += times
	}
	return n
}

func fqdn(name string) string {
	if name == "" {
		return ""
	}
	return strings.ToLower(dns.Fqdn(name))
}

// ServeDNS answers one question.
func (s *Server) ServeDNS(w dns.ResponseWriter, in *dns.Msg) {
	if out := s.answer(in, w.LocalAddr().Network()); out != nil {
		// A client that has gone is no fault of the server.
		_ = w.WriteMsg(out)
	}
}

func (s *Server) answer(in *dns.Msg, network string) *dns.Msg {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := in.Question[0]
	name := strings.ToLower(q.Name)
	s.asked[network+" "+dns.TypeToString[q.Qtype]+" "+strings.TrimSuffix(name, ".")]++
	if s.silent[name] || s.silent[""] {
		return nil
	}
	out := new(dns.Msg)
	out.SetReply(in)
	out.RecursionAvailable = true
	s.fill(out, name, q.Qtype)
	for _, key := range []string{"", name} {
		if code, fails := s.rcodes[key]; fails {
			out.Rcode, out.Answer = code, nil
		}
	}
	if s.change != nil {
		s.change(out)
	}
	if network == "udp" {
		size := dns.MinMsgSize
		if o := in.IsEdns0(); o != nil {
			size = int(o.UDPSize())
		}
		out.Truncate(size)
	}
	return out
}

// fill puts the records of a name and of what it is an alias of into the answer.
func (s *Server) fill(out *dns.Msg, name string, kind uint16) {
	const longest = 8
	for range longest {
		records, exists := s.records[name]
		if !exists {
			if len(out.Answer) == 0 && !s.hasBelow(name) {
				out.Rcode = dns.RcodeNameError
			}
			return
		}
		next := ""
		for _, rr := range records {
			switch c, alias := rr.(*dns.CNAME); {
			case rr.Header().Rrtype == kind:
				out.Answer = append(out.Answer, rr)
			case alias:
				out.Answer = append(out.Answer, rr)
				next = strings.ToLower(c.Target)
			}
		}
		if next == "" {
			return
		}
		name = next
	}
}

// hasBelow reports names below a name, which exists then, without records.
func (s *Server) hasBelow(name string) bool {
	for have := range s.records {
		if strings.HasSuffix(have, "."+name) {
			return true
		}
	}
	return false
}
