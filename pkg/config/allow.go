package config

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"notify/pkg/message"
	"notify/pkg/words"
)

// Allows reports whether an address may be reached from this installation: in production every one, elsewhere those on
// the allow list only.
func (c *Config) Allows(addr message.Address) bool {
	if c.Environment == Production {
		return true
	}
	return slices.ContainsFunc(c.AllowList, func(pattern string) bool { return matches(pattern, string(addr)) })
}

func matches(pattern, addr string) bool {
	if addr == "" || strings.Contains(addr, "*") {
		return false
	}
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(addr, prefix)
	}
	domain, ok := strings.CutPrefix(pattern, "*@")
	if !ok {
		return strings.EqualFold(pattern, addr)
	}
	at := strings.LastIndexByte(addr, '@')
	if at < 1 {
		return false
	}
	got := strings.ToLower(addr[at+1:])
	if suffix, below := strings.CutPrefix(domain, "*"); below {
		return strings.HasSuffix(got, suffix) && len(got) > len(suffix)
	}
	return got == domain
}

var (
	phonePattern  = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	phonePrefix   = regexp.MustCompile(`^\+[1-9][0-9]{4,13}\*$`)
	domainPattern = sync.OnceValue(func() *regexp.Regexp { //nolint:gochecknoglobals // letters of all scripts take a while to compile
		return regexp.MustCompile(`^([\p{L}\p{N}]([\p{L}\p{N}-]*[\p{L}\p{N}])?\.)*[\p{L}\p{N}]([\p{L}\p{N}-]*[\p{L}\p{N}])?$`)
	})
	reservedTLDs = []string{"test", "example", "invalid", "localhost"} //nolint:gochecknoglobals // RFC 2606
)

// allowPattern checks one entry of the allow list. Entries that would let nearly everybody through are refused, because
// the list is what keeps a test from reaching customers.
func allowPattern(s string) (string, error) {
	local, domain, isMail := strings.Cut(s, "@")
	switch {
	case phonePattern.MatchString(s), phonePrefix.MatchString(s):
		return s, nil
	case !isMail && strings.HasSuffix(s, "*"):
		return "", words.Err("config.allow-prefix", words.A{"value": s})
	case !isMail:
		return "", words.Err("config.allow-neither", words.A{"value": s})
	}
	domain = strings.ToLower(domain)
	plain, below := strings.CutPrefix(domain, "*.")
	wide := below && !strings.Contains(plain, ".") && !slices.Contains(reservedTLDs, plain)
	switch {
	case domain == "*" || wide:
		return "", words.Err("config.allow-wide", words.A{"value": s})
	case !domainPattern().MatchString(plain), local == "", local != "*" && strings.Contains(local, "*"), below && local != "*":
		return "", words.Err("config.allow-invalid", words.A{"value": s})
	}
	return local + "@" + domain, nil
}
