// Package option owns what an adapter declares about the keys that an account may set below options: which there are, which hold a
// secret, what follows from them. Whoever handles options asks here, and knows no adapter by name.
package option

import (
	"fmt"
	"slices"

	"notify/pkg/words"
)

// Role is what an option is to others than its adapter. Most have none.
type Role string

// The roles.
const (
	Server    Role = "server"    // the mail server that the account hands its messages to, as host:port
	Envelope  Role = "envelope"  // the address that bounces go to
	Signature Role = "signature" // what the vendor puts before each text, and counts
)

// Option is one key.
type Option struct {
	Name     string `json:"name"`
	Secret   bool   `json:"secret,omitempty"`
	Required bool   `json:"required,omitempty"`
	Default  string `json:"default,omitempty"`
	// Tuning is about how fast or how long, and not about what leaves or as whom: no signature covers it.
	Tuning bool `json:"tuning,omitempty"`
	Role   Role `json:"role,omitempty"`
	// About says what it is, in one line.
	About words.Text `json:"about"`
}

// Set are the options of an account.
type Set []Option

// Declare says which options an account has. given are those that it sets, since a vendor's file may declare more; dir is what
// relative files are relative to.
type Declare func(given map[string]any, dir string) Set

// Kinds are what the kinds of vendor declare, by name.
type Kinds map[string]Declare

// Names are the options' names.
func (s Set) Names() []string {
	names := make([]string, 0, len(s))
	for _, o := range s {
		names = append(names, o.Name)
	}
	return names
}

// Named is an option by its name; false where it is not declared.
func (s Set) Named(name string) (Option, bool) {
	return s.find(func(o Option) bool { return o.Name == name })
}

// With is the option that has a role; false where none has.
func (s Set) With(role Role) (Option, bool) {
	return s.find(func(o Option) bool { return o.Role == role })
}

func (s Set) find(is func(Option) bool) (Option, bool) {
	if i := slices.IndexFunc(s, is); i >= 0 {
		return s[i], true
	}
	return Option{}, false
}

// Signed are the options that people sign for, with their values: through what, and as whom, messages leave. No secret is among
// them, nor what is not declared.
func (s Set) Signed(given map[string]any) []string {
	var out []string
	for _, o := range s {
		v, set := given[o.Name]
		if set && !o.Secret && !o.Tuning && o.Role != Signature {
			out = append(out, fmt.Sprintf("%s=%v", o.Name, v))
		}
	}
	return out
}
