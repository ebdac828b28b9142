package config

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
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

// Format prints the configuration in one line, without secrets, under every verb.
func (c Config) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "configuration %q: environment %s, ledger %s, accounts %s",
		c.Path, c.Environment, c.Ledger, strings.Join(slices.Sorted(maps.Keys(c.Accounts)), ", "))
}

// Format prints the account in one line, without secrets, under every verb.
func (a Account) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "account %s: vendor %s, environment %s, class %s, options %v", a.Name, a.Vendor, a.Environment, a.Class, a.Options)
}

// MarshalJSON writes the configuration with its options redacted.
func (c Config) MarshalJSON() ([]byte, error) {
	type plain Config
	p := plain(c)
	return json.Marshal(struct {
		plain
		Timezone string
	}{p, c.Timezone.String()})
}
