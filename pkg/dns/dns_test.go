package dns_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	mdns "github.com/miekg/dns"

	"notify/pkg/dns"
	"notify/pkg/dns/dnstest"
)

const zone = `
edm.example.com   TXT   "v=spf1 ip4:192.0.2.1 " "-all"
edm.example.com   MX    20 backup.example.com.
edm.example.com   MX    10 MX.example.com.
mx.example.com    A     192.0.2.10
mx.example.com    AAAA  2001:db8::10
four.example.com  A     192.0.2.4
null.example.com  MX    0 .
quoted.example.com TXT  "a \"quoted\" \\ text \200"
www.example.com   CNAME alias.example.com.
alias.example.com CNAME mx.example.com.
loop.example.com  CNAME loop.example.com.
10.2.0.192.in-addr.arpa PTR MX.example.com.
`

func serve(t *testing.T) (*dnstest.Server, *dns.Resolver) {
	t.Helper()
	s := dnstest.Serve(t, zone)
	return s, resolver(s.Addr)
}

// resolver waits for an answer for as long as a busy machine may need.
func resolver(servers ...string) *dns.Resolver {
	return dns.New(dns.Options{Servers: servers, Timeout: time.Minute, Tries: 2})
}

func TestRecordsAreReadAsReceiversReadThem(t *testing.T) {
	_, r := serve(t)
	texts := func(name string) []string {
		t.Helper()
		got, err := r.LookupTXT(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if diff := cmp.Diff([]string{"v=spf1 ip4:192.0.2.1 -all"}, texts("EDM.example.com.")); diff != "" {
		t.Error("parts are joined without a space between: ", diff)
	}
	if diff := cmp.Diff([]string{"a \"quoted\" \\ text \xc8"}, texts("quoted.example.com")); diff != "" {
		t.Error("escapes are undone: ", diff)
	}
	mx, err := r.LookupMX(t.Context(), "edm.example.com")
	if diff := cmp.Diff([]*net.MX{{Host: "mx.example.com", Pref: 10}, {Host: "backup.example.com", Pref: 20}}, mx); err != nil || diff != "" {
		t.Error("the preferred host is the first: ", err, diff)
	}
	mx, err = r.LookupMX(t.Context(), "null.example.com")
	if diff := cmp.Diff([]*net.MX{{Host: "."}}, mx); err != nil || diff != "" {
		t.Error("a null MX: ", err, diff)
	}
	names, err := r.LookupAddr(t.Context(), "192.0.2.10")
	if diff := cmp.Diff([]string{"mx.example.com"}, names); err != nil || diff != "" {
		t.Error("the name of an address: ", err, diff)
	}
}

func TestAddresses(t *testing.T) {
	_, r := serve(t)
	for _, c := range []struct {
		name, host string
		want       []string
	}{
		{"both kinds", "mx.example.com", []string{"192.0.2.10", "2001:db8::10"}},
		{"one kind", "four.example.com", []string{"192.0.2.4"}},
		{"along aliases", "www.example.com", []string{"192.0.2.10", "2001:db8::10"}},
		{"an address is its own", "192.0.2.7", []string{"192.0.2.7"}},
		{"an address in brackets", "[2001:db8::7]", []string{"2001:db8::7"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			addrs, err := r.LookupIPAddr(t.Context(), c.host)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, a := range addrs {
				got = append(got, a.String())
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// fault is what callers may rely on about an error.
type fault struct {
	NotFound, Temporary, Timeout bool
	says                         string
}

func (f fault) check(t *testing.T, err error) {
	t.Helper()
	var e *net.DNSError
	if !errors.As(err, &e) {
		t.Fatalf("not a DNS error: %v", err)
	}
	got := fault{NotFound: e.IsNotFound, Temporary: e.IsTemporary, Timeout: e.IsTimeout, says: f.says}
	if got != f || !strings.Contains(e.Error(), f.says) {
		t.Errorf("got %+v: %v, want %+v", got, e, f)
	}
	if dns.IsNotFound(err) != f.NotFound {
		t.Errorf("IsNotFound(%v) is %v", err, !f.NotFound)
	}
}

func TestWhatIsNotThereIsToldFromWhatIsNotKnown(t *testing.T) {
	missing, unknown := fault{NotFound: true}, fault{Temporary: true}
	with := func(f fault, says string) fault { f.says = says; return f }
	for _, c := range []struct {
		name   string
		change func(*dnstest.Server)
		host   string
		want   fault
	}{
		{"a name that does not exist", nil, "none.example.com", with(missing, "no such name")},
		{"a name without such a record", nil, "four.example.com", with(missing, "no TXT record")},
		{"a name above others", nil, "example.com", with(missing, "no TXT record")},
		{"an alias of itself", nil, "loop.example.com", missing},
		{"no name at all", nil, "", missing},
		{"a name with an empty part", nil, "a..example.com", missing},
		{"a part that is too long", nil, strings.Repeat("a", 64) + ".example.com", missing},
		{"SERVFAIL", func(s *dnstest.Server) { s.Fail("edm.example.com", mdns.RcodeServerFailure) }, "edm.example.com", with(unknown, "SERVFAIL")},
		{"REFUSED", func(s *dnstest.Server) { s.Fail("", mdns.RcodeRefused) }, "edm.example.com", with(unknown, "REFUSED")},
		{
			"silence", func(s *dnstest.Server) { s.Silence("") }, "edm.example.com",
			fault{Temporary: true, Timeout: true, says: "no answer within 50ms"},
		},
		{
			"an answer to another question",
			func(s *dnstest.Server) { s.Change(func(m *mdns.Msg) { m.Question[0].Name = "x.example.com." }) }, "edm.example.com",
			with(unknown, "another question"),
		},
		{
			"a referral", func(s *dnstest.Server) {
				ns, err := mdns.NewRR("com. NS a.gtld-servers.example.")
				s.Change(func(m *mdns.Msg) { m.Answer, m.Ns = nil, []mdns.RR{ns} })
				if err != nil {
					panic(err)
				}
			}, "edm.example.com", with(unknown, "its own names only"),
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, r := serve(t)
			if c.change != nil {
				c.change(s)
			}
			if c.want.Timeout { // there will be no answer
				r = dns.New(dns.Options{Servers: []string{s.Addr}, Timeout: 50 * time.Millisecond, Tries: 2})
			}
			got, err := r.LookupTXT(t.Context(), c.host)
			if got != nil {
				t.Errorf("texts %q beside the error", got)
			}
			c.want.check(t, err)
		})
	}
}

func TestEveryKindOfLookupSaysWhatIsNotThere(t *testing.T) {
	_, r := serve(t)
	_, mx := r.LookupMX(t.Context(), "four.example.com")
	_, addr := r.LookupAddr(t.Context(), "192.0.2.99")
	_, bad := r.LookupAddr(t.Context(), "mx.example.com")
	_, ip := r.LookupIPAddr(t.Context(), "edm.example.com")
	for _, err := range []error{mx, addr, bad, ip} {
		fault{NotFound: true}.check(t, err)
	}
}

func TestAnAnswerThatDoesNotFitComesByTCP(t *testing.T) {
	s := dnstest.Serve(t, dnstest.Text("long.example.com.", strings.Repeat("0123456789", 300)))
	got, err := resolver(s.Addr).LookupTXT(t.Context(), "long.example.com")
	if err != nil || len(got) != 1 || len(got[0]) != 3000 {
		t.Errorf("%d texts, error %v", len(got), err)
	}
	if udp, tcp := s.Asked("udp TXT long.example.com"), s.Asked("tcp TXT long.example.com"); udp != 1 || tcp != 1 {
		t.Errorf("asked %d times by UDP, %d by TCP", udp, tcp)
	}
}

func TestAFailureOfOneKindOfAddressHidesNotTheOther(t *testing.T) {
	s, r := serve(t)
	s.Change(func(m *mdns.Msg) {
		if m.Question[0].Qtype == mdns.TypeAAAA {
			m.Rcode, m.Answer = mdns.RcodeServerFailure, nil
		}
	})
	if got, err := r.LookupIPAddr(t.Context(), "mx.example.com"); err != nil || len(got) != 1 {
		t.Errorf("%v, %v", got, err)
	}
	// Where the other kind is not there, its failure is all that is known.
	_, err := r.LookupIPAddr(t.Context(), "edm.example.com")
	fault{Temporary: true, says: "SERVFAIL"}.check(t, err)
}

func TestAFailureIsTriedAgain(t *testing.T) {
	s, r := serve(t)
	failed := false
	s.Change(func(m *mdns.Msg) {
		if !failed {
			failed, m.Rcode, m.Answer = true, mdns.RcodeServerFailure, nil
		}
	})
	if got, err := r.LookupTXT(t.Context(), "edm.example.com"); err != nil || len(got) != 1 {
		t.Errorf("%q, %v", got, err)
	}
}

func TestEachQuestionIsAskedOnce(t *testing.T) {
	s, r := serve(t)
	var wg sync.WaitGroup
	for _, name := range []string{"edm.example.com", "EDM.example.com.", "none.example.com"} {
		for range 10 {
			wg.Go(func() {
				if got, err := r.LookupTXT(t.Context(), name); (err == nil) != (len(got) == 1) {
					t.Errorf("%s: %q, %v", name, got, err)
				}
			})
		}
	}
	wg.Wait()
	if n := s.All(); n != 2 {
		t.Errorf("%d questions", n)
	}
}

func TestWhoGivesUpDoesNotTakeTheAnswerFromOthers(t *testing.T) {
	s, r := serve(t)
	ctx, cancel := context.WithCancel(t.Context())
	arrived, release := make(chan struct{}), make(chan struct{})
	s.Change(func(*mdns.Msg) {
		close(arrived)
		<-release
	})
	first := make(chan error, 1)
	go func() {
		_, err := r.LookupTXT(ctx, "edm.example.com")
		first <- err
	}()
	<-arrived
	cancel()
	fault{Temporary: true, Timeout: true, says: "given up"}.check(t, <-first)
	close(release)
	s.Change(nil)
	if got, err := r.LookupTXT(t.Context(), "edm.example.com"); err != nil || len(got) != 1 {
		t.Errorf("%q, %v", got, err)
	}
}

func TestServers(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct {
		name string
		o    dns.Options
		want []string
	}{
		{"the ones that are given", dns.Options{Servers: []string{"192.0.2.53:53"}, File: "/none"}, []string{"192.0.2.53:53"}},
		{
			"the system's",
			dns.Options{File: file("two", "nameserver 192.0.2.1\nnameserver 2001:db8::1\n")},
			[]string{"192.0.2.1:53", "[2001:db8::1]:53"},
		},
		{"a system that names none", dns.Options{File: file("empty", "# nothing\n")}, nil},
		{"a system without the file", dns.Options{File: filepath.Join(dir, "none")}, nil},
		{"a system with a folder in its place", dns.Options{File: dir}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := dns.New(c.o)
			if diff := cmp.Diff(c.want, r.Servers()); diff != "" {
				t.Error(diff)
			}
			if c.want != nil {
				return
			}
			_, err := r.LookupIPAddr(t.Context(), "mx.example.com")
			fault{Temporary: true, says: "no DNS server is known"}.check(t, err)
			if _, err := r.LookupIPAddr(t.Context(), "192.0.2.1"); err != nil {
				t.Errorf("an address needs no server: %v", err)
			}
		})
	}
}

func TestTheNextServerIsAskedWhereOneFails(t *testing.T) {
	bad, good := dnstest.Serve(t, ""), dnstest.Serve(t, zone)
	bad.Fail("", mdns.RcodeServerFailure)
	r := resolver(bad.Addr, good.Addr)
	if got, err := r.LookupTXT(t.Context(), "edm.example.com"); err != nil || len(got) != 1 {
		t.Errorf("%q, %v", got, err)
	}
	if bad.All() != 1 || good.All() != 1 {
		t.Errorf("asked %d and %d times", bad.All(), good.All())
	}
}

func TestAServerThatDoesNotListenIsToldWithoutPorts(t *testing.T) {
	wait := time.Minute
	if runtime.GOOS == "windows" { // where nobody says that nobody listens
		wait = time.Second
	}
	_, err := dns.New(dns.Options{Servers: []string{"127.0.0.1:1"}, Timeout: wait, Tries: 1}).LookupTXT(t.Context(), "edm.example.com")
	fault{Temporary: true, Timeout: wait == time.Second, says: "lookup edm.example.com on 127.0.0.1:1: "}.check(t, err)
	if strings.Count(err.Error(), "127.0.0.1") != 1 {
		t.Error(err)
	}
}

func FuzzText(f *testing.F) {
	for _, seed := range []string{"v=spf1 -all", `back\slash "quote"`, "\x00\xff", strings.Repeat("x", 300)} {
		f.Add([]byte(seed))
	}
	s := dnstest.Serve(f, "")
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) == 0 || len(text) > 2000 {
			return
		}
		s.Change(func(m *mdns.Msg) {
			rr := &mdns.TXT{Hdr: mdns.RR_Header{Name: m.Question[0].Name, Rrtype: mdns.TypeTXT, Class: mdns.ClassINET}}
			for part := range chunks(text) {
				rr.Txt = append(rr.Txt, escaped(part))
			}
			m.Rcode, m.Answer = mdns.RcodeSuccess, []mdns.RR{rr}
		})
		r := dns.New(dns.Options{Servers: []string{s.Addr}})
		got, err := r.LookupTXT(t.Context(), "x.example.com")
		if err != nil || len(got) != 1 || got[0] != string(text) {
			t.Errorf("got %q, %v, want %q", got, err, text)
		}
	})
}

func chunks(b []byte) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for len(b) > 0 {
			n := min(len(b), 255)
			if !yield(b[:n]) {
				return
			}
			b = b[n:]
		}
	}
}

// escaped writes every byte as a zone file can.
func escaped(b []byte) string {
	var s strings.Builder
	for _, c := range b {
		s.WriteString(`\` + string([]byte{'0' + c/100, '0' + c/10%10, '0' + c%10}))
	}
	return s.String()
}
