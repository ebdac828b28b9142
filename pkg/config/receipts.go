package config

import (
	"net/netip"
	"net/url"

	"notify/pkg/diag/yamldoc"
	"notify/pkg/words"
)

// Receipts is how an account's vendor pushes receipts, as far as the vendor does not say it.
type Receipts struct {
	Format string // empty: that of the vendor
	// Secret is what the vendor signs with, or the public key that checks it; empty: the receipts are not signed.
	Secret string `json:"-"`
	Topic  string // the only one that is believed, where the format has topics
	URL    string // how the vendor calls us, up to the path; empty: as its request says
	// Sources are where receipts may come from; none: anywhere.
	Sources []netip.Prefix
}

func (r *reader) receipts(m *yamldoc.Map) Receipts {
	defer m.Done()
	out := Receipts{Format: m.Value("format").Text(), Topic: m.Value("topic").Text()}
	if v := m.Value("secret"); v.Set() {
		out.Secret = r.filled(v)
	}
	out.URL, _ = yamldoc.Parsed(m.Value("url"), func(s string) (string, error) {
		u, err := url.Parse(s)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.User != nil {
			return "", words.Err("config.receipts-url", words.A{"value": s})
		}
		return s, nil
	}, words.T("config.do.receipts-url", nil))
	for _, v := range m.Value("sources").List() {
		if p, ok := yamldoc.Parsed(v, source, words.T("config.do.receipts-sources", nil)); ok {
			out.Sources = append(out.Sources, p)
		}
	}
	return out
}

// source is an address, or a range of them.
func source(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, words.Err("config.receipts-source", words.A{"value": s})
	}
	return p.Masked(), nil
}
