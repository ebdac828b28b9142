package config

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// Options are an account's options. They hold secrets, so nothing prints them: fmt, log/slog and encoding/json show the
// names only. Adapters take the map itself.
type Options map[string]any

// Format prints the names of the options under every verb.
func (o Options) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "{"+strings.Join(slices.Sorted(maps.Keys(o)), ", ")+"}")
}

// MarshalJSON writes the names of the options, each with "***".
func (o Options) MarshalJSON() ([]byte, error) {
	hidden := make(map[string]string, len(o))
	for k := range o {
		hidden[k] = "***"
	}
	return json.Marshal(hidden)
}

// Format prints where the alert goes without what follows the host: webhook addresses hold tokens.
func (a Alert) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, a.Severity+" to "+hostOnly(a.URL))
}

// MarshalJSON writes what Format prints.
func (a Alert) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{"url": hostOnly(a.URL), "severity": a.Severity})
}

func hostOnly(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		return "***"
	}
	return u.Scheme + "://" + u.Host
}

// LedgerName is the ledger as it may be shown: a DSN without its password.
func (c *Config) LedgerName() string {
	if !strings.Contains(c.Ledger, "://") {
		return c.Ledger
	}
	u, err := url.Parse(c.Ledger)
	if err != nil {
		return "***"
	}
	u.RawQuery = ""
	return u.Redacted()
}

// Format prints the configuration in one line, without secrets, under every verb.
func (c Config) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "configuration %q: environment %s, ledger %s, accounts %s",
		c.Path, c.Environment, c.LedgerName(), strings.Join(slices.Sorted(maps.Keys(c.Accounts)), ", "))
}

// Format prints the account in one line, without secrets, under every verb.
func (a Account) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "account %s: vendor %s, environment %s, class %s, options %v", a.Name, a.Vendor, a.Environment, a.Class, a.Options)
}

// MarshalJSON writes the configuration with its ledger, options and alerts redacted.
func (c Config) MarshalJSON() ([]byte, error) {
	type plain Config
	p := plain(c)
	p.Ledger = c.LedgerName()
	return json.Marshal(struct {
		plain
		Timezone string
	}{p, c.Timezone.String()})
}
