package config

import (
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"notify/pkg/diag/yamldoc"
)

// DKIM is the key with which an account's server signs mails. notify signs nothing itself: this says what to look for.
type DKIM struct {
	Selector string // empty: not configured
	Domain   string // d= of the signature, lower case; empty: the domain of the sender
}

// selectorPattern is one or more labels of a DNS name (RFC 6376 3.1); some vendors use an underscore.
var selectorPattern = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$`)

// dnsPort is where DNS servers listen.
const dnsPort = "53"

// dnsServer reads an address with or without a port. A name would need the very DNS that it is to configure.
func dnsServer(v yamldoc.Value) string {
	s, _ := yamldoc.Parsed(v, func(s string) (string, error) {
		if addr, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
			return net.JoinHostPort(addr.String(), dnsPort), nil
		}
		addr, err := netip.ParseAddrPort(s)
		if err != nil || addr.Port() == 0 {
			return "", fmt.Errorf("%q is not the address of a DNS server", s)
		}
		return addr.String(), nil
	}, "write an address like 192.0.2.53 or 127.0.0.1:5353; leave the key out for the system's servers")
	return s
}

func readDKIM(m *yamldoc.Map) DKIM {
	defer m.Done()
	var d DKIM
	d.Selector, _ = yamldoc.Parsed(m.Value("selector"), func(s string) (string, error) {
		s = strings.ToLower(s)
		if !selectorPattern.MatchString(s) {
			return "", fmt.Errorf("%q cannot be a selector", s)
		}
		return s, nil
	}, "write s= of the DKIM-Signature that the server adds, like s2026")
	d.Domain, _ = yamldoc.Parsed(m.Value("domain"), func(s string) (string, error) {
		s = strings.TrimSuffix(strings.ToLower(s), ".")
		if !domainPattern.MatchString(s) {
			return "", fmt.Errorf("%q is no domain", s)
		}
		return s, nil
	}, "write d= of the DKIM-Signature that the server adds, like edm.example.com")
	if d.Domain != "" && m.Value("selector").Missing() {
		m.Problem("selector", "value-missing", "write selector: and s= of the DKIM-Signature", "the key has a domain and no selector")
	}
	return d
}

// sendsFrom reads single addresses: a range could not be asked about one by one.
func sendsFrom(v yamldoc.Value) []netip.Addr {
	var addrs []netip.Addr
	for _, item := range v.List() {
		addr, ok := yamldoc.Parsed(item, func(s string) (netip.Addr, error) {
			a, err := netip.ParseAddr(s)
			if err != nil {
				return a, fmt.Errorf("%q is not an address", s)
			}
			if a = a.Unmap(); !a.IsGlobalUnicast() || a.IsPrivate() || a.Zone() != "" {
				return a, fmt.Errorf("%s is not an address that receivers can see", a)
			}
			return a, nil
		}, "write the public addresses that the mails come from, like 203.0.113.7")
		switch {
		case !ok:
		case slices.Contains(addrs, addr):
			item.Problem("address-twice", "keep one of the two", "%s stands twice", addr)
		default:
			addrs = append(addrs, addr)
		}
	}
	return addrs
}
