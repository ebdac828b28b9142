package dns

import (
	"cmp"
	"context"
	"errors"
	"net"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// LookupTXT are the texts of a name, each with its parts joined.
func (r *Resolver) LookupTXT(ctx context.Context, name string) ([]string, error) {
	records, err := r.lookup(ctx, name, dns.TypeTXT)
	if err != nil {
		return nil, err
	}
	var texts []string
	for _, rr := range records {
		if t, ok := rr.(*dns.TXT); ok {
			texts = append(texts, strings.Join(unescaped(t.Txt), ""))
		}
	}
	return texts, nil
}

// unescaped undoes the escapes of zone files in which the library keeps texts: \" \\ and \DDD.
func unescaped(parts []string) []string {
	out := make([]string, 0, len(parts))
	for _, p := range parts {
		if !strings.Contains(p, `\`) {
			out = append(out, p)
			continue
		}
		b := make([]byte, 0, len(p))
		for i := 0; i < len(p); i++ {
			switch {
			case p[i] != '\\' || i+1 == len(p):
				b = append(b, p[i])
			case i+3 < len(p) && isDigit(p[i+1]) && isDigit(p[i+2]) && isDigit(p[i+3]):
				b = append(b, (p[i+1]-'0')*100+(p[i+2]-'0')*10+p[i+3]-'0')
				i += 3
			default:
				b = append(b, p[i+1])
				i++
			}
		}
		out = append(out, string(b))
	}
	return out
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// LookupMX are the mail hosts of a domain, the preferred first, without the dot at the end. The host "." says that the
// domain takes no mail (RFC 7505).
func (r *Resolver) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	records, err := r.lookup(ctx, name, dns.TypeMX)
	if err != nil {
		return nil, err
	}
	var hosts []*net.MX
	for _, rr := range records {
		if mx, ok := rr.(*dns.MX); ok {
			hosts = append(hosts, &net.MX{Host: trim(strings.ToLower(mx.Mx)), Pref: mx.Preference})
		}
	}
	slices.SortStableFunc(hosts, func(a, b *net.MX) int {
		return cmp.Or(cmp.Compare(a.Pref, b.Pref), cmp.Compare(a.Host, b.Host))
	})
	return hosts, nil
}

// LookupIPAddr are the addresses of a host, IPv4 first; of an address, itself. Where one of the two kinds cannot be had
// and the other can, the latter is the answer.
func (r *Resolver) LookupIPAddr(ctx context.Context, host string) ([]net.IPAddr, error) {
	if ip := net.ParseIP(strings.Trim(host, "[]")); ip != nil {
		return []net.IPAddr{{IP: ip}}, nil
	}
	type half struct {
		records []dns.RR
		err     error
	}
	six := make(chan half, 1)
	go func() {
		records, err := r.lookup(ctx, host, dns.TypeAAAA)
		six <- half{records, err}
	}()
	four, err := r.lookup(ctx, host, dns.TypeA)
	other := <-six
	var all []net.IPAddr
	for _, rr := range slices.Concat(four, other.records) {
		switch a := rr.(type) {
		case *dns.A:
			all = append(all, net.IPAddr{IP: a.A})
		case *dns.AAAA:
			all = append(all, net.IPAddr{IP: a.AAAA})
		}
	}
	switch {
	case len(all) > 0:
		return all, nil
	case IsNotFound(err) && other.err != nil:
		return nil, other.err
	}
	return nil, err
}

// LookupAddr are the names that an address says it has, without the dot at the end.
func (r *Resolver) LookupAddr(ctx context.Context, addr string) ([]string, error) {
	reverse, err := dns.ReverseAddr(addr)
	if err != nil {
		return nil, &net.DNSError{Err: "not an address", Name: addr, IsNotFound: true}
	}
	records, err := r.lookup(ctx, reverse, dns.TypePTR)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, rr := range records {
		if p, ok := rr.(*dns.PTR); ok {
			names = append(names, trim(strings.ToLower(p.Ptr)))
		}
	}
	return names, nil
}

// IsNotFound reports an error that is an answer: there is no such name, or it has no such record.
func IsNotFound(err error) bool {
	var e *net.DNSError
	return errors.As(err, &e) && e.IsNotFound
}
