package config

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"notify/pkg/diag/yamldoc"
	"notify/pkg/words"
)

// DKIM is the key with which mails of an account are signed: by its server, or by notify where the key is given.
type DKIM struct {
	Selector string // empty: not configured
	Domain   string // d= of the signature, lower case; empty: the domain of the sender
	// Key is the private key; nil where the server signs.
	Key crypto.Signer `json:"-"`
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
			return "", words.Err("config.dns-invalid", words.A{"value": s})
		}
		return addr.String(), nil
	}, words.T("config.do.dns", nil))
	return s
}

func (r *reader) readDKIM(m *yamldoc.Map) DKIM {
	defer m.Done()
	var d DKIM
	d.Selector, _ = yamldoc.Parsed(m.Value("selector"), func(s string) (string, error) {
		s = strings.ToLower(s)
		if !selectorPattern.MatchString(s) {
			return "", words.Err("config.selector-invalid", words.A{"value": s})
		}
		return s, nil
	}, words.T("config.do.selector-value", nil))
	d.Domain, _ = yamldoc.Parsed(m.Value("domain"), func(s string) (string, error) {
		s = strings.TrimSuffix(strings.ToLower(s), ".")
		if !domainPattern().MatchString(s) {
			return "", words.Err("config.domain-invalid", words.A{"value": s})
		}
		return s, nil
	}, words.T("config.do.dkim-domain", nil))
	key := m.Value("key")
	if text := r.filled(key); text != "" {
		var err error
		if d.Key, err = privateKey(text); err != nil {
			key.Problem(words.Cause(err), words.T("config.do.dkim-key", nil))
		}
	}
	if (d.Domain != "" || d.Key != nil) && m.Value("selector").Missing() {
		m.Problem("selector", words.T("config.selector-missing", nil), words.T("config.do.selector", nil))
	}
	return d
}

// privateKey reads a key as openssl writes it: RSA or Ed25519, in PEM. Nothing of it is in the error.
func privateKey(text string) (crypto.Signer, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, words.Err("config.dkim-key-form", nil)
	}
	var key any
	var err error
	if key, err = x509.ParsePKCS8PrivateKey(block.Bytes); err != nil {
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	}
	if err != nil {
		return nil, words.Err("config.dkim-key-form", nil)
	}
	switch key := key.(type) {
	case *rsa.PrivateKey:
		if bits := key.N.BitLen(); bits < 1024 { // RFC 8301 3.2
			return nil, words.Err("config.dkim-key-short", words.A{"bits": bits})
		}
		return key, nil
	case ed25519.PrivateKey:
		return key, nil
	}
	return nil, words.Err("config.dkim-key-kind", nil)
}

// sendsFrom reads single addresses: a range could not be asked about one by one.
func sendsFrom(v yamldoc.Value) []netip.Addr {
	var addrs []netip.Addr
	for _, item := range v.List() {
		addr, ok := yamldoc.Parsed(item, func(s string) (netip.Addr, error) {
			a, err := netip.ParseAddr(s)
			if err != nil {
				return a, words.Err("config.sends-from-invalid", words.A{"value": s})
			}
			if a = a.Unmap(); !a.IsGlobalUnicast() || a.IsPrivate() || a.Zone() != "" {
				return a, words.Err("config.sends-from-private", words.A{"value": a.String()})
			}
			return a, nil
		}, words.T("config.do.sends-from", nil))
		switch {
		case !ok:
		case slices.Contains(addrs, addr):
			item.Problem(words.T("config.sends-from-twice", words.A{"value": addr.String()}), words.T("yaml.do.keep-one", nil))
		default:
			addrs = append(addrs, addr)
		}
	}
	return addrs
}
