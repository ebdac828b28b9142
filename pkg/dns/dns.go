// Package dns owns the questions to the domain name system that are asked about a campaign's sender: TXT, MX, addresses and
// names of addresses, as the receivers of a mail will ask them. It stands below preflight and knows nothing of mail.
//
// It asks a server itself instead of using net.Resolver, for three reasons: the server can be configured, an answer that is
// missing is told from one that could not be had, and no file of this machine answers in place of the DNS that receivers see.
package dns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// Options say whom to ask, and how long to wait. The zero value asks the system's servers.
type Options struct {
	// Servers are host:port; none means those of File. They are asked in turn.
	Servers []string
	// File lists the system's servers; empty means /etc/resolv.conf.
	File string
	// Timeout is for one try, of which a question has as many as Tries; 0 means DefaultTimeout and DefaultTries.
	Timeout time.Duration
	Tries   int
}

// A question that nobody answers takes DefaultTimeout × DefaultTries, so that a preflight check still has time to say so.
const (
	DefaultTimeout = 2 * time.Second
	DefaultTries   = 3
)

const systemFile = "/etc/resolv.conf"

// udpSize is what an answer may have by UDP: what passes every network without being taken apart (DNS flag day 2020).
const udpSize = 1232

// noServer is what a resolver says that has nobody to ask.
const noServer = "no DNS server is known"

// Resolver asks, and remembers every answer and every failure for as long as it lives: it is made for one preflight, which
// so sees one state of the DNS, and asks a dead server once for each name. It may be used concurrently.
//
// Every error of a lookup is a *net.DNSError. IsNotFound: the name, or such a record of it, does not exist, which is an
// answer. IsTemporary: there was no usable answer, so nothing is known; IsTimeout besides where nobody answered in time.
type Resolver struct {
	servers []string
	timeout time.Duration
	tries   int
	why     string // there are no servers

	mu    sync.Mutex
	known map[question]*answer
}

type question struct {
	name string // fully qualified, lower case
	kind uint16
}

// answer is complete when done is closed.
type answer struct {
	done    chan struct{}
	records []dns.RR
	err     *net.DNSError
}

// New makes a resolver. Where there is nobody to ask, every lookup says so.
func New(o Options) *Resolver {
	r := &Resolver{timeout: o.Timeout, tries: o.Tries, servers: slices.Clone(o.Servers), known: make(map[question]*answer)}
	if r.timeout == 0 {
		r.timeout = DefaultTimeout
	}
	if r.tries == 0 {
		r.tries = DefaultTries
	}
	if len(r.servers) > 0 {
		return r
	}
	file := o.File
	if file == "" {
		file = systemFile
	}
	system, err := dns.ClientConfigFromFile(file)
	if err != nil {
		r.why = fmt.Sprintf("%s, as the system's list of servers cannot be read: %v", noServer, err)
		return r
	}
	for _, s := range system.Servers {
		r.servers = append(r.servers, net.JoinHostPort(s, system.Port))
	}
	if len(r.servers) == 0 {
		r.why = noServer + ", as the system names none"
	}
	return r
}

// Servers are the servers that are asked, as host:port.
func (r *Resolver) Servers() []string { return slices.Clone(r.servers) }

// lookup are the records of one kind that a name has: never none without an error.
func (r *Resolver) lookup(ctx context.Context, name string, kind uint16) ([]dns.RR, error) {
	q := question{strings.ToLower(dns.Fqdn(name)), kind}
	if _, ok := dns.IsDomainName(q.name); !ok || q.name == "." {
		return nil, &net.DNSError{Err: "not a name that DNS can have", Name: name, IsNotFound: true}
	}
	if r.why != "" {
		return nil, &net.DNSError{Err: r.why, Name: trim(q.name), IsTemporary: true}
	}
	r.mu.Lock()
	a, asked := r.known[q]
	if !asked {
		a = &answer{done: make(chan struct{})}
		r.known[q] = a
	}
	r.mu.Unlock()
	if !asked {
		// Others may be waiting for the same answer, so it does not end with the one that asked first.
		go r.ask(context.WithoutCancel(ctx), q, a)
	}
	select {
	case <-a.done:
	case <-ctx.Done():
		return nil, &net.DNSError{
			UnwrapErr: ctx.Err(), Err: "given up: " + ctx.Err().Error(), Name: trim(q.name), IsTimeout: true, IsTemporary: true,
		}
	}
	if a.err != nil {
		return nil, a.err
	}
	return a.records, nil
}

