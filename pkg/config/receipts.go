package config

import (
	"net/netip"
	"net/url"
	"strings"

	"notify/pkg/diag/yamldoc"
	"notify/pkg/message"
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

// minUnsubscribe is how long the secret of links must be: who guesses it takes anybody off.
const minUnsubscribe = 16

// unsubscribe reads where the links of mails lead, and what they are signed with.
func (r *reader) unsubscribe(m *yamldoc.Map) message.OneClick {
	defer m.Done()
	var o message.OneClick
	o.URL, _ = yamldoc.Parsed(m.Value("url"), func(s string) (string, error) {
		u, err := url.Parse(s)
		if err != nil || u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
			return "", words.Err("config.unsubscribe-url", words.A{"value": s})
		}
		return strings.TrimSuffix(s, "/"), nil
	}, words.T("config.do.unsubscribe-url", nil))
	v := m.Value("key")
	if o.Secret = r.filled(v); v.Set() && o.Secret != "" && len(o.Secret) < minUnsubscribe {
		v.Problem(words.T("config.unsubscribe-key", words.A{"least": minUnsubscribe}), words.T("config.do.unsubscribe-key", nil))
	}
	if (o.URL == "") != (o.Secret == "") && (m.Value("url").Missing() || v.Missing()) {
		m.Problem("key", words.T("config.unsubscribe-half", nil), words.T("config.do.unsubscribe-key", nil))
	}
	return o
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
