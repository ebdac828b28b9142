// Package receivers owns who takes the mail of a domain, and what follows for the pace where a receiver says that it gets too much. Domains
// with the same mail hosts are one receiver; the large ones are shipped with their domains and replies. What is learned is shared by the ledger.
package receivers

import (
	"bytes"
	_ "embed"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"notify/pkg/words"
)

//go:embed shipped.yaml
var shipped []byte

// Rule is what follows where a reply fits.
type Rule struct {
	Match   string        `yaml:"match"`
	Slow    string        `yaml:"slow"` // as a rate: 30/m
	For     time.Duration `yaml:"for"`
	Suspend time.Duration `yaml:"suspend"`

	match *regexp.Regexp
	slow  float64
}

// Receiver is who takes the mail of several domains, under the name of one of them.
type Receiver struct {
	Name    string   `yaml:"name"`
	Domains []string `yaml:"domains"`
	// MX are the ends of the names of its mail hosts: other domains that are there belong to it.
	MX    []string `yaml:"mx"`
	Rules []Rule   `yaml:"rules"`
}

type file struct {
	Receivers []Receiver `yaml:"receivers"`
	Rules     []Rule     `yaml:"rules"` // of all receivers
}

// Rules are what is known of receivers. They are not changed once they are read: safe for concurrent use.
type Rules struct {
	files []file
	named map[string]string // the receiver's name by domain
}

// Hold is how a receiver is to be held back.
type Hold struct {
	SlowTo  float64 // messages per second; 0: not to be slowed
	For     time.Duration
	Suspend time.Duration
}

// Read reads the rules that are shipped, behind those of a file, where one is named.
func Read(path string) (*Rules, error) {
	r := &Rules{named: make(map[string]string)}
	if path != "" {
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, words.Wrap(err, "receivers.read", nil)
		}
		if err := r.add(b); err != nil {
			return nil, words.Wrap(err, "receivers.invalid", words.A{"file": path})
		}
	}
	return r, r.add(shipped)
}

func (r *Rules) add(b []byte) error {
	var f file
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	if err := d.Decode(&f); err != nil {
		return err
	}
	for i := range f.Receivers {
		of := &f.Receivers[i]
		if err := prepare(of.Rules); err != nil {
			return fmt.Errorf("%s: %w", of.Name, err)
		}
		for _, domain := range append(of.Domains, of.Name) {
			if domain = strings.ToLower(domain); r.named[domain] == "" {
				r.named[domain] = of.Name
			}
		}
	}
	r.files = append(r.files, f)
	return prepare(f.Rules)
}

var ratePattern = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?)/([smh])$`)

func prepare(rules []Rule) (err error) {
	for i := range rules {
		u := &rules[i]
		if u.match, err = regexp.Compile("(?i)" + u.Match); err != nil {
			return err
		}
		if u.Match == "" || u.Slow == "" && u.Suspend <= 0 || (u.Slow == "") != (u.For <= 0) {
			return fmt.Errorf("a rule has match, and slow with for, or suspend, or both: %q", u.Match)
		}
		if m := ratePattern.FindStringSubmatch(u.Slow); m != nil {
			n, err := strconv.ParseFloat(m[1], 64)
			if err != nil {
				return err
			}
			u.slow = n / map[string]float64{"s": 1, "m": 60, "h": 3600}[m[2]]
		}
		if u.Slow != "" && u.slow <= 0 {
			return fmt.Errorf("%q is no rate", u.Slow)
		}
	}
	return nil
}

// Hold says how a receiver is to be held back that replied so; false where no rule fits.
func (r *Rules) Hold(receiver, said string) (Hold, bool) {
	for _, f := range r.files {
		for _, of := range f.Receivers {
			if of.Name != receiver {
				continue
			}
			if h, ok := first(of.Rules, said); ok {
				return h, true
			}
		}
	}
	for _, f := range r.files {
		if h, ok := first(f.Rules, said); ok {
			return h, true
		}
	}
	return Hold{}, false
}

func first(rules []Rule, said string) (Hold, bool) {
	for _, u := range rules {
		if u.match.MatchString(said) {
			return Hold{SlowTo: u.slow, For: u.For, Suspend: u.Suspend}, true
		}
	}
	return Hold{}, false
}

// at is the receiver whose mail hosts have such a name; empty for none that is known.
func (r *Rules) at(host string) string {
	for _, f := range r.files {
		for _, of := range f.Receivers {
			for _, end := range of.MX {
				if host == end || strings.HasSuffix(host, "."+end) {
					return of.Name
				}
			}
		}
	}
	return ""
}