// ask goes to the servers in turn until one gives an answer that can be used.
func (r *Resolver) ask(ctx context.Context, q question, a *answer) {
	defer close(a.done)
	for i := range r.tries {
		server := r.servers[i%len(r.servers)]
		a.records, a.err = r.try(ctx, server, q)
		if a.err == nil || a.err.IsNotFound {
			return
		}
	}
}

// try asks one server once: by UDP, and by TCP where the answer does not fit.
func (r *Resolver) try(ctx context.Context, server string, q question) ([]dns.RR, *net.DNSError) {
	m := new(dns.Msg)
	m.SetQuestion(q.name, q.kind)
	m.SetEdns0(udpSize, false)
	in, _, err := (&dns.Client{Timeout: r.timeout, UDPSize: udpSize}).ExchangeContext(ctx, m, server)
	if in != nil && in.Truncated {
		in, _, err = (&dns.Client{Net: "tcp", Timeout: r.timeout}).ExchangeContext(ctx, m, server)
	}
	fault := &net.DNSError{Name: trim(q.name), Server: server, IsTemporary: true}
	var timeout net.Error
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		fault.Err, fault.IsTimeout = "no answer within "+r.timeout.String(), true
		return nil, fault
	case err != nil:
		fault.Err = err.Error()
		// The ports and the kind of socket say nothing to an operator; the server stands in fault.
		if op := (*net.OpError)(nil); errors.As(err, &op) {
			fault.Err = op.Err.Error()
		}
		return nil, fault
	}
	return read(in, q, fault)
}

// read takes the records out of an answer, or says in fault why there are none.
func read(in *dns.Msg, q question, fault *net.DNSError) ([]dns.RR, *net.DNSError) {
	switch {
	case len(in.Question) != 1 || !strings.EqualFold(in.Question[0].Name, q.name) || in.Question[0].Qtype != q.kind:
		fault.Err = "the answer is to another question"
		return nil, fault
	case in.Rcode == dns.RcodeNameError:
		fault.Err, fault.IsNotFound, fault.IsTemporary = "there is no such name", true, false
		return nil, fault
	case in.Rcode != dns.RcodeSuccess:
		fault.Err = "the server answers " + dns.RcodeToString[in.Rcode]
		return nil, fault
	}
	if records := follow(in.Answer, q); len(records) > 0 {
		return records, nil
	}
	if isReferral(in) {
		fault.Err = "the server answers for its own names only"
		return nil, fault
	}
	fault.Err, fault.IsNotFound, fault.IsTemporary = "the name has no "+dns.TypeToString[q.kind]+" record", true, false
	return nil, fault
}

// follow goes along the aliases of an answer to the records that were asked for.
func follow(records []dns.RR, q question) []dns.RR {
	name := q.name
	for range len(records) + 1 {
		var found []dns.RR
		next := ""
		for _, rr := range records {
			switch {
			case !strings.EqualFold(rr.Header().Name, name):
			case rr.Header().Rrtype == q.kind:
				found = append(found, rr)
			case rr.Header().Rrtype == dns.TypeCNAME:
				if c, ok := rr.(*dns.CNAME); ok {
					next = c.Target
				}
			}
		}
		if len(found) > 0 || next == "" {
			return found
		}
		name = next
	}
	return nil
}

// isReferral reports an answer that only names other servers: it says nothing about the name.
func isReferral(in *dns.Msg) bool {
	is := func(kind uint16) func(dns.RR) bool {
		return func(rr dns.RR) bool { return rr.Header().Rrtype == kind }
	}
	return len(in.Answer) == 0 && !in.Authoritative && slices.ContainsFunc(in.Ns, is(dns.TypeNS)) &&
		!slices.ContainsFunc(in.Ns, is(dns.TypeSOA))
}

// trim is a name as people write it.
func trim(name string) string {
	if name == "." {
		return name
	}
	return strings.TrimSuffix(name, ".")
}
